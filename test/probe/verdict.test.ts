// Verdicts and times of checks: the rules by table, and what must hold for all of them by chance.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decideIntervalMs,
  decideNextDueMs,
  decideStartMs,
  decideVerdict,
  doubted,
  firstVerdict,
  isDoubtful,
  nextPhaseMs,
  type ProbeState,
  type ProbeTiming,
  phaseOf,
  type Verdict,
} from '../../src/probe/verdict.ts'
import { CONNECT } from './probe-values.ts'

const TIMING: ProbeTiming = {
  intervalMs: 2000,
  jitterMs: 0,
  doubtIntervalMs: null,
  downIntervalMs: null,
}

/** `+` a good answer, `-` a bad one; the states after each. */
function statesOf(first: Verdict, answers: string, rise: number, fall: number): ProbeState[] {
  let verdict = first
  return [...answers].map(answer => {
    verdict = decideVerdict(verdict, answer === '+', { rise, fall })
    return verdict.state
  })
}

const UP = firstVerdict({ isMandatory: false, check: CONNECT })
const CHECKING = firstVerdict({ isMandatory: true, check: CONNECT })

describe('decideVerdict', () => {
  const ROWS: readonly {
    readonly name: string
    readonly first: Verdict
    readonly rise: number
    readonly fall: number
    readonly answers: string
    readonly states: readonly ProbeState[]
  }[] = [
    {
      name: 'takes a peer out at the first bad answer, and back at the first good one',
      first: UP,
      rise: 1,
      fall: 1,
      answers: '+-+',
      states: ['up', 'down', 'up'],
    },
    {
      name: 'waits for so many bad answers in a row',
      first: UP,
      rise: 1,
      fall: 3,
      answers: '--+---',
      states: ['up', 'up', 'up', 'up', 'up', 'down'],
    },
    {
      name: 'waits for so many good answers in a row',
      first: { state: 'down', streak: 1, isLastGood: false },
      rise: 2,
      fall: 1,
      answers: '+-++',
      states: ['down', 'down', 'down', 'up'],
    },
    {
      name: 'is without a verdict until one has come together',
      first: CHECKING,
      rise: 2,
      fall: 2,
      answers: '+-++',
      states: ['checking', 'checking', 'checking', 'up'],
    },
    {
      name: 'finds a peer down that never was up',
      first: CHECKING,
      rise: 1,
      fall: 2,
      answers: '--',
      states: ['checking', 'down'],
    },
  ]
  for (const { name, first, rise, fall, answers, states } of ROWS) {
    it(name, () => assert.deepEqual(statesOf(first, answers, rise, fall), states))
  }

  it('changes its mind only after the answers that it needs, whatever comes', () => {
    const count = fc.integer({ min: 1, max: 5 })
    fc.assert(
      fc.property(count, count, fc.array(fc.boolean(), { maxLength: 60 }), (rise, fall, list) => {
        let verdict = UP
        const seen: boolean[] = []
        for (const isGood of list) {
          const before = verdict
          verdict = decideVerdict(verdict, isGood, { rise, fall })
          seen.push(isGood)
          const run = seen.length - 1 - seen.lastIndexOf(!isGood)
          assert.equal(verdict.streak, run)
          const hasAll = run >= (isGood ? rise : fall)
          assert.equal(verdict.state, hasAll ? (isGood ? 'up' : 'down') : before.state)
        }
      }),
    )
  })
})

describe('isDoubtful', () => {
  const ROWS: readonly [string, Verdict, boolean][] = [
    ['up and good', { state: 'up', streak: 4, isLastGood: true }, false],
    ['up and bad', { state: 'up', streak: 1, isLastGood: false }, true],
    ['down and bad', { state: 'down', streak: 4, isLastGood: false }, false],
    ['down and good', { state: 'down', streak: 1, isLastGood: true }, true],
    ['checking', { state: 'checking', streak: 1, isLastGood: true }, true],
    ['never asked', UP, true],
    ['asked something else', doubted({ state: 'down', streak: 4, isLastGood: false }), true],
  ]
  for (const [name, verdict, isInDoubt] of ROWS) {
    it(`says ${isInDoubt} of what is ${name}`, () => assert.equal(isDoubtful(verdict), isInDoubt))
  }
})

