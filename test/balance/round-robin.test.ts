// The order of smooth weighted round robin: golden vectors of a real nginx, and what holds for any
// weights.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { TriedSet } from '../../src/balance/tried.ts'
import { PEER } from '../../src/zone/layout.ts'
import { GroupFixture, indexOf } from './group-fixture.ts'

const GOLDEN = [
  { weights: [1, 1], order: 'AB' },
  { weights: [1, 1, 1], order: 'ABC' },
  { weights: [5, 1, 1], order: 'AABACAA' },
  { weights: [3, 2, 1], order: 'ABACBA' },
]

function makeWeighted(weights: readonly number[]): GroupFixture {
  return new GroupFixture(weights.map(weight => ({ weight })))
}

describe('round_robin', () => {
  for (const { weights, order } of GOLDEN) {
    it(`serves weights ${weights.join()} as ${order}, over and over`, () => {
      assert.equal(makeWeighted(weights).sequence(order.length * 4), order.repeat(4))
    })
  }

  const weightsArbitrary = fc.array(fc.integer({ min: 1, max: 20 }), {
    minLength: 2,
    maxLength: 40,
  })

  it('serves each peer its weight in every run of total-weight picks, wherever it starts', () => {
    fc.assert(
      fc.property(weightsArbitrary, fc.nat(100), (weights, skipped) => {
        const fixture = makeWeighted(weights)
        fixture.sequence(skipped)
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        const counts = weights.map(() => 0)
        for (const letter of fixture.sequence(total)) counts[indexOf(letter)]!++
        assert.deepEqual(counts, weights)
      }),
      { numRuns: 60 },
    )
  })

  it('is smooth: every peer is off its due by fewer picks than there are peers', () => {
    fc.assert(
      fc.property(weightsArbitrary, weights => {
        const fixture = makeWeighted(weights)
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        const counts = weights.map(() => 0)
        for (let picks = 1; picks <= total; picks++) {
          counts[indexOf(fixture.sequence(1))]!++
          for (const [peer, weight] of weights.entries()) {
            const due = (picks * weight) / total
            assert.ok(
              Math.abs(counts[peer]! - due) < weights.length,
              `peer ${peer} got ${counts[peer]} of ${picks}, due ${due}`,
            )
          }
        }
      }),
      { numRuns: 40 },
    )
  })

  it('never serves the heaviest of 5,1,1 more than four times in a row', () => {
    assert.ok(!makeWeighted([5, 1, 1]).sequence(700).includes('AAAAA'))
  })

  it('goes on with the others in proportion when one is tried already', () => {
    const fixture = makeWeighted([4, 2, 1])
    const counts = { B: 0, C: 0 }
    for (let i = 0; i < 30; i++) {
      const tried = new TriedSet()
      tried.add(0)
      const letter = fixture.pick(tried) as 'B' | 'C'
      counts[letter]++
      fixture.release(letter)
    }
    assert.deepEqual(counts, { B: 20, C: 10 })
  })

  it('takes weight div max_fails off for a failure and gives back one per round', () => {
    const fixture = new GroupFixture([{ weight: 10, maxFails: 3 }, { weight: 1 }])
    assert.equal(fixture.request('failure'), 'A')
    assert.equal(fixture.status('A').effectiveWeight, 7)
    const climbing: number[] = []
    for (let i = 0; i < 4; i++) {
      fixture.sequence(1)
      climbing.push(fixture.status('A').effectiveWeight)
    }
    assert.deepEqual(climbing, [8, 9, 10, 10])
  })

  it('takes nothing off when weight is less than max_fails', () => {
    const fixture = new GroupFixture([{ weight: 1, maxFails: 3 }, {}])
    fixture.request('failure')
    assert.equal(fixture.status('A').effectiveWeight, 1)
  })

  it('takes nothing off when failures do not count', () => {
    const fixture = new GroupFixture([{ weight: 8, maxFails: 0 }, {}])
    fixture.request('failure')
    assert.equal(fixture.status('A').effectiveWeight, 8)
  })

  it('lets the effective weight fall to 0, not below', () => {
    const fixture = new GroupFixture([{ weight: 4, maxFails: 1, failTimeoutSeconds: 0 }, {}])
    for (let i = 0; i < 6; i++) {
      fixture.request('failure')
      fixture.now += 1
    }
    assert.ok(fixture.status('A').effectiveWeight >= 0)
    const both = new GroupFixture([{ weight: 4, maxFails: 2 }, { isDown: true }])
    both.pick()
    both.pick()
    both.pick()
    for (let i = 0; i < 3; i++) both.release('A', 'failure')
    assert.equal(both.status('A').effectiveWeight, 0)
    assert.equal(both.zone.cells[both.zone.peerLine(0) + PEER.weightPenalty], 4)
  })

  it('does not give weight back to a peer that no round considers', () => {
    const fixture = new GroupFixture([{ weight: 4, maxFails: 1 }, {}])
    fixture.request('failure')
    fixture.sequence(5)
    assert.equal(fixture.status('A').effectiveWeight, 0)
  })

  it('follows a weight that changes at run time, without a debt from the old one', () => {
    const fixture = makeWeighted([1000, 1])
    fixture.sequence(501)
    fixture.main.initializeGroup(0, [
      { slot: 0, weight: 1 },
      { slot: 1, weight: 1 },
    ])
    assert.equal(fixture.sequence(4), 'ABAB')
  })

  it('recovers at once when the lowered weight is less than what failures took', () => {
    const fixture = new GroupFixture([{ weight: 1000, maxFails: 0 }, {}])
    const failing = new GroupFixture([{ weight: 1000, maxFails: 1, failTimeoutSeconds: 0 }, {}])
    failing.request('failure')
    failing.now += 1
    failing.main.initializeGroup(0, [
      { slot: 0, weight: 2 },
      { slot: 1, weight: 1 },
    ])
    fixture.main.initializeGroup(0, [
      { slot: 0, weight: 2 },
      { slot: 1, weight: 1 },
    ])
    failing.sequence(3)
    assert.equal(failing.sequence(30).replaceAll('B', '').length, 20)
    assert.equal(fixture.sequence(30).replaceAll('B', '').length, 20)
  })
})
