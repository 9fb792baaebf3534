// What stands in for a peer that fails, what is asked about again, and what is fetched anew beside the answer.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  assertAtRest,
  cached,
  cacheOf,
  makeStale,
  storedCount,
  whenStored,
} from '../harness/cached-proxy.ts'
import { askOnce, connectClient, get, request } from '../harness/client.ts'
import { type Origin, ok, refusingPort, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { fieldOf, type RawMessage } from '../harness/raw-message.ts'

const FRESH = 'Cache-Control: max-age=100'

type Answer = (message: RawMessage) => string | null | Promise<string>

interface Stale {
  readonly origin: Origin
  readonly proxy: TestProxy
  /** Null ends the connection. */
  answer: Answer
  /** The connection ends after each answer. */
  isClosing: boolean
}

/** A proxy that has `old` under `/`, and it is stale. */
async function stale(
  t: TestContext,
  location: string,
  ...lines: readonly string[]
): Promise<Stale> {
  const origin = await startOrigin(t)
  const it = { origin, answer: (() => ok('old', FRESH, ...lines)) as Answer, isClosing: false }
  origin.run(async connection => {
    for (;;) {
      await connection.when(() => connection.unread.length > 0 || connection.isOver, '', true)
      if (connection.unread.length === 0) break
      const message = await connection.request()
      origin.requests.push(message)
      const text = await it.answer(message)
      if (text !== null) await connection.send(text)
      if (text === null || it.isClosing) break
    }
    connection.end()
  })
  const peer = 'max_fails=0'
  const proxy = await startProxy(t, cached([origin.address], { location, peer }))
  await askOnce(t, proxy.port, get('/'))
  await whenStored(proxy, 1)
  makeStale(proxy)
  origin.requests.length = 0
  return Object.assign(it, { proxy })
}

describe('proxy_cache_use_stale', () => {
  const rows: readonly (readonly [string, Answer, number])[] = [
    ['error', () => null, 502],
    ['invalid_header', () => 'nonsense\r\n\r\n', 502],
    ['timeout', () => '', 504],
    ['http_500', () => 'HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nlost', 500],
    ['http_503', () => `HTTP/1.1 503 No\r\nContent-Length: 9999999\r\n\r\nlost`, 503],
    ['http_404', () => 'HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nlost', 404],
    ['http_429', () => 'HTTP/1.1 429 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nlost\r\n', 429],
  ]
  for (const [condition, answer, status] of rows) {
    it(`answers what is stale at ${condition}, and only then`, async t => {
      const lines = 'proxy_read_timeout 200ms; proxy_cache_lock on;'
      const other = condition === 'http_500' ? 'http_502' : 'http_500'
      for (const [name, expected] of [
        [condition, 200],
        [other, status],
      ] as const) {
        const it = await stale(t, `proxy_cache_use_stale ${name}; ${lines}`)
        it.answer = answer
        for (let i = 0; i < 2; i++) {
          const client = await connectClient(t, it.proxy.port)
          await client.send(get('/'))
          // The head tells: not every body of these ends.
          const head = await client.until('\r\n\r\n')
          assert.match(head!, new RegExp(`^HTTP/1.1 ${expected} `), `${name} ${head}`)
          assert.match(head!, expected === 200 ? /X-Cache: STALE/ : /X-Cache: EXPIRED/)
          if (expected === 200) assert.equal(String(await client.bytes(3)), 'old')
          client.reset()
        }
        await assertAtRest(it.proxy)
        it.answer = () => ok('new', FRESH)
        const fresh = await askOnce(t, it.proxy.port, get('/'))
        assert.deepEqual([cacheOf(fresh), String(fresh.body)], ['EXPIRED', 'new'])
        await assertAtRest(it.proxy)
      }
    })
  }

  it('answers what is stale in place of an answer that was put by', async t => {
    const origin = await startOrigin(t)
    let text = ok('old', FRESH)
    origin.answerWith(() => text)
    const refusing = await refusingPort()
    const location =
      'proxy_cache_use_stale http_503; proxy_next_upstream http_503 error; proxy_cache_lock on;'
    const parts = { location, peer: 'max_fails=0' }
    const proxy = await startProxy(t, cached([origin.address, `127.0.0.1:${refusing}`], parts))
    while (storedCount(proxy) === 0) await askOnce(t, proxy.port, get('/'))
    for (const rest of ['', 'x'.repeat(500_000)]) {
      for (let i = 0; i < 4; i++) {
        text = `HTTP/1.1 503 No\r\nContent-Length: 500004\r\n\r\nlost${rest}`
        makeStale(proxy)
        const answer = await askOnce(t, proxy.port, get('/'))
        assert.deepEqual([cacheOf(answer), String(answer.body)], ['STALE', 'old'])
        await assertAtRest(proxy)
      }
    }
  })

  it('has an error page say what a stored error says', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) =>
      start.includes('/page')
        ? ok('the page', FRESH)
        : 'HTTP/1.1 404 No\r\nCache-Control: max-age=100\r\nContent-Length: 4\r\n\r\nlost',
    )
    const location = 'proxy_intercept_errors on; error_page 404 /page; proxy_cache_lock on;'
    const proxy = await startProxy(t, cached([origin.address], { location }))
    for (const method of ['GET', 'HEAD', 'GET']) {
      for (const path of ['/a', '/b', '/a']) {
        const answer = await askOnce(t, proxy.port, request(method, path, ''), method)
        assert.equal(answer.status, 404)
        assert.equal(String(answer.body), method === 'HEAD' ? '' : 'the page')
        assert.equal(fieldOf(answer, 'content-length'), '8')
      }
      await whenStored(proxy, 3)
    }
    await assertAtRest(proxy)
    assert.equal(origin.requests.length, 3)
    assert.equal(String((await askOnce(t, proxy.port, get('/page'))).body), 'the page')
  })
})

