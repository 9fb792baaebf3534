import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SystemClock } from '../../src/base/clock.ts'
import { TimerWheel } from '../../src/base/timer-wheel.ts'
import { ReadPace } from '../../src/upstream/read-pace.ts'

const TICK_MS = 25
/** At the beginning of a second. */
const START_MS = 1_000_000

class Fixture {
  readonly clock = {
    nowMs: START_MS,
    wallMs: 0,
    wallSeconds: 0,
    resync: () => {},
    refresh: () => {},
  }
  readonly wheel = new TimerWheel(this.clock as unknown as SystemClock)
  readonly pace: ReadPace
  rests = 0

  constructor(rate: number) {
    this.pace = new ReadPace(rate, this.clock, this.wheel, () => this.rests++)
  }

  pass(ms: number): void {
    const end = this.clock.nowMs + ms
    while (this.clock.nowMs < end) {
      this.clock.nowMs = Math.min(end, this.clock.nowMs + TICK_MS)
      this.wheel.turn()
    }
  }
}

describe('ReadPace', () => {
  it('rests for as long as what came was worth', () => {
    const fixture = new Fixture(1000)
    assert.equal(fixture.pace.onRead(500), true)
    assert.equal(fixture.pace.isResting, true)
    fixture.pass(475)
    assert.equal(fixture.rests, 0)
    fixture.pass(75)
    assert.deepEqual([fixture.rests, fixture.pace.isResting], [1, false])
  })

  it('rests longer after more than a second’s share came at once', () => {
    const fixture = new Fixture(1000)
    fixture.pace.onRead(3500)
    fixture.pass(3450)
    assert.equal(fixture.rests, 0)
    fixture.pass(100)
    assert.equal(fixture.rests, 1)
  })

  it('does not rest for what is worth less than a millisecond', () => {
    const fixture = new Fixture(10_000_000)
    assert.equal(fixture.pace.onRead(1000), false)
    assert.equal(fixture.wheel.count, 0)
  })

  it('lets one read take no more than a second’s share', () => {
    const { pace } = new Fixture(1000)
    assert.equal(pace.limit(Buffer.alloc(65_536)).length, 1000)
    assert.equal(pace.limit(Buffer.alloc(500)).length, 500)
  })

  it('keeps to the rate over many reads', () => {
    const fixture = new Fixture(1000)
    let bytes = 0
    for (let i = 0; i < 40; i++) {
      bytes += 300
      if (!fixture.pace.onRead(300)) continue
      while (fixture.pace.isResting) fixture.pass(TICK_MS)
      const seconds = (fixture.clock.nowMs - START_MS) / 1000
      assert.ok(bytes <= 1000 * (seconds + 1) + 300, `${bytes} bytes in ${seconds} s`)
    }
    assert.ok((fixture.clock.nowMs - START_MS) / 1000 < bytes / 1000 + 5)
  })

  it('leaves no timer', () => {
    const fixture = new Fixture(1000)
    fixture.pace.onRead(500)
    fixture.pace.close()
    assert.equal(fixture.wheel.count, 0)
    fixture.pass(5000)
    assert.equal(fixture.rests, 0)
  })
})
