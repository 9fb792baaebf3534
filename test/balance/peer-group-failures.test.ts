// What failures do to a peer, as the nginx documentation and a real nginx have it
// (nginx.org/en/docs/http/ngx_http_upstream_module.html, max_fails and fail_timeout). Time is
// passed in; nothing waits.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GroupFixture } from './group-fixture.ts'

/** Sends one failing request every tenth of a second and says when peer A was contacted. */
function contactTimes(fixture: GroupFixture, untilSeconds: number): number[] {
  const times: number[] = []
  for (let tenth = 0; tenth <= untilSeconds * 10; tenth++) {
    fixture.now = tenth / 10
    if (fixture.request('failure') === 'A') times.push(fixture.now)
  }
  return times
}

describe('PeerGroup after failures', () => {
  it('bans for fail_timeout and the rest of the last second: 3 s are 3.x to 4', () => {
    const fixture = new GroupFixture([{ failTimeoutSeconds: 3 }, { isDown: true }])
    assert.deepEqual(contactTimes(fixture, 13), [0, 4, 8, 12])
  })

  it('lets exactly one request through after the ban', () => {
    const fixture = new GroupFixture([{ failTimeoutSeconds: 3 }, { isDown: true }])
    fixture.request('failure')
    fixture.now = 4
    assert.equal(fixture.pick(), 'A')
    assert.equal(fixture.pick(), '-', 'the first is still under way')
    fixture.release('A', 'success')
    assert.equal(fixture.pick(), 'A')
  })

  it('bans again at once when that one fails, whatever max_fails is', () => {
    const fixture = new GroupFixture([{ maxFails: 3, failTimeoutSeconds: 3 }, { isDown: true }])
    const times: number[] = []
    for (let second = 0; second <= 10; second++) {
      fixture.now = second
      if (fixture.request('failure') === 'A') times.push(second)
    }
    assert.deepEqual(times, [0, 1, 2, 6, 10])
  })

  it('clears the failures when that one succeeds', () => {
    const fixture = new GroupFixture([{ maxFails: 3, failTimeoutSeconds: 3 }, { isDown: true }])
    for (let i = 0; i < 3; i++) fixture.request('failure')
    fixture.now = 4
    fixture.request('success')
    assert.equal(fixture.status('A').fails, 0)
    fixture.request('failure')
    fixture.request('failure')
    assert.equal(fixture.pick(), 'A', 'two of three')
  })

  it('adds up failures a minute apart with no qualifying success between them', () => {
    const fixture = new GroupFixture([{ maxFails: 2 }, { isDown: true }])
    fixture.request('failure')
    fixture.now = 60
    fixture.request('failure')
    assert.equal(fixture.pick(), '-')
  })

  it('clears nothing by a success inside the window', () => {
    const fixture = new GroupFixture([{ maxFails: 2 }, { isDown: true }])
    fixture.request('failure')
    fixture.now = 10
    fixture.request('success')
    assert.equal(fixture.status('A').fails, 1)
  })

  it('clears the failures by a success that was picked after the window', () => {
    const fixture = new GroupFixture([{ maxFails: 2 }, { isDown: true }])
    fixture.request('failure')
    fixture.now = 11
    fixture.request('success')
    assert.equal(fixture.status('A').fails, 0)
  })

  it('answers nobody when all are banned, until the first ban ends', () => {
    const fixture = new GroupFixture([{ failTimeoutSeconds: 3 }, { failTimeoutSeconds: 5 }])
    fixture.request('failure')
    fixture.request('failure')
    assert.equal(fixture.hasEligible(), false)
    assert.equal(fixture.request('success'), '-')
    fixture.now = 4
    assert.equal(fixture.hasEligible(), true)
    assert.equal(fixture.request('success'), 'A')
  })

  it('never bans with max_fails=0', () => {
    const fixture = new GroupFixture([{ maxFails: 0 }, { isDown: true }])
    for (let i = 0; i < 5; i++) assert.equal(fixture.request('failure'), 'A')
    assert.equal(fixture.status('A').failures, 5)
  })

  it('bans only for the rest of the second with fail_timeout=0', () => {
    const fixture = new GroupFixture([{ failTimeoutSeconds: 0 }, { isDown: true }])
    fixture.request('failure')
    assert.equal(fixture.pick(), '-')
    fixture.now = 1
    assert.equal(fixture.pick(), 'A')
  })

  it('says when a failure made the peer unavailable, each time anew', () => {
    const fixture = new GroupFixture([{ maxFails: 2, failTimeoutSeconds: 3 }, {}])
    fixture.pick()
    assert.equal(fixture.release('A', 'failure'), null)
    fixture.pick()
    fixture.release('B')
    fixture.pick()
    assert.equal(fixture.release('A', 'failure'), 'ejected')
    fixture.now = 4
    fixture.pick()
    fixture.pick()
    assert.equal(fixture.release('A', 'failure'), 'ejected')
    assert.equal(fixture.status('A').ejections, 2)
  })

  it('learns nothing from a neutral end: a ban stays, failures stay', () => {
    const fixture = new GroupFixture([{ failTimeoutSeconds: 3 }, { isDown: true }])
    fixture.request('failure')
    fixture.now = 4
    assert.equal(fixture.request('neutral'), 'A')
    assert.equal(fixture.status('A').fails, 1)
    assert.equal(fixture.status('A').conns, 0)
    assert.equal(fixture.pick(), '-')
  })

  it('keeps the trial of a peer that was picked and never asked', () => {
    const fixture = new GroupFixture([{ failTimeoutSeconds: 3 }, { isDown: true }])
    fixture.request('failure')
    fixture.now = 4
    for (let i = 0; i < 3; i++) assert.equal(fixture.request('unasked'), 'A')
    assert.equal(fixture.status('A').fails, 1)
    assert.equal(fixture.request('success'), 'A')
    assert.equal(fixture.status('A').fails, 0)
  })

  it('gives no trial away inside the ban', () => {
    const fixture = new GroupFixture([{ failTimeoutSeconds: 3, maxFails: 2 }, { isDown: true }])
    assert.equal(fixture.pick(), 'A')
    fixture.request('failure')
    fixture.request('failure')
    fixture.release('A', 'unasked')
    assert.equal(fixture.pick(), '-')
  })

  it('ends a ban when the wall clock was set back by an hour', () => {
    const fixture = new GroupFixture([{}, { isDown: true }])
    fixture.now = 3600
    fixture.request('failure')
    fixture.now = 0
    assert.equal(fixture.pick(), 'A')
    fixture.release('A', 'success')
    assert.equal(fixture.status('A').fails, 0)
  })

  it('keeps a ban when another worker reads the clock a second late', () => {
    const fixture = new GroupFixture([{}, { isDown: true }])
    fixture.now = 1
    fixture.request('failure')
    fixture.now = 0
    assert.equal(fixture.pick(), '-')
  })
})
