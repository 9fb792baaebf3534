// Trailers of a peer's answer with `proxy_pass_trailers` (nginx.org, ngx_http_proxy_module; RFC 9110 §6.5): who gets them,
// which of them, and that an answer with broken ones never looks whole.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { connectClient, get } from '../harness/client.ts'
import { type Origin, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'
import { fieldOf } from '../harness/raw-message.ts'

const ON = 'proxy_http_version 1.1; proxy_pass_trailers on;'
const HEAD = 'HTTP/1.1 200 OK\r\nTrailer: X-Sum, X-Time\r\nTransfer-Encoding: chunked\r\n\r\n'
const SUM = 'X-Sum: 1a2b\r\nX-Time:3 ms\r\n'

async function start(
  t: TestContext,
  location: string,
  answer: string,
): Promise<{ proxy: TestProxy; origin: Origin }> {
  const origin = await startOrigin(t)
  origin.answerWith(() => answer)
  return { proxy: await startProxy(t, toPeers([origin.address], { location })), origin }
}

function chunked(trailers: string, body = 'hello'): string {
  return `${HEAD}${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailers}\r\n`
}

describe('proxy_pass_trailers', () => {
  for (const [name, location] of [
    ['buffered', ON],
    ['unbuffered', `${ON} proxy_buffering off;`],
  ] as const) {
    it(`passes them to a client that gets chunks (${name}), and the connection serves on`, async t => {
      const { proxy } = await start(t, location, chunked(SUM))
      const client = await connectClient(t, proxy.port)
      for (let i = 0; i < 2; i++) {
        const answer = await client.ask(get('/'))
        assert.equal(answer.body.toString(), 'hello')
        assert.deepEqual(answer.trailers, ['X-Sum: 1a2b', 'X-Time: 3 ms'])
        assert.equal(fieldOf(answer, 'trailer'), 'X-Sum, X-Time')
      }
    })
  }

  it('passes them behind a body that a slow client has spooled', async t => {
    const body = 'b'.repeat(16_000_000)
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address], { location: ON }))
    const client = await connectClient(t, proxy.port, { isPaused: true })
    await client.send(get('/'))
    const peer = await origin.accept()
    await peer.request()
    // Resolves when the peer has got rid of it all.
    await peer.send(chunked(SUM, body))
    client.socket.resume()
    const answer = await client.response()
    assert.equal(answer.body.length, body.length)
    assert.deepEqual(answer.trailers, ['X-Sum: 1a2b', 'X-Time: 3 ms'])
  })

  it('drops them and what announces them while it is off', async t => {
    const { proxy } = await start(t, '', chunked(SUM))
    const answer = await (await connectClient(t, proxy.port)).ask(get('/'))
    assert.equal(answer.body.toString(), 'hello')
    assert.deepEqual(answer.trailers, [])
    assert.equal(fieldOf(answer, 'trailer'), null)
  })

  it('drops them for a client of HTTP/1.0, which knows no chunks', async t => {
    const { proxy } = await start(t, ON, chunked(SUM))
    const client = await connectClient(t, proxy.port)
    const answer = await client.ask('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
    assert.equal(answer.body.toString(), 'hello')
    assert.equal(fieldOf(answer, 'trailer'), null)
  })

  it('drops what no trailer may be, and what the location hides', async t => {
    const forbidden = [
      'Content-Length: 3',
      'transfer-encoding: chunked',
      'Host: evil',
      'Set-Cookie: a=b',
      'Connection: close',
      'Trailer: x',
      'Cache-Control: max-age=9',
      'Authorization: x',
      'Content-Type: a/b',
      'X-Accel-Redirect: /x',
      'Server: peer',
      'X-Secret: 1',
    ]
    const trailers = `${forbidden.join('\r\n')}\r\n${SUM}`
    const { proxy } = await start(t, `${ON} proxy_hide_header X-Secret;`, chunked(trailers))
    const answer = await (await connectClient(t, proxy.port)).ask(get('/'))
    assert.ok(answer.isWhole)
    assert.deepEqual(answer.trailers, ['X-Sum: 1a2b', 'X-Time: 3 ms'])
  })

  it('passes them with an answer that was put by', async t => {
    const first = await startOrigin(t)
    first.answerWith(() => chunked(SUM).replace('200 OK', '503 Busy'))
    const second = await startOrigin(t)
    second.answerWith(() => null)
    const location = `${ON} proxy_next_upstream error http_503;`
    const proxy = await startProxy(t, toPeers([first.address, second.address], { location }))
    const answer = await (await connectClient(t, proxy.port)).ask(get('/'))
    assert.equal(answer.status, 503)
    assert.deepEqual(answer.trailers, ['X-Sum: 1a2b', 'X-Time: 3 ms'])
  })

  for (const [name, trailers] of [
    ['a line without a colon', 'X-Sum 1a2b\r\n'],
    ['a bare LF', 'X-Sum: a\nX-More: b\r\n'],
    ['a control byte in a value', 'X-Sum: a\x07b\r\n'],
    ['a folded line', 'X-Sum: a\r\n b\r\n'],
    ['more than 8 KiB of them', `X-Sum: ${'a'.repeat(8_200)}\r\n`],
    ['more than 64 of them', 'X-Sum: a\r\n'.repeat(65)],
  ] as const) {
    it(`cuts the answer off at ${name}`, async t => {
      const { proxy } = await start(t, ON, chunked(trailers, 'b'.repeat(40_000)))
      const client = await connectClient(t, proxy.port)
      await client.send(get('/'))
      const answer = await client.response()
      assert.deepEqual([answer.status, answer.isWhole], [200, false])
    })
  }

  it('tells the peer that the client takes them', async t => {
    const { proxy, origin } = await start(t, ON, chunked(SUM))
    const client = await connectClient(t, proxy.port)
    await client.ask('GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: trailers\r\n\r\n')
    assert.equal(fieldOf(origin.requests[0]!, 'te'), 'trailers')
  })
})
