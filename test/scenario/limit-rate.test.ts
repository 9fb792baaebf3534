// Responses that may only go so fast: whatever they come from, they arrive whole and in order, and what is said of the rate
// by the configuration and by peers is kept. No time is asserted: with a rate of one byte a second a large response never
// ends, and one that ends was not held back.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { afterTest } from '../harness/after-test.ts'
import { type Answer, CountingOrigin } from '../harness/counting-origin.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'

/** Bytes of which each place has its own, so that nothing can be swapped. */
const BODY = Buffer.alloc(400_000)
for (let i = 0; i + 4 <= BODY.length; i += 4) BODY.writeUInt32BE(i, i)

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const WHOLE = digest(BODY)

/** Gives the body; `?length` with its length, `?rate=N` with X-Accel-Limit-Rate. */
const giveBody: Answer = ({ url }, response) => {
  const query = new URL(url ?? '/', 'http://a').searchParams
  if (query.has('length')) response.setHeader('Content-Length', BODY.length)
  if (query.has('rate')) response.setHeader('X-Accel-Limit-Rate', query.get('rate')!)
  response.end(BODY)
}

async function start(
  t: TestContext,
  server: string,
  http = '',
): Promise<{ readonly proxy: TestProxy; readonly origin: CountingOrigin }> {
  const origin = await CountingOrigin.open(t, 'A', giveBody)
  const proxy = await startProxy(t, {
    http,
    server: server.replaceAll('ORIGIN', `http://${origin.address}`),
  })
  return { proxy, origin }
}

function fetchBody(
  port: number,
  path: string,
  agent: Agent | false = false,
): Promise<{ readonly status: number; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent }, response => {
      const pieces: Buffer[] = []
      response.on('data', piece => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode!, body: Buffer.concat(pieces) })
      })
    }).on('error', reject)
  })
}

/** Asks on a connection of its own and counts what comes, for as long as the test lasts. */
class Slow {
  bytes = 0
  hasEnded = false
  readonly began: Promise<void>

