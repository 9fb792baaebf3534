// An hour of a made-up group: peers that break and recover, bans, ejections and panic together. What
// must hold at every moment, whatever happens; a failing run prints its seed.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TriedSet } from '../../src/balance/tried.ts'
import { DEFAULT_OUTLIERS, NGINX_HEALTH } from '../../src/model/passive-health.ts'
import { ROUND_ROBIN } from '../../src/model/upstream.ts'
import { GROUP, HEALTH, ZONE_EPOCH_SECONDS } from '../../src/zone/layout.ts'
import { SeededRandom } from '../harness/seeded-random.ts'
import { GroupFixture, indexOf, letterOf } from './group-fixture.ts'

const SECONDS = 3600
const PER_SECOND = 12

interface Seen {
  ejections: number
  returns: number
  panics: number
  picks: number
}

/** Runs an hour; throws where something does not hold. */
function simulate(seed: number, isPanicOn: boolean): Seen {
  const random = new SeededRandom(seed)
  const count = 2 + random.below(7)
  const maxEjectedPercent = 10 + random.below(91)
  const outliers = {
    ...DEFAULT_OUTLIERS,
    maxEjectedPercent,
    requestsMin: 10,
    failureRequestsMin: 5,
  }
  const peers = Array.from({ length: count }, () => ({
    maxFails: random.below(3),
    failTimeoutSeconds: 5,
  }))
  const health = { ...NGINX_HEALTH, outliers, panicPercent: isPanicOn ? 50 : 0 }
  const fixture = new GroupFixture(peers, ROUND_ROBIN, health)
  const failsOneIn = peers.map(() => 0)
  const isOut = peers.map(() => false)
  const seen: Seen = { ejections: 0, returns: 0, panics: 0, picks: 0 }
  const cellOf = (peer: number, cell: number) =>
    fixture.zone.cells[fixture.zone.healthLine(peer) + cell]!
  const look = () => {
    for (const each of fixture.group.watch!.takeNews()) {
      if (each.kind === 'panic') seen.panics++
      else if (each.kind === 'returned') {
        assert.ok(isOut[each.peer], 'only who was out comes back')
        isOut[each.peer] = false
        seen.returns++
      } else {
        assert.equal(isOut[each.peer], each.cause === 'failed_trial', 'a trial is of who is out')
        isOut[each.peer] = true
        seen.ejections++
      }
    }
    const out = isOut.filter(Boolean).length
    assert.ok(out * 100 <= maxEjectedPercent * count, `${out} of ${count} out`)
    assert.ok(out < count, 'one stays')
    for (const [peer, is] of isOut.entries()) {
      const hasBit = fixture.status(letterOf(peer)).states.includes('ejected')
      assert.equal(hasBit, is, 'the log and the zone agree')
    }
  }
  for (let second = 0; second < SECONDS; second++) {
    fixture.now = second
    if (random.oneIn(40)) failsOneIn[random.below(count)] = random.pick([0, 1, 2, 10])
    if (random.oneIn(200)) failsOneIn.fill(random.below(2))
    for (let i = 0; i < PER_SECOND; i++) {
      const tried = new TriedSet()
      const letter = fixture.pick(tried)
      look()
      const isPanicking = fixture.zone.cells[fixture.zone.groupLine(0) + GROUP.panic] === 1
      if (letter === '-') {
        assert.ok(!isPanicking, 'panic leaves no request without a peer')
        continue
      }
      seen.picks++
      const peer = indexOf(letter)
      if (isOut[peer] && !isPanicking) {
        const at = fixture.nowSeconds - ZONE_EPOCH_SECONDS
        assert.equal(cellOf(peer, HEALTH.trialAt), at, 'who is out gets a trial only')
      }
      const oneIn = failsOneIn[peer]!
      const isFault = oneIn > 0 && random.oneIn(oneIn)
      if (random.oneIn(50)) fixture.release(letter, 'neutral')
      else fixture.release(letter, isFault ? 'failure' : 'success')
      look()
    }
  }
  assert.deepEqual(
    peers.map((_, peer) => fixture.status(letterOf(peer)).conns),
    peers.map(() => 0),
  )
  return seen
}

describe('health in a made-up hour', () => {
  const first = 1 + (Number(process.env.SEED ?? 0) || 0)
  for (const isPanicOn of [false, true]) {
    it(`holds what it promises, ${isPanicOn ? 'with' : 'without'} panic`, () => {
      const sums: Seen = { ejections: 0, returns: 0, panics: 0, picks: 0 }
      for (let seed = first; seed < first + 6; seed++) {
        try {
          const seen = simulate(seed, isPanicOn)
          for (const key of Object.keys(sums) as (keyof Seen)[]) sums[key] += seen[key]
        } catch (error) {
          throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error })
        }
      }
      // A run in which nothing happened would prove nothing.
      assert.ok(sums.ejections > 30 && sums.returns > 10, JSON.stringify(sums))
      assert.equal(sums.panics > 10, isPanicOn, JSON.stringify(sums))
    })
  }
})
