// Cache-Status (RFC 9211) of everything that can become of a request, as one proxy with one cache tells it.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { assertAtRest, cached, makeStale, standard, whenStored } from '../harness/cached-proxy.ts'
import { askOnce, connectClient, get, request } from '../harness/client.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'
import { fieldOf, type RawMessage } from '../harness/raw-message.ts'

const FRESH = 'Cache-Control: max-age=100'
const TAG = 'ETag: "one"'

type Answer = (message: RawMessage) => string | null

interface Place {
  readonly origin: Origin
  readonly proxy: TestProxy
  /** Null ends the connection. */
  answer: Answer
  /** The line of an answer to this request, without our name. */
  ask(bytes: string, method?: string): Promise<string | null>
}

async function place(t: TestContext, location = '', make = standard): Promise<Place> {
  const origin = await startOrigin(t)
  const answer: Answer = () => ok('page', FRESH, TAG)
  const it = { origin, answer }
  origin.answerWith(message => it.answer(message))
  const proxy = await startProxy(t, make([origin.address], { location, peer: 'max_fails=0' }))
  const ask = async (bytes: string, method = 'GET') => {
    const message = await askOnce(t, proxy.port, bytes, method)
    // What is still being written is another one's outcome.
    await assertAtRest(proxy)
    const line = fieldOf(message, 'cache-status')
    return line === null ? null : line.replace(/^headgate; /, '')
  }
  return Object.assign(it, { proxy, ask })
}

/** The same with a page under `/` that is stored, and stale if it shall be. */
async function withPage(t: TestContext, isStale: boolean, location = '') {
  const it = await place(t, location)
  await it.ask(get('/'))
  await whenStored(it.proxy, 1)
  if (isStale) makeStale(it.proxy)
  return it
}

