// What every balancing method must hold to, whatever its order: only eligible peers, each once per
// request, every eligible peer found, shares by weight, backups when nobody else is left, the same
// picks for the same history, and no memory taken. Small groups and large ones.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { METHOD_KINDS } from '../../src/balance/methods.ts'
import type { GroupPeer } from '../../src/balance/peer-list.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import { GroupFixture, indexOf, START_SECONDS } from './group-fixture.ts'
import { METHOD_ROWS, makeKeys } from './method-rows.ts'

describe('METHOD_KINDS', () => {
  it('are all among the rows of this suite', () => {
    const covered = new Set(METHOD_ROWS.map(({ method }) => method.kind))
    assert.deepEqual([...covered].sort(), [...METHOD_KINDS].sort())
  })
})

/** Sizes below and above the one where round robin changes its way. */
const SIZES = [2, 3, 10, 40, 200]

for (const { name, method, tolerance } of METHOD_ROWS) {
  describe(`method ${name}`, () => {
    const make = (peers: readonly Partial<GroupPeer>[]) => new GroupFixture(peers, method)

    it('picks only peers that are eligible, and finds one as long as there is one', () => {
      const peer = fc.record({
        weight: fc.integer({ min: 1, max: 5 }),
        isDown: fc.boolean(),
        isDraining: fc.constantFrom(false, false, true),
        maxConns: fc.constantFrom(0, 1),
      })
      fc.assert(
        fc.property(fc.array(peer, { minLength: 2, maxLength: 10 }), fc.nat(), (peers, seed) => {
          const fixture = make(peers)
          const key = makeKeys(seed)
          for (let i = 0; i < 20; i++) {
            const isPossible = fixture.hasEligible()
            const letter = fixture.pick(new TriedSet(), key())
            assert.equal(letter !== '-', isPossible)
            if (letter === '-') break
            const picked = peers[indexOf(letter)]!
            assert.equal(picked.isDown || picked.isDraining, false)
            if (picked.maxConns > 0) assert.equal(fixture.status(letter).conns, 1)
          }
        }),
        { numRuns: 60 },
      )
    })

    it('finds every eligible peer for one request, each once, and then nobody', () => {
      for (const count of SIZES) {
        const fixture = make(Array.from({ length: count }, (_, at) => ({ weight: 1 + (at % 3) })))
        const tried = new TriedSet()
        const picked = new Set<string>()
        for (let i = 0; i < count; i++) picked.add(fixture.pick(tried, '10.1.2.3'))
        assert.equal(picked.size, count)
        assert.ok(!picked.has('-'))
        assert.equal(fixture.pick(tried, '10.1.2.3'), '-')
      }
    })

    it('finds the one peer that is left', () => {
      for (const count of SIZES) {
        const last = count - 1
        const fixture = make(Array.from({ length: count }, (_, at) => ({ isDown: at !== last })))
        const key = makeKeys(count)
        for (let i = 0; i < 3; i++) {
          assert.equal(indexOf(fixture.pick(new TriedSet(), key())), last)
        }
      }
    })

    it('finds nobody when nobody is left, and changes nothing by asking', () => {
      const fixture = make([{}, {}])
      fixture.main.setState(0, 'down', true)
      fixture.main.setState(1, 'down', true)
      assert.equal(fixture.sequence(5), '-----')
      assert.equal(fixture.status('A').requests + fixture.status('B').requests, 0)
      fixture.main.setState(0, 'down', false)
      fixture.main.setState(1, 'down', false)
      assert.notEqual(fixture.pick(new TriedSet(), '10.0.0.1'), '-')
    })

    it('goes over to the backups when no primary is left, and shares by their weights', () => {
      const fixture = make([
        { isDown: true },
        { isDown: true },
        { isBackup: true, weight: 2 },
        { isBackup: true },
      ])
      const key = makeKeys(1)
      const counts = { C: 0, D: 0 }
      for (let i = 0; i < 30; i++) {
        // All are in flight together, so that methods that look at this share by weight too.
        counts[fixture.pick(new TriedSet(), key()) as 'C' | 'D']++
      }
      assert.deepEqual(counts, { C: 20, D: 10 })
    })

    it('counts every pick in flight and takes it back at the end', () => {
      const fixture = make([{}, {}, {}])
      const key = makeKeys(2)
      const picked = Array.from({ length: 12 }, () => fixture.pick(new TriedSet(), key()))
      const inFlight = () => ['A', 'B', 'C'].reduce((sum, l) => sum + fixture.status(l).conns, 0)
      assert.equal(inFlight(), 12)
      for (const letter of picked) fixture.release(letter, 'neutral')
      assert.equal(inFlight(), 0)
    })

    it('shares by weight among peers that are equally fast', () => {
      const weights = [4, 2, 1, 1]
      const fixture = make(weights.map(weight => ({ weight })))
      const counts = countPicks(fixture, 8_000, 64, makeKeys(3))
      for (const [peer, weight] of weights.entries()) {
        const due = 1_000 * weight
        const off = Math.abs(counts[peer]! - due) / due
        assert.ok(off <= tolerance, `peer ${peer} got ${counts[peer]} of ${due}`)
      }
    })

    it('shares by weight among 200 peers', () => {
      const weights = Array.from({ length: 200 }, (_, at) => 1 + (at % 3))
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      const fixture = make(weights.map(weight => ({ weight })))
      // So many in flight that a peer has ten for each unit of its weight.
      const counts = countPicks(fixture, 40 * total, 10 * total, makeKeys(4))
      for (const weight of [1, 2, 3]) {
        const ofWeight = counts.filter((_, peer) => weights[peer] === weight)
        const due = 40 * weight * ofWeight.length
        const sum = ofWeight.reduce((all, own) => all + own, 0)
        assert.ok(
          due > 0 && Math.abs(sum - due) / due <= tolerance,
          `weight ${weight}: ${sum} of ${due}`,
        )
      }
    })

    it('picks the same again for the same history', () => {
      const run = () => {
        const fixture = make([{ weight: 3 }, {}, { weight: 2 }, {}])
        const key = makeKeys(5)
        return Array.from({ length: 200 }, (_, at) => {
          const letter = fixture.pick(new TriedSet(), key())
          if (at % 3 !== 0) fixture.finish(letter, at % 50)
          return letter
        }).join('')
      }
      assert.equal(run(), run())
    })

    it('takes no memory for a pick', () => {
      for (const count of [10, 200]) {
        const fixture = make(Array.from({ length: count }, () => ({})))
        const picks = count === 10 ? 30_000 : 3_000
        const bytes = bytesTaken(fixture, picks)
        assert.ok(bytes < 8 * picks, `${bytes} bytes for ${picks} picks of ${count} peers`)
      }
    })
  })
}

