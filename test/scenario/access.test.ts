// What a table of configurations does not show of access: time, clients that leave, files that change, and guesses by
// the hundred.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { askOnce, connectClient, get, request } from '../harness/client.ts'
import { startOrigin } from '../harness/origin.ts'
import { startProxy, type TestProxy } from '../harness/proxy.ts'

function login(user: string, password: string): string {
  return `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

function makeUsers(t: TestContext, text: string): { path: string; write(text: string): void } {
  const directory = mkdtempSync(join(tmpdir(), 'access-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'users')
  writeFileSync(path, text)
  return { path, write: other => writeFileSync(path, other) }
}

const BASIC = (path: string) => `auth_basic "staff"; auth_basic_user_file ${path};`
const PAGE =
  'location / { try_files /none @page; } location @page { auth_basic off; return 200 "in"; }'
/** A moment of work for the thread. */
const SLOW = '$6$rounds=40000$saltsalt$x'

async function startBasic(t: TestContext, path: string, more = ''): Promise<TestProxy> {
  return startProxy(t, { server: `${BASIC(path)} ${more} ${PAGE}` })
}

describe('a users file', () => {
  it('counts with the next request when it was edited', async t => {
    const users = makeUsers(t, 'a:{PLAIN}one\n')
    const { port } = await startBasic(t, users.path)
    const ask = (password: string) => askOnce(t, port, get('/', login('a', password)))
    assert.equal((await ask('one')).status, 200)
    for (let round = 0; round < 20; round++) {
      const [before, now] = round % 2 === 0 ? ['one', 'two'] : ['two', 'one']
      users.write(`a:{PLAIN}${now}\n`)
      assert.equal((await ask(now)).status, 200)
      assert.equal((await ask(before)).status, 401)
    }
  })

  it('is looked at once for requests that come together', async t => {
    const users = makeUsers(t, 'a:{PLAIN}one\n')
    const { port } = await startBasic(t, users.path)
    const asks = Array.from({ length: 200 }, (_, i) =>
      askOnce(t, port, get('/', login('a', i % 2 === 0 ? 'one' : 'two'))),
    )
    const statuses = (await Promise.all(asks)).map(({ status }) => status)
    assert.deepEqual(
      statuses,
      asks.map((_, i) => (i % 2 === 0 ? 200 : 401)),
    )
  })
})

describe('a slow password', () => {
  it('holds up nobody else', async t => {
    const users = makeUsers(t, `slow:${SLOW}\nquick:{PLAIN}one\n`)
    const { port } = await startBasic(t, users.path)
    const slow = askOnce(t, port, get('/', login('slow', 'guess')))
    let isOver = false
    void slow.then(() => {
      isOver = true
    })
    for (let i = 0; i < 3; i++)
      assert.equal((await askOnce(t, port, get('/', login('quick', 'one')))).status, 200)
    assert.equal(isOver, false)
    assert.equal((await slow).status, 401)
  })

  it('is no lever: who guesses too much at once gets 503, and others their answer', async t => {
    const users = makeUsers(t, `slow:${SLOW}\nquick:{PLAIN}one\n`)
    const proxy = await startBasic(t, users.path)
    const guesses = await Promise.all(
      Array.from({ length: 60 }, () => connectClient(t, proxy.port)),
    )
    await Promise.all(guesses.map((client, i) => client.send(get('/', login('slow', `${i}`)))))
    const busy = await Promise.race(guesses.map(client => client.response()))
    assert.equal(busy.status, 503)
    assert.equal((await askOnce(t, proxy.port, get('/', login('quick', 'one')))).status, 200)
    assert.match(await proxy.errors(), /too many passwords wait for their check/)
    for (const client of guesses) client.destroy()
  })

  it('is remembered: many requests with it cost one check', async t => {
    const made = spawnSync('openssl', ['passwd', '-6', '-stdin'], { input: 'one\n' })
    if (made.status !== 0) return t.skip('openssl is not installed here')
    const users = makeUsers(t, `a:${made.stdout}`)
    const { port } = await startBasic(t, users.path)
    const client = await connectClient(t, port)
    for (let i = 0; i < 300; i++)
      assert.equal((await client.ask(get('/', login('a', 'one')))).status, 200)
  })

  it('whose client has left is not checked, and nothing stays behind', async t => {
    const users = makeUsers(t, `slow:${SLOW}\nquick:{PLAIN}one\n`)
    const proxy = await startBasic(t, users.path)
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => connectClient(t, proxy.port)),
    )
    await Promise.all(clients.map((client, i) => client.send(get('/', login('slow', `${i}`)))))
    assert.equal((await askOnce(t, proxy.port, get('/', login('quick', 'one')))).status, 200)
    for (const client of clients) client.socket.resetAndDestroy()
    // Only the one that is being checked is still in the way of another.
    assert.equal((await askOnce(t, proxy.port, get('/', login('slow', 'last')))).status, 401)
    const log = await proxy.log()
    assert.equal(log.filter(line => line.status === '499').length, 20)
  })
})

describe('auth_delay', () => {
  it('keeps 401 waiting, and nothing else', async t => {
    const users = makeUsers(t, 'a:{PLAIN}one\n')
    const { port } = await startBasic(
      t,
      users.path,
      'auth_delay 300ms; location /closed { deny all; }',
    )
    const timed = async (text: string) => {
      const start = performance.now()
      const { status } = await askOnce(t, port, text)
      return { status, ms: performance.now() - start }
    }
    for (const line of ['X-Nothing: 1', login('a', 'two')]) {
      const refused = await timed(get('/', line))
      assert.equal(refused.status, 401)
      assert.ok(refused.ms >= 300, `${refused.ms} ms`)
    }
    const passed = await timed(get('/', login('a', 'one')))
    assert.equal(passed.status, 200)
    assert.ok(passed.ms < 300, `${passed.ms} ms`)
    const closed = await timed(get('/closed'))
    assert.equal(closed.status, 403)
    assert.ok(closed.ms < 300, `${closed.ms} ms`)
  })

  it('lets go of a client that leaves meanwhile', async t => {
    const users = makeUsers(t, 'a:{PLAIN}one\n')
    const proxy = await startBasic(t, users.path, 'auth_delay 1h;')
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    await askOnce(t, proxy.port, get('/', login('a', 'one')))
    client.socket.resetAndDestroy()
    assert.equal(await proxy.timersLeft(), 0)
    assert.deepEqual(
      (await proxy.log()).map(line => line.status),
      ['200', '499'],
    )
  })
})

describe('a client that closes its sending side', () => {
  it('is gone at once when strict, and gets its answer when it did so with its request', async t => {
    const users = makeUsers(t, 'a:{PLAIN}one\n')
    for (const [main, status] of [
      ['compat nginx/1.28 strict;', '499'],
      ['', '401'],
    ] as const) {
      const proxy = await startProxy(t, {
        main,
        server: `${BASIC(users.path)} auth_delay 300ms; ${PAGE}`,
      })
      const client = await connectClient(t, proxy.port)
      client.socket.end(get('/'))
      await client.ended()
      assert.deepEqual(
        (await proxy.log()).map(line => line.status),
        [status],
      )
    }
  })
})

describe('a client of a UNIX socket', () => {
  it('is "unix:" to the rules', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'access-unix-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const path = join(directory, 'socket')
    await startProxy(t, {
      server: `listen unix:${path};
        location /in { allow unix:; deny all; return 404; }
        location /allowed { allow unix:; deny all; try_files /none @page; }
        location /denied { deny unix:; }
        location @page { return 200 "in"; }`,
    })
    const ask = (target: string) =>
      new Promise<string>((resolve, reject) => {
        let answer = ''
        const socket = connect(path)
        socket.on('error', reject)
        socket.setEncoding('latin1').on('data', text => {
          answer += text
        })
        socket.on('close', () => resolve(answer.split('\r\n', 1)[0]!))
        socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      })
    assert.equal(await ask('/allowed'), 'HTTP/1.1 200 OK')
    assert.equal(await ask('/denied'), 'HTTP/1.1 403 Forbidden')
  })
})

describe('auth_request', () => {
  it('asks without the body, and passes the request with it', async t => {
    const origin = await startOrigin(t)
    const { port } = await startProxy(t, {
      server: `location / { auth_request /auth; proxy_pass http://${origin.address}; }
        location = /auth { internal; proxy_pass http://${origin.address}/check; proxy_set_header X-Method $request_method; }`,
    })
    const client = await connectClient(t, port)
    await client.send(request('POST', '/form', 'body'))
    const first = await origin.accept()
    const asked = await first.request()
    assert.match(asked.head, /^GET \/check HTTP/)
    assert.match(asked.head, /\r\nX-Method: POST\r\n/)
    assert.doesNotMatch(asked.head, /content-length|transfer-encoding/i)
    await first.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    first.end()
    const second = await origin.accept()
    const passed = await second.request()
    assert.match(passed.head, /^POST \/form HTTP/)
    assert.equal(passed.body.toString(), 'body')
    await second.send('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n')
    assert.equal((await client.response()).status, 201)
  })

  it('goes on with the head of an answer that never ends', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, {
      server: `location / { auth_request /auth; ${'try_files /none @page; }'} location @page { return 200 "in"; }
        location = /auth { proxy_pass http://${origin.address}; }`,
    })
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    const peer = await origin.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(1000))
    assert.equal((await client.response()).status, 200)
    await peer.send('x'.repeat(200_000))
    await peer.ended()
  })

  it('lets go of the one that is asked when the client leaves', async t => {
    const origin = await startOrigin(t)
    const proxy = await startProxy(t, {
      server: `location / { auth_request /auth; try_files /none =404; }
        location = /auth { proxy_pass http://${origin.address}; }`,
    })
    const client = await connectClient(t, proxy.port)
    await client.send(get('/'))
    const peer = await origin.accept()
    await peer.request()
    client.socket.resetAndDestroy()
    await peer.ended()
    assert.deepEqual(
      (await proxy.log()).map(line => line.status),
      ['499'],
    )
  })

  it('is asked once where its answer is cached, and gives the same to variables', async t => {
    const origin = await startOrigin(t)
    const { port } = await startProxy(t, {
      http: 'proxy_cache_path DIR/cache keys_zone=asked:1m;',
      server: `location / { auth_request /auth; auth_request_set $who $upstream_http_x_who; add_header X-Who "[$who]" always;
          try_files /none @page; }
        location @page { add_header X-Who "[$who]"; return 200 "in"; }
        location = /auth { proxy_pass http://${origin.address}; proxy_cache asked; proxy_cache_valid any 1m; }`,
    })
    const client = await connectClient(t, port)
    await client.send(get('/'))
    const peer = await origin.accept()
    await peer.request()
    await peer.send('HTTP/1.1 200 OK\r\nX-Who: me\r\nContent-Length: 2\r\n\r\nok')
    for (let i = 0; i < 3; i++) {
      const answer = i === 0 ? await client.response() : await client.ask(get('/'))
      assert.equal(answer.status, 200)
      assert.match(answer.head, /X-Who: \[me\]/)
    }
  })

  it('answers 500 when the one that is asked cannot be reached', async t => {
    const proxy = await startProxy(t, {
      server: `location / { auth_request /auth; try_files /none =404; }
        location = /auth { proxy_pass http://127.0.0.1:1; }`,
    })
    assert.equal((await askOnce(t, proxy.port, get('/'))).status, 500)
    assert.match(await proxy.errors(), /auth request unexpected status: 502/)
  })
})