describe('proxy_cache_background_update', () => {
  const LINES =
    'proxy_cache_use_stale updating error timeout http_500; proxy_cache_background_update on; proxy_cache_lock on;'

  it('answers what is stale and asks beside that, once, with what the client said', async t => {
    const it = await stale(t, `${LINES} proxy_set_header X-Who $http_x_who;`)
    const gate = Promise.withResolvers<void>()
    it.answer = () => gate.promise.then(() => ok('new', FRESH))
    const client = await connectClient(t, it.proxy.port)
    const statuses: (string | null)[] = []
    for (let i = 0; i < 3; i++) {
      const answer = await client.ask(get('/', `X-Who: ${i}`, `X-Own: ${i}`))
      assert.equal(String(answer.body), 'old')
      statuses.push(cacheOf(answer))
    }
    assert.deepEqual(statuses, ['STALE', 'UPDATING', 'UPDATING'])
    gate.resolve()
    await assertAtRest(it.proxy)
    const [asked] = it.origin.requests
    assert.deepEqual([fieldOf(asked!, 'x-who'), fieldOf(asked!, 'x-own')], ['0', '0'])
    const answer = await client.ask(get('/'))
    assert.deepEqual([cacheOf(answer), String(answer.body)], ['HIT', 'new'])
    assert.equal(it.origin.requests.length, 1)
  })

  for (const [name, text] of [
    ['fails', null],
    ['brings nonsense', 'nonsense\r\n\r\n'],
    ['brings an error', 'HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nlost'],
    ['brings what may not be stored', ok('none', 'Cache-Control: no-store')],
    ['breaks off', 'HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nContent-Length: 99\r\n\r\nx'],
  ] as const) {
    it(`goes on with what is stale when the update ${name}`, async t => {
      const it = await stale(t, LINES)
      it.answer = () => text
      it.isClosing = true
      for (let i = 0; i < 3; i++) {
        const answer = await askOnce(t, it.proxy.port, get('/'))
        assert.deepEqual([cacheOf(answer), String(answer.body)], ['STALE', 'old'])
        await assertAtRest(it.proxy)
      }
    })
  }

  it('asks for HEAD as for GET, and is nothing for the access log', async t => {
    const it = await stale(t, LINES)
    it.answer = ({ start }) => ok(start.startsWith('GET ') ? 'new' : 'wrong', FRESH)
    const before = (await it.proxy.log()).length
    const head = await askOnce(t, it.proxy.port, request('HEAD', '/', ''), 'HEAD')
    assert.deepEqual([cacheOf(head), fieldOf(head, 'content-length')], ['STALE', '3'])
    await assertAtRest(it.proxy)
    const answer = await askOnce(t, it.proxy.port, get('/'))
    assert.deepEqual([cacheOf(answer), String(answer.body)], ['HIT', 'new'])
    assert.equal((await it.proxy.log()).length - before, 2)
  })
})

