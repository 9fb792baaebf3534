// One request fetches, the others wait for what it brings (`proxy_cache_lock`): whatever becomes of that one, nobody waits
// for a lock that nobody holds.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  assertAtRest,
  type CachedParts,
  cached,
  cacheOf,
  settle,
  standard,
  storedCount,
  whenStored,
} from '../harness/cached-proxy.ts'
import { type Client, connectClient, get, request } from '../harness/client.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'

const FRESH = 'Cache-Control: max-age=100'
const LOCK = 'proxy_cache_lock on; proxy_cache_lock_timeout 4s; proxy_cache_lock_age 4s;'
const PATIENCE_MS = 2_000

interface Locked {
  readonly origin: Origin
  readonly proxy: TestProxy
  /** Sends a request on a connection of its own. */
  send(): Promise<Client>
}

async function locked(t: TestContext, parts: CachedParts = {}, make = cached): Promise<Locked> {
  const origin = await startOrigin(t)
  const location = `${LOCK} ${parts.location ?? ''}`
  const proxy = await startProxy(t, make([origin.address], { ...parts, location }))
  const send = async () => {
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    return client
  }
  return { origin, proxy, send }
}

/** Waits until the proxy has noticed that all clients but one have left. */
async function whenOneIsLeft(proxy: TestProxy): Promise<void> {
  const until = performance.now() + PATIENCE_MS
  let exchanges = -1
  while (exchanges !== 1 && performance.now() < until) ({ exchanges } = await proxy.holdings())
  assert.equal(exchanges, 1)
}

