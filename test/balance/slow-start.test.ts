// `slow_start`: a peer that comes back gets a tenth of its weight at first and all of it at the end
// of the time, by an even rise; never at the start of the process, nor when it is alone.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PeerGroup } from '../../src/balance/peer-group.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import { PeerZone } from '../../src/zone/peer-zone.ts'
import { GroupFixture, makePeer, START_SECONDS } from './group-fixture.ts'

const SECONDS = 100

/** A group whose first peer was taken out and came back at second 0. */
function recovered(weights: readonly number[]): GroupFixture {
  const fixture = new GroupFixture(weights.map(weight => ({ weight, slowStartSeconds: SECONDS })))
  fixture.main.setState(0, 'down', true)
  fixture.main.setState(0, 'down', false, START_SECONDS)
  return fixture
}

/** Share of peer A in a thousand picks at that second. */
function shareAt(fixture: GroupFixture, second: number): number {
  fixture.now = second
  return fixture.sequence(1_000).replaceAll(/[^A]/g, '').length / 1_000
}

describe('slow_start', () => {
  for (const weights of [
    [1, 1],
    [1, 1, 1],
    [4, 2, 1],
    [1, 5],
  ]) {
    it(`gives weights ${weights.join()} the shares of a weight that rises evenly`, () => {
      const fixture = recovered(weights)
      const [own = 0, ...others] = weights
      const rest = others.reduce((sum, weight) => sum + weight, 0)
      for (const second of [0, 5, 10, 25, 50, 75, 99, 100, 500]) {
        const part = Math.min(1, Math.max(0.1, second / SECONDS))
        const due = (own * part) / (own * part + rest)
        const share = shareAt(fixture, second)
        assert.ok(Math.abs(share - due) < 0.04, `second ${second}: ${share}, due ${due.toFixed(3)}`)
      }
    })
  }

  it('begins after a ban when a request went well, not when the ban ends', () => {
    const fixture = new GroupFixture([{ slowStartSeconds: SECONDS }, {}])
    fixture.request('failure')
    fixture.now = 11
    // Not yet: the ban has ended, but nobody knows whether the peer is well.
    while (fixture.pick() !== 'A') assert.ok(fixture.status('A').fails === 1)
    fixture.release('A', 'success')
    assert.ok(shareAt(fixture, 12) < 0.12)
    assert.ok(shareAt(fixture, 11 + SECONDS) > 0.45)
  })

  it('does not begin for failures that never made a ban', () => {
    const fixture = new GroupFixture([{ slowStartSeconds: SECONDS, maxFails: 3 }, {}])
    fixture.request('failure')
    fixture.now = 11
    fixture.sequence(4)
    assert.ok(shareAt(fixture, 12) > 0.45)
  })

  it('does not begin when the process starts', () => {
    const fixture = new GroupFixture([{ slowStartSeconds: SECONDS }, {}])
    assert.equal(fixture.sequence(6), 'ABABAB')
  })

  it('does not begin as long as another reason keeps the peer out', () => {
    const fixture = new GroupFixture([{ slowStartSeconds: SECONDS }, {}])
    fixture.main.setState(0, 'unhealthy', true)
    fixture.main.setState(0, 'down', true)
    fixture.main.setState(0, 'down', false, START_SECONDS)
    assert.equal(fixture.sequence(3), 'BBB')
    fixture.main.setState(0, 'unhealthy', false, START_SECONDS + 50)
    assert.ok(shareAt(fixture, 51) < 0.12)
  })

  it('means nothing to a peer that is alone', () => {
    const fixture = recovered([1])
    assert.equal(fixture.sequence(20), 'A'.repeat(20))
  })

  it('does not keep a request from the only peer that is left', () => {
    const fixture = recovered([1, 1])
    fixture.main.setState(1, 'down', true)
    assert.equal(fixture.sequence(20), 'A'.repeat(20))
    assert.equal(fixture.hasEligible(), true)
    const tried = new TriedSet()
    tried.add(1)
    fixture.main.setState(1, 'down', false)
    for (let i = 0; i < 20; i++) assert.equal(fixture.hasEligible(tried), true)
  })

  it('rises in a large group too', () => {
    const fixture = recovered(Array.from({ length: 200 }, () => 1))
    const others = 199
    for (const second of [0, 50, 100]) {
      fixture.now = second
      const picks = fixture.sequence(40_000)
      const part = Math.max(0.1, second / SECONDS)
      const due = (40_000 * part) / (part + others)
      const got = picks.replaceAll(/[^A]/g, '').length
      assert.ok(Math.abs(got - due) < 0.3 * due + 6, `second ${second}: ${got}, due ${due}`)
    }
  })

  it('holds over all workers together', () => {
    const fixture = recovered([1, 1])
    const zone = new PeerZone(fixture.main.cells.buffer as SharedArrayBuffer, 1)
    const peers = [0, 1].map(slot => makePeer({ slot, slowStartSeconds: SECONDS }))
    const other = new PeerGroup(zone, 0, peers)
    fixture.now = 50
    let count = 0
    for (let i = 0; i < 1_000; i++) {
      const group = i % 2 === 0 ? fixture.group : other
      const peer = group.pick(new TriedSet(), fixture.nowSeconds)
      group.release(peer, 'success', fixture.nowSeconds)
      if (peer === 0) count++
    }
    assert.ok(Math.abs(count - 333) < 40, `${count} of 1000`)
  })
})
