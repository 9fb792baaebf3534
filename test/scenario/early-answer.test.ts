// A peer that answers before it has the whole request: its answer goes on at once, the rest of the body is read and
// forgotten, and neither connection serves another request (RFC 9112 §9.3).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connectClient, get } from '../harness/client.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import { startProxy, toPeers } from '../harness/proxy.ts'
import { fieldOf } from '../harness/raw-message.ts'

const STREAMED = 'proxy_request_buffering off; client_max_body_size 0; client_body_buffer_size 16k;'
const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n'
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'

describe('an early answer', () => {
  it('is relayed at once, and the connection to the peer is not used again', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address], { location: STREAMED }))
    const client = await connectClient(t, proxy.port)
    await client.send(`${HEAD}some`)
    const connection = await origin.accept()
    await connection.until('some')
    await connection.send('HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno')
    const response = await client.response()
    assert.equal(response.status, 403)
    assert.equal(response.body.toString(), 'no')
    assert.equal(fieldOf(response, 'connection'), 'close')
    assert.equal(await client.ended(), 'end')
    await connection.ended()
    const other = await connectClient(t, proxy.port)
    await other.send(get('/'))
    await (await origin.accept()).request()
  })

  it('is taken by a client that goes on sending all the while', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address], { location: STREAMED }))
    const client = await connectClient(t, proxy.port)
    const size = 40_000_000
    await client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\nsome`)
    const connection = await origin.accept()
    await connection.until('some')
    await connection.send('HTTP/1.1 403 No\r\nContent-Length: 200000\r\n\r\n', 'n'.repeat(100_000))
    const sent = client.send(Buffer.alloc(size - 4))
    await connection.send('n'.repeat(100_000))
    const response = await client.response()
    assert.equal(response.body.length, 200_000)
    await sent
    assert.equal(await client.ended(), 'end')
  })

  for (const [name, late] of [
    ['sends nonsense instead of a chunk', 'nonsense'],
    ['stops sending', null],
    ['is silent for longer than a body may take', ''],
  ] as const) {
    it(`comes to its end although the client ${name} after it began`, async t => {
      const origin = await startOrigin(t)
      const location = `${STREAMED} client_body_timeout 100ms; proxy_read_timeout 3s;`
      const proxy = await startProxy(t, toPeers([origin.address], { location }))
      const client = await connectClient(t, proxy.port)
      await client.send(`${CHUNKED}4\r\nsome\r\n`)
      const connection = await origin.accept()
      await connection.until('some')
      await connection.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n')
      await client.until('one\r\n')
      if (late === null) client.end()
      else if (late !== '') await client.send(late)
      // Time for the client's own time-out, in steps that another request takes.
      const other = await connectClient(t, proxy.port)
      const until = performance.now() + 250
      while (performance.now() < until) {
        await other.send(get('/other'))
        const { start } = await (await origin.accept()).request()
        assert.match(start, /other/)
        await origin.connections
          .at(-1)!
          .send('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
        await other.response()
      }
      await connection.send('3\r\ntwo\r\n0\r\n\r\n')
      assert.equal((await client.rest()).toString(), '3\r\ntwo\r\n0\r\n\r\n')
    })
  }

  it('that breaks off is cut off for the client too', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, toPeers([origin.address], { location: STREAMED }))
    const client = await connectClient(t, proxy.port)
    await client.send(`${HEAD}some`)
    const connection = await origin.accept()
    await connection.until('some')
    await connection.send('HTTP/1.1 403 No\r\nContent-Length: 20\r\n\r\nno')
    connection.end()
    const response = await client.response()
    assert.equal(response.isWhole, false)
  })

  it('whose peer falls silent ends at proxy_read_timeout', async t => {
    const origin = await startOrigin(t)
    const location = `${STREAMED} proxy_read_timeout 150ms;`
    const proxy = await startProxy(t, toPeers([origin.address], { location }))
    const client = await connectClient(t, proxy.port)
    await client.send(`${HEAD}some`)
    const connection = await origin.accept()
    await connection.until('some')
    await connection.send('HTTP/1.1 403 No\r\nContent-Length: 20\r\n\r\nno')
    assert.equal((await client.response()).isWhole, false)
    assert.match(
      await proxy.errors(),
      /upstream timed out \(110: Connection timed out\) while reading upstream/,
    )
  })

  it('of 101 before the end of the request is refused', async t => {
    const origin = await startOrigin(t)
    const location = `${STREAMED} proxy_set_header Upgrade x; proxy_set_header Connection upgrade;`
    const proxy = await startProxy(t, toPeers([origin.address], { location }))
    const client = await connectClient(t, proxy.port)
    await client.send(`${HEAD}some`)
    const connection = await origin.accept()
    await connection.until('some')
    await connection.send('HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n')
    assert.equal((await client.response()).status, 502)
  })

  it('that comes with the end of a buffered body is an ordinary one', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('fine'))
    const proxy = await startProxy(t, toPeers([origin.address]))
    const client = await connectClient(t, proxy.port)
    const response = await client.ask('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody')
    assert.equal(fieldOf(response, 'connection'), 'keep-alive')
  })
})
