// The `standard` mode through the whole proxy: RFC 9111 with RFC 5861, from the fields of responses and requests alone.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  assertAtRest,
  cached,
  cacheOf,
  standard,
  storedCount,
  whenStored,
} from '../harness/cached-proxy.ts'
import { askOnce, connectClient, get, request } from '../harness/client.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { fieldOf, type RawMessage } from '../harness/raw-message.ts'

interface Place {
  readonly origin: Origin
  readonly proxy: TestProxy
  /** Null ends the connection. */
  answer: (message: RawMessage) => string | null
}

async function place(t: TestContext, text: string, make = standard): Promise<Place> {
  const origin = await startOrigin(t)
  const it = { origin, answer: (() => text) as Place['answer'] }
  origin.answerWith(message => it.answer(message))
  const location = 'proxy_cache_background_update on;'
  const proxy = await startProxy(t, make([origin.address], { location, peer: 'max_fails=0' }))
  return Object.assign(it, { proxy })
}

/** The answer is stale when it comes. */
function aged(body: string, directives: string, ...lines: readonly string[]): string {
  return ok(body, `Cache-Control: max-age=10${directives}`, 'Age: 20', 'ETag: "one"', ...lines)
}

async function bodyOf(t: TestContext, { proxy }: Place, ...lines: readonly string[]) {
  const answer = await askOnce(t, proxy.port, get('/', ...lines))
  await assertAtRest(proxy)
  return [answer.status, cacheOf(answer), String(answer.body)]
}

describe('stale responses in standard mode', () => {
  it('are answered while they are fetched anew, with the fields of the client', async t => {
    const it = await place(t, aged('old', ', stale-while-revalidate=60'))
    assert.deepEqual(await bodyOf(t, it), [200, 'MISS', 'old'])
    await whenStored(it.proxy, 1)
    it.answer = message => ok(`new ${fieldOf(message, 'x-who')}`, 'Cache-Control: max-age=100')
    assert.deepEqual(await bodyOf(t, it, 'X-Who: me', 'If-None-Match: "other"'), [
      200,
      'STALE',
      'old',
    ])
    const asked = it.origin.requests.at(-1)!
    assert.equal(fieldOf(asked, 'if-none-match'), '"one"')
    assert.deepEqual(await bodyOf(t, it), [200, 'HIT', 'new me'])
    assert.equal(it.origin.requests.length, 2)
  })

  it('stand in for errors and dropped connections, unless that is forbidden', async t => {
    const error = 'HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nlost'
    const rows = [
      { directives: ', stale-if-error=60', text: error, expected: [200, 'STALE', 'old'] },
      { directives: ', stale-if-error=60', text: null, expected: [200, 'STALE', 'old'] },
      { directives: ', stale-if-error=5', text: error, expected: [503, 'EXPIRED', 'lost'] },
      {
        directives: ', stale-if-error=60, must-revalidate',
        text: error,
        expected: [503, 'EXPIRED', 'lost'],
      },
      {
        directives: '',
        text: error,
        lines: ['Cache-Control: max-stale'],
        expected: [200, 'HIT', 'old'],
      },
      {
        directives: ', must-revalidate',
        text: error,
        lines: ['Cache-Control: max-stale'],
        expected: [503, 'EXPIRED', 'lost'],
      },
      {
        directives: '',
        text: error,
        lines: ['Cache-Control: stale-if-error=60'],
        expected: [200, 'STALE', 'old'],
      },
      { directives: '', text: error, lines: ['Cache-Control: only-if-cached'], expected: 504 },
    ] as const
    for (const row of rows) {
      const it = await place(t, aged('old', row.directives))
      await bodyOf(t, it)
      await whenStored(it.proxy, 1)
      it.answer = () => row.text
      const found = await bodyOf(t, it, ...('lines' in row ? row.lines : []))
      if (row.expected === 504) assert.equal(found[0], 504)
      else assert.deepEqual(found, row.expected, `${row.directives} ${row.text}`)
    }
  })

  it('hold again after 304, and are asked for anew when that is about something else', async t => {
    const it = await place(t, aged('old', ''))
    await bodyOf(t, it)
    await whenStored(it.proxy, 1)
    it.answer = () => 'HTTP/1.1 304 Same\r\nCache-Control: max-age=0\r\nETag: "one"\r\n\r\n'
    assert.deepEqual(await bodyOf(t, it), [200, 'REVALIDATED', 'old'])
    it.answer = message =>
      fieldOf(message, 'if-none-match') === null
        ? ok('new', 'Cache-Control: max-age=100', 'ETag: "two"')
        : 'HTTP/1.1 304 Same\r\nCache-Control: max-age=100\r\nETag: "two"\r\n\r\n'
    it.origin.requests.length = 0
    const found = await bodyOf(t, it)
    assert.deepEqual([found[0], found[2]], [200, 'new'])
    assert.equal(it.origin.requests.length, 2)
    assert.deepEqual(await bodyOf(t, it), [200, 'HIT', 'new'])
  })

  it('are asked about once though the client leaves in the middle of asking twice', async t => {
    const it = await place(t, aged('old', ''))
    await bodyOf(t, it)
    await whenStored(it.proxy, 1)
    const client = await connectClient(t, it.proxy.port)
    it.answer = message => {
      if (fieldOf(message, 'if-none-match') === null)
        return ok('new', 'Cache-Control: max-age=100', 'ETag: "two"')
      client.reset()
      return 'HTTP/1.1 304 Same\r\nCache-Control: max-age=100\r\nETag: "two"\r\n\r\n'
    }
    await client.send(get('/'))
    await client.closed()
    await assertAtRest(it.proxy)
    assert.equal((await bodyOf(t, it))[2], 'new')
  })
})

