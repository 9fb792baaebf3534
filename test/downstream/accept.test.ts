// One suite for both ways to accept: the handle taken where the server would wrap it, and the documented events.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readlinkSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { SHARED_READ_BUFFER } from '../../src/base/read-buffers.ts'
import { acceptSockets, type OwnedSocket } from '../../src/downstream/accept.ts'

interface Accepting {
  readonly server: Server
  readonly port: number
  readonly mode: 'handle' | 'events'
  /** Error numbers of what could not be accepted. */
  readonly failures: readonly number[]
  /** The next accepted socket; what it gets is appended to `text` by its owner. */
  accept(): Promise<Accepted>
}

interface Accepted {
  readonly socket: OwnedSocket
  readonly descriptor: number
  readonly events: string[]
  text: string
  /** Resolves when `text` is at least as long. */
  received(length: number): Promise<void>
  /** Resolves at `close`. */
  readonly closed: Promise<void>
}

async function startAccepting(t: TestContext, mode: 'handle' | 'events'): Promise<Accepting> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const waiting: ((accepted: Accepted) => void)[] = []
  const ready: Accepted[] = []
  const sockets: Socket[] = []
  const failures: number[] = []
  const inUse = acceptSockets(
    server,
    {
      onSocket(socket, descriptor) {
        sockets.push(socket)
        const accepted = own(socket, descriptor)
        const resolve = waiting.shift()
        if (resolve === undefined) ready.push(accepted)
        else resolve(accepted)
      },
      onFailure: error => failures.push(error),
    },
    mode,
  )
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    server,
    port: (server.address() as AddressInfo).port,
    mode: inUse,
    failures,
    accept: () => {
      const known = ready.shift()
      return known === undefined
        ? new Promise(resolve => waiting.push(resolve))
        : Promise.resolve(known)
    },
  }
}

function own(socket: OwnedSocket, descriptor: number): Accepted {
  let onText = () => {}
  const closing = Promise.withResolvers<void>()
  const accepted: Accepted = {
    socket,
    descriptor,
    events: [],
    text: '',
    closed: closing.promise,
    received: length =>
      new Promise(resolve => {
        onText = () => {
          if (accepted.text.length >= length) resolve()
        }
        onText()
      }),
  }
  socket.owner = {
    onBytes: (bytes, count) => {
      assert.ok(count > 0 && count <= bytes.length)
      accepted.text += bytes.toString('latin1', 0, count)
      onText()
      return SHARED_READ_BUFFER
    },
  }
  socket.on('end', () => accepted.events.push('end'))
  socket.on('error', (error: NodeJS.ErrnoException) => accepted.events.push(error.code ?? '?'))
  socket.on('close', () => {
    accepted.events.push('close')
    closing.resolve()
  })
  return accepted
}

function dial(t: TestContext, port: number): Socket {
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  client.on('error', () => {})
  t.after(() => client.destroy())
  return client
}

