import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'

import { AUTH_LIMITS } from '../../src/auth/limits.ts'
import { type HostVerdict, PasswordHost } from '../../src/auth/password-host.ts'

const STORED = '$apr1$saltsalt$LrttParrLPdxvgutaSXWJ0'
const STUCK = new URL('./stuck-password-thread.ts', import.meta.url)

function makeHost(t: TestContext, url?: URL, msMax?: number): PasswordHost {
  const host = url === undefined ? new PasswordHost() : new PasswordHost(url, msMax)
  t.after(() => host.close())
  return host
}

function check(host: PasswordHost, password: string, client = '::1'): Promise<HostVerdict> | null {
  const { promise, resolve } = Promise.withResolvers<HostVerdict>()
  return host.check(password, STORED, client, resolve) === null ? null : promise
}

describe('PasswordHost', () => {
  it('checks one after the other', async t => {
    const host = makeHost(t)
    const answers = ['secret', 'wrong', 'secret', ''].map(password => check(host, password))
    assert.deepEqual(await Promise.all(answers), ['right', 'wrong', 'right', 'wrong'])
  })

  it('does not block its own thread meanwhile', async t => {
    const host = makeHost(t)
    const slow = '$6$rounds=500000$saltsalt$x'
    const { promise, resolve } = Promise.withResolvers<HostVerdict>()
    let turns = 0
    let isOver = false
    host.check('secret', slow, '::1', verdict => {
      isOver = true
      resolve(verdict)
    })
    const turn = () => {
      turns++
      if (!isOver) setImmediate(turn)
    }
    turn()
    assert.equal(await promise, 'wrong')
    assert.ok(turns > 100, `${turns} turns of the loop`)
  })

  it('takes a client no more than its share, and all no more than there is room', t => {
    const host = makeHost(t, STUCK, 60_000)
    const { waitingMax, waitingPerClientMax } = AUTH_LIMITS
    // The first is with the thread, the others wait.
    assert.notEqual(check(host, 'first'), null)
    for (let i = 0; i < waitingPerClientMax; i++) assert.notEqual(check(host, `a${i}`, 'a'), null)
    assert.equal(check(host, 'one more', 'a'), null)
    let taken = waitingPerClientMax
    for (let client = 0; taken < waitingMax; client++, taken++)
      assert.notEqual(check(host, `x${client}`, `client ${client}`), null)
    assert.equal(check(host, 'one more', 'another'), null)
    // Who asks the same as somebody who waits costs nothing.
    assert.notEqual(check(host, 'a0', 'a'), null)
  })

  it('frees the place of whoever gives up', t => {
    const host = makeHost(t, STUCK, 60_000)
    const { waitingPerClientMax } = AUTH_LIMITS
    host.check('first', STORED, 'a', () => {})
    const giveUps = Array.from({ length: waitingPerClientMax }, (_, i) =>
      host.check(`a${i}`, STORED, 'a', () => assert.fail('nobody waits')),
    )
    assert.equal(check(host, 'more', 'a'), null)
    giveUps[3]!()
    giveUps[3]!()
    assert.notEqual(check(host, 'more', 'a'), null)
    assert.equal(check(host, 'and more', 'a'), null)
    for (const giveUp of giveUps) giveUp!()
  })

  it('goes on with another thread when one does not answer', async t => {
    const host = makeHost(t, STUCK, 50)
    const [first, second] = [check(host, 'one'), check(host, 'two')]
    assert.deepEqual(await first, { failed: 'it took longer than 0.05 s' })
    assert.deepEqual(await second, { failed: 'it took longer than 0.05 s' })
  })

  it('says so when its thread cannot be', async t => {
    const host = makeHost(t, new URL('./no-such-thread.ts', import.meta.url), 60_000)
    const verdict = await check(host, 'one')
    assert.ok(typeof verdict === 'object' && verdict !== null)
    assert.match(verdict.failed, /no-such-thread/)
  })

  it('tells those who wait that it is closed', async () => {
    const host = new PasswordHost(STUCK, 60_000)
    const [first, second] = [check(host, 'one'), check(host, 'two')]
    host.close()
    assert.deepEqual(await first, { failed: 'the worker stops' })
    assert.deepEqual(await second, { failed: 'the worker stops' })
  })
})
