// Settings of a location's cache through the whole proxy: what goes by it, which cache it is, error pages, and tries at
// peers together with it.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  assertAtRest,
  type CachedParts,
  cached,
  cacheOf,
  makeStale,
  standard,
  storedCount,
  whenStored,
} from '../harness/cached-proxy.ts'
import { askOnce, connectClient, get, request } from '../harness/client.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { fieldOf, type RawMessage } from '../harness/raw-message.ts'

/** More answers than are needed to know what is usual. */
const WARM_UP = 60
const FRESH = 'Cache-Control: max-age=100'

async function start(t: TestContext, parts: CachedParts, text = ok('hello', FRESH), make = cached) {
  const origin = await startOrigin(t)
  origin.answerWith(() => text)
  const proxy = await startProxy(t, make([origin.address], parts))
  const ask = async (target: string, ...lines: readonly string[]) =>
    cacheOf(await askOnce(t, proxy.port, get(target, ...lines)))
  return { origin, proxy, ask }
}

describe('settings of a cache', () => {
  it('proxy_cache_bypass asks the peer and stores what it says', async t => {
    const { origin, proxy, ask } = await start(t, { location: 'proxy_cache_bypass $http_x_by;' })
    assert.equal(await ask('/'), 'MISS')
    await whenStored(proxy, 1)
    origin.answerWith(() => ok('new', FRESH))
    for (const connection of origin.connections) connection.destroy()
    assert.equal(await ask('/', 'X-By: 0'), 'HIT')
    assert.equal(await ask('/', 'X-By: 1'), 'BYPASS')
    await assertAtRest(proxy)
    const answer = await askOnce(t, proxy.port, get('/'))
    assert.deepEqual([cacheOf(answer), String(answer.body)], ['HIT', 'new'])
  })

  it('proxy_no_cache stores nothing', async t => {
    const { proxy, ask } = await start(t, { location: 'proxy_no_cache $http_x_no;' })
    assert.equal(await ask('/', 'X-No: 1'), 'MISS')
    await assertAtRest(proxy)
    assert.equal(storedCount(proxy), 0)
    assert.equal(await ask('/'), 'MISS')
    await whenStored(proxy, 1)
    assert.equal(await ask('/', 'X-No: 1'), 'HIT')
  })

  it('proxy_cache_min_uses waits for the second request', async t => {
    const { proxy, ask } = await start(t, {
      location: 'proxy_cache_min_uses 2; proxy_cache_lock on;',
    })
    assert.equal(await ask('/'), 'MISS')
    await assertAtRest(proxy)
    assert.equal(storedCount(proxy), 0)
    assert.equal(await ask('/'), 'MISS')
    await whenStored(proxy, 1)
    assert.equal(await ask('/'), 'HIT')
  })

  it('proxy_ignore_headers takes the word of the configuration instead', async t => {
    const lines = ['Cache-Control: no-store', 'Expires: 0', 'Set-Cookie: a=b', 'X-Accel-Expires: 0']
    const location =
      'proxy_ignore_headers Cache-Control Expires Set-Cookie X-Accel-Expires; proxy_cache_valid 1h;'
    const { proxy, ask } = await start(t, { location }, ok('hello', ...lines))
    assert.equal(await ask('/'), 'MISS')
    await whenStored(proxy, 1)
    assert.equal(await ask('/'), 'HIT')
  })

  it('proxy_cache_methods POST stores answers of POST, also before the request is whole', async t => {
    const location =
      'proxy_cache_methods POST; proxy_request_buffering off; proxy_cache_key "$uri|$request_body";'
    const { origin, proxy } = await start(t, { location })
    for (const expected of ['MISS', 'HIT']) {
      const answer = await askOnce(t, proxy.port, request('POST', '/', 'the body'))
      assert.deepEqual([cacheOf(answer), String(answer.body)], [expected, 'hello'])
      await whenStored(proxy, 1)
    }
    origin.run(async connection => {
      await connection.until('\r\n\r\n')
      await connection.send(ok('early', FRESH))
    })
    for (const connection of origin.connections) connection.destroy()
    const client = await connectClient(t, proxy.port)
    await client.send('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n', 'x')
    const early = await client.response()
    assert.deepEqual([String(early.body), fieldOf(early, 'connection')], ['early', 'close'])
    client.destroy()
    await assertAtRest(proxy)
  })

  it('proxy_cache names another cache for each request, or none', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('hello', FRESH))
    const conf = cached([origin.address])
    const paths = ['one', 'two'].map(
      name => `proxy_cache_path DIR/${name} keys_zone=${name}:1m use_temp_path=off;`,
    )
    const location =
      'location /v { proxy_pass http://peers; proxy_cache $arg_in; proxy_cache_key k; add_header X-Cache $upstream_cache_status; }'
    const proxy = await startProxy(t, {
      ...conf,
      http: `${paths.join(' ')} ${conf.http}`,
      server: `${location} ${conf.server}`,
    })
    const rows = [
      ['one', 'MISS'],
      ['one', 'HIT'],
      ['two', 'MISS'],
      ['two', 'HIT'],
      ['off', null],
      ['', null],
      ['one', 'HIT'],
    ] as const
    let count = 0
    for (const [name, expected] of rows) {
      const answer = await askOnce(t, proxy.port, get(`/v?in=${name}`))
      assert.deepEqual([answer.status, cacheOf(answer)], [200, expected], name)
      if (expected === 'MISS') await whenStored(proxy, ++count)
    }
    await assertAtRest(proxy)
  })
})