describe('requests in standard mode', () => {
  it('get 504 from only-if-cached, and store nothing with no-store', async t => {
    const it = await place(t, ok('hello', 'Cache-Control: max-age=100'))
    assert.equal((await bodyOf(t, it, 'Cache-Control: only-if-cached'))[0], 504)
    assert.deepEqual(await bodyOf(t, it, 'Cache-Control: no-store'), [200, 'MISS', 'hello'])
    assert.equal(storedCount(it.proxy), 0)
    assert.equal((await bodyOf(t, it))[1], 'MISS')
    await whenStored(it.proxy, 1)
    assert.equal((await bodyOf(t, it, 'Cache-Control: only-if-cached'))[1], 'HIT')
    assert.equal((await bodyOf(t, it, 'Cache-Control: no-cache'))[2], 'hello')
    assert.equal(it.origin.requests.length, 3)
  })
})

describe('what of a response is stored', () => {
  it('is nothing private, nothing of the connection, and no interim response', async t => {
    const lines = [
      'Cache-Control: max-age=100, private="X-Private", no-cache="X-Asked"',
      'X-Private: 1',
      'X-Asked: 2',
      'X-Hop: 3',
      'X-Kept: 4',
      'Set-Cookie: a=b',
    ]
    const it = await place(t, '')
    it.answer = () =>
      `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${ok('hello', ...lines, 'Connection: keep-alive, X-Hop')}`
    const first = await askOnce(t, it.proxy.port, get('/'))
    assert.equal(first.interims.length, 1)
    for (const name of ['x-private', 'x-asked', 'x-kept', 'set-cookie'])
      assert.notEqual(fieldOf(first, name), null, name)
    assert.equal(fieldOf(first, 'x-hop'), null)
    await whenStored(it.proxy, 1)
    const second = await askOnce(t, it.proxy.port, get('/'))
    assert.equal(cacheOf(second), 'HIT')
    assert.equal(second.interims.length, 0)
    for (const name of ['x-private', 'x-asked', 'x-hop', 'link'])
      assert.equal(fieldOf(second, name), null, name)
    assert.deepEqual([fieldOf(second, 'x-kept'), fieldOf(second, 'set-cookie')], ['4', 'a=b'])
  })

  it('is nothing with Set-Cookie in nginx mode', async t => {
    const it = await place(t, ok('hello', 'Cache-Control: max-age=100', 'Set-Cookie: a=b'), cached)
    for (let i = 0; i < 2; i++) assert.deepEqual(await bodyOf(t, it), [200, 'MISS', 'hello'])
  })

  it('are the trailers by themselves', async t => {
    const head = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nTransfer-Encoding: chunked\r\n\r\n'
    const it = await place(t, `${head}5\r\nhello\r\n0\r\nX-End: 1\r\n\r\n`)
    for (const expected of ['MISS', 'HIT']) {
      const answer = await askOnce(t, it.proxy.port, get('/'))
      assert.deepEqual([cacheOf(answer), String(answer.body)], [expected, 'hello'])
      assert.equal(fieldOf(answer, 'x-end'), null)
      await whenStored(it.proxy, 1)
    }
  })
})

