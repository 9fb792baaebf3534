// Texts on a real socket pair, written straight to the handle and, with the same effect, by the stream.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, Socket } from 'node:net'
import { after, before, describe, it, type TestContext } from 'node:test'
import {
  enableDirectWrites,
  heldByHandle,
  unsentBytes,
  writeText,
} from '../../src/base/direct-write.ts'

/** More than the kernel takes of a connection whose other side does not read. */
const TOO_MUCH = 12 * 1024 * 1024

interface Pair {
  readonly writer: Socket
  readonly reader: Socket
  /** Everything that the reader gets to its end. */
  read(): Promise<string>
}

/** Two ends of a connection; the reader does not read before it is told. */
async function makePair(t: TestContext): Promise<Pair> {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const reader = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' })
  reader.pause()
  const [[writer]] = (await Promise.all([once(server, 'connection'), once(reader, 'connect')])) as [
    [Socket],
    unknown,
  ]
  server.close()
  writer.on('error', () => {})
  reader.on('error', () => {})
  t.after(() => {
    writer.destroy()
    reader.destroy()
  })
  return {
    writer,
    reader,
    read: async () => {
      const pieces: Buffer[] = []
      reader.on('data', piece => pieces.push(piece))
      const ended = once(reader, 'close')
      reader.resume()
      await ended
      return Buffer.concat(pieces).toString('latin1')
    },
  }
}

/** Fails when it is called for a text that was taken at once. */
function never(): void {
  assert.fail('told of a write that had ended')
}

/** A text of `length` characters in which every place can be told from the others. */
function numbered(length: number): string {
  return Array.from({ length: Math.ceil(length / 8) }, (_, i) => String(i).padStart(8, '.'))
    .join('')
    .slice(0, length)
}

/** `writeText` once for the thread: from the second text on it knows how to write directly. */
async function learn(t: TestContext): Promise<void> {
  const { writer } = await makePair(t)
  writeText(writer, 'first', never)
}

