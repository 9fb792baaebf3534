// What peers say to the proxy itself (X-Accel-Redirect), what they are asked with in the place of what the client sent,
// and how a client's connection ends that took too long: over real sockets, one request after the other.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { askOnce, connectClient, get, request } from '../harness/client.ts'
import { ok, startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy, toPeers } from '../harness/proxy.ts'
import { fieldOf, type RawMessage } from '../harness/raw-message.ts'

const PATIENCE_MS = 5_000

/** Peers, and places that they may send a request on to. */
function sendingOn(address: string, more = ''): Parameters<typeof startProxy>[1] {
  return {
    http: `upstream peers { server ${address}; keepalive 4; }
      proxy_cache_path DIR/cache keys_zone=c:1m;`,
    server: `root DIR/files;
      location / { proxy_pass http://peers; ${more} }
      location /files/ { internal; alias DIR/files/; }
      location /cached/ { proxy_pass http://peers; proxy_cache c; proxy_cache_valid 1h; ${more} }
      location @cached { proxy_pass http://peers; proxy_cache c; proxy_cache_valid 1h; proxy_cache_key named$uri; proxy_ignore_headers X-Accel-Redirect; }
      location @plain { return 200 "plain $uri"; }`,
  }
}

function putFile(proxy: TestProxy, name: string, text: string): void {
  mkdirSync(join(proxy.directory, 'files'), { recursive: true })
  writeFileSync(join(proxy.directory, 'files', name), text)
}

function sentOn(to: string, body = ''): string {
  return ok(body, `X-Accel-Redirect: ${to}`)
}

describe('X-Accel-Redirect', () => {
  it('leaves the connection to the peer in use where the answer has no body', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => sentOn('/files/a.txt'))
    const proxy = await startProxy(t, sendingOn(origin.address))
    putFile(proxy, 'a.txt', 'of the file')
    const client = await connectClient(t, proxy.port)
    for (let i = 0; i < 3; i++)
      assert.equal(String((await client.ask(get('/app'))).body), 'of the file')
    assert.equal(origin.connections.length, 1)
  })

  it('does not wait for a body that nobody wants', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, sendingOn(origin.address))
    putFile(proxy, 'a.txt', 'of the file')
    const client = await connectClient(t, proxy.port)
    await client.send(get('/app'))
    const peer = await origin.accept()
    await peer.request()
    await peer.send(
      'HTTP/1.1 200 OK\r\nX-Accel-Redirect: /files/a.txt\r\nContent-Length: 1000000\r\n\r\nbegun',
    )
    assert.equal(String((await client.response()).body), 'of the file')
    assert.notEqual(await peer.ended(), 'open')
  })

  it('may say something else to the same head each time', async t => {
    const origin = await startOrigin(t)
    const answers = ['@plain', '/files/a.txt', '@cached', '@plain', '/files/a.txt']
    let index = 0
    origin.answerWith(({ start }) =>
      start.startsWith('GET /app') && index < answers.length
        ? sentOn(answers[index++]!, index === 4 ? '' : '')
        : ok('of the peer'),
    )
    const proxy = await startProxy(t, sendingOn(origin.address))
    putFile(proxy, 'a.txt', 'of the file')
    const client = await connectClient(t, proxy.port)
    const bodies: string[] = []
    for (let i = 0; i < 2; i++) bodies.push(String((await client.ask(get('/app'))).body))
    assert.deepEqual(bodies, ['plain /app', 'of the file'])
  })

  it('is never stored, and the place that it leads to is', async t => {
    const origin = await startOrigin(t)
    let asked = 0
    origin.answerWith(() => {
      asked++
      return ok(`answer ${asked}`, 'X-Accel-Redirect: @cached', 'Cache-Control: max-age=100')
    })
    const proxy = await startProxy(t, sendingOn(origin.address))
    const client = await connectClient(t, proxy.port)
    // The named location does not listen to the word, and stores what it gets.
    assert.equal(String((await client.ask(get('/cached/x'))).body), 'answer 2')
    assert.equal(String((await client.ask(get('/cached/x'))).body), 'answer 2')
    assert.equal(asked, 3)
  })

  it('answers HEAD to a cached location with the file', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => sentOn('/files/a.txt'))
    const proxy = await startProxy(t, sendingOn(origin.address))
    putFile(proxy, 'a.txt', 'of the file')
    const client = await connectClient(t, proxy.port)
    const answer = await client.ask(request('HEAD', '/cached/x', ''), 'HEAD')
    assert.deepEqual([answer.status, fieldOf(answer, 'content-length')], [200, '11'])
    assert.equal((await client.ask(get('/cached/x'))).status, 200)
  })

  it('keeps the session of a client that a cookie binds', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => sentOn('@plain'))
    const proxy = await startProxy(t, {
      ...sendingOn(origin.address),
      http: `upstream peers { zone peers 64k; server ${origin.address}; sticky cookie route; }
        proxy_cache_path DIR/cache keys_zone=c:1m;`,
    })
    const answer = await askOnce(t, proxy.port, get('/app'))
    assert.match(fieldOf(answer, 'set-cookie') ?? '', /^route=/)
  })

  it('reads the rest of a body that came too late for the peer, and closes', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, sendingOn(origin.address, 'proxy_request_buffering off;'))
    const client = await connectClient(t, proxy.port)
    await client.send('POST /app HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nsome')
    const peer = await origin.accept()
    await peer.until('some')
    await peer.send(sentOn('@plain'))
    const answer = await client.response()
    assert.deepEqual(
      [answer.status, String(answer.body), fieldOf(answer, 'connection')],
      [200, 'plain /app', 'close'],
    )
  })
})

