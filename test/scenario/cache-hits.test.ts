// What a stored response answers: misses and hits, variants side by side, clients of all kinds, and what is never stored.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  assertAtRest,
  cached,
  cacheOf,
  servePurges,
  standard,
  storedCount,
  whenStored,
} from '../harness/cached-proxy.ts'
import { askOnce, connectClient, get, request } from '../harness/client.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import { startProxy } from '../harness/proxy.ts'
import { fieldOf } from '../harness/raw-message.ts'

const FRESH = 'Cache-Control: max-age=100'

/** What the proxy is asked again has the same answer, which came from the store. */
describe('a stored response', () => {
  it('answers the second request, whatever framed the first one', async t => {
    const origin = await startOrigin(t)
    const bodies = {
      '/length': 'HTTP/1.1 200 OK\r\nCache-Control: max-age=100\r\nContent-Length: 5\r\n\r\nhello',
      '/chunked':
        'HTTP/1.1 200 OK\r\nCache-Control: max-age=100\r\nTransfer-Encoding: chunked\r\n\r\n' +
        '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n',
      '/close': 'HTTP/1.0 200 OK\r\nCache-Control: max-age=100\r\n\r\nhello',
    }
    origin.run(async connection => {
      for (;;) {
        const { start } = await connection.request()
        const path = start.split(' ')[1] as keyof typeof bodies
        await connection.send(bodies[path])
        if (path !== '/close') continue
        connection.end()
        return
      }
    })
    for (const conf of [cached, standard]) {
      const proxy = await startProxy(t, conf([origin.address]))
      let count = 0
      for (const path of Object.keys(bodies)) {
        const first = await askOnce(t, proxy.port, get(path))
        assert.equal(cacheOf(first), 'MISS')
        assert.deepEqual([first.isWhole, String(first.body)], [true, 'hello'], path)
        await whenStored(proxy, ++count)
        const second = await askOnce(t, proxy.port, get(path))
        assert.equal(cacheOf(second), 'HIT')
        assert.equal(second.framing, 'length')
        assert.equal(String(second.body), 'hello', path)
        const old = await askOnce(
          t,
          proxy.port,
          `GET ${path} HTTP/1.0\r\nHost: test.example\r\n\r\n`,
        )
        assert.deepEqual([cacheOf(old), String(old.body)], ['HIT', 'hello'])
      }
      await assertAtRest(proxy)
    }
  })

  it('answers requests that come in one piece, in their order', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) => ok(start.split(' ')[1]!.repeat(3000), FRESH))
    const proxy = await startProxy(t, cached([origin.address]))
    const paths = ['/a', '/b', '/c', '/a', '/b', '/a', '/b']
    const client = await connectClient(t, proxy.port)
    for (const statuses of ['MISS MISS MISS', 'HIT HIT HIT']) {
      await client.send(paths.map(path => get(path)).join(''))
      const seen: (string | null)[] = []
      for (const path of paths) {
        const response = await client.response()
        assert.equal(String(response.body), path.repeat(3000))
        seen.push(cacheOf(response))
      }
      assert.equal(seen.slice(0, 3).join(' '), statuses)
      assert.equal(seen.slice(3).join(' '), 'HIT HIT HIT HIT')
    }
    assert.equal(origin.requests.length, 3)
    await assertAtRest(proxy)
  })

  it('keeps the variants of a key side by side, and loses them together', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(message =>
      ok(`for ${fieldOf(message, 'accept-language')}`, FRESH, 'Vary: Accept-Language'),
    )
    const languages = ['de', 'fr', 'it']
    for (const conf of [cached, standard]) {
      const purge = 'proxy_cache_purge $arg_purge; proxy_cache_key $uri;'
      const proxy = await startProxy(t, conf([origin.address], { location: purge }))
      const ask = (language: string) =>
        askOnce(t, proxy.port, get('/', `Accept-Language: ${language}`))
      for (const expected of ['MISS', 'HIT']) {
        for (const language of languages) {
          const response = await ask(language)
          assert.equal(cacheOf(response), expected, language)
          assert.equal(String(response.body), `for ${language}`)
        }
        await whenStored(proxy, 3)
      }
      assert.equal((await askOnce(t, proxy.port, get('/?purge=1'))).status, 204)
      assert.equal(storedCount(proxy), 0)
      assert.equal((await askOnce(t, proxy.port, get('/?purge=1'))).status, 404)
      for (const language of languages) assert.equal(cacheOf(await ask(language)), 'MISS', language)
      await assertAtRest(proxy)
    }
  })

  it('is still found when a variant varies by something else, or by nothing', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(message => {
      const language = fieldOf(message, 'accept-language')
      const vary = { de: ['Vary: Accept-Language'], fr: ['Vary: Accept-Language, Cookie'], it: [] }
      return ok(`for ${language}`, FRESH, ...vary[language as keyof typeof vary])
    })
    const proxy = await startProxy(t, standard([origin.address]))
    const ask = (language: string) =>
      askOnce(t, proxy.port, get('/', `Accept-Language: ${language}`))
    for (const language of ['de', 'fr', 'it']) await ask(language)
    await whenStored(proxy, 3)
    for (const language of ['de', 'fr', 'it']) {
      const response = await ask(language)
      assert.deepEqual([cacheOf(response), String(response.body)], ['HIT', `for ${language}`])
    }
  })

  it('goes by a method of its own, with a body and without', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) => {
      assert.match(start, /^GET /)
      return ok('hello', FRESH)
    })
    for (const make of [cached, standard]) {
      const http = 'map $request_method $purge_method { PURGE 1; POST 1; }'
      const location = 'proxy_cache_purge $purge_method; proxy_cache_key $uri;'
      const proxy = await startProxy(t, make([origin.address], { http, location }))
      for (const purge of [request('PURGE', '/', ''), request('POST', '/', 'body')]) {
        await askOnce(t, proxy.port, get('/'))
        await whenStored(proxy, 1)
        assert.equal((await askOnce(t, proxy.port, purge)).status, 204)
        assert.equal(storedCount(proxy), 0)
        assert.equal((await askOnce(t, proxy.port, purge)).status, 404)
      }
      assert.equal(proxy.cacheZones[0]!.counters.totals().purges, 2)
      await assertAtRest(proxy)
    }
  })

  it('goes with all whose keys begin alike', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('hello', FRESH))
    const location = 'proxy_cache_purge $arg_purge; proxy_cache_key $uri;'
    const proxy = await startProxy(t, cached([origin.address], { location }))
    servePurges(proxy)
    for (const path of ['/a/1', '/a/2', '/b/1']) await askOnce(t, proxy.port, get(path))
    await whenStored(proxy, 3)
    assert.equal((await askOnce(t, proxy.port, get('/a/*?purge=1'))).status, 204)
    assert.equal((await askOnce(t, proxy.port, get('/a/*?purge=1'))).status, 404)
    assert.equal(cacheOf(await askOnce(t, proxy.port, get('/a/1'))), 'MISS')
    assert.equal(cacheOf(await askOnce(t, proxy.port, get('/b/1'))), 'HIT')
    await assertAtRest(proxy)
  })

  it('has a key of 64 KiB', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) => ok(start.slice(-30), FRESH))
    for (const make of [cached, standard]) {
      const http = 'large_client_header_buffers 8 128k;'
      const proxy = await startProxy(t, make([origin.address], { http }))
      const long = `/${'k'.repeat(65_536)}`
      for (const expected of ['MISS', 'HIT', 'HIT']) {
        for (const end of ['a', 'b']) {
          const response = await askOnce(t, proxy.port, get(long + end))
          assert.equal(cacheOf(response), expected)
          assert.match(String(response.body), new RegExp(`k${end} HTTP`))
        }
        await whenStored(proxy, 2)
      }
      await assertAtRest(proxy)
    }
  })

  it('is never that of other fields, however many it varies by', async t => {
    for (const count of [30, 100]) {
      const names = Array.from({ length: count }, (_, i) => `X-${i}`)
      const origin = await startOrigin(t)
      origin.answerWith(message => {
        const values = names.map(name => fieldOf(message, name) ?? '').join('')
        return ok(`got ${values}`, FRESH, `Vary: ${names.join(', ')}`)
      })
      for (const make of [cached, standard]) {
        const proxy = await startProxy(t, make([origin.address]))
        for (let round = 0; round < 2; round++) {
          for (const lines of [
            [],
            ['X-0: a'],
            [`X-${count - 1}: b`],
            ['X-0: a', `X-${count - 1}: b`],
          ]) {
            const response = await askOnce(t, proxy.port, get('/', ...lines))
            const values = lines.map(line => line.slice(-1)).join('')
            assert.equal(String(response.body), `got ${values}`)
          }
          await assertAtRest(proxy)
        }
        // More than can be looked at are not stored.
        if (count === 100) assert.equal(storedCount(proxy), 0)
      }
    }
  })

  it('is none when its key was purged while it came', async t => {
    const origin = await startOrigin(t)
    const location = 'proxy_cache_purge $arg_purge; proxy_cache_key $uri; proxy_cache_lock on;'
    const proxy = await startProxy(t, cached([origin.address], { location }))
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    const peer = await origin.accept()
    await peer.request()
    await peer.send(
      'HTTP/1.1 200 OK\r\nCache-Control: max-age=9\r\nContent-Length: 10\r\n\r\nhello',
    )
    await client.until('hello')
    assert.equal((await askOnce(t, proxy.port, get('/?purge=1'))).status, 404)
    await peer.send('world')
    assert.equal(String(await client.bytes(5)), 'world')
    await assertAtRest(proxy)
    assert.equal(storedCount(proxy), 0)
  })
})