describe('Cache-Status', () => {
  it('says that nothing was stored, and what is now', async t => {
    const it = await place(t)
    assert.equal(await it.ask(get('/')), 'fwd=uri-miss; stored; ttl=100')
    assert.equal(await it.ask(get('/')), 'hit; ttl=100')
    it.answer = () => ok('page', 'Cache-Control: no-store')
    assert.equal(await it.ask(get('/other')), 'fwd=uri-miss')
  })

  it('names the variant that was missed', async t => {
    const it = await place(t)
    it.answer = () => ok('page', FRESH, 'Vary: X-Kind')
    assert.equal(await it.ask(get('/', 'X-Kind: a')), 'fwd=uri-miss; stored; ttl=100')
    assert.equal(await it.ask(get('/', 'X-Kind: b')), 'fwd=vary-miss; stored; ttl=100')
    assert.equal(await it.ask(get('/', 'X-Kind: b')), 'hit; ttl=100')
  })

  it('tells what was stale from what the request did not want', async t => {
    const it = await withPage(t, false)
    const noCache = get('/', 'Cache-Control: no-cache')
    it.answer = () => `HTTP/1.1 304 Not Modified\r\n${FRESH}\r\n${TAG}\r\n\r\n`
    assert.equal(await it.ask(noCache), 'fwd=request; fwd-status=304; ttl=100')
    makeStale(it.proxy)
    assert.equal(await it.ask(get('/')), 'fwd=stale; fwd-status=304; ttl=100')
    makeStale(it.proxy)
    it.answer = () => ok('other', FRESH, 'ETag: "two"')
    assert.equal(await it.ask(get('/')), 'fwd=stale; stored; ttl=100')
  })

  it('tells what the peer said where the client gets something else', async t => {
    const it = await place(t)
    const asked = await it.ask(get('/', 'If-None-Match: "one"'))
    assert.equal(asked, 'fwd=uri-miss; fwd-status=200; stored; ttl=100')
    const part = await it.ask(get('/part', 'Range: bytes=0-1'))
    assert.equal(part, 'fwd=uri-miss; fwd-status=200; stored; ttl=100')
  })

  it('does not call a hit what stands in for a peer that fails', async t => {
    const it = await withPage(t, true, 'proxy_cache_use_stale error timeout http_503;')
    it.answer = () => 'HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\nlost'
    assert.match((await it.ask(get('/')))!, /^fwd=stale; fwd-status=503; ttl=-?\d+$/)
    it.answer = () => null
    const none = /^fwd=stale; fwd-status=502; ttl=-?\d+; detail=no-response$/
    assert.match((await it.ask(get('/')))!, none)
    it.origin.stopListening()
    for (const connection of it.origin.connections) connection.destroy()
    assert.match((await it.ask(get('/')))!, none)
  })

  it('calls a hit what is stale and fetched anew beside the answer', async t => {
    const it = await withPage(
      t,
      true,
      'proxy_cache_use_stale updating; proxy_cache_background_update on;',
    )
    assert.match((await it.ask(get('/')))!, /^hit; ttl=-?\d+$/)
    await whenStored(it.proxy, 1)
    assert.equal(await it.ask(get('/')), 'hit; ttl=100')
  })

  it('names what goes by the cache', async t => {
    const it = await withPage(t, false, 'proxy_cache_bypass $arg_bypass; proxy_cache_key $uri;')
    assert.equal(await it.ask(get('/?bypass=1')), 'fwd=bypass; stored; ttl=100')
    it.answer = () => ok('done')
    assert.equal(await it.ask(request('PUT', '/', 'x'), 'PUT'), 'fwd=method')
    assert.equal(await it.ask(request('POST', '/', 'x'), 'POST'), 'fwd=method')
  })

  it('says that an answer to POST is stored', async t => {
    const it = await place(t)
    it.answer = () => ok('done', FRESH, 'Content-Location: /')
    assert.equal(await it.ask(request('POST', '/', 'x'), 'POST'), 'fwd=method; stored; ttl=100')
  })

  it('says that a part of it was there', async t => {
    const it = await place(t, 'proxy_cache_max_range_offset 0;')
    const part = (place: string, body: string) => {
      const lines = ['HTTP/1.1 206 Partial Content', FRESH, TAG, `Content-Range: bytes ${place}/9`]
      return () => `${lines.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    }
    it.answer = part('2-3', 'cd')
    const first = await it.ask(get('/', 'Range: bytes=2-3'))
    assert.equal(first, 'fwd=uri-miss; stored; ttl=100')
    await whenStored(it.proxy, 1)
    assert.equal(await it.ask(get('/', 'Range: bytes=3-3')), 'hit; ttl=100')
    it.answer = part('4-5', 'ef')
    const next = await it.ask(get('/', 'Range: bytes=4-5'))
    assert.equal(next, 'fwd=partial; stored; ttl=100')
  })

  it('says whose fetch it was that a request has waited for', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(
      t,
      standard([origin.address], { location: 'proxy_cache_lock on;' }),
    )
    const clients = [await connectClient(t, proxy.port), await connectClient(t, proxy.port)]
    for (const client of clients) await client.send(get('/'))
    const peer = await origin.accept()
    await peer.request()
    // Both have arrived by then.
    for (let i = 0; i < 20; i++) await proxy.holdings()
    await peer.send(ok('page', FRESH))
    const answers = await Promise.all(clients.map(client => client.response()))
    assert.deepEqual(answers.map(answer => fieldOf(answer, 'cache-status')).sort(), [
      'headgate; fwd=uri-miss; collapsed; ttl=100',
      'headgate; fwd=uri-miss; stored; ttl=100',
    ])
    await assertAtRest(proxy)
  })

  it('stands behind what caches nearer to the origin said', async t => {
    const it = await place(t)
    for (const lines of [[FRESH], ['Cache-Control: no-store']]) {
      it.answer = () => ok('page', ...lines, 'Cache-Status: inner; hit')
      const answer = await askOnce(t, it.proxy.port, get(`/${lines[0]}`.replace(' ', '')))
      const found = answer.fields.filter(([name]) => name.toLowerCase() === 'cache-status')
      assert.deepEqual(
        found.map(([, value]) => value.split(';')[0]),
        ['inner', 'headgate'],
      )
    }
  })

  it('is not there in nginx mode', async t => {
    const it = await place(t, '', cached)
    assert.equal(await it.ask(get('/')), null)
    assert.equal(await it.ask(get('/')), null)
  })
})