describe('proxy_cache_revalidate', () => {
  const ETAG = 'ETag: "one"'

  it('takes 304 as word that what is stored still holds', async t => {
    const it = await stale(t, 'proxy_cache_revalidate on;', ETAG)
    it.answer = message => {
      assert.equal(fieldOf(message, 'if-none-match'), '"one"')
      return `HTTP/1.1 304 Not Modified\r\n${ETAG}\r\n${FRESH}\r\n\r\n`
    }
    for (const expected of ['REVALIDATED', 'HIT']) {
      const answer = await askOnce(t, it.proxy.port, get('/'))
      assert.deepEqual(
        [answer.status, cacheOf(answer), String(answer.body)],
        [200, expected, 'old'],
      )
    }
    makeStale(it.proxy)
    const same = await askOnce(t, it.proxy.port, get('/', 'If-None-Match: "one"'))
    assert.deepEqual([same.status, cacheOf(same)], [304, 'REVALIDATED'])
    await assertAtRest(it.proxy)
  })

  it('takes another answer in its place', async t => {
    const it = await stale(t, 'proxy_cache_revalidate on;', ETAG)
    it.answer = () => ok('new', FRESH, 'ETag: "two"')
    for (const expected of ['EXPIRED', 'HIT']) {
      const answer = await askOnce(t, it.proxy.port, get('/', 'If-None-Match: "one"'))
      assert.deepEqual(
        [answer.status, cacheOf(answer), String(answer.body)],
        [200, expected, 'new'],
      )
      await assertAtRest(it.proxy)
    }
  })

  it('passes an error on, and asks again', async t => {
    const it = await stale(t, 'proxy_cache_revalidate on;', ETAG)
    it.answer = () => 'HTTP/1.1 500 No\r\nContent-Length: 4\r\n\r\nlost'
    for (let i = 0; i < 2; i++) {
      const answer = await askOnce(t, it.proxy.port, get('/'))
      assert.deepEqual([answer.status, cacheOf(answer)], [500, 'EXPIRED'])
      await assertAtRest(it.proxy)
    }
    assert.equal(it.origin.requests.length, 2)
  })
})

describe('what is fetched beside an answer', () => {
  const UPDATING = 'proxy_cache_use_stale updating; proxy_cache_background_update on;'

  it('has no body, whatever the client sends', async t => {
    const it = await stale(t, UPDATING)
    it.answer = () => ok('new', FRESH)
    const answer = await askOnce(t, it.proxy.port, request('GET', '/', 'a body'))
    assert.deepEqual([answer.status, cacheOf(answer), String(answer.body)], [200, 'STALE', 'old'])
    await assertAtRest(it.proxy)
    assert.equal(it.origin.requests.length, 1)
    assert.equal(fieldOf(it.origin.requests[0]!, 'content-length'), null)
    const next = await askOnce(t, it.proxy.port, get('/'))
    assert.deepEqual([cacheOf(next), String(next.body)], ['HIT', 'new'])
  })

  it('takes no tunnel for an answer', async t => {
    const fields = 'proxy_set_header Upgrade websocket; proxy_set_header Connection upgrade;'
    const it = await stale(t, `${UPDATING} ${fields} proxy_http_version 1.1;`)
    it.answer = () =>
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n'
    const answer = await askOnce(t, it.proxy.port, get('/'))
    assert.deepEqual([answer.status, cacheOf(answer), String(answer.body)], [200, 'STALE', 'old'])
    await assertAtRest(it.proxy)
    it.answer = () => ok('new', FRESH)
    await askOnce(t, it.proxy.port, get('/'))
    await assertAtRest(it.proxy)
    assert.equal(String((await askOnce(t, it.proxy.port, get('/'))).body), 'new')
  })
})
