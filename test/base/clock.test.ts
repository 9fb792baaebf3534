// The worker's time: stands still between two refreshes, never runs backwards, follows the wall clock when told to.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { SystemClock } from '../../src/base/clock.ts'

interface Machine {
  monotonic: number
  wall: number
}

/** Takes the place of the machine's clocks until the test ends. */
function fakeMachine(t: TestContext, monotonic: number, wall: number): Machine {
  const machine = { monotonic, wall }
  t.mock.method(performance, 'now', () => machine.monotonic)
  t.mock.method(Date, 'now', () => machine.wall)
  return machine
}

describe('SystemClock', () => {
  it('begins with the time of the machine, in whole milliseconds', t => {
    fakeMachine(t, 250.5, 1_700_000_000_999)
    const clock = new SystemClock()
    assert.equal(clock.nowMs, 250)
    assert.equal(clock.wallMs, 1_700_000_000_999)
    assert.equal(clock.wallSeconds, 1_700_000_000)
  })

  it('stands still until it is refreshed', t => {
    const machine = fakeMachine(t, 1000, 1_700_000_000_000)
    const clock = new SystemClock()
    machine.monotonic += 1500
    machine.wall += 1500
    assert.equal(clock.nowMs, 1000)
    assert.equal(clock.wallMs, 1_700_000_000_000)
    clock.refresh()
    assert.equal(clock.nowMs, 2500)
    assert.equal(clock.wallMs, 1_700_000_001_500)
    assert.equal(clock.wallSeconds, 1_700_000_001)
  })

  it('does not look at the wall clock to refresh', t => {
    const machine = fakeMachine(t, 1000, 1_700_000_000_000)
    const clock = new SystemClock()
    machine.monotonic += 10
    machine.wall -= 3_600_000
    clock.refresh()
    assert.equal(clock.nowMs, 1010)
    assert.equal(clock.wallMs, 1_700_000_000_010)
  })

  it('takes over a step of the wall clock at resync, without a step of the monotonic time', t => {
    const machine = fakeMachine(t, 1000, 1_700_000_000_000)
    const clock = new SystemClock()
    machine.monotonic += 10
    machine.wall -= 3_600_000
    clock.resync()
    assert.equal(clock.nowMs, 1010)
    assert.equal(clock.wallMs, 1_699_996_400_000)
    assert.equal(clock.wallSeconds, 1_699_996_400)
    machine.monotonic += 5
    clock.refresh()
    assert.equal(clock.wallMs, 1_699_996_400_005)
  })

  it('is the real time outside of tests', () => {
    const before = Date.now()
    const clock = new SystemClock()
    clock.refresh()
    assert.ok(Math.abs(clock.wallMs - before) < 2_000)
    assert.ok(clock.nowMs <= performance.now())
  })
})