describe('error pages of a location with a cache', () => {
  it('are asked for while the error is still coming, and each is stored as what it is', async t => {
    const origin = await startOrigin(t)
    origin.run(async connection => {
      const { start } = await connection.request()
      if (start.includes('/page')) await connection.send(ok('the page', FRESH, 'Connection: close'))
      else {
        await connection.send(`HTTP/1.1 404 No\r\n${FRESH}\r\nContent-Length: 8\r\n\r\nlost`)
        await connection.send('', '', '', '', '', 'lost')
      }
      connection.end()
    })
    const location = 'proxy_intercept_errors on; error_page 404 /page; proxy_cache_lock on;'
    const proxy = await startProxy(t, cached([origin.address], { location }))
    for (let i = 0; i < 3; i++) {
      const answer = await askOnce(t, proxy.port, get('/a'))
      assert.deepEqual([answer.status, String(answer.body)], [404, 'the page'])
      await assertAtRest(proxy)
      assert.equal(storedCount(proxy), 2)
    }
    assert.equal(origin.connections.length, 2)
  })

  it('come from named locations with a cache of their own, or without one', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) =>
      start.startsWith('GET /a') && !start.includes('page')
        ? 'HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nlost'
        : ok('hello', FRESH),
    )
    const second = await startOrigin(t)
    second.answerWith(() => ok('second', FRESH))
    const server =
      `location @plain { proxy_pass http://${second.address}; } ` +
      `location @kept { proxy_pass http://${second.address}; proxy_cache pages; proxy_cache_key "second$uri"; ` +
      'add_header X-Cache $upstream_cache_status always; }'
    for (const [name, statuses] of [
      ['@plain', 'MISS MISS'],
      ['@kept', 'MISS HIT'],
    ] as const) {
      const location = `proxy_intercept_errors on; error_page 503 = ${name}; proxy_cache_lock on;`
      const proxy = await startProxy(t, cached([origin.address], { location, server }))
      const seen: (string | null)[] = []
      for (let i = 0; i < 2; i++) {
        const answer = await askOnce(t, proxy.port, get('/a'))
        assert.deepEqual([answer.status, String(answer.body)], [200, 'second'], name)
        seen.push(cacheOf(answer))
        await assertAtRest(proxy)
      }
      if (name === '@kept') assert.equal(seen.join(' '), statuses)
      assert.equal(storedCount(proxy), name === '@kept' ? 1 : 0)
    }
  })
})

/** Two peers, of which one misbehaves. */
async function pair(
  t: TestContext,
  parts: CachedParts,
  bad: (origin: Origin) => void,
  make = cached,
): Promise<TestProxy> {
  const first = await startOrigin(t)
  bad(first)
  const second = await startOrigin(t)
  second.answerWith((_: RawMessage) => ok('good', FRESH))
  return startProxy(t, make([first.address, second.address], parts))
}

