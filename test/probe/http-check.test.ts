// Checks by HTTP against servers on loopback: what is sent, what is read, and where it ends.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { ListenAddress } from '../../src/model/listener.ts'
import { type HttpCheck, PLAIN_HTTP_CHECK, PROBE_BODY_BYTES_MAX } from '../../src/model/probe.ts'
import type { CheckAnswer } from '../../src/probe/checker.ts'
import { HttpChecker } from '../../src/probe/http-check.ts'
import { afterTest } from '../harness/after-test.ts'
import {
  ask,
  contains,
  expecting,
  listen,
  machineTime,
  makeTarget,
  PLAIN_TLS,
} from './probe-values.ts'

async function serve(t: TestContext, handler: RequestListener): Promise<ListenAddress> {
  return listen(t, createServer(handler))
}

/** A server of bare sockets, which are closed with the test. */
async function serveSockets(
  t: TestContext,
  onSocket: (socket: Socket) => void,
): Promise<ListenAddress> {
  const sockets = new Set<Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    onSocket(socket)
  })
  afterTest(t, () => {
    for (const socket of sockets) socket.destroy()
  })
  return listen(t, server)
}

function makeChecker(
  t: TestContext,
  address: ListenAddress,
  changes: Partial<HttpCheck> = {},
  peerName?: string,
): HttpChecker {
  const check = { ...PLAIN_HTTP_CHECK, ...changes }
  const target = makeTarget({ address, check, ...(peerName === undefined ? {} : { peerName }) })
  const checker = new HttpChecker(target, check, machineTime())
  afterTest(t, () => checker.close())
  return checker
}

async function askOnce(
  t: TestContext,
  address: ListenAddress,
  changes: Partial<HttpCheck> = {},
): Promise<CheckAnswer> {
  return ask(makeChecker(t, address, changes))
}