describe('decideIntervalMs', () => {
  const OWN = { ...TIMING, doubtIntervalMs: 500, downIntervalMs: 10_000 }
  it('has an interval for doubt, and one for peers that are down', () => {
    assert.equal(decideIntervalMs({ state: 'up', streak: 1, isLastGood: true }, OWN), 2000)
    assert.equal(decideIntervalMs({ state: 'up', streak: 1, isLastGood: false }, OWN), 500)
    assert.equal(decideIntervalMs({ state: 'down', streak: 1, isLastGood: false }, OWN), 10_000)
    assert.equal(decideIntervalMs({ state: 'down', streak: 1, isLastGood: true }, OWN), 500)
  })

  it('has the plain one for all where no other is written', () => {
    for (const isLastGood of [true, false, null]) {
      for (const state of ['up', 'down', 'checking'] as const) {
        assert.equal(decideIntervalMs({ state, streak: 1, isLastGood }, TIMING), 2000)
      }
    }
  })
})

describe('phaseOf', () => {
  for (const count of [10, 100, 1000, 5000]) {
    it(`spreads ${count} evenly`, () => {
      const slots = new Array<number>(10).fill(0)
      for (let index = 0; index < count; index++) slots[Math.floor(phaseOf(index) * 10)]!++
      const fair = count / 10
      for (const slot of slots) assert.ok(Math.abs(slot - fair) <= 1 + fair * 0.02, String(slots))
    })
  }

  it('spreads those that come later between the others', () => {
    const slots = new Array<number>(10).fill(0)
    for (let index = 700; index < 800; index++) slots[Math.floor(phaseOf(index) * 10)]!++
    for (const slot of slots) assert.ok(slot >= 8 && slot <= 12, String(slots))
  })
})

describe('nextPhaseMs', () => {
  it('is later, by one interval at most, and always at the same place', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.integer({ min: 1, max: 600_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (afterMs, intervalMs, phase) => {
          const at = nextPhaseMs(afterMs, intervalMs, phase)
          assert.ok(at > afterMs && at <= afterMs + intervalMs + 0.001)
          const place = (at - phase * intervalMs) / intervalMs
          assert.ok(Math.abs(place - Math.round(place)) < 1e-3)
        },
      ),
    )
  })
})

describe('decideStartMs', () => {
  it('is a twentieth of the interval later at most, and never more than 100 ms', () => {
    const interval = fc.integer({ min: 1, max: 600_000 })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), interval, (dueMs, intervalMs) => {
        const late = decideStartMs(dueMs, intervalMs) - dueMs
        assert.ok(late >= 0 && late < Math.max(1, Math.min(100, intervalMs / 20)), `${late}`)
      }),
    )
  })

  it('brings those together that are due closely', () => {
    const starts = new Set<number>()
    for (let dueMs = 10_001; dueMs <= 12_000; dueMs++) starts.add(decideStartMs(dueMs, 2000))
    assert.equal(starts.size, 20)
  })
})

describe('decideNextDueMs', () => {
  const verdicts: readonly Verdict[] = [
    UP,
    CHECKING,
    { state: 'up', streak: 2, isLastGood: true },
    { state: 'up', streak: 1, isLastGood: false },
    { state: 'down', streak: 2, isLastGood: false },
  ]
  const interval = fc.integer({ min: 1, max: 60_000 })

  it('is later than now, and as soon as the interval and the jitter allow', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...verdicts),
        fc.record({
          intervalMs: interval,
          jitterMs: fc.integer({ min: 0, max: 5000 }),
          doubtIntervalMs: fc.option(interval),
          downIntervalMs: fc.option(interval),
        }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.integer({ min: 0, max: 100_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (verdict, timing, dueMs, tookMs, phase, dice) => {
          const chance = (limit: number) => Math.floor(dice * limit)
          const nowMs = dueMs + tookMs
          const at = decideNextDueMs(dueMs, nowMs, verdict, timing, phase, chance)
          const intervalMs = decideIntervalMs(verdict, timing)
          assert.ok(at > nowMs)
          assert.ok(at <= Math.max(dueMs, nowMs) + intervalMs + timing.jitterMs + 0.001)
          // With jitter no check comes before its interval is over.
          if (timing.jitterMs > 0) assert.ok(at >= dueMs + intervalMs)
        },
      ),
    )
  })

  it('keeps a target at its phase, however long its checks take', () => {
    const good: Verdict = { state: 'up', streak: 9, isLastGood: true }
    let dueMs = nextPhaseMs(1000, 2000, 0.25)
    assert.equal(dueMs, 2500)
    for (const tookMs of [0, 3, 1999, 12]) {
      dueMs = decideNextDueMs(dueMs, dueMs + tookMs, good, TIMING, 0.25, () => 0)
      assert.equal((dueMs - 500) % 2000, 0)
    }
    assert.equal(dueMs, 2500 + 4 * 2000)
  })

  it('leaves out the times that a long check has missed', () => {
    const good: Verdict = { state: 'up', streak: 9, isLastGood: true }
    assert.equal(
      decideNextDueMs(2500, 7100, good, TIMING, 0.25, () => 0),
      8500,
    )
  })
})