for (const mode of ['handle', 'events'] as const) {
  describe(`acceptSockets, ${mode}`, () => {
    it('is the mode in use', async t => {
      assert.equal((await startAccepting(t, mode)).mode, mode)
    })

    it('gives the owner what comes, and nobody a copy', async t => {
      const accepting = await startAccepting(t, mode)
      const client = dial(t, accepting.port)
      client.write('hello')
      const accepted = await accepting.accept()
      await accepted.received(5)
      client.write(' again')
      await accepted.received(11)
      assert.equal(accepted.text, 'hello again')
      assert.equal(accepted.socket.bytesRead, 11)
    })

    it('brings large pieces whole and in order', async t => {
      const accepting = await startAccepting(t, mode)
      const client = dial(t, accepting.port)
      const sent = Array.from({ length: 300_000 }, (_, i) => String(i % 10)).join('')
      client.write(sent, 'latin1')
      const accepted = await accepting.accept()
      await accepted.received(sent.length)
      assert.ok(accepted.text === sent)
    })

    it('knows the addresses of both sides', async t => {
      const accepting = await startAccepting(t, mode)
      const client = dial(t, accepting.port)
      const { socket } = await accepting.accept()
      assert.equal(socket.remoteAddress, '127.0.0.1')
      assert.equal(socket.remotePort, client.localPort)
      assert.equal(socket.localPort, accepting.port)
    })

    it('says when the client has closed its sending side, and can still answer', async t => {
      const accepting = await startAccepting(t, mode)
      const client = dial(t, accepting.port)
      client.end('last words')
      const accepted = await accepting.accept()
      await once(accepted.socket, 'end')
      assert.equal(accepted.text, 'last words')
      assert.deepEqual(accepted.events, ['end'])
      accepted.socket.end('answer')
      const [answer] = (await once(client, 'data')) as [Buffer]
      assert.equal(answer.toString(), 'answer')
      await accepted.closed
      assert.deepEqual(accepted.events, ['end', 'close'])
    })

    it('says when the client has reset the connection', async t => {
      const accepting = await startAccepting(t, mode)
      const client = dial(t, accepting.port)
      client.write('x')
      const accepted = await accepting.accept()
      await accepted.received(1)
      client.resetAndDestroy()
      await accepted.closed
      assert.deepEqual(accepted.events, ['ECONNRESET', 'close'])
    })

    it('reads nothing while it is paused, and all of it afterwards', async t => {
      const accepting = await startAccepting(t, mode)
      const client = dial(t, accepting.port)
      client.write('one')
      const accepted = await accepting.accept()
      await accepted.received(3)
      accepted.socket.pause()
      await new Promise<void>(resolve => client.write('two', () => resolve()))
      // Something later on the same loop has come through: what is held back would have come as well.
      const other = dial(t, accepting.port)
      other.write('other')
      await (await accepting.accept()).received(5)
      assert.equal(accepted.text, 'one')
      accepted.socket.resume()
      await accepted.received(6)
      assert.equal(accepted.text, 'onetwo')
    })

    it('keeps connections apart', async t => {
      const accepting = await startAccepting(t, mode)
      const clients = ['a', 'b', 'c', 'd'].map(letter => ({
        letter,
        socket: dial(t, accepting.port),
      }))
      const all: Accepted[] = []
      for (const { socket, letter } of clients) {
        await new Promise<void>(resolve => socket.write(letter.repeat(1000), () => resolve()))
        all.push(await accepting.accept())
      }
      await Promise.all(all.map(accepted => accepted.received(1000)))
      assert.deepEqual(
        all.map(accepted => accepted.text),
        clients.map(({ letter }) => letter.repeat(1000)),
      )
    })

    it('lets a socket be destroyed in its first bytes', async t => {
      const accepting = await startAccepting(t, mode)
      const client = dial(t, accepting.port)
      const accepting1 = accepting.accept()
      client.write('bye')
      const accepted = await accepting1
      accepted.socket.owner = {
        onBytes: () => {
          accepted.socket.destroy()
          return SHARED_READ_BUFFER
        },
      }
      await accepted.closed
      assert.deepEqual(accepted.events, ['close'])
      assert.equal(accepted.text, '')
    })

    it('accepts no more once the server is closed, and goes on with what it has', async t => {
      const accepting = await startAccepting(t, mode)
      const client = dial(t, accepting.port)
      client.write('x')
      const accepted = await accepting.accept()
      await accepted.received(1)
      accepting.server.close()
      const late = dial(t, accepting.port)
      const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
      assert.equal(error.code, 'ECONNREFUSED')
      client.write('y')
      await accepted.received(2)
    })
  })
}

describe('acceptSockets', () => {
  it('reads into the shared buffer when it has the handle', async t => {
    const accepting = await startAccepting(t, 'handle')
    const client = dial(t, accepting.port)
    client.write('shared')
    const { socket } = await accepting.accept()
    const bytes = await new Promise<Buffer>(resolve => {
      socket.owner = {
        onBytes: bytes => {
          resolve(bytes)
          return SHARED_READ_BUFFER
        },
      }
    })
    assert.equal(bytes.buffer, SHARED_READ_BUFFER.buffer)
  })

  it('tells the number of the descriptor, which is the lowest that was free', async t => {
    const accepting = await startAccepting(t, 'handle')
    dial(t, accepting.port)
    const { descriptor } = await accepting.accept()
    assert.ok(readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:'))
  })

  it('passes a failure on, and goes on accepting', async t => {
    const accepting = await startAccepting(t, 'handle')
    const { _handle: handle } = accepting.server as unknown as {
      _handle: { onconnection(status: number, handle: unknown): void }
    }
    handle.onconnection(-24, undefined)
    assert.deepEqual(accepting.failures, [-24])
    dial(t, accepting.port)
    await accepting.accept()
  })

  it('falls back to events where the handle is not as expected', async t => {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const handle = Object.getOwnPropertyDescriptor(server, '_handle')!
    Object.defineProperty(server, '_handle', { ...handle, value: { other: true } })
    const { promise, resolve } = Promise.withResolvers<string>()
    const mode = acceptSockets(server, {
      onSocket(socket, descriptor) {
        assert.equal(descriptor, -1)
        socket.owner = {
          onBytes: (bytes, count) => {
            resolve(bytes.toString('latin1', 0, count))
            socket.destroy()
            return SHARED_READ_BUFFER
          },
        }
      },
      onFailure: error => assert.fail(`error ${error}`),
    })
    Object.defineProperty(server, '_handle', handle)
    assert.equal(mode, 'events')
    dial(t, (server.address() as AddressInfo).port).write('hello')
    assert.equal(await promise, 'hello')
  })
})