describe('proxy_cache_lock', () => {
  it('has one request fetch for all that come meanwhile', async t => {
    for (const make of [cached, standard]) {
      const { origin, proxy, send } = await locked(t, {}, make)
      const clients = await Promise.all(Array.from({ length: 20 }, send))
      const peer = await origin.accept()
      await peer.request()
      await settle(proxy)
      await peer.send(ok('hello', FRESH))
      const answers = await Promise.all(clients.map(client => client.response()))
      for (const { body } of answers) assert.equal(String(body), 'hello')
      const statuses = answers.map(cacheOf)
      assert.equal(statuses.filter(status => status === 'MISS').length, 1)
      assert.equal(statuses.filter(status => status === 'HIT').length, 19)
      assert.equal(origin.connections.length, 1)
      await assertAtRest(proxy)
    }
  })

  it('holds while the body grows, and the fetch goes on without its client', async t => {
    const { origin, proxy, send } = await locked(t)
    const first = await send()
    const peer = await origin.accept()
    await peer.request()
    const second = await send()
    await peer.send(
      'HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nContent-Length: 10\r\n\r\nhello',
    )
    await first.until('hello')
    first.reset()
    await settle(proxy)
    await peer.send('world')
    const answer = await second.response()
    assert.deepEqual([cacheOf(answer), String(answer.body)], ['HIT', 'helloworld'])
    assert.equal(origin.connections.length, 1)
    await assertAtRest(proxy)
  })

  it('goes on for the others when the client leaves before the head', async t => {
    const { origin, proxy, send } = await locked(t)
    const first = await send()
    const peer = await origin.accept()
    await peer.request()
    const second = await send()
    first.reset()
    await settle(proxy)
    await peer.send(ok('hello', FRESH))
    const answer = await second.response()
    assert.deepEqual([cacheOf(answer), String(answer.body)], ['HIT', 'hello'])
    await assertAtRest(proxy)
  })

  it('lets go of who waits and leaves', async t => {
    const { origin, proxy, send } = await locked(t)
    const first = await send()
    const peer = await origin.accept()
    await peer.request()
    const others = await Promise.all([send(), send()])
    await settle(proxy)
    for (const client of others) client.reset()
    await whenOneIsLeft(proxy)
    await peer.send(ok('hello', FRESH))
    assert.equal(String((await first.response()).body), 'hello')
    await assertAtRest(proxy)
    assert.equal(origin.connections.length, 1)
  })

  const failures: readonly (readonly [string, string, number])[] = [
    ['is reset', '', 502],
    ['makes no sense', 'nonsense\r\n\r\n', 502],
    ['may not be stored', ok('no', 'Cache-Control: no-store', 'Connection: close'), 200],
    ['is an error', 'HTTP/1.1 500 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', 500],
  ]
  for (const [name, text, status] of failures) {
    it(`lets the next one fetch when the answer ${name}`, async t => {
      const { origin, proxy, send } = await locked(t, { peer: 'max_fails=0' })
      const first = await send()
      const peer = await origin.accept()
      await peer.request()
      const second = await send()
      await settle(proxy)
      const startMs = performance.now()
      if (text === '') peer.reset()
      else await peer.send(text)
      assert.equal((await first.response()).status, status)
      const next = await origin.accept()
      await next.request()
      await next.send(ok('hello', FRESH))
      const answer = await second.response()
      assert.deepEqual([cacheOf(answer), String(answer.body)], ['MISS', 'hello'])
      assert.ok(performance.now() - startMs < PATIENCE_MS)
      await assertAtRest(proxy)
    })
  }

  it('does not wait for a client to take what is not stored', async t => {
    const { origin, proxy, send } = await locked(t)
    const first = await connectClient(t, proxy.port, { isPaused: true })
    await first.send(get('/'))
    const peer = await origin.accept()
    await peer.request()
    const second = await send()
    await settle(proxy)
    const startMs = performance.now()
    const size = 30_000_000
    await peer.send(`HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: ${size}\r\n\r\n`)
    void peer.send(Buffer.alloc(size, 'a'))
    const next = await origin.accept()
    await next.request()
    await next.send(ok('hello', FRESH))
    assert.equal(String((await second.response()).body), 'hello')
    assert.ok(performance.now() - startMs < PATIENCE_MS)
    first.reset()
    await assertAtRest(proxy)
  })

  it('fails those who read what breaks off, and fetches for those who come later', async t => {
    const { origin, proxy, send } = await locked(t)
    const first = await send()
    const peer = await origin.accept()
    await peer.request()
    await peer.send(
      'HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nContent-Length: 10\r\n\r\nhello',
    )
    await first.until('hello')
    const second = await send()
    await settle(proxy)
    peer.reset()
    await first.ended()
    const next = await origin.accept()
    await next.request()
    await next.send(ok('hello', FRESH))
    const answer = await second.response()
    assert.deepEqual([cacheOf(answer), String(answer.body)], ['MISS', 'hello'])
    await assertAtRest(proxy)
  })

  it('lets one more fetch when the first one takes longer than its age', async t => {
    const origin = await startOrigin(t)
    const location = 'proxy_cache_lock on; proxy_cache_lock_timeout 5s; proxy_cache_lock_age 150ms;'
    const proxy = await startProxy(t, cached([origin.address], { location }))
    const clients = [await connectClient(t, proxy.port), await connectClient(t, proxy.port)]
    await clients[0]!.send(get('/'))
    const peer = await origin.accept()
    await peer.request()
    await clients[1]!.send(get('/'))
    const next = await origin.accept()
    await next.request()
    await next.send(ok('second', FRESH))
    const second = await clients[1]!.response()
    assert.deepEqual([cacheOf(second), String(second.body)], ['MISS', 'second'])
    await whenStored(proxy, 1)
    await peer.send(ok('first!', FRESH))
    assert.equal(String((await clients[0]!.response()).body), 'first!')
    await assertAtRest(proxy)
  })

  it('gives the lock back when a name has no addresses', async t => {
    const origin = await startOrigin(t)
    const conf = cached([origin.address])
    const server = `location /name { proxy_pass http://$arg_to; proxy_cache pages; ${LOCK} proxy_cache_key k; }`
    const proxy = await startProxy(t, { ...conf, server: `${server} ${conf.server}` })
    const client = await connectClient(t, proxy.port)
    for (let i = 0; i < 3; i++) {
      const startMs = performance.now()
      assert.equal((await client.ask(get('/name?to=nobody.invalid'))).status, 502)
      assert.ok(performance.now() - startMs < PATIENCE_MS)
      await assertAtRest(proxy)
    }
    await assertAtRest(proxy)
  })

  it('holds over a reload: the old generation goes when the fetch is over', async t => {
    const { origin, proxy, send } = await locked(t)
    const first = await send()
    const peer = await origin.accept()
    await peer.request()
    await peer.send(
      'HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nContent-Length: 10\r\n\r\nhello',
    )
    await first.until('hello')
    first.reset()
    await settle(proxy)
    await proxy.reload(cached([origin.address], { location: LOCK }))
    assert.deepEqual(proxy.released, [])
    const second = await send()
    await settle(proxy)
    await peer.send('world')
    const answer = await second.response()
    assert.deepEqual([cacheOf(answer), String(answer.body)], ['HIT', 'helloworld'])
    await proxy.whenReleased(1)
    await assertAtRest(proxy)
  })

  it('is not held by a request that brings a body and leaves', async t => {
    const { origin, proxy } = await locked(t)
    const client = await connectClient(t, proxy.port)
    await client.send(`GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n`, 'half')
    await settle(proxy)
    client.reset()
    await assertAtRest(proxy)
    const next = await connectClient(t, proxy.port)
    await next.send(request('GET', '/', 'a body'))
    const peer = await origin.accept()
    await peer.request()
    await peer.send(ok('hello', FRESH))
    assert.equal(String((await next.response()).body), 'hello')
    await assertAtRest(proxy)
  })
})

describe('proxy_cache_lock_timeout', () => {
  it('ends the wait, and what that request brings is not stored', async t => {
    const origin = await startOrigin(t)
    const location = 'proxy_cache_lock on; proxy_cache_lock_timeout 150ms; proxy_cache_lock_age 5s;'
    const proxy = await startProxy(t, cached([origin.address], { location }))
    const clients = [await connectClient(t, proxy.port), await connectClient(t, proxy.port)]
    await clients[0]!.send(get('/'))
    const peer = await origin.accept()
    await peer.request()
    await clients[1]!.send(get('/'))
    const next = await origin.accept()
    await next.request()
    await next.send(ok('second', FRESH))
    const second = await clients[1]!.response()
    assert.deepEqual([cacheOf(second), String(second.body)], ['MISS', 'second'])
    await settle(proxy)
    assert.equal(storedCount(proxy), 0)
    await peer.send(ok('first!', FRESH))
    assert.equal(String((await clients[0]!.response()).body), 'first!')
    await whenStored(proxy, 1)
    await assertAtRest(proxy)
  })
})