/** Lets loopback deliver what both sides have written. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

describe('HttpChecker', () => {
  it('asks for a path, names the peer as Host, and wants no compression', async t => {
    const seen: IncomingMessage[] = []
    const address = await serve(t, (request, response) => {
      seen.push(request)
      response.end('Test Page')
    })
    const answer = await askOnce(t, address, { path: '/health?full=1' })
    assert.deepEqual(answer, { fault: '', facts: ['200', '9 bytes'] })
    const [request] = seen
    assert.equal(request!.method, 'GET')
    assert.equal(request!.url, '/health?full=1')
    assert.equal(request!.headers.host, `127.0.0.1:${(address as { port: number }).port}`)
    assert.equal(request!.headers['accept-encoding'], 'identity')
    assert.match(request!.headers['user-agent'] ?? '', /^headgate\//)
    assert.equal(request!.headers.connection, 'close')
  })

  it('sends the Host, the fields and the body that it is told', async t => {
    const seen: string[] = []
    const address = await serve(t, async (request, response) => {
      const { host, 'x-probe': probe, 'user-agent': agent } = request.headers
      seen.push(`${request.method} ${host} ${probe} ${agent} ${await bodyOf(request)}`)
      response.end()
    })
    const answer = await askOnce(t, address, {
      method: 'POST',
      host: 'www.example.com',
      headers: [
        ['X-Probe', 'yes'],
        ['User-Agent', 'checker/1'],
      ],
      body: 'grüße',
    })
    assert.deepEqual(answer, { fault: '', facts: ['200'] })
    assert.deepEqual(seen, ['POST www.example.com yes checker/1 grüße'])
  })

  it('says what was wrong, with what it saw', async t => {
    const address = await serve(t, (_request, response) => {
      response.end('It works!'.padEnd(5120))
    })
    const expect = expecting({ body: [contains('Test Page')] })
    assert.deepEqual(await askOnce(t, address, { expect }), {
      fault: 'body did not contain "Test Page"',
      facts: ['200', '5,120 bytes'],
    })
  })

  it('speaks to a unix socket', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'headgate-probe-'))
    const path = join(directory, 'app.sock')
    const server = createServer((request, response) => response.end(request.headers.host))
    server.listen(path)
    await once(server, 'listening')
    afterTest(t, () => {
      server.close()
      rmSync(directory, { recursive: true })
    })
    const expect = expecting({ body: [contains('localhost', { kind: 'equal' })] })
    const answer = await askOnce(t, { kind: 'unix', path }, { expect })
    assert.equal(answer.fault, '')
  })

  it('names the error of the system when nobody listens', async t => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    const answer = await askOnce(t, { kind: 'tcp', host: '127.0.0.1', port })
    assert.deepEqual(answer, { fault: 'connect() failed (111: Connection refused)', facts: [] })
    const missing = await askOnce(t, { kind: 'unix', path: '/nowhere/app.sock' })
    assert.equal(missing.fault, 'connect() failed (2: No such file or directory)')
  })

  const BROKEN: readonly {
    readonly name: string
    readonly says: string
    readonly fault: RegExp
  }[] = [
    {
      name: 'a peer that closes without a word',
      says: '',
      fault: /^peer closed the connection without a response$/,
    },
    {
      name: 'a body that is cut off',
      says: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort',
      fault: /^peer closed the connection before the response was complete$/,
    },
    {
      name: 'chunks that are cut off',
      says: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n',
      fault: /^peer closed the connection before the response was complete$/,
    },
    {
      name: 'a chunk whose size is none',
      says: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      fault: /^peer sent no valid HTTP \(/,
    },
    { name: 'what is no HTTP', says: 'SSH-2.0-x\r\n', fault: /^peer sent no valid HTTP \(/ },
    {
      name: 'a chunk larger than memory',
      says: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'f'.repeat(40)}\r\n`,
      fault: /^peer sent no valid HTTP \(/,
    },
  ]
  for (const { name, says, fault } of BROKEN) {
    it(`refuses ${name}`, async t => {
      const address = await serveSockets(t, socket => socket.once('data', () => socket.end(says)))
      assert.match((await askOnce(t, address)).fault, fault)
    })
  }

  it('refuses a head without end', async t => {
    const address = await serveSockets(t, socket => {
      socket.write('HTTP/1.1 200 OK\r\n')
      const more = () => {
        while (!socket.destroyed && socket.write(`X-Filler: ${'x'.repeat(1000)}\r\n`));
      }
      socket.on('drain', more)
      more()
    })
    assert.equal((await askOnce(t, address)).fault, 'response head is larger than 16,384 bytes')
  })

  for (const framing of ['chunked', 'until it closes'] as const) {
    it(`reads the first 256 KiB of a body without end, ${framing}, and closes`, async t => {
      const closed = Promise.withResolvers<void>()
      const address = await serveSockets(t, socket => {
        socket.once('close', () => closed.resolve())
        const isChunked = framing === 'chunked'
        socket.write(`HTTP/1.1 200 OK\r\n${isChunked ? 'Transfer-Encoding: chunked\r\n' : ''}\r\n`)
        const block = 'x'.repeat(0x8000)
        const more = () => {
          while (!socket.destroyed && socket.write(isChunked ? `8000\r\n${block}\r\n` : block));
        }
        socket.on('drain', more)
        more()
      })
      const answer = await askOnce(t, address)
      assert.deepEqual(answer, { fault: '', facts: ['200', 'first 262,144 bytes'] })
      await closed.promise
    })
  }

  for (const [name, chunk] of [
    ['whose chunks are nearly all frame', `1;${'e'.repeat(5000)}\r\nx\r\n`],
    ['whose first chunk never begins', 'e'.repeat(5000)],
  ] as const) {
    it(`gives up on a body ${name}, and closes`, async t => {
      const closed = Promise.withResolvers<void>()
      const address = await serveSockets(t, socket => {
        socket.once('close', () => closed.resolve())
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;')
        const more = () => {
          while (!socket.destroyed && socket.write(chunk));
        }
        socket.on('drain', more)
        more()
      })
      const { fault } = await askOnce(t, address)
      assert.equal(fault, 'response takes more than 4,194,304 bytes to be sent')
      await closed.promise
    })
  }

  it('says that a response is none where the peer goes another way', async t => {
    const faults: string[] = []
    for (const head of ['100 Continue', '101 Switching Protocols\r\nUpgrade: x']) {
      const address = await serveSockets(t, socket =>
        socket.once('data', () => {
          socket.write(`HTTP/1.1 ${head}\r\nConnection: upgrade\r\n\r\n`)
        }),
      )
      faults.push((await askOnce(t, address)).fault)
    }
    assert.deepEqual(faults, [
      'peer sent 100 Continue, which nobody had asked for',
      'peer went over to another protocol, which nobody had asked for',
    ])
  })

  it('finds a text that ends with the first 256 KiB, and none behind it', async t => {
    const address = await serve(t, (request, response) => {
      const isInside = request.url === '/inside'
      const room = PROBE_BODY_BYTES_MAX - (isInside ? 4 : 3)
      response.end(`${'x'.repeat(room)}Test${'x'.repeat(100_000)}`)
    })
    const expect = expecting({ body: [contains('Test')] })
    assert.equal((await askOnce(t, address, { path: '/inside', expect })).fault, '')
    const outside = await askOnce(t, address, { path: '/outside', expect })
    assert.equal(outside.fault, 'body did not contain "Test"')
  })

  it('takes interim responses for what they are', async t => {
    const address = await serveSockets(t, socket =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 103 Early Hints\r\n\r\n')
        socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
      }),
    )
    assert.deepEqual(await askOnce(t, address), { fault: 'status was not 200-399', facts: ['404'] })
  })

  describe('stopped', () => {
    const ROWS: readonly {
      readonly name: string
      readonly says: string
      readonly during: string
      readonly facts: readonly string[]
      readonly fault: string
    }[] = [
      {
        name: 'before the response',
        says: '',
        during: 'waiting for the response',
        facts: [],
        fault: '',
      },
      {
        name: 'in a slow body',
        says: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort',
        during: 'reading the body',
        facts: ['200', '5 bytes'],
        fault: '',
      },
      {
        name: 'in the body of a response that is bad anyway',
        says: 'HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nshort',
        during: 'reading the body',
        facts: ['500', '5 bytes'],
        fault: 'status was not 200-399',
      },
    ]
    for (const { name, says, during, facts, fault } of ROWS) {
      it(`${name}, it says how far it came and closes the connection`, async t => {
        const asked = Promise.withResolvers<Socket>()
        const address = await serveSockets(t, socket => {
          socket.once('data', () => {
            if (says !== '') socket.write(says)
            asked.resolve(socket)
          })
        })
        const checker = makeChecker(t, address)
        checker.start(() => assert.fail('it was stopped'))
        const socket = await asked.promise
        const closed = once(socket, 'close')
        await settle()
        assert.deepEqual(checker.stop(), { during, facts, fault, ended: null })
        await closed
      })
    }
  })

  it('asks again after it was stopped before it was connected', async t => {
    const sockets: Socket[] = []
    const { promise: connected, resolve } = Promise.withResolvers<void>()
    const address = await serveSockets(t, socket => {
      sockets.push(socket)
      resolve()
    })
    // A peer that takes the connection and never says anything of TLS.
    const checker = makeChecker(t, address, { tls: PLAIN_TLS })
    for (let i = 0; i < 3; i++) {
      checker.start(() => assert.fail('it was stopped'))
      if (i === 0) await connected
      await settle()
      assert.match(checker.stop().during, /^(connecting|the TLS handshake was going on)$/)
    }
    await settle()
    const answered = ask(checker)
    await settle()
    assert.ok(sockets.length >= 2)
    for (const socket of sockets) socket.end()
    assert.match((await answered).fault, /closed the connection during the TLS handshake|reset/)
  })

  describe('with redirects', () => {
    const routes: RequestListener = (request, response) => {
      const { url = '' } = request
      if (url.startsWith('/hop/')) {
        const left = Number(url.slice(5))
        const location = left === 0 ? '/end' : `/hop/${left - 1}`
        response.writeHead(302, { location }).end('moved')
      } else {
        response.end(`${request.method} ${url} ${request.headers.host}`)
      }
    }

    it('takes the redirect for the answer unless it is told to follow', async t => {
      const address = await serve(t, routes)
      const expect = expecting({ statuses: [[200, 299]] })
      assert.deepEqual(await askOnce(t, address, { path: '/hop/0', expect }), {
        fault: 'status was not 200-299',
        facts: ['302', '5 bytes'],
      })
    })

    it('follows as many as it may', async t => {
      const address = await serve(t, routes)
      const expect = expecting({ statuses: [[200, 299]], body: [contains('GET /end')] })
      const followed = await askOnce(t, address, { path: '/hop/2', expect, redirectsMax: 3 })
      assert.equal(followed.fault, '')
      const tooMany = await askOnce(t, address, { path: '/hop/3', expect, redirectsMax: 3 })
      assert.equal(tooMany.fault, 'status was not 200-299')
    })

    it('stays with the peer for its own name, and keeps the name', async t => {
      const address = await serve(t, (request, response) => {
        if (request.url === '/') {
          response.writeHead(301, { location: 'http://www.example.com/new' }).end()
        } else response.end(`${request.headers.host}`)
      })
      const expect = expecting({ body: [contains('www.example.com', { kind: 'equal' })] })
      const host = 'www.example.com'
      const answer = await askOnce(t, address, { host, expect, redirectsMax: 1 })
      assert.equal(answer.fault, '')
    })

    it('goes to another server for another name', async t => {
      const other = await serve(t, (_request, response) => response.end('other'))
      const { port } = other as { port: number }
      const address = await serve(t, (_request, response) => {
        response.writeHead(302, { location: `http://127.0.0.1:${port}/x` }).end()
      })
      const expect = expecting({ body: [contains('other')] })
      const answer = await askOnce(t, address, { host: 'example.com', expect, redirectsMax: 1 })
      assert.equal(answer.fault, '')
      assert.deepEqual(answer.facts, ['200', '5 bytes', `at "http://127.0.0.1:${port}/x"`])
    })

    it('judges a redirect to nowhere as it is', async t => {
      const address = await serve(t, (_request, response) => {
        response.writeHead(302, { location: 'gopher://x/' }).end()
      })
      assert.equal((await askOnce(t, address, { redirectsMax: 5 })).fault, '')
    })
  })

  describe('with keepalive', () => {
    it('asks over one connection, and over another when that was closed', async t => {
      const ports: number[] = []
      const address = await serve(t, (request, response) => {
        ports.push(request.socket.remotePort!)
        response.end('ok')
        if (ports.length === 3) response.once('finish', () => request.socket.destroySoon())
      })
      const checker = makeChecker(t, address, { keepaliveMs: 60_000 })
      for (let i = 0; i < 5; i++) assert.equal((await ask(checker)).fault, '')
      assert.equal(ports[0], ports[2])
      assert.notEqual(ports[2], ports[3])
      assert.equal(ports[3], ports[4])
    })

    it('does not blame a peer that closed an idle connection as it was asked', async t => {
      let connections = 0
      const address = await serveSockets(t, socket => {
        connections++
        let requests = 0
        socket.on('data', () => {
          if (++requests > 1) socket.resetAndDestroy()
          else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        })
      })
      const checker = makeChecker(t, address, { keepaliveMs: 60_000 })
      for (let i = 1; i <= 3; i++) {
        assert.equal((await ask(checker)).fault, '')
        assert.equal(connections, i)
      }
    })

    it('opens a connection for each check without it', async t => {
      const ports = new Set<number>()
      const address = await serve(t, (request, response) => {
        ports.add(request.socket.remotePort!)
        response.end('ok')
      })
      const checker = makeChecker(t, address)
      for (let i = 0; i < 3; i++) await ask(checker)
      assert.equal(ports.size, 3)
    })
  })

  describe('by HTTP/2', () => {
    it('speaks it from the first byte without TLS', async t => {
      const server = createHttp2Server((request, response) => {
        response.end(`${request.httpVersion} ${request.headers[':authority']} ${request.url}`)
      })
      const sessions = new Set<{ destroy(): void }>()
      server.on('session', session => sessions.add(session))
      afterTest(t, () => {
        for (const session of sessions) session.destroy()
      })
      const address = await listen(t, server)
      const expect = expecting({ body: [contains('2.0 example.com /h2', { kind: 'equal' })] })
      const host = 'example.com'
      for (const keepaliveMs of [0, 60_000]) {
        const changes = { isHttp2: true, path: '/h2', host, expect, keepaliveMs }
        const checker = makeChecker(t, address, changes)
        for (let i = 0; i < 3; i++) assert.equal((await ask(checker)).fault, '')
      }
    })

    it('says that a peer does not speak it', async t => {
      const address = await serve(t, (_request, response) => response.end('ok'))
      const { fault } = await askOnce(t, address, { isHttp2: true })
      assert.match(fault, /^(peer broke HTTP\/2 \(|peer closed the connection without a response$)/)
    })
  })
})
