// Rounds and rests, by a time that stands still until a step takes some.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { runPaced } from '../../../src/control/cache/paced-task.ts'

class Time {
  nowMs = 0
  readonly rests: number[] = []
  onRest: () => void = () => {}
  readonly time = {
    now: () => this.nowMs,
    wallNow: () => this.nowMs,
    delay: async (ms: number) => {
      this.rests.push(ms)
      this.onRest()
    },
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function* steps(count: number, onStep: () => void = () => {}): Generator<void, string> {
  for (let i = 0; i < count; i++) {
    onStep()
    yield
  }
  return 'done'
}

describe('runPaced', () => {
  it('rests after so many files', async () => {
    const { time, rests } = new Time()
    const pacing = { files: 10, thresholdMs: 200, sleepMs: 50 }
    assert.equal(await runPaced(steps(35), () => pacing, time), 'done')
    assert.equal(sum(rests), 35 * 5)
  })

  it('does a round in parts, each with its share of the rest', async () => {
    const { time, rests } = new Time()
    const pacing = { files: 100, thresholdMs: 200, sleepMs: 50 }
    await runPaced(steps(100), () => pacing, time)
    assert.deepEqual(rests, new Array(25).fill(2))
  })

  it('rests after so long a time', async () => {
    const clock = new Time()
    const slow = () => {
      clock.nowMs += 80
    }
    const pacing = { files: 100, thresholdMs: 4_000, sleepMs: 50 }
    // A part of four files may take 160 ms: two of them are enough.
    await runPaced(steps(7, slow), () => pacing, clock.time)
    assert.deepEqual(clock.rests, [2, 2, 2])
  })

  it('follows a pacing that changes', async () => {
    const { time, rests } = new Time()
    const pacing = () => ({ files: rests.length < 2 ? 1 : 100, thresholdMs: 200, sleepMs: 50 })
    await runPaced(steps(50), pacing, time)
    assert.deepEqual(rests, [50, 50, ...new Array(12).fill(2)])
  })

  it('ends between two rounds, and has what is open closed', async () => {
    const clock = new Time()
    const end = new AbortController()
    clock.onRest = () => end.abort()
    let isClosed = false
    function* holding(): Generator<void, string> {
      try {
        return yield* steps(100)
      } finally {
        isClosed = true
      }
    }
    const pacing = { files: 10, thresholdMs: 200, sleepMs: 50 }
    assert.equal(await runPaced(holding(), () => pacing, clock.time, end.signal), null)
    assert.equal(isClosed, true)
    assert.deepEqual(clock.rests, [5])
  })
})