describe('X-Accel-Redirect to another peer', () => {
  it('asks that without a body of which the first has had a part', async t => {
    const [first, second] = [await startOrigin(t), await startOrigin(t)]
    first.answerWith(() => sentOn('/second/x'))
    second.answerWith(({ start, body }) => ok(`${start} [${body}]`))
    const proxy = await startProxy(t, {
      server: `proxy_request_buffering off;
        location / { proxy_pass http://${first.address}; }
        location /second/ { internal; proxy_pass http://${second.address}; }`,
    })
    const client = await connectClient(t, proxy.port)
    await client.send('POST /app HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n')
    await client.send('x'.repeat(40_000))
    const answer = await client.response()
    assert.equal(String(answer.body), 'GET /second/x HTTP/1.1 []')
  })
})

describe('client_body_in_file_only', () => {
  for (const [mode, isLeft] of [
    ['clean', false],
    ['on', true],
  ] as const) {
    it(`${mode}: the peer finds the whole body in a file that ${isLeft ? 'stays' : 'goes'}`, async t => {
      const origin = await startOrigin(t)
      const seen: string[] = []
      let path = ''
      origin.answerWith(message => {
        path = fieldOf(message, 'x-file') ?? ''
        seen.push(readFileSync(path, 'utf8'))
        return ok('taken')
      })
      const location = `client_body_in_file_only ${mode}; client_max_body_size 0;
        proxy_pass_request_body off; proxy_set_header X-File $request_body_file;`
      const proxy = await startProxy(t, toPeers([origin.address], { location }))
      const client = await connectClient(t, proxy.port)
      const bodies = ['small', 'x'.repeat(200_000)]
      for (const body of bodies) await client.ask(request('POST', '/', body))
      await client.ask(
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      )
      assert.deepEqual(seen, [...bodies, 'abc'])
      assert.deepEqual(
        origin.requests.map(message => fieldOf(message, 'content-length')),
        [null, null, null],
      )
      const left = () => readdirSync(join(proxy.directory, 'bodies')).length
      const until = performance.now() + PATIENCE_MS
      while (!isLeft && left() > 0 && performance.now() < until) await proxy.holdings()
      assert.equal(left(), isLeft ? 3 : 0)
      assert.equal(existsSync(path), isLeft)
    })
  }

  it('sends the file as the body where nothing else is said, also a second time', async t => {
    const [bad, good] = [await startOrigin(t), await startOrigin(t)]
    bad.answerWith(() => null)
    good.answerWith(({ body }) => ok(`${body.length}`))
    const location = 'client_body_in_file_only clean; proxy_next_upstream error non_idempotent;'
    const proxy = await startProxy(t, toPeers([bad.address, good.address], { location }))
    const client = await connectClient(t, proxy.port)
    const answer = await client.ask(request('POST', '/', 'y'.repeat(100_000)))
    assert.equal(String(answer.body), '100000')
  })

  it('makes no file of a request without a body', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok('none'))
    const location = 'client_body_in_file_only on;'
    const proxy = await startProxy(t, toPeers([origin.address], { location }))
    assert.equal((await askOnce(t, proxy.port, get('/'))).status, 200)
    assert.equal(existsSync(join(proxy.directory, 'bodies')), false)
  })
})

describe('requests to peers', () => {
  it('take the body of the configuration to the next peer as well', async t => {
    const [bad, good] = [await startOrigin(t), await startOrigin(t)]
    bad.answerWith(() => null)
    good.answerWith(({ body }) => ok(`got ${body}`))
    const location = `proxy_set_body "b=$request_body"; proxy_request_buffering off;
      proxy_next_upstream error non_idempotent;`
    const proxy = await startProxy(t, toPeers([bad.address, good.address], { location }))
    const client = await connectClient(t, proxy.port)
    assert.equal(String((await client.ask(request('POST', '/', 'hi'))).body), 'got b=hi')
  })

  it('have a method that is a method, whatever a variable comes to', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => ok(''))
    const proxy = await startProxy(
      t,
      toPeers([origin.address], { location: 'proxy_method $http_x_m;' }),
    )
    const client = await connectClient(t, proxy.port)
    for (const method of ['DELETE', 'GET / HTTP/1.1 x', ''])
      await client.ask(get('/', `X-M: ${method}`))
    assert.deepEqual(
      origin.requests.map(({ start }: RawMessage) => start),
      ['DELETE / HTTP/1.1', 'GET / HTTP/1.1', 'GET / HTTP/1.1'],
    )
  })

  it('asked with HEAD on behalf of GET leave nothing that the next answer could be taken for', async t => {
    const origin = await startOrigin(t)
    origin.answerWith(() => 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')
    const proxy = await startProxy(t, toPeers([origin.address], { location: 'proxy_method HEAD;' }))
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    const text = String(await client.rest())
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close/)
  })
})

