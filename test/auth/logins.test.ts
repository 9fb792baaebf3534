import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'

import { AUTH_LIMITS } from '../../src/auth/limits.ts'
import { type LoginResult, Logins } from '../../src/auth/logins.ts'
import { PasswordHost } from '../../src/auth/password-host.ts'

const SECRET = '$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0'

interface Fixture {
  readonly logins: Logins
  readonly clock: { nowMs: number; wallMs: number; wallSeconds: number }
  readonly path: string
  /** How many passwords the thread got. */
  readonly checks: () => number
  write(text: string): void
  ask(user: string, password: string, path?: string): Promise<LoginResult>
}

function makeFixture(t: TestContext, text: string): Fixture {
  const directory = mkdtempSync(join(tmpdir(), 'logins-'))
  const path = join(directory, 'users')
  const clock = { nowMs: 0, wallMs: Date.now() + 3_600_000, wallSeconds: 0 }
  const host = new PasswordHost()
  const check = t.mock.method(host, 'check')
  const logins = new Logins(clock, host)
  t.after(() => {
    logins.close()
    rmSync(directory, { recursive: true, force: true })
  })
  writeFileSync(path, text)
  return {
    logins,
    clock,
    path,
    checks: () => check.mock.callCount(),
    write: other => writeFileSync(path, other),
    ask: (user, password, other = path) =>
      new Promise(resolve => {
        logins.check({ path: other, user, password, client: '::1' }, resolve)
      }),
  }
}

describe('Logins', () => {
  it('tells right from wrong, with the words for the log', async t => {
    const { ask, path } = makeFixture(t, `a:${SECRET}\nb:{PLAIN}secret\nlocked:!\n`)
    assert.deepEqual(await ask('a', 'secret'), { kind: 'right' })
    assert.deepEqual(await ask('b', 'secret'), { kind: 'right' })
    for (const user of ['a', 'b', 'locked']) {
      const text = `user "${user}": password mismatch`
      assert.deepEqual(await ask(user, 'Secret'), { kind: 'wrong', text })
    }
    const text = `user "c" was not found in "${path}"`
    assert.deepEqual(await ask('c', 'secret'), { kind: 'wrong', text })
  })

  it('says of what it cannot check the form and nothing more', async t => {
    const { ask, path } = makeFixture(t, 'a:$y$j9T$salt$digest\nb:bare\nc:$2y$05$broken\n')
    for (const [user, form] of Object.entries({ a: '$y$', b: 'unknown', c: '$2y$' })) {
      const text = `the password of user "${user}" in "${path}" has a form that cannot be checked: ${form}`
      assert.deepEqual(await ask(user, 'bare'), { kind: 'failed', text })
    }
  })

  it('remembers for some seconds what was right, and never what was wrong', async t => {
    const { ask, clock, checks } = makeFixture(t, `a:${SECRET}\n`)
    await ask('a', 'secret')
    await ask('a', 'secret')
    assert.equal(checks(), 1)
    assert.equal((await ask('a', 'wrong')).kind, 'wrong')
    assert.equal((await ask('a', 'wrong')).kind, 'wrong')
    assert.equal(checks(), 3)
    clock.nowMs += AUTH_LIMITS.rememberedMs - 1
    await ask('a', 'secret')
    assert.equal(checks(), 3)
    clock.nowMs += 1
    await ask('a', 'secret')
    assert.equal(checks(), 4)
  })

  it('forgets it at once when the file says something else', async t => {
    const { ask, write } = makeFixture(t, `a:${SECRET}\n`)
    assert.equal((await ask('a', 'secret')).kind, 'right')
    write('a:$apr1$other$LrttParrLPdxvgutaSXWJ0\n')
    assert.equal((await ask('a', 'secret')).kind, 'wrong')
    write('b:{PLAIN}secret\n')
    assert.equal((await ask('a', 'secret')).kind, 'wrong')
    write(`a:${SECRET}\n`)
    assert.equal((await ask('a', 'secret')).kind, 'right')
  })

  it('tells users with one stored password apart', async t => {
    const { ask, checks } = makeFixture(t, `a:${SECRET}\nb:${SECRET}\n`)
    await ask('a', 'secret')
    await ask('b', 'secret')
    assert.equal(checks(), 2)
  })

  it('takes a password up to its zero byte, as crypt(3) does', async t => {
    const { ask } = makeFixture(t, `a:${SECRET}\nb:{PLAIN}secret\n`)
    assert.equal((await ask('a', 'secret\0more')).kind, 'right')
    assert.equal((await ask('b', 'secret\0more')).kind, 'right')
    assert.equal((await ask('b', '\0secret')).kind, 'wrong')
  })

  it('refuses when too many wait', async t => {
    const { logins, path } = makeFixture(t, `a:${SECRET}\n`)
    const results: LoginResult[] = []
    const count = AUTH_LIMITS.waitingPerClientMax + 40
    await new Promise<void>(resolve => {
      for (let i = 0; i < count; i++) {
        logins.check({ path, user: 'a', password: `guess ${i}`, client: '::1' }, result => {
          results.push(result)
          if (results.length === count) resolve()
        })
      }
    })
    const busy = results.filter(result => result.kind === 'busy')
    assert.ok(busy.length > 0 && busy.length < count, `${busy.length} of ${count}`)
    assert.deepEqual(busy[0], {
      kind: 'busy',
      text: 'too many passwords wait for their check, that of user "a" is refused',
    })
    assert.ok(results.every(({ kind }) => kind === 'busy' || kind === 'wrong'))
  })

  it('does not answer whoever gave up', async t => {
    const { logins, path, ask } = makeFixture(t, `a:${SECRET}\n`)
    const login = { path, user: 'a', password: 'secret', client: '::1' }
    logins.check(login, () => assert.fail('nobody waits'))()
    assert.equal((await ask('a', 'secret')).kind, 'right')
  })

  it('tells a missing file from one that cannot be read', async t => {
    const { ask, path } = makeFixture(t, '')
    assert.equal((await ask('a', 'x', `${path}-none`)).kind, 'no-file')
    assert.equal((await ask('a', 'x', tmpdir())).kind, 'failed')
  })
})
