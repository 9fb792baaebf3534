// What answers while every peer is down: another address, a page, a status. Peers are taken out as a probe does it, or
// refuse connections before anybody noticed.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { askOnce, connectClient, get, request } from '../harness/client.ts'
import { type Origin, ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'
import { fieldOf } from '../harness/raw-message.ts'

interface Setting {
  readonly peers: readonly Origin[]
  readonly stand: Origin
  readonly proxy: TestProxy
}

interface Options {
  readonly upstream?: string
  readonly location?: string
  readonly peer?: string
  readonly server?: string
  readonly main?: string
  readonly count?: number
}

/** Some peers, and one more that stands in for them. */
async function setUp(t: TestContext, options: Options = {}): Promise<Setting> {
  const peers = []
  for (let i = 0; i < (options.count ?? 2); i++) peers.push(await answering(t, `peer ${i}`))
  const stand = await answering(t, 'stand-in')
  const upstream = `${options.upstream ?? ''} fallback ${stand.address};`
  const addresses = peers.map(({ address }) => address)
  const proxy = await startProxy(t, toPeers(addresses, { ...options, upstream }))
  return { peers, stand, proxy }
}

async function answering(t: TestContext, name: string): Promise<Origin> {
  const origin = await startOrigin(t)
  origin.answerWith(() => ok(name))
  return origin
}

/** As a probe says it of every peer. */
function setAll(proxy: TestProxy, count: number, isDown: boolean): void {
  for (let peer = 0; peer < count; peer++) proxy.setPeerState(peer, 'unhealthy', isDown)
}

function bodyOf(t: TestContext, proxy: TestProxy, text = get('/')): Promise<string> {
  return askOnce(t, proxy.port, text, text.split(' ')[0]).then(({ body }) => String(body))
}

const METHODS = [
  '',
  'least_conn;',
  'ip_hash;',
  'hash $uri;',
  'hash $uri consistent;',
  'hash $uri maglev;',
  'random;',
  'random two;',
  'least_time header;',
]

describe('a fallback that is an address', () => {
  it('answers while every peer is down, and not a moment longer', async t => {
    for (const method of METHODS) {
      await t.test(method || 'round robin', async t => {
        const { peers, stand, proxy } = await setUp(t)
        const addresses = peers.map(({ address }) => `server ${address};`).join(' ')
        await proxy.reload({
          http: `upstream peers { ${method} ${addresses} fallback ${stand.address}; }`,
          server: 'location / { proxy_pass http://peers; }',
        })
        assert.match(await bodyOf(t, proxy), /^peer /)
        setAll(proxy, 2, true)
        assert.equal(await bodyOf(t, proxy), 'stand-in')
        proxy.setPeerState(1, 'unhealthy', false)
        assert.equal(await bodyOf(t, proxy), 'peer 1')
        const addressesOf = (await proxy.log()).map(line => line.upstreamAddress)
        assert.equal(addressesOf[1], stand.address)
        assert.equal(addressesOf[2], peers[1]!.address)
      })
    }
  })

  const STATES = ['down', 'draining', 'unhealthy'] as const
  for (const state of STATES) {
    it(`answers for peers that are ${state}`, async t => {
      const { proxy } = await setUp(t)
      for (const peer of [0, 1]) proxy.setPeerState(peer, state, true)
      assert.equal(await bodyOf(t, proxy), 'stand-in')
    })
  }

  it('gets the request as the peers would', async t => {
    const { stand, proxy } = await setUp(t, { location: 'proxy_set_header X-Own yes;' })
    setAll(proxy, 2, true)
    await bodyOf(t, proxy, request('POST', '/a?b=1', 'the body'))
    const [got] = stand.requests
    assert.equal(got!.start, 'POST /a?b=1 HTTP/1.1')
    assert.equal(String(got!.body), 'the body')
    assert.equal(fieldOf(got!, 'host'), 'peers')
    assert.equal(fieldOf(got!, 'x-own'), 'yes')
  })

  it('keeps its connections as the group does', async t => {
    const { stand, proxy } = await setUp(t, { upstream: 'keepalive 4;' })
    setAll(proxy, 2, true)
    for (let i = 0; i < 3; i++) assert.equal(await bodyOf(t, proxy), 'stand-in')
    assert.equal(stand.connections.length, 1)
  })

  it('answers in the same request when the last peer fails', async t => {
    const { peers, stand, proxy } = await setUp(t)
    for (const peer of peers) peer.stopListening()
    assert.equal(await bodyOf(t, proxy), 'stand-in')
    // Both are banned now: nobody is asked.
    assert.equal(await bodyOf(t, proxy), 'stand-in')
    const [first, second] = await proxy.log()
    const tried = first!.upstreamAddress.split(' : ')
    assert.deepEqual(tried[0]!.split(', ').sort(), peers.map(({ address }) => address).sort())
    assert.equal(tried[1], stand.address)
    assert.equal(first!.upstreamStatus, '502, 502 : 200')
    assert.equal(second!.upstreamAddress, stand.address)
    const errors = await proxy.errors()
    const lines = errors.split('\n').filter(line => line.includes('no live upstreams'))
    assert.equal(lines.length, 2)
    for (const line of lines) {
      assert.ok(line.includes('[error]'), line)
      assert.ok(line.includes(`upstream "peers" falls back to ${stand.address}`), line)
    }
  })

  it('answers for a group of one peer, which can be banned then', async t => {
    const { peers, proxy } = await setUp(t, { count: 1 })
    peers[0]!.stopListening()
    assert.equal(await bodyOf(t, proxy), 'stand-in')
    assert.equal(await bodyOf(t, proxy, request('POST', '/', 'body')), 'stand-in')
    const statuses = (await proxy.log()).map(line => line.upstreamStatus)
    assert.deepEqual(statuses, ['502 : 200', '200'])
  })

  it('gets a request that no peer got, also where nothing may be tried twice', async t => {
    const { peers, proxy } = await setUp(t, { count: 1, location: 'proxy_next_upstream off;' })
    peers[0]!.stopListening()
    assert.equal(await bodyOf(t, proxy, request('POST', '/', 'body')), 'stand-in')
  })

  it('does not get a POST that a peer may have carried out', async t => {
    const { peers, stand, proxy } = await setUp(t, { count: 1 })
    peers[0]!.run(async connection => {
      await connection.request()
      connection.reset()
    })
    const { status } = await askOnce(t, proxy.port, request('POST', '/', 'body'), 'POST')
    assert.equal(status, 502)
    assert.equal(stand.requests.length, 0)
    assert.equal(await bodyOf(t, proxy), 'stand-in', 'the peer is banned now')
  })

  it('gets no request that a peer answered: the last real answer is the better one', async t => {
    const location = 'proxy_next_upstream http_500 error;'
    const { peers, stand, proxy } = await setUp(t, { location })
    for (const peer of peers) {
      peer.answerWith(() => 'HTTP/1.1 500 S\r\nContent-Length: 4\r\n\r\nreal')
    }
    assert.equal(await bodyOf(t, proxy), 'real')
    assert.equal(stand.requests.length, 0)
  })

  it('leaves peers that are merely busy alone', async t => {
    const { peers, stand, proxy } = await setUp(t, { peer: 'max_conns=1', count: 1 })
    peers[0]!.run(async connection => {
      await connection.request()
    })
    const busy = await connectClient(t, proxy.port)
    await busy.send(get('/'))
    const connection = await peers[0]!.accept()
    await connection.when(() => connection.bytesReceived > 0, 'the request')
    assert.equal((await askOnce(t, proxy.port, get('/'))).status, 502)
    assert.equal(stand.requests.length, 0)
  })

  it('is asked again at once after it failed', async t => {
    const { stand, proxy } = await setUp(t)
    setAll(proxy, 2, true)
    stand.stopListening()
    for (let i = 0; i < 3; i++) assert.equal((await askOnce(t, proxy.port, get('/'))).status, 502)
    await stand.open()
    assert.equal(await bodyOf(t, proxy), 'stand-in')
  })

  it('does not take a session from a peer that drains', async t => {
    const { proxy } = await setUp(t, { upstream: 'sticky cookie srv;' })
    const first = await askOnce(t, proxy.port, get('/'))
    const cookie = fieldOf(first, 'set-cookie')!.split(';')[0]!
    for (const peer of [0, 1]) proxy.setPeerState(peer, 'draining', true)
    assert.equal(await bodyOf(t, proxy, get('/', `Cookie: ${cookie}`)), String(first.body))
    const stranger = await askOnce(t, proxy.port, get('/'))
    assert.equal(String(stranger.body), 'stand-in')
    assert.equal(fieldOf(stranger, 'set-cookie'), null, 'nobody is bound to it')
  })

  it('passes a body on that is still coming', async t => {
    const { stand, proxy } = await setUp(t, { location: 'proxy_request_buffering off;' })
    setAll(proxy, 2, true)
    const client = await connectClient(t, proxy.port)
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nfour')
    const connection = await stand.accept()
    await connection.when(() => connection.bytesReceived > 0, 'the head')
    await client.send('more')
    assert.equal(String((await client.response('POST')).body), 'stand-in')
    assert.equal(String(stand.requests[0]!.body), 'fourmore')
  })
})

describe('a fallback and a queue', () => {
  const QUEUE = 'queue 5 timeout=30s;'

  it('nobody waits for peers that are down', async t => {
    const { proxy } = await setUp(t, { upstream: QUEUE })
    setAll(proxy, 2, true)
    assert.equal(await bodyOf(t, proxy), 'stand-in')
  })

  it('who waits for a busy peer falls back when that goes down', async t => {
    const { peers, stand, proxy } = await setUp(t, {
      upstream: QUEUE,
      peer: 'max_conns=1',
      count: 1,
    })
    peers[0]!.run(async connection => {
      await connection.request()
    })
    const busy = await connectClient(t, proxy.port)
    await busy.send(get('/'))
    const connection = await peers[0]!.accept()
    await connection.when(() => connection.bytesReceived > 0, 'the request')
    const waiting = [bodyOf(t, proxy), bodyOf(t, proxy)]
    setAll(proxy, 1, true)
    assert.deepEqual(await Promise.all(waiting), ['stand-in', 'stand-in'])
    assert.equal(stand.requests.length, 2)
  })
})

/** A group whose only peer is down, and what it falls back to. */
async function withAnswer(
  t: TestContext,
  fallback: string,
  location = '',
  http = '',
): Promise<TestProxy> {
  const proxy = await startProxy(t, { server: '' })
  writeFileSync(join(proxy.directory, 'sorry.html'), '<p>Sörry</p>')
  await proxy.reload({
    http: `upstream app { server 127.0.0.1:1 down; fallback ${fallback}; } ${http}`,
    server: `location / { proxy_pass http://app; ${location} } location /pages/ { alias DIR/; }`,
  })
  return proxy
}

const TYPES = 'types { text/html html; }'

describe('a fallback that is a page', () => {
  it('is sent with 503, its type and Retry-After', async t => {
    const proxy = await withAnswer(t, 'page=DIR/sorry.html retry_after=30s', '', TYPES)
    const answer = await askOnce(t, proxy.port, get('/'))
    assert.equal(answer.status, 503)
    assert.equal(fieldOf(answer, 'content-type'), 'text/html')
    assert.equal(fieldOf(answer, 'retry-after'), '30')
    assert.equal(String(answer.body), '<p>Sörry</p>')
    assert.equal(fieldOf(answer, 'content-length'), '13')
    const [line] = await proxy.log()
    assert.equal(line!.upstreamAddress, 'fallback')
    assert.equal(line!.upstreamStatus, '503')
    assert.match(await proxy.errors(), /\[error\].*no live upstreams.*falls back to .*sorry\.html/)
  })

  it('has no body for HEAD', async t => {
    const proxy = await withAnswer(t, 'page=DIR/sorry.html')
    const client = await connectClient(t, proxy.port)
    const answer = await client.ask(request('HEAD', '/', ''), 'HEAD')
    assert.equal(answer.status, 503)
    assert.equal(fieldOf(answer, 'content-length'), '13')
    assert.equal(fieldOf(answer, 'retry-after'), null)
    assert.equal((await client.ask(get('/'))).status, 503, 'the connection goes on')
  })

  it('is the one of the moment in which the configuration was taken', async t => {
    const proxy = await withAnswer(t, 'page=DIR/sorry.html status=200')
    writeFileSync(join(proxy.directory, 'sorry.html'), 'other')
    const answer = await askOnce(t, proxy.port, get('/'))
    assert.equal(answer.status, 200)
    assert.match(String(answer.body), /rry/)
  })

  it('takes the place of our 502 in the request that finds the last peer dead', async t => {
    const peer = await answering(t, 'peer')
    const proxy = await startProxy(
      t,
      toPeers([peer.address], { upstream: 'fallback status=503 text=soon;' }),
    )
    peer.stopListening()
    assert.equal(await bodyOf(t, proxy), 'soon')
    const [line] = await proxy.log()
    assert.equal(line!.upstreamAddress, `${peer.address}, fallback`)
    assert.equal(line!.upstreamStatus, '502, 503')
  })
})

describe('a fallback that is a status', () => {
  it('is a text where one is written', async t => {
    const proxy = await withAnswer(t, 'status=429 "text=Später, bitte" retry_after=2m')
    const answer = await askOnce(t, proxy.port, get('/'))
    assert.equal(answer.status, 429)
    assert.equal(fieldOf(answer, 'content-type'), 'text/plain; charset=utf-8')
    assert.equal(fieldOf(answer, 'retry-after'), '120')
    assert.equal(String(answer.body), 'Später, bitte')
  })

  it('is the error page of the status where none is written, with Retry-After too', async t => {
    const plain = await withAnswer(t, 'status=503 retry_after=5s')
    const own = await askOnce(t, plain.port, get('/'))
    assert.match(String(own.body), /503 Service Temporarily Unavailable/)
    assert.equal(fieldOf(own, 'retry-after'), '5')
    const page = 'error_page 503 /pages/sorry.html;'
    const proxy = await withAnswer(t, 'status=503 retry_after=5s', page)
    const answer = await askOnce(t, proxy.port, get('/'))
    assert.equal(answer.status, 503)
    assert.match(String(answer.body), /rry<\/p>/)
    assert.equal(fieldOf(answer, 'retry-after'), '5')
  })
})

describe('panic and a fallback', () => {
  it('a group of which nobody is usable falls back, one of which some are panics', async t => {
    const { peers, proxy } = await setUp(t, { upstream: 'panic_threshold 60%;' })
    proxy.setPeerState(0, 'unhealthy', true)
    const bodies = new Set<string>()
    for (let i = 0; i < 4; i++) bodies.add(await bodyOf(t, proxy))
    assert.deepEqual([...bodies].sort(), ['peer 0', 'peer 1'], 'both get requests')
    proxy.setPeerState(1, 'unhealthy', true)
    const before = peers.map(({ requests }) => requests.length)
    // The group is looked at once in a second.
    const until = performance.now() + 5_000
    let body = ''
    while (body !== 'stand-in' && performance.now() < until) body = await bodyOf(t, proxy)
    assert.equal(body, 'stand-in', `after ${before} requests`)
  })
})