describe('proxy_force_ranges', () => {
  it('cuts a range out of a large body, to the byte', async t => {
    const origin = await startOrigin(t)
    const body = Array.from({ length: 400_000 }, (_, i) => String(i % 10)).join('')
    origin.answerWith(() => ok(body))
    const location = 'proxy_force_ranges on;'
    const proxy = await startProxy(t, toPeers([origin.address], { location }))
    const client = await connectClient(t, proxy.port)
    for (const [from, to] of [
      [0, 0],
      [65_535, 65_537],
      [1_000, 350_000],
      [399_999, 399_999],
    ] as const) {
      const answer = await client.ask(get('/', `Range: bytes=${from}-${to}`))
      assert.equal(answer.status, 206)
      assert.equal(fieldOf(answer, 'content-range'), `bytes ${from}-${to}/400000`)
      assert.equal(String(answer.body), body.slice(from, to + 1))
    }
  })
})

describe('early_hints', () => {
  const HINTED = `HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${ok('hello')}`
  for (const [what, main, location, isPassed] of [
    ['are passed where nothing is said', '', '', true],
    ['are not in a strict profile', 'compat nginx/1.30 strict;', '', false],
    [
      'are there where a condition says so',
      'compat nginx/1.30 strict;',
      'early_hints $arg_h;',
      true,
    ],
    ['are not where none does', '', 'early_hints $arg_nothing 0;', false],
  ] as const) {
    it(what, async t => {
      const origin = await startOrigin(t)
      origin.answerWith(() => HINTED)
      const proxy = await startProxy(t, toPeers([origin.address], { main, location }))
      const client = await connectClient(t, proxy.port)
      await client.send(get('/?h=1', 'Connection: close'))
      const text = String(await client.rest())
      assert.equal(text.startsWith('HTTP/1.1 103 Early Hints\r\nLink: </a.css>'), isPassed)
      assert.match(text, /HTTP\/1\.1 200 OK[\s\S]*hello$/)
    })
  }
})

describe('reset_timedout_connection', () => {
  for (const [flag, ending] of [
    ['off', 'end'],
    ['on', 'reset'],
  ] as const) {
    it(`${flag}: status 444 ends with ${ending}`, async t => {
      const server = `reset_timedout_connection ${flag}; location / { return 444; }`
      const proxy = await startProxy(t, { server })
      const client = await connectClient(t, proxy.port)
      await client.send(get('/'))
      assert.equal(await client.ended(), ending)
    })
  }

  it('resets the connection of a body that does not come', async t => {
    const origin = await startOrigin(t)
    const location = 'reset_timedout_connection on; client_body_timeout 100ms;'
    const proxy = await startProxy(t, toPeers([origin.address], { location }))
    const client = await connectClient(t, proxy.port)
    await client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhi')
    assert.equal(await client.ended(), 'reset')
    assert.equal((await proxy.log())[0]?.status, '408')
  })
})

describe('keepalive_min_timeout', () => {
  it('lets an idle connection serve on while the worker ends', async t => {
    const server = 'keepalive_min_timeout 300ms; location / { return 200 "here"; }'
    const proxy = await startProxy(t, { server })
    const client = await connectClient(t, proxy.port)
    const other = await connectClient(t, proxy.port)
    await client.ask(get('/'))
    await other.ask(get('/'))
    const drained = proxy.drain(0)
    const answer = await client.ask(get('/'))
    assert.deepEqual([answer.status, fieldOf(answer, 'connection')], [200, 'keep-alive'])
    await drained
    assert.deepEqual([await client.ended(), await other.ended()], ['end', 'end'])
  })
})

describe('max_headers', () => {
  it('refuses a request with more fields', async t => {
    const server = 'max_headers 3; location / { return 200 "here"; }'
    const proxy = await startProxy(t, { server })
    const fields = (count: number) => Array.from({ length: count - 1 }, (_, i) => `X-${i}: 1`)
    assert.equal((await askOnce(t, proxy.port, get('/', ...fields(3)))).status, 200)
    assert.equal((await askOnce(t, proxy.port, get('/', ...fields(4)))).status, 431)
    assert.match(await proxy.errors(), /client sent too many header lines/)
  })
})
