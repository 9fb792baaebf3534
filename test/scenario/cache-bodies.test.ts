// Bodies that are not what they promise are never answered as whole, and never stored; slow and leaving clients do not
// matter to the peer.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  assertAtRest,
  cached,
  cacheOf,
  settle,
  standard,
  storedCount,
  whenStored,
} from '../harness/cached-proxy.ts'
import { askOnce, connectClient, get } from '../harness/client.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { filesLeft, openFiles, startProxy } from '../harness/proxy.ts'
import type { RawConnection } from '../harness/raw-connection.ts'

const FRESH = 'Cache-Control: max-age=100'
const CHUNKED = `HTTP/1.1 200 OK\r\n${FRESH}\r\nTransfer-Encoding: chunked\r\n\r\n`
const LARGE = 5_000_000

/** An origin that sends the texts to each connection and then ends it, or resets it. */
async function sender(t: TestContext, ending: 'end' | 'reset', ...texts: readonly string[]) {
  const origin = await startOrigin(t)
  origin.run(async connection => {
    await connection.request()
    await connection.send(...texts)
    if (ending === 'end') connection.end()
    else connection.reset()
  })
  return origin
}

async function startCached(t: TestContext, origin: Origin, location = '', make = cached) {
  return startProxy(t, make([origin.address], { location, peer: 'max_fails=0' }))
}

describe('a body that is not whole', () => {
  const half = `HTTP/1.1 200 OK\r\n${FRESH}\r\nContent-Length: 1000\r\n\r\n`
  const rows: readonly (readonly [string, 'end' | 'reset', readonly string[]])[] = [
    ['has fewer bytes than Content-Length', 'end', [half, 'x'.repeat(500)]],
    ['has none of them', 'end', [half]],
    ['is reset', 'reset', [half, 'x'.repeat(500)]],
    ['has no last chunk', 'end', [CHUNKED, '5\r\nhello\r\n']],
    ['ends within a chunk', 'end', [CHUNKED, '5\r\nhel']],
    ['ends within the trailers', 'end', [CHUNKED, '5\r\nhello\r\n0\r\nX-A: 1\r\n']],
    ['has garbage for a chunk size', 'end', [CHUNKED, '5\r\nhello\r\nzz\r\nhello\r\n0\r\n\r\n']],
    ['has a chunk that does not end', 'end', [CHUNKED, '5\r\nhelloooo\r\n0\r\n\r\n']],
    ['has an endless chunk size', 'end', [CHUNKED, `${'f'.repeat(40)}\r\nhello`]],
    [
      'goes to the close, which is a reset',
      'reset',
      [`HTTP/1.1 200 OK\r\n${FRESH}\r\n\r\n`, 'hello'],
    ],
  ]
  for (const [name, ending, texts] of rows) {
    it(`is neither stored nor answered as whole: it ${name}`, async t => {
      const origin = await sender(t, ending, ...texts)
      for (const make of [cached, standard]) {
        const proxy = await startCached(t, origin, 'proxy_cache_lock on;', make)
        for (let i = 0; i < 2; i++) {
          const client = await connectClient(t, proxy.port)
          await client.send(get('/'))
          const answer = await client.response().catch(() => null)
          assert.ok(answer === null || answer.status === 502 || !answer.isWhole, name)
          client.destroy()
          await assertAtRest(proxy)
          assert.equal(storedCount(proxy), 0)
        }
      }
      assert.ok(origin.connections.length >= 4)
    })
  }

  it('is stored where only the connection says its end', async t => {
    const origin = await sender(t, 'end', `HTTP/1.1 200 OK\r\n${FRESH}\r\n\r\n`, 'hello')
    const proxy = await startCached(t, origin)
    assert.equal(String((await askOnce(t, proxy.port, get('/'))).body), 'hello')
    await whenStored(proxy, 1)
    assert.equal(cacheOf(await askOnce(t, proxy.port, get('/'))), 'HIT')
  })

  it('leaves nothing of what is behind Content-Length in the entry', async t => {
    const origin = await sender(t, 'end', `${ok('hello', FRESH)}and more`)
    const proxy = await startCached(t, origin)
    for (const expected of ['MISS', 'HIT']) {
      const answer = await askOnce(t, proxy.port, get('/'))
      assert.deepEqual([cacheOf(answer), String(answer.body)], [expected, 'hello'])
      await whenStored(proxy, 1)
    }
  })
})