  constructor(t: TestContext, port: number, path: string) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.began = promise
    const socket = connect(port, '127.0.0.1')
    socket.on('data', piece => {
      this.bytes += piece.length
      resolve()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.hasEnded = true
      resolve()
    })
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n`)
    afterTest(t, () => {
      socket.destroy()
    })
  }
}

describe('limit_rate', { timeout: 60_000 }, () => {
  it('brings bodies of every origin whole', async t => {
    const { proxy } = await start(
      t,
      `limit_rate 400k;
      location /proxied { proxy_pass ORIGIN; }
      location /unbuffered { proxy_pass ORIGIN; proxy_buffering off; }
      location /no-file { proxy_pass ORIGIN; proxy_max_temp_file_size 0; }
      location /cached { proxy_pass ORIGIN; proxy_cache c; proxy_cache_valid 1h; }
      location /stored { proxy_pass ORIGIN; proxy_store DIR/stored$uri; }
      location /file { root DIR; }
      location /by-peer { proxy_pass ORIGIN; limit_rate 0; }`,
      'proxy_cache_path DIR/cache keys_zone=c:1m;',
    )
    writeFileSync(join(proxy.directory, 'file'), BODY)
    const paths = [
      '/proxied',
      '/proxied?length',
      '/unbuffered',
      '/unbuffered?length',
      '/no-file?length',
      '/cached',
      '/stored',
      '/file',
      '/by-peer?rate=300000',
    ]
    const all = await Promise.all(paths.map(path => fetchBody(proxy.port, path)))
    for (const [index, { status, body }] of all.entries()) {
      assert.deepEqual([status, digest(body)], [200, WHOLE], paths[index])
    }
    const hit = await fetchBody(proxy.port, '/cached')
    assert.equal(digest(hit.body), WHOLE)
    assert.equal(await proxy.timersLeft(), 0)
  })

  it('serves the next request of a connection after one that was held back', async t => {
    const { proxy } = await start(
      t,
      `limit_rate 200k; location / { proxy_pass ORIGIN; }
      location /text { limit_rate 100; error_page 404 =200 /a; return 200 "${'t'.repeat(40)}"; }`,
    )
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    afterTest(t, () => agent.destroy())
    for (const path of ['/a?length', '/text', '/b']) {
      const { body } = await fetchBody(proxy.port, path, agent)
      if (path === '/text') assert.equal(body.toString(), 't'.repeat(40))
      else assert.equal(digest(body), WHOLE)
    }
    const log = await proxy.log()
    assert.deepEqual(
      log.map(({ request, status }) => `${request} ${status}`),
      ['GET /a?length HTTP/1.1 200', 'GET /text HTTP/1.1 200', 'GET /b HTTP/1.1 200'],
    )
  })

  it('holds back what is over the rate, and lets everything else go by', async t => {
    const { proxy } = await start(
      t,
      `location /slow { proxy_pass ORIGIN; limit_rate 1; }
      location /after { proxy_pass ORIGIN; limit_rate 1; limit_rate_after 1m; }
      location /most { proxy_pass ORIGIN; limit_rate 1; limit_rate_after 100k; }
      location /variable { proxy_pass ORIGIN; limit_rate $arg_r; }
      location /own { limit_rate 1; limit_rate_after 150; return 200 "${'t'.repeat(3000)}"; }
      location /file { root DIR; limit_rate 1; limit_rate_after 10k; }
      location /all { proxy_pass ORIGIN; }`,
    )
    writeFileSync(join(proxy.directory, 'file'), BODY)
    const slow = ['/slow?length', '/most?length', '/variable?r=1', '/own', '/file'].map(
      path => new Slow(t, proxy.port, path),
    )
    await Promise.all(slow.map(({ began }) => began))
    for (const path of ['/after', '/all', '/variable', '/variable?r=0', '/variable?r=1m']) {
      const { body } = await fetchBody(proxy.port, path)
      assert.equal(digest(body), WHOLE, path)
    }
    const bytes = slow.map(one => [one.hasEnded, one.bytes] as const)
    assert.ok(bytes.every(([hasEnded]) => !hasEnded))
    // A second or so more, at a byte each.
    const most = [60, 102_400 + 60, 60, 150 + 60, 10_240 + 60]
    for (const [index, [, count]] of bytes.entries()) {
      assert.ok(count > 0 && count <= most[index]!, `${count} bytes of ${index}`)
    }
  })

  it('takes a size that is none for no limit, and says so', async t => {
    const { proxy } = await start(t, 'location / { proxy_pass ORIGIN; limit_rate $arg_r; }')
    const { body } = await fetchBody(proxy.port, '/?r=fast')
    assert.equal(digest(body), WHOLE)
    assert.match(await proxy.errors(), /\[error\].* invalid size "fast"/)
  })

  it('lets a peer set the rate of its answer, unless that is ignored', async t => {
    const { proxy } = await start(
      t,
      `location /quick { proxy_pass ORIGIN; limit_rate 1; }
      location /slow { proxy_pass ORIGIN; }
      location /ignored { proxy_pass ORIGIN; proxy_ignore_headers X-Accel-Limit-Rate; }
      location /cached { proxy_pass ORIGIN; proxy_cache c; proxy_cache_valid 1h; limit_rate 1; }`,
      'proxy_cache_path DIR/cache keys_zone=c:1m;',
    )
    const slow = new Slow(t, proxy.port, '/slow?rate=1')
    await slow.began
    const quick = [
      '/quick?rate=0',
      '/ignored?rate=1',
      '/slow?rate=none',
      '/cached?rate=0',
      '/cached?rate=0',
    ]
    for (const path of quick) {
      assert.equal(digest((await fetchBody(proxy.port, path)).body), WHOLE, path)
    }
    assert.ok(!slow.hasEnded && slow.bytes < 200, `${slow.bytes} bytes`)
  })

  it('gives a client that leaves nothing more, and keeps nothing of it', async t => {
    const { proxy } = await start(t, 'location / { proxy_pass ORIGIN; limit_rate 1; }')
    const before = new AbortController()
    const asked = new Promise<void>(resolve => {
      const socket = connect(proxy.port, '127.0.0.1')
      before.signal.addEventListener('abort', () => socket.destroy())
      socket.on('data', () => resolve())
      socket.write('GET /a?length HTTP/1.1\r\nHost: a.test\r\n\r\n')
    })
    await asked
    before.abort()
    assert.equal(await proxy.timersLeft(), 0)
    assert.equal((await proxy.log())[0]!.status, '200')
  })

  it('counts what a client that left has got, and not what waited for it', async t => {
    const { proxy } = await start(
      t,
      `access_log DIR/sent sent;
      location / { limit_rate 1; limit_rate_after 500; return 200 "${'t'.repeat(3000)}"; }`,
      "log_format sent '$bytes_sent $body_bytes_sent $request_completion';",
    )
    const socket = connect(proxy.port, '127.0.0.1')
    const begun = new Promise(resolve => socket.once('data', resolve))
    socket.write('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n')
    await begun
    socket.resetAndDestroy()
    assert.equal(await proxy.timersLeft(), 0)
    await proxy.log().catch(() => [])
    const [all, body, completion] = readFileSync(join(proxy.directory, 'sent'), 'latin1').split(' ')
    assert.ok(Number(all) >= 500 && Number(all) < 600, `${all} bytes`)
    assert.ok(Number(body) > 200 && Number(body) < Number(all), `${body} bytes of the body`)
    assert.equal(completion, '\n')
  })
})

describe('proxy_limit_rate', { timeout: 60_000 }, () => {
  it('reads a response only so fast, and whole', async t => {
    const { proxy } = await start(
      t,
      `location / { proxy_pass ORIGIN; proxy_limit_rate 500k; }
      location /cached { proxy_pass ORIGIN; proxy_limit_rate 400k; proxy_cache c; proxy_cache_valid 1h; }`,
      'proxy_cache_path DIR/cache keys_zone=c:1m;',
    )
    const paths = ['/', '/?length', '/cached?length']
    const all = await Promise.all(paths.map(path => fetchBody(proxy.port, path)))
    for (const [index, { body }] of all.entries()) {
      assert.equal(digest(body), WHOLE, paths[index])
    }
  })

  it('holds a peer back that is faster, but for what is not buffered', async t => {
    const { proxy } = await start(
      t,
      `location /slow { proxy_pass ORIGIN; proxy_limit_rate 1; }
      location /unbuffered { proxy_pass ORIGIN; proxy_limit_rate 1; proxy_buffering off; }
      location /none { proxy_pass ORIGIN; proxy_limit_rate 0; }`,
    )
    const slow = new Slow(t, proxy.port, '/slow?length')
    await slow.began
    for (const path of ['/unbuffered', '/none?length']) {
      assert.equal(digest((await fetchBody(proxy.port, path)).body), WHOLE, path)
    }
    assert.ok(!slow.hasEnded && slow.bytes < BODY.length)
  })

  it('serves another request on the connection to the peer', async t => {
    const sockets = new Set<unknown>()
    const origin = await CountingOrigin.open(t, 'A', (request, response) => {
      sockets.add(request.socket)
      giveBody(request, response)
    })
    const proxy = await startProxy(t, {
      http: `upstream peers { server ${origin.address}; keepalive 4; }`,
      server: 'location / { proxy_pass http://peers; proxy_limit_rate 1m; }',
    })
    for (let i = 0; i < 3; i++) {
      assert.equal(digest((await fetchBody(proxy.port, '/?length')).body), WHOLE)
    }
    assert.equal(sockets.size, 1)
  })
})
