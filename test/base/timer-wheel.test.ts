// The wheel against a clock that the test turns: deadlines never early, never lost, and nothing left behind.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SystemClock } from '../../src/base/clock.ts'
import { Timer, TimerWheel } from '../../src/base/timer-wheel.ts'
import { type SeededRandom, seedFor } from '../harness/seeded-random.ts'

class TestClock {
  nowMs = 1_000_000
  wallMs = 0
  wallSeconds = 0
  resync(): void {}
  refresh(): void {}
}

function makeWheel(): { clock: TestClock; wheel: TimerWheel; turnTo(atMs: number): void } {
  const clock = new TestClock()
  // What a wheel uses of a clock.
  const wheel = new TimerWheel(clock as unknown as SystemClock)
  const turnTo = (atMs: number) => {
    clock.nowMs = atMs
    wheel.turn()
  }
  return { clock, wheel, turnTo }
}

/** Longest time from a deadline to its call when the wheel is turned in time. */
const TICK_MS = 25
/** The wheel's slots come round after this. */
const ROUND_MS = 2048 * TICK_MS

describe('TimerWheel', () => {
  for (const delayMs of [
    1,
    24,
    25,
    26,
    100,
    1_000,
    ROUND_MS - 1,
    ROUND_MS,
    ROUND_MS + 1,
    200_000,
  ]) {
    it(`fires ${delayMs} ms after it was set, within a tick, once`, () => {
      const { clock, wheel, turnTo } = makeWheel()
      const start = clock.nowMs
      const fired: number[] = []
      wheel.set(new Timer(() => fired.push(clock.nowMs)), delayMs)
      for (let now = start; now <= start + delayMs + 2 * TICK_MS + ROUND_MS; now += 5) turnTo(now)
      assert.equal(fired.length, 1)
      assert.ok(fired[0]! >= start + delayMs)
      assert.ok(fired[0]! <= start + delayMs + TICK_MS + 5)
      assert.equal(wheel.count, 0)
    })
  }

  it('fires at the next tick for a delay of 0 or less', () => {
    for (const delayMs of [0, -5]) {
      const { clock, wheel, turnTo } = makeWheel()
      let isFired = false
      wheel.set(new Timer(() => (isFired = true)), delayMs)
      turnTo(clock.nowMs + TICK_MS)
      assert.equal(isFired, true)
    }
  })

  it('fires late rather than never when it was not turned for long', () => {
    const { clock, wheel, turnTo } = makeWheel()
    let count = 0
    for (const delayMs of [10, 5_000, ROUND_MS + 10, 3 * ROUND_MS])
      wheel.set(new Timer(() => count++), delayMs)
    turnTo(clock.nowMs + 10 * ROUND_MS)
    assert.equal(count, 4)
    assert.equal(wheel.count, 0)
  })

  it('moves a deadline away, and nearer', () => {
    const { clock, wheel, turnTo } = makeWheel()
    const start = clock.nowMs
    const fired: number[] = []
    const timer = new Timer(() => fired.push(clock.nowMs - start))
    wheel.set(timer, 100)
    turnTo(start + 50)
    wheel.set(timer, 1_000)
    for (let now = start + 50; now < start + 1_000; now += 25) turnTo(now)
    assert.deepEqual(fired, [])
    wheel.set(timer, 60)
    turnTo(start + 1_100)
    assert.equal(fired.length, 1)
  })

  it('does not fire what was switched off or taken out', () => {
    const { clock, wheel, turnTo } = makeWheel()
    const [off, out] = [new Timer(() => assert.fail('off')), new Timer(() => assert.fail('out'))]
    wheel.set(off, 100)
    wheel.set(out, 100)
    wheel.clear(off)
    wheel.remove(out)
    assert.equal(wheel.count, 1)
    turnTo(clock.nowMs + 200)
    assert.equal(wheel.count, 0)
    wheel.remove(out)
    assert.equal(wheel.count, 0)
  })

  it('fires again what was switched off and set anew in the same slot', () => {
    const { clock, wheel, turnTo } = makeWheel()
    let count = 0
    const timer = new Timer(() => count++)
    wheel.set(timer, 100)
    wheel.clear(timer)
    wheel.set(timer, 100)
    turnTo(clock.nowMs + 200)
    assert.equal(count, 1)
  })

  it('lets a call set and remove itself and its neighbours', () => {
    const { clock, wheel, turnTo } = makeWheel()
    const fired: string[] = []
    const neighbour = new Timer(() => fired.push('neighbour'))
    const removed = new Timer(() => fired.push('removed'))
    const timer = new Timer(() => {
      fired.push('timer')
      wheel.remove(removed)
      wheel.set(neighbour, 50)
      if (fired.length === 1) wheel.set(timer, 10)
    })
    wheel.set(neighbour, 10)
    wheel.set(removed, 10)
    // The last one set is looked at first.
    wheel.set(timer, 10)
    turnTo(clock.nowMs + 30)
    assert.deepEqual(fired, ['timer'])
    turnTo(clock.nowMs + 30)
    turnTo(clock.nowMs + 60)
    turnTo(clock.nowMs + 60)
    assert.deepEqual(fired, ['timer', 'timer', 'neighbour'])
    assert.equal(wheel.count, 0)
  })

  it('does as a list of deadlines would, for any sequence', t => {
    const random: SeededRandom = seedFor(t)
    const { clock, wheel, turnTo } = makeWheel()
    const timers = Array.from({ length: 40 }, (_, index) => {
      const timer: Timer = new Timer(() => {
        assert.ok(due[index]! <= clock.nowMs, 'fired early')
        due[index] = Number.POSITIVE_INFINITY
      })
      return timer
    })
    const due = timers.map(() => Number.POSITIVE_INFINITY)
    for (let step = 0; step < 20_000; step++) {
      const index = random.below(timers.length)
      const timer = timers[index]!
      const act = random.below(10)
      if (act < 6) {
        const delayMs = random.pick([1, 30, 300, 5_000, ROUND_MS, 100_000])
        wheel.set(timer, delayMs)
        due[index] = clock.nowMs + delayMs
      } else if (act === 6) {
        wheel.clear(timer)
        due[index] = Number.POSITIVE_INFINITY
      } else if (act === 7) {
        wheel.remove(timer)
        due[index] = Number.POSITIVE_INFINITY
      } else {
        turnTo(clock.nowMs + random.pick([1, 25, 60, 700]))
        for (const at of due) assert.ok(at > clock.nowMs - TICK_MS, 'missed')
      }
    }
    for (const timer of timers) wheel.remove(timer)
    assert.equal(wheel.count, 0)
  })
})