for (const isDirect of [true, false]) {
  describe(`writeText, ${isDirect ? 'to the handle' : 'by the stream'}`, () => {
    before(() => enableDirectWrites(isDirect))
    after(() => enableDirectWrites(true))

    it('brings texts and nothing else, latin-1', async t => {
      await learn(t)
      const { writer, read } = await makePair(t)
      const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')
      assert.equal(writeText(writer, all, never), true)
      assert.equal(writeText(writer, '', never), true)
      assert.equal(writeText(writer, 'end', never), true)
      writer.end()
      assert.equal(await read(), `${all}end`)
    })

    for (const length of [16_383, 16_384, 16_385, 65_536, 1_048_576, 3_000_001]) {
      it(`brings ${length} bytes whole`, async t => {
        await learn(t)
        const { writer, read } = await makePair(t)
        const text = numbered(length)
        writeText(writer, text, () => {})
        writer.end()
        assert.ok((await read()) === text)
      })
    }

    it('keeps the order of texts and of buffers that the stream writes', async t => {
      await learn(t)
      const { writer, read } = await makePair(t)
      let wanted = ''
      for (let i = 0; i < 400; i++) {
        const text = `${i}${'x'.repeat((i * 7919) % 40_000)}|`
        wanted += text
        if (i % 3 === 0) writer.write(Buffer.from(text, 'latin1'))
        else writeText(writer, text, () => {})
      }
      assert.ok(wanted.length > 4_000_000, 'too little to fill the kernel')
      writer.end()
      assert.ok((await read()) === wanted)
    })

    it('says once that a text was taken for which the receiver had to read first', async t => {
      await learn(t)
      const { writer, reader, read } = await makePair(t)
      const calls: (number | undefined)[] = []
      const { promise: sent, resolve } = Promise.withResolvers<void>()
      const isTaken = writeText(writer, 'x'.repeat(TOO_MUCH), status => {
        calls.push(status)
        resolve()
      })
      assert.equal(isTaken, false)
      assert.ok(unsentBytes(writer) > 0)
      assert.ok(unsentBytes(writer) <= TOO_MUCH)
      const reading = read()
      await sent
      assert.equal(unsentBytes(writer), 0)
      assert.equal(writeText(writer, 'more', never), true)
      writer.end()
      assert.equal((await reading).length, TOO_MUCH + 4)
      assert.deepEqual(
        calls.map(status => status ?? 0),
        [0],
      )
      assert.equal(reader.bytesRead, TOO_MUCH + 4)
    })

    it('says of each of several waiting texts once that it was taken', async t => {
      await learn(t)
      const { writer, read } = await makePair(t)
      const calls = [0, 0, 0]
      for (const index of calls.keys()) {
        const isTaken = writeText(writer, 'x'.repeat(TOO_MUCH), () => {
          calls[index]!++
        })
        assert.equal(isTaken, false)
      }
      assert.ok(unsentBytes(writer) > TOO_MUCH)
      writer.end()
      assert.equal((await read()).length, 3 * TOO_MUCH)
      assert.deepEqual(calls, [1, 1, 1])
    })

    it('counts what waits: all together falls to nothing, the part of the handle while the receiver reads', async t => {
      await learn(t)
      const { writer, reader } = await makePair(t)
      assert.equal(unsentBytes(writer), 0)
      assert.equal(heldByHandle(writer), 0)
      writer.write(Buffer.alloc(TOO_MUCH))
      const before = heldByHandle(writer)
      assert.ok(before > 0 && before <= TOO_MUCH)
      assert.ok(unsentBytes(writer) >= before)
      reader.resume()
      while (heldByHandle(writer) === before) await once(reader, 'data')
      assert.ok(heldByHandle(writer) < before)
      await once(writer, 'drain')
      assert.equal(unsentBytes(writer), 0)
    })

    it('survives a destroy in the middle, and is silent afterwards', async t => {
      await learn(t)
      const { writer, read } = await makePair(t)
      const statuses: number[] = []
      writeText(writer, 'x'.repeat(TOO_MUCH), status => statuses.push(status ?? 0))
      const closed = once(writer, 'close')
      writer.destroy()
      await closed
      assert.ok((await read()).length < TOO_MUCH)
      assert.deepEqual(
        statuses.filter(status => status >= 0),
        [],
        'said that it was sent',
      )
      assert.ok(statuses.length <= 1)
      assert.equal(writeText(writer, 'late', never), true)
      assert.equal(unsentBytes(writer), 0)
    })

    it('takes no text after the end', async t => {
      await learn(t)
      const { writer, read } = await makePair(t)
      const errors: Error[] = []
      writer.on('error', error => errors.push(error))
      writeText(writer, 'all', never)
      writer.end()
      assert.equal(writeText(writer, 'late', never), true)
      assert.equal(await read(), 'all')
      assert.deepEqual(errors, [])
    })

    it('lets the socket report that it is broken', async t => {
      await learn(t)
      const { writer, reader } = await makePair(t)
      writer.pause()
      reader.resetAndDestroy()
      await once(reader, 'close')
      const { promise: broken, resolve } = Promise.withResolvers<void>()
      writer.on('close', () => resolve())
      let isTold = false
      writer.on('error', () => {
        isTold = true
      })
      // The first text after a reset may still be taken.
      while (!writer.destroyed) {
        const isTaken = writeText(writer, 'x'.repeat(1000), status => {
          if ((status ?? 0) >= 0) return
          isTold = true
          writer.destroy()
        })
        if (isTaken) await new Promise(resolve => setImmediate(resolve))
        else break
      }
      await broken
      assert.equal(isTold, true)
    })

    it('says with a negative status, or as an error, that a waiting text was lost', async t => {
      await learn(t)
      const { writer, reader } = await makePair(t)
      const { promise: told, resolve } = Promise.withResolvers<string>()
      writer.on('error', () => resolve('error'))
      const isTaken = writeText(writer, 'x'.repeat(TOO_MUCH), status => {
        resolve((status ?? 0) < 0 ? 'status' : 'sent')
      })
      assert.equal(isTaken, false)
      reader.resetAndDestroy()
      assert.notEqual(await told, 'sent')
    })

    it('waits for a connection that is not there yet', async t => {
      const server = createServer(socket => socket.pipe(socket)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
      t.after(() => {
        socket.destroy()
        server.close()
      })
      writeText(socket, 'early', () => {})
      const [echo] = (await once(socket, 'data')) as [Buffer]
      assert.equal(echo.toString(), 'early')
    })
  })
}

describe('writeText', () => {
  it('writes directly once it has seen a write: the stream does not notice', async t => {
    await learn(t)
    const { writer, reader, read } = await makePair(t)
    let streamed = 0
    const { write } = Socket.prototype
    writer.write = ((...args: Parameters<typeof write>) => {
      streamed++
      return write.apply(writer, args)
    }) as typeof write
    for (let i = 0; i < 5; i++) assert.equal(writeText(writer, 'abc', never), true)
    assert.equal(streamed, 0)
    writer.end()
    assert.equal(await read(), 'abc'.repeat(5))
    assert.equal(reader.bytesRead, 15)
  })

  it('leaves it to the stream while that has something to write', async t => {
    await learn(t)
    const { writer, read } = await makePair(t)
    writer.write(Buffer.alloc(TOO_MUCH, 'a'))
    const waiting = writer.writableLength
    assert.ok(waiting > 0)
    writeText(writer, 'after', () => {})
    assert.equal(writer.writableLength, waiting + 5)
    writer.end()
    assert.ok((await read()).endsWith('aafter'))
  })

  it('leaves it to the stream where there is no handle of the kind', async t => {
    const { writer, read } = await makePair(t)
    const handle = (writer as unknown as { _handle: { writeLatin1String: unknown } })._handle
    handle.writeLatin1String = undefined
    // The stream's own buffers are written by another method of the handle.
    Object.defineProperty(writer, '_handle', { value: null, configurable: true })
    assert.equal(unsentBytes(writer), 0)
    assert.equal(heldByHandle(writer), 0)
    Object.defineProperty(writer, '_handle', { value: handle, configurable: true, writable: true })
    Reflect.deleteProperty(handle, 'writeLatin1String')
    assert.equal(writeText(writer, 'text', never), true)
    writer.end()
    assert.equal(await read(), 'text')
  })
})