describe('HEAD', () => {
  it('is asked for as GET, and answered from what that brought', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) => {
      assert.match(start, /^GET /)
      return ok('hello', FRESH)
    })
    for (const conf of [cached, standard]) {
      const proxy = await startProxy(t, conf([origin.address]))
      for (const expected of ['MISS', 'HIT']) {
        const head = await askOnce(t, proxy.port, request('HEAD', '/', ''), 'HEAD')
        assert.deepEqual([head.status, cacheOf(head)], [200, expected])
        assert.equal(fieldOf(head, 'content-length'), '5')
        await whenStored(proxy, 1)
      }
      const whole = await askOnce(t, proxy.port, get('/'))
      assert.deepEqual([cacheOf(whole), String(whole.body)], ['HIT', 'hello'])
      await assertAtRest(proxy)
    }
  })

  it('goes on as it is where it is not converted, and its Content-Length stays', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(({ start }) =>
      start.startsWith('HEAD ')
        ? 'HTTP/1.1 200 OK\r\nCache-Control: max-age=100\r\nContent-Length: 5\r\n\r\n'
        : ok('hello', FRESH),
    )
    const location = 'proxy_cache_convert_head off; proxy_cache_key $request_method$uri;'
    const proxy = await startProxy(t, cached([origin.address], { location }))
    for (const expected of ['MISS', 'HIT']) {
      const head = await askOnce(t, proxy.port, request('HEAD', '/', ''), 'HEAD')
      assert.deepEqual([head.status, cacheOf(head)], [200, expected])
      assert.equal(fieldOf(head, 'content-length'), '5', expected)
      await whenStored(proxy, 1)
    }
    const whole = await askOnce(t, proxy.port, get('/'))
    assert.deepEqual([cacheOf(whole), String(whole.body)], ['MISS', 'hello'])
    assert.deepEqual(
      origin.requests.map(({ start }) => start.split(' ')[0]),
      ['HEAD', 'GET'],
    )
    await assertAtRest(proxy)
  })
})
