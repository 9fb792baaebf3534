// Sessions that stay, with the real program and four workers: every request comes on a connection of its own, so it lands
// at any worker.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type Answer, ask, CountingOrigin } from '../harness/counting-origin.ts'
import { makeDirectory, type Program, startProgram } from '../harness/program.ts'

const WORKERS = 4
/** Sessions of a test, and requests of each: enough that every worker gets some of each. */
const SESSIONS = 6
const REQUESTS = 12

interface Running {
  readonly program: Program
  readonly address: string
  /** Makes another `upstream` serve. */
  reload(upstream: string): Promise<void>
}

async function start(t: TestContext, upstream: string, extra = ''): Promise<Running> {
  const text = (group: string) => `worker_processes ${WORKERS};
error_log stderr notice;
events { }
http {
  access_log off;
  upstream app { ${group} }
  server { listen 127.0.0.1:0; location / { ${extra} proxy_pass http://app; } }
}
`
  const directory = makeDirectory(t, { 'nginx.conf': text(upstream) })
  const file = join(directory, 'nginx.conf')
  const program = startProgram(t, ['run', '-p', directory, '-c', file])
  const { listen } = await program.ready()
  return {
    program,
    address: listen[0]!,
    reload: async group => {
      writeFileSync(file, text(group))
      await program.tell('SIGHUP', / reloaded: /)
    },
  }
}

function openThree(t: TestContext, answer?: (name: string) => Answer): Promise<CountingOrigin[]> {
  return Promise.all(['A', 'B', 'C'].map(name => CountingOrigin.open(t, name, answer?.(name))))
}

function servers(origins: readonly CountingOrigin[], words = ''): string {
  return origins.map(({ address }) => `server ${address} ${words};`).join(' ')
}

/** What the client keeps of a Set-Cookie. */
function cookieOf(headers: Record<string, unknown>): string | null {
  const [line] = (headers['set-cookie'] as string[] | undefined) ?? []
  return line === undefined ? null : line.split(';')[0]!
}

/** Begins a session; its cookie and who answered. */
async function begin(address: string, path = '/'): Promise<{ cookie: string; body: string }> {
  const { headers, body, status } = await ask(address, path)
  assert.equal(status, 200)
  const cookie = cookieOf(headers)
  assert.ok(cookie !== null, 'a first answer binds the session')
  return { cookie, body }
}

async function assertStays(address: string, cookie: string, body: string): Promise<void> {
  for (let i = 0; i < REQUESTS; i++) {
    const again = await ask(address, '/', { cookie })
    assert.equal(again.body, body)
  }
}

describe('sticky', { timeout: 60_000 }, () => {
  it('keeps the sessions of a cookie over workers and over reloads', async t => {
    const origins = await openThree(t)
    const group = `sticky cookie srv path=/; ${servers(origins)}`
    const { address, reload } = await start(t, group)
    const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => begin(address)))
    assert.equal(new Set(sessions.map(({ body }) => body)).size, 3, 'sessions spread')
    for (const { cookie, body } of sessions) {
      const { address: own } = origins.find(({ name }) => name === body)!
      assert.equal(cookie, `srv=${createHash('md5').update(own).digest('hex')}`)
      await assertStays(address, cookie, body)
    }
    // The order of the lines is another one, and so are the indices.
    await reload(`sticky cookie srv path=/; ${servers(origins.toReversed())}`)
    for (const { cookie, body } of sessions) await assertStays(address, cookie, body)
  })

  it('sends a session of a peer that died elsewhere, and loses no request', async t => {
    const origins = await openThree(t)
    const { address } = await start(t, `sticky cookie srv; ${servers(origins)}`)
    const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => begin(address)))
    const dead = origins.find(({ name }) => name === sessions[0]!.body)!
    dead.close()
    for (const session of sessions) {
      let { cookie } = session
      for (let i = 0; i < REQUESTS; i++) {
        const { status, body, headers } = await ask(address, '/', { cookie })
        assert.equal(status, 200)
        assert.notEqual(body, dead.name)
        if (session.body !== dead.name) assert.equal(body, session.body)
        const moved = cookieOf(headers)
        if (i > 0) assert.equal(moved, null, 'bound anew with the first answer, and then it stays')
        cookie = moved ?? cookie
      }
    }
  })

  it('lets the sessions of a draining peer finish there, and sends new ones elsewhere', async t => {
    const origins = await openThree(t)
    const [a, ...others] = origins
    const { address, reload } = await start(t, `sticky cookie srv; ${servers(origins)}`)
    const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => begin(address)))
    const bound = sessions.find(({ body }) => body === a!.name)!
    await reload(`sticky cookie srv; server ${a!.address} drain; ${servers(others)}`)
    await assertStays(address, bound.cookie, a!.name)
    for (let i = 0; i < REQUESTS; i++) {
      assert.notEqual((await begin(address)).body, a!.name)
    }
  })

  it('learns the sessions that the application makes, in one worker for all', async t => {
    let made = 0
    const answer =
      (name: string): Answer =>
      (asked, response) => {
        if (asked.url === '/login') response.setHeader('set-cookie', `sid=${name}${made++}; path=/`)
        response.end(name)
      }
    const origins = await openThree(t, answer)
    const learn = (zone: string) =>
      `sticky learn create=$upstream_cookie_sid lookup=$cookie_sid zone=${zone};`
    const { address, reload } = await start(t, `${learn('s:64k')} ${servers(origins)}`)
    const sessions = []
    for (let i = 0; i < SESSIONS; i++) sessions.push(await begin(address, '/login'))
    for (const { cookie, body } of sessions) await assertStays(address, cookie, body)
    await reload(`${learn('s:64k')} ${servers(origins.toReversed())}`)
    for (const { cookie, body } of sessions) await assertStays(address, cookie, body)
    // Another size is another zone: as in nginx the sessions are forgotten, and no request is lost.
    await reload(`${learn('s:128k')} ${servers(origins)}`)
    const bodies = new Set<string>()
    for (let i = 0; i < REQUESTS; i++) {
      const { status, body } = await ask(address, '/', { cookie: sessions[0]!.cookie })
      assert.equal(status, 200)
      bodies.add(body)
    }
    assert.ok(bodies.size > 1, 'the session goes by turns again')
  })

  it('goes by the route that the application names', async t => {
    const origins = await openThree(t)
    const lines = origins.map(({ address, name }) => `server ${address} route=${name};`).join(' ')
    const { address } = await start(t, `sticky route $arg_first $cookie_second; ${lines}`)
    for (let i = 0; i < REQUESTS; i++) {
      const { body, headers } = await ask(address, '/?first=B', { cookie: 'second=C' })
      assert.equal(body, 'B')
      assert.equal(headers['set-cookie'], undefined)
      assert.equal((await ask(address, '/', { cookie: 'second=C' })).body, 'C')
    }
  })
})