/**
 * Picks by peer of requests, one each millisecond, of which so many are in flight at a time;
 * counted from when the first have been answered twice.
 */
function countPicks(
  fixture: GroupFixture,
  picks: number,
  inFlightMax: number,
  key: () => string,
): number[] {
  const counts: number[] = []
  const inFlight: string[] = []
  const tried = new TriedSet()
  for (let i = -3 * inFlightMax; i < picks; i++) {
    tried.clear()
    const letter = fixture.pick(tried, key())
    if (i >= 0) counts[indexOf(letter)] = (counts[indexOf(letter)] ?? 0) + 1
    inFlight.push(letter)
    fixture.now += 0.001
    if (inFlight.length > inFlightMax) fixture.finish(inFlight.shift()!, inFlightMax + 1)
  }
  return counts
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes on the heap that so many picks and releases took, once all code is warm. */
function bytesTaken({ group }: GroupFixture, picks: number): number {
  const tried = new TriedSet()
  const keys = ['10.1.2.3', '10.9.8.7', '192.168.3.21', '172.16.99.5']
  // Whole seconds are small integers; the milliseconds of measuring methods are the caller's
  // number.
  const seconds = START_SECONDS
  const run = (count: number) => {
    for (let i = 0; i < count; i++) {
      tried.clear()
      const peer = group.pick(tried, seconds, keys[i & 3])
      group.release(peer, 'success', seconds)
    }
  }
  for (let round = 0; round < 4; round++) run(picks)
  let least = Number.POSITIVE_INFINITY
  // What the engine does aside (code that it optimizes) comes and goes; an object for each pick
  // stays.
  for (let round = 0; round < 5; round++) {
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    run(picks)
    least = Math.min(least, process.memoryUsage().heapUsed - before)
  }
  return least
}