describe('tries at peers behind a cache', () => {
  for (const [name, text] of [
    ['closes', null],
    ['says 503', 'HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nlost'],
    ['makes no sense', 'nonsense\r\n\r\n'],
  ] as const) {
    it(`store the answer of the second one when the first one ${name}`, async t => {
      const location =
        'proxy_next_upstream error timeout http_503 invalid_header; proxy_cache_lock on; proxy_cache_use_stale http_503 error;'
      const parts = { location, peer: 'max_fails=0' }
      const proxy = await pair(t, parts, origin => origin.answerWith(() => text))
      for (let i = 0; i < 4; i++) {
        const answer = await askOnce(t, proxy.port, get(`/${i}`))
        assert.deepEqual(
          [answer.status, cacheOf(answer), String(answer.body)],
          [200, 'MISS', 'good'],
        )
        await whenStored(proxy, i + 1)
        makeStale(proxy)
        const again = await askOnce(t, proxy.port, get(`/${i}`))
        assert.equal(String(again.body), 'good')
        await assertAtRest(proxy)
      }
    })
  }

  it('are hedged, and what loses leaves nothing', async t => {
    const location =
      'proxy_next_upstream_hedge p90 min=20ms; proxy_cache_lock on; proxy_cache_bypass $http_x_no; proxy_no_cache $http_x_no;'
    let isSilent = false
    const proxy = await pair(t, { location, upstream: 'keepalive 8;' }, origin =>
      origin.run(async connection => {
        for (;;) {
          await connection.when(() => connection.unread.length > 0 || connection.isOver, '', true)
          if (connection.unread.length === 0) return
          await connection.request()
          if (!isSilent) await connection.send(ok('good', FRESH))
        }
      }),
    )
    const client = await connectClient(t, proxy.port)
    for (let i = 0; i < WARM_UP; i++) await client.ask(get('/', 'X-No: 1'))
    isSilent = true
    for (let i = 0; i < 4; i++) {
      const answer = await askOnce(t, proxy.port, get(`/${i}`))
      assert.equal(String(answer.body), 'good')
      await whenStored(proxy, i + 1)
      await assertAtRest(proxy)
    }
  })

  it('wait in a queue, from which a fetch goes on without its client', async t => {
    const origin = await startOrigin(t)
    const parts = { location: 'proxy_cache_lock on;', peer: 'max_conns=1', upstream: 'queue 5;' }
    const proxy = await startProxy(t, cached([origin.address], parts))
    const first = await connectClient(t, proxy.port)
    await first.send(get('/1'))
    const peer = await origin.accept()
    await peer.request()
    const second = await connectClient(t, proxy.port)
    await second.send(get('/2'))
    const third = await connectClient(t, proxy.port)
    await third.send(get('/2'))
    for (let i = 0; i < 20; i++) await proxy.holdings()
    second.reset()
    for (let i = 0; i < 20; i++) await proxy.holdings()
    origin.answerWith(() => ok('late', FRESH))
    await peer.send(ok('early', FRESH, 'Connection: close'))
    peer.end()
    assert.equal(String((await first.response()).body), 'early')
    const answer = await third.response()
    assert.deepEqual([cacheOf(answer), String(answer.body)], ['HIT', 'late'])
    await assertAtRest(proxy)
  })

  it('bind no client to a peer by what is stored', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('hello', FRESH))
    for (const make of [cached, standard]) {
      const upstream = 'sticky cookie route;'
      const proxy = await startProxy(t, make([origin.address], { upstream }))
      for (const expected of ['MISS', 'HIT']) {
        const answer = await askOnce(t, proxy.port, get('/'))
        assert.equal(cacheOf(answer), expected)
        // Who came to the peer is bound to it, who got what is stored is not.
        assert.equal(
          fieldOf(answer, 'set-cookie')?.startsWith('route='),
          expected === 'MISS' || undefined,
        )
        const word = expected === 'MISS' ? 'headgate; fwd=uri-miss' : 'headgate; hit'
        if (make === standard) assert.ok(fieldOf(answer, 'cache-status')?.startsWith(word))
        await whenStored(proxy, 1)
      }
      origin.answerWith(() => ok('hello', 'Cache-Control: no-store'))
      for (const connection of origin.connections) connection.destroy()
      const unstored = await askOnce(t, proxy.port, get('/other'))
      assert.ok(fieldOf(unstored, 'set-cookie')?.startsWith('route='))
      assert.equal(fieldOf(unstored, 'cache-status') !== null, make === standard)
      origin.answerWith(() => ok('hello', FRESH))
      for (const connection of origin.connections) connection.destroy()
      await assertAtRest(proxy)
    }
  })
})