describe('unsafe methods in standard mode', () => {
  it('remove what they change, and what they name on the same origin', async t => {
    const it = await place(t, '')
    const paths = ['/a', '/b', '/c', '/d']
    const named = ['Location: /b', 'Content-Location: http://test.example/c']
    it.answer = ({ start }) => {
      if (start.startsWith('GET ')) return ok('hello', 'Cache-Control: max-age=100')
      if (start.includes('/d')) return 'HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n'
      return ok('', ...named)
    }
    const statuses = async () => {
      const found: (string | null)[] = []
      for (const path of paths) found.push(cacheOf(await askOnce(t, it.proxy.port, get(path))))
      await whenStored(it.proxy, 4)
      return found.join(' ')
    }
    assert.equal(await statuses(), 'MISS MISS MISS MISS')
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'FROBNICATE']) {
      assert.equal(await statuses(), 'HIT HIT HIT HIT', method)
      await askOnce(t, it.proxy.port, request(method, '/a', 'body'), method)
      await askOnce(t, it.proxy.port, request(method, '/d', 'body'), method)
      assert.equal(await statuses(), 'MISS MISS MISS HIT', method)
      await assertAtRest(it.proxy)
    }
    named[1] = 'Content-Location: http://other.example/c'
    await askOnce(t, it.proxy.port, request('PUT', '/a', 'body'))
    assert.equal(await statuses(), 'MISS MISS HIT HIT')
    for (const method of ['OPTIONS', 'TRACE', 'PROPFIND']) {
      await askOnce(t, it.proxy.port, request(method, '/a', ''), method)
    }
    assert.match(await statuses(), /HIT HIT HIT$/)
  })

  it('leave the answer of POST for GET where it says that it is the same', async t => {
    const it = await place(t, '')
    it.answer = ({ start }) =>
      ok(start.split(' ')[0]!, 'Cache-Control: max-age=100', 'Content-Location: /')
    const body = 'b'.repeat(100_000)
    const posted = await askOnce(t, it.proxy.port, request('POST', '/', body))
    assert.equal(String(posted.body), 'POST')
    await whenStored(it.proxy, 1)
    assert.deepEqual(await bodyOf(t, it), [200, 'HIT', 'POST'])
    const again = await askOnce(t, it.proxy.port, request('POST', '/', body))
    assert.equal(String(again.body), 'POST')
    assert.equal(it.origin.requests.length, 2)
  })

  it('get an answer that is stored before the request is whole', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, {
      ...standard([origin.address], { location: 'proxy_request_buffering off;' }),
    })
    const client = await connectClient(t, proxy.port)
    await client.send(
      'POST / HTTP/1.1\r\nHost: test.example\r\nContent-Length: 1000000\r\n\r\n',
      'x',
    )
    const peer = await origin.accept()
    await peer.until('\r\n\r\n')
    await peer.send(ok('early', 'Cache-Control: max-age=100', 'Content-Location: /'))
    const answer = await client.response()
    assert.equal(String(answer.body), 'early')
    assert.equal(fieldOf(answer, 'connection'), 'close')
    client.destroy()
    await assertAtRest(proxy)
    assert.equal(String((await askOnce(t, proxy.port, get('/'))).body), 'early')
  })
})
