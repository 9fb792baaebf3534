// Several requests in flight on one client connection: answered in order, read no further than needed, and none lost
// at the seams (RFC 9112 §9.3.2).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectClient, get, request } from '../harness/client.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import { startProxy, toPeers } from '../harness/proxy.ts'
import { fieldOf, type RawMessage } from '../harness/raw-message.ts'

const path = ({ start }: RawMessage) => start.split(' ')[1]!
const STATIC = 'location /static { return 200 "static"; }'

describe('pipelined requests', () => {
  it('are answered in order, peers and own answers mixed', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(message => ok(`peer ${path(message)}`))
    const proxy = await startProxy(t, toPeers([origin.address], { server: STATIC }))
    const client = await connectClient(t, proxy.port)
    const targets = ['/a', '/static', '/b', '/static', '/static', '/c']
    await client.send(targets.map(target => get(target)).join(''))
    for (const target of targets) {
      const { body } = await client.response()
      assert.equal(body.toString(), target === '/static' ? 'static' : `peer ${target}`)
    }
  })

  it('wait for the one before, which waits for its peer', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    await client.send(get('/slow') + get('/next'))
    const connection = await origin.accept()
    await connection.request()
    await connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n')
    await client.until('1\r\nx\r\n')
    assert.equal(connection.unread.length, 0)
    assert.equal(origin.connections.length, 1)
    await connection.send('0\r\n\r\n')
    assert.match((await connection.request()).start, /next/)
    await connection.send(ok('next'))
    assert.equal(await client.until('0\r\n\r\n'), '0\r\n\r\n')
    assert.equal((await client.response()).body.toString(), 'next')
  })

  it('follow a body that came with its head', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start, body }) => ok(`${start} ${body}`))
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    const chunked =
      'POST /two HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'
    await client.send(request('POST', '/one', 'x'.repeat(50)) + chunked + get('/three'))
    assert.equal((await client.response()).body.toString(), `POST /one HTTP/1.1 ${'x'.repeat(50)}`)
    assert.equal((await client.response()).body.toString(), 'POST /two HTTP/1.1 abc')
    assert.equal((await client.response()).body.toString(), 'GET /three HTTP/1.1 ')
  })

  it('are not stuck behind a body that nobody wanted', async t => {
    const proxy = await startProxy(t, { server: STATIC })
    const client = await connectClient(t, proxy.port)
    await client.send(request('POST', '/static', 'body') + get('/static') + get('/static'))
    for (let i = 0; i < 3; i++) assert.equal((await client.response()).body.toString(), 'static')
  })

  it('follow a short body that nobody wanted, which comes after its answer', async t => {
    const proxy = await startProxy(t, { server: STATIC })
    const client = await connectClient(t, proxy.port)
    const head = 'POST /static HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n'
    for (const early of ['', 'some']) {
      const response = await client.ask(head + early)
      assert.equal(fieldOf(response, 'connection'), 'keep-alive')
      const late = 'x'.repeat(1000 - early.length)
      await client.send(late.slice(0, 300), `${late.slice(300)}${get('/static')}`)
      assert.equal((await client.response()).body.toString(), 'static')
    }
  })

  for (const [name, lines] of [
    ['a long', 'Content-Length: 100000'],
    ['a chunked', 'Transfer-Encoding: chunked'],
    ['an asked-for', 'Content-Length: 10\r\nExpect: 100-continue'],
  ] as const) {
    it(`end with a Connection: close that is true when ${name} unwanted body is still to come`, async t => {
      const proxy = await startProxy(t, { server: STATIC })
      const client = await connectClient(t, proxy.port)
      const response = await client.ask(`POST /static HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`)
      assert.equal(fieldOf(response, 'connection'), 'close')
      assert.equal(await client.ended(), 'end')
    })
  }

  it('are all answered when the client has closed its sending side', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    await client.send(get('/a') + get('/b') + get('/c'))
    const connection = await origin.accept()
    await connection.request()
    client.end()
    // The end must have been seen before the first answer: a request on another connection is answered after it.
    const other = await connectClient(t, proxy.port)
    await other.send('x y z\r\n\r\n')
    assert.equal((await other.response()).status, 400)
    await connection.send(ok('a'))
    await connection.request()
    await connection.send(ok('b'))
    await connection.request()
    await connection.send(ok('c'))
    for (const body of ['a', 'b', 'c'])
      assert.equal((await client.response()).body.toString(), body)
    assert.equal(await client.ended(), 'end')
  })

  it('are closed on when half a request follows and then the end', async t => {
    const proxy = await startProxy(t, { server: STATIC })
    const client = await connectClient(t, proxy.port)
    await client.send(`${get('/static')}GET / HT`)
    client.end()
    assert.equal((await client.response()).body.toString(), 'static')
    assert.equal(await client.ended(), 'end')
  })

  for (const [name, pieces] of [
    ['in one piece', ['\r\n\r\n', get('/static')].join('')],
    ['in two', ['\r\n', `\r\n${get('/static')}`]],
    ['byte by byte', [...`\r\n\r\n${get('/static')}`]],
  ] as const) {
    it(`may have one empty line before them, but not two, ${name}`, async t => {
      const proxy = await startProxy(t, { server: STATIC })
      const client = await connectClient(t, proxy.port)
      await client.send(`\r\n${get('/static')}\r\n${get('/static')}`)
      assert.equal((await client.response()).status, 200)
      assert.equal((await client.response()).status, 200)
      await client.send(...(typeof pieces === 'string' ? [pieces] : pieces))
      assert.equal((await client.response()).status, 400)
      assert.equal(await client.ended(), 'end')
    })
  }

  it('stop being read after one that is refused', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(message => ok(path(message)))
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    await client.send(`${get('/a')}GET /b HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n${get('/c')}`)
    assert.equal((await client.response()).body.toString(), '/a')
    assert.equal((await client.response()).status, 400)
    assert.equal((await client.rest()).length, 0)
    assert.deepEqual(origin.requests.map(path), ['/a'])
  })

  it('end at Connection: close', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(message => ok(path(message)))
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    await client.send(get('/a') + get('/b', 'Connection: close') + get('/c'))
    assert.equal((await client.response()).body.toString(), '/a')
    const last = await client.response()
    assert.equal(last.body.toString(), '/b')
    assert.equal(fieldOf(last, 'connection'), 'close')
    assert.equal((await client.rest()).length, 0)
    assert.deepEqual(origin.requests.map(path), ['/a', '/b'])
  })

  it('keep their answers when a HEAD is among them', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) =>
      start.startsWith('HEAD') ? 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n' : ok('after'),
    )
    const proxy = await startProxy(t, toPeers([origin.address], { server: STATIC }))
    const client = await connectClient(t, proxy.port)
    await client.send(
      request('HEAD', '/a', '') + get('/b') + request('HEAD', '/static', '') + get('/c'),
    )
    assert.equal(fieldOf(await client.response('HEAD'), 'content-length'), '5')
    assert.equal((await client.response()).body.toString(), 'after')
    assert.equal(fieldOf(await client.response('HEAD'), 'content-length'), '6')
    assert.equal((await client.response()).body.toString(), 'after')
  })

  it('are not answered without bound while the client does not read', async t => {
    const page = 'x'.repeat(4_000)
    const proxy = await startProxy(t, {
      server: `keepalive_requests 20000; location / { return 200 "${page}"; }`,
    })
    const client = await connectClient(t, proxy.port, {
      isPaused: true,
      isCounting: true,
    })
    const before = await proxy.leastMemory()
    const count = 10_000
    const all = get('/').repeat(count)
    const sent = client.send(all)
    // 40 MB of answers: what the kernel does not hold must not be in the worker.
    assert.ok((await proxy.mostMemory()) - before < 12_000_000)
    client.socket.resume()
    await client.when(() => client.bytesReceived >= count * page.length, 'all answers')
    await sent
  })
})
