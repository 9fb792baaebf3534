// Round robin over many peers: exact shares over every round, no runs, others in proportion when
// some are out, and weights that change while it runs.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Dice } from '../../src/balance/dice.ts'
import { EXACT_MEMBERS_MAX } from '../../src/balance/round-robin.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import { GroupFixture, indexOf } from './group-fixture.ts'

const COUNT = 200
const WEIGHTS = Array.from({ length: COUNT }, (_, at) => 1 + (at % 4))
const TOTAL = WEIGHTS.reduce((sum, weight) => sum + weight, 0)

function makeLarge(weights: readonly number[] = WEIGHTS): GroupFixture {
  return new GroupFixture(weights.map(weight => ({ weight })))
}

function countsOf(fixture: GroupFixture, picks: number): number[] {
  const counts = new Array<number>(COUNT).fill(0)
  for (const letter of fixture.sequence(picks)) counts[indexOf(letter)]!++
  return counts
}

describe('round_robin over more peers than the exact loop takes', () => {
  it('is what this suite is about', () => assert.ok(COUNT > EXACT_MEMBERS_MAX))

  for (const skipped of [0, 1, 77]) {
    it(`serves each peer its weight in a round that begins after ${skipped} picks`, () => {
      const fixture = makeLarge()
      fixture.sequence(skipped)
      assert.deepEqual(countsOf(fixture, TOTAL), WEIGHTS)
    })
  }

  it('never serves a peer of a third of the weight twice in a row, and not too seldom', () => {
    const weights = WEIGHTS.map((weight, at) => (at === 9 ? TOTAL / 2 : weight))
    const fixture = makeLarge(weights)
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    const picks = fixture.sequence(total)
    const heavy = String.fromCharCode(0x41 + 9)
    assert.ok(weights[9]! / total > 0.3 && weights[9]! / total < 0.34)
    assert.ok(!picks.includes(heavy + heavy))
    assert.ok(Math.max(...picks.split(heavy).map(({ length }) => length)) <= 4)
  })

  it('shares what peers that are out had among the others by weight', () => {
    const fixture = makeLarge()
    for (let peer = 0; peer < COUNT; peer += 2) fixture.main.setState(peer, 'down', true)
    const left = WEIGHTS.map((weight, at) => (at % 2 === 0 ? 0 : weight))
    const rest = left.reduce((sum, weight) => sum + weight, 0)
    assert.deepEqual(countsOf(fixture, rest), left)
  })

  it('finds the few that are left of many', () => {
    const fixture = makeLarge()
    for (let peer = 0; peer < COUNT - 2; peer++) fixture.main.setState(peer, 'down', true)
    const counts = countsOf(fixture, 70)
    assert.deepEqual(counts.slice(COUNT - 2), [30, 40])
  })

  it('begins no more requests at a peer that always fails than its weight says', () => {
    const fixture = new GroupFixture(WEIGHTS.map(weight => ({ weight, maxFails: 0 })))
    let firsts = 0
    const tried = new TriedSet()
    for (let i = 0; i < TOTAL; i++) {
      tried.clear()
      const first = fixture.pick(tried)
      fixture.release(first, 'neutral')
      if (indexOf(first) !== 3) continue
      firsts++
      const second = fixture.pick(tried)
      assert.notEqual(second, first)
      fixture.release(second, 'neutral')
    }
    assert.equal(firsts, WEIGHTS[3])
  })

  it('follows a weight that changes at run time', () => {
    const fixture = makeLarge()
    fixture.sequence(10)
    const weights = WEIGHTS.map((weight, at) => (at === 5 ? 20 : weight))
    fixture.main.initializeGroup(
      0,
      weights.map((weight, slot) => ({ slot, weight })),
    )
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    assert.deepEqual(countsOf(fixture, total), weights)
  })

  it('takes a failed peer’s weight back only for a while', () => {
    const weights = WEIGHTS.map((weight, at) => (at === 5 ? 400 : weight))
    const fixture = new GroupFixture(
      weights.map(weight => ({ weight, maxFails: 2, failTimeoutSeconds: 1 })),
    )
    let letter = fixture.pick()
    while (indexOf(letter) !== 5) {
      fixture.release(letter)
      letter = fixture.pick()
    }
    fixture.release(letter, 'failure')
    assert.equal(fixture.status(letter).effectiveWeight, 200)
    fixture.now = 5
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    const first = countsOf(fixture, total)[5]!
    assert.ok(first < 400 && first > 200, `${first} of 400 in the first round`)
    assert.equal(fixture.status(letter).effectiveWeight, 400)
    assert.equal(countsOf(fixture, total)[5], 400)
  })
})

describe('Dice', () => {
  it('throws every number about equally often, and the same again for the same seed', () => {
    const throws = (seed: number) => {
      const dice = new Dice(seed)
      return Array.from({ length: 6_000 }, () => dice.below(6))
    }
    for (const seed of [0, 1, -7, 123_456_789]) {
      const counts = [0, 0, 0, 0, 0, 0]
      for (const number of throws(seed)) counts[number]!++
      for (const count of counts) assert.ok(count > 880 && count < 1120, `${counts}`)
      assert.deepEqual(throws(seed), throws(seed))
    }
    assert.notDeepEqual(throws(1), throws(2))
  })
})
