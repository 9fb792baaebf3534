import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { digestOf } from '../../src/base/digest.ts'
import { countOutcome, outcomeCount } from '../../src/zone/limit-counters.ts'
import { createRequestLimitZone, RequestLimitZone } from '../../src/zone/request-limit-zone.ts'
import { SeededRandom } from '../harness/seeded-random.ts'

const START = 5_000_000

class Fixture {
  readonly buffer: SharedArrayBuffer
  readonly zone: RequestLimitZone
  now = START

  /** @param rate thousandths of a request per second */
  constructor(rate: number, bytes = 32_768) {
    this.buffer = createRequestLimitZone(bytes)
    this.zone = new RequestLimitZone(this.buffer, 0, rate)
  }

  /** The excess of one more request, or null where it was refused. */
  ask(key: string, burst = 0, zone = this.zone): number | null {
    return zone.judge(digestOf(key), burst * 1000, this.now, true) ? zone.excess : null
  }
}

describe('RequestLimitZone', () => {
  it('lets one request through for each share of a second', () => {
    const fixture = new Fixture(10_000)
    assert.equal(fixture.ask('k'), 0)
    fixture.now += 99
    assert.equal(fixture.ask('k'), null)
    assert.equal(fixture.zone.excess, 10)
    fixture.now += 1
    assert.equal(fixture.ask('k'), 0)
  })

  it('counts a refused request for nothing', () => {
    const fixture = new Fixture(1_000)
    fixture.ask('k')
    for (let i = 0; i < 50; i++) assert.equal(fixture.ask('k'), null)
    fixture.now += 1_000
    assert.equal(fixture.ask('k'), 0)
  })

  it('fills up to the burst and runs empty at its rate', () => {
    const fixture = new Fixture(2_000)
    const excesses = [0, 1_000, 2_000, 3_000, null]
    for (const excess of excesses) assert.equal(fixture.ask('k', 3), excess)
    fixture.now += 250
    assert.equal(fixture.ask('k', 3), null)
    fixture.now += 250
    assert.equal(fixture.ask('k', 3), 3_000)
    fixture.now += 3_600_000
    assert.equal(fixture.ask('k', 3), 0)
  })

  it('keeps the rest of a thousandth, as nginx does, by whole milliseconds', () => {
    const fixture = new Fixture(16)
    assert.equal(fixture.ask('k', 1), 0)
    fixture.now += 100
    // 16 × 100 / 1000 is one thousandth and a half: a half is nothing.
    assert.equal(fixture.ask('k', 1), 999)
  })

  it('is one bucket in every thread’s view', () => {
    const fixture = new Fixture(1_000)
    const other = new RequestLimitZone(fixture.buffer, 3, 1_000)
    assert.equal(fixture.ask('k', 1), 0)
    assert.equal(fixture.ask('k', 1, other), 1_000)
    assert.equal(fixture.ask('k', 1), null)
    assert.equal(fixture.ask('other', 1, other), 0)
  })

  it('believes a thread whose clock is a little behind, and a clock that was set back by an hour', () => {
    const fixture = new Fixture(1_000)
    fixture.ask('k', 5)
    fixture.now -= 20
    assert.equal(fixture.ask('k', 5), 1_000)
    fixture.now -= 3_600_000
    assert.equal(fixture.ask('k', 5), 1_999)
    fixture.now += 1_000
    // From there on it counts by the clock as it is now.
    assert.equal(fixture.ask('k', 5), 1_999)
  })

  it('judges first and accounts when every limit has agreed', () => {
    const fixture = new Fixture(1_000)
    const key = digestOf('k')
    assert.ok(fixture.zone.judge(key, 0, fixture.now, false))
    fixture.zone.account(key, fixture.now)
    assert.equal(fixture.zone.excess, 0)
    assert.equal(fixture.zone.judge(key, 0, fixture.now, false), false)
    assert.equal(fixture.zone.judge(key, 2_000, fixture.now, false), true)
    // Nothing was accounted: it is as full as before.
    assert.equal(fixture.zone.judge(key, 2_000, fixture.now, true), true)
    assert.equal(fixture.zone.excess, 1_000)
  })

  it('makes room by the key that was not asked for longest', () => {
    const fixture = new Fixture(1)
    const { capacity } = fixture.zone
    for (let i = 0; i < capacity; i++) fixture.ask(`k${i}`, 9)
    assert.equal(fixture.zone.count, capacity)
    assert.equal(fixture.ask('k0', 9), 1_000)
    fixture.ask('one more', 9)
    assert.equal(fixture.zone.count, capacity)
    assert.equal(fixture.ask('k1', 9), 0, 'it was forgotten')
    assert.equal(fixture.ask('k0', 9), 2_000, 'it was used in between')
  })

  it('forgets one or two that ran empty with each new key, and none before a minute', () => {
    const fixture = new Fixture(1_000)
    for (const key of ['a', 'b', 'c', 'd']) fixture.ask(key)
    fixture.now += 59_000
    fixture.ask('e')
    assert.equal(fixture.zone.count, 5)
    fixture.now += 1_000
    fixture.ask('f')
    assert.equal(fixture.zone.count, 4)
    fixture.ask('g')
    assert.equal(fixture.zone.count, 3)
  })

  it('has room for 16,000 keys in a megabyte', () => {
    assert.ok(new RequestLimitZone(createRequestLimitZone(1024 * 1024), 0, 1).capacity >= 16_000)
  })

  it('agrees with a plain map over thousands of random steps', () => {
    const random = new SeededRandom(11)
    const rate = 3_000
    const fixture = new Fixture(rate, 1024 * 1024)
    const model = new Map<string, { excess: number; last: number }>()
    for (let step = 0; step < 20_000; step++) {
      fixture.now += random.below(200)
      const key = `k${random.below(300)}`
      const burst = random.below(4)
      const known = model.get(key)
      const leaked =
        known === undefined ? 0 : Math.floor((rate * (fixture.now - known.last)) / 1000)
      const excess = known === undefined ? 0 : Math.max(0, known.excess - leaked + 1000)
      const fits = known === undefined || excess <= burst * 1000
      assert.equal(fixture.ask(key, burst), fits ? excess : null)
      if (!fits) continue
      const isSameMoment = known?.last === fixture.now
      model.set(key, { excess, last: isSameMoment ? known!.last : fixture.now })
    }
  })

  it('forgets everything when a worker died inside it, and goes on', () => {
    const fixture = new Fixture(1)
    fixture.ask('k', 9)
    countOutcome(fixture.zone.cells, 'REJECTED')
    const main = new RequestLimitZone(fixture.buffer, -1, 1)
    main.reclaim(5)
    assert.equal(fixture.ask('k', 9), 1_000, 'a worker that was not inside changes nothing')
    // What a worker 5 would have left: its mark on the lock.
    new Int32Array(fixture.buffer)[0] = 5 + 2
    main.reclaim(5)
    assert.equal(fixture.zone.count, 0)
    assert.equal(fixture.ask('k', 9), 0)
    assert.equal(fixture.ask('k', 9), 1_000)
    assert.equal(outcomeCount(main.cells, 'REJECTED'), 1)
  })
})