/** Sends a large body as fast as it is taken. */
async function sendLarge(connection: RawConnection): Promise<void> {
  await connection.until('\r\n\r\n')
  await connection.send(`HTTP/1.1 200 OK\r\n${FRESH}\r\nContent-Length: ${LARGE}\r\n\r\n`)
  const piece = Buffer.alloc(100_000, 'l')
  for (let sent = 0; sent < LARGE; sent += piece.length) await connection.send(piece)
}

describe('clients of a response that is being stored', () => {
  it('do not hold the peer back by being slow', async t => {
    const origin = await startOrigin(t)
    const proxy = await startCached(t, origin)
    const slow = await connectClient(t, proxy.port, { isPaused: true })
    await slow.send(get('/'))
    await sendLarge(await origin.accept())
    await whenStored(proxy, 1)
    const other = await askOnce(t, proxy.port, get('/'))
    assert.deepEqual([cacheOf(other), other.body.length], ['HIT', LARGE])
    slow.socket.resume()
    const answer = await slow.response()
    assert.deepEqual([answer.isWhole, answer.body.length], [true, LARGE])
    await assertAtRest(proxy)
  })

  it('may leave: the response is stored all the same, and no file stays open', async t => {
    const origin = await startOrigin(t)
    const proxy = await startCached(t, origin)
    await settle(proxy)
    const before = openFiles()
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    const peer = await origin.accept()
    await peer.request()
    await peer.send(
      `HTTP/1.1 200 OK\r\n${FRESH}\r\nContent-Length: 200000\r\n\r\n`,
      'l'.repeat(100_000),
    )
    await client.until('lll')
    client.reset()
    await settle(proxy)
    await peer.send('l'.repeat(100_000))
    await whenStored(proxy, 1)
    peer.end()
    await assertAtRest(proxy)
    await peer.closed()
    assert.ok((await filesLeft(before)) <= before)
    const answer = await askOnce(t, proxy.port, get('/'))
    assert.deepEqual([cacheOf(answer), answer.body.length], ['HIT', 200_000])
  })

  it('may leave while they read what is stored', async t => {
    const origin = await startOrigin(t)
    const proxy = await startCached(t, origin)
    const first = await connectClient(t, proxy.port, { isCounting: true })
    await first.send(get('/'))
    await sendLarge(await origin.accept())
    await whenStored(proxy, 1)
    first.reset()
    await assertAtRest(proxy)
    const before = openFiles()
    for (let i = 0; i < 10; i++) {
      const client = await connectClient(t, proxy.port)
      await client.send(get('/', i % 2 === 0 ? 'X-A: 1' : 'Range: bytes=4000000-'))
      await client.until('lll')
      client.reset()
    }
    await assertAtRest(proxy)
    assert.ok((await filesLeft(before)) <= before)
  })

  it('see the cut when the body breaks off before them all', async t => {
    const origin = await startOrigin(t)
    const proxy = await startCached(t, origin)
    const before = openFiles()
    const fast = await connectClient(t, proxy.port)
    await fast.send(get('/'))
    const peer = await origin.accept()
    await peer.request()
    await peer.send(`HTTP/1.1 200 OK\r\n${FRESH}\r\nContent-Length: 900000\r\n\r\n`)
    await peer.send('l'.repeat(500_000))
    await fast.until('lll')
    peer.reset()
    const answer = await fast.rest()
    assert.ok(answer.length < 900_000)
    fast.destroy()
    await assertAtRest(proxy)
    assert.equal(storedCount(proxy), 0)
    assert.ok((await filesLeft(before)) <= before)
  })

  it('of HTTP/1.0 get the end of a body of unknown length by the close', async t => {
    const origin = await sender(t, 'end', CHUNKED, '5\r\nhello\r\n', '0\r\n\r\n')
    const proxy = await startCached(t, origin)
    const first = await askOnce(t, proxy.port, 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    assert.deepEqual([first.framing, first.isWhole, String(first.body)], ['close', true, 'hello'])
    await whenStored(proxy, 1)
    const second = await askOnce(t, proxy.port, 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    assert.deepEqual([second.framing, String(second.body)], ['length', 'hello'])
    await assertAtRest(proxy)
  })

  it('of HTTP/1.0 see that a body of unknown length broke off', async t => {
    const origin = await sender(t, 'end', CHUNKED, '5\r\nhello\r\n')
    const proxy = await startCached(t, origin)
    const client = await connectClient(t, proxy.port)
    await client.send('GET / HTTP/1.0\r\n\r\n')
    assert.equal(await client.ended(), 'reset')
    await assertAtRest(proxy)
    assert.equal(storedCount(proxy), 0)
  })
})
