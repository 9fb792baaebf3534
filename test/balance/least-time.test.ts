// The methods that measure: `least_time` as nginx documents it, `random two least_time=…`, and peak
// EWMA. Peers are made fast or slow by the times that their tries are said to have taken.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TriedSet } from '../../src/balance/tried.ts'
import { type Method, PLAIN_PEER } from '../../src/model/upstream.ts'
import { PEER, TIME_UNITS_PER_MS } from '../../src/zone/layout.ts'
import { GroupFixture } from './group-fixture.ts'

const HEADER: Method = { kind: 'least_time', by: 'header', countsInflight: false }
const LAST_BYTE: Method = { kind: 'least_time', by: 'last_byte', countsInflight: false }
const INFLIGHT: Method = { kind: 'least_time', by: 'last_byte', countsInflight: true }
const PEAK: Method = { kind: 'peak_ewma' }

/** A group whose peers have each answered once in so many milliseconds: head, whole. */
function measured(method: Method, times: readonly (readonly [number, number])[]): GroupFixture {
  const fixture = new GroupFixture(
    times.map(() => ({})),
    method,
  )
  const letters = times.map((_, at) => String.fromCharCode(0x41 + at))
  const tried = new TriedSet()
  for (const _ of times) fixture.pick(tried)
  for (const [at, letter] of letters.entries()) fixture.finish(letter, times[at]![0], times[at]![1])
  return fixture
}

function averageMs(fixture: GroupFixture, slot: number, cell: 12 | 13): number {
  return fixture.zone.cells[fixture.zone.peerLine(slot) + cell]! / TIME_UNITS_PER_MS
}

describe('least_time', () => {
  it('picks the peer whose head comes soonest', () => {
    const fixture = measured(HEADER, [
      [200, 210],
      [50, 900],
      [100, 110],
    ])
    assert.equal(fixture.pick(), 'B')
  })

  it('picks the peer whose last byte comes soonest', () => {
    const fixture = measured(LAST_BYTE, [
      [200, 210],
      [50, 900],
      [100, 110],
    ])
    assert.equal(fixture.pick(), 'C')
  })

  it('multiplies by the requests in flight: the fast one gets several before the slow one', () => {
    const fixture = measured(HEADER, [
      [90, 90],
      [30, 30],
    ])
    // Steps of 20 ms: 100 against 40 for each request, in flight and to come.
    assert.equal(Array.from({ length: 4 }, () => fixture.pick()).join(''), 'BBAB')
  })

  it('takes times within 20 ms of each other for equal: such peers take turns', () => {
    const fixture = measured(HEADER, [
      [41, 41],
      [59, 59],
    ])
    // B begins: A had the first request of all.
    assert.equal(fixture.sequence(6), 'BABABA')
  })

  it('takes all above five seconds for equally bad', () => {
    const fixture = measured(HEADER, [
      [9_000, 9_000],
      [5_100, 5_100],
    ])
    assert.equal(fixture.pick() + fixture.pick(), 'BA')
  })

  it('counts a new time for one part in twenty', () => {
    const fixture = measured(HEADER, [
      [100, 200],
      [900, 900],
    ])
    assert.equal(fixture.pick(), 'A')
    fixture.finish('A', 300, 400)
    assert.equal(averageMs(fixture, 0, PEER.headerTime), 110)
    assert.equal(averageMs(fixture, 0, PEER.responseTime), 210)
  })

  it('learns nothing from a try that failed or never got a head', () => {
    const fixture = measured(HEADER, [
      [100, 100],
      [900, 900],
    ])
    const { group, nowSeconds } = fixture
    group.times!.onEnd(1, nowSeconds, false, 1, 1, nowSeconds)
    group.times!.onEnd(1, nowSeconds, true, -1, 1, nowSeconds)
    assert.equal(averageMs(fixture, 1, PEER.headerTime), 900)
  })

  it('gives a slow peer another chance after its fail_timeout without a pick', () => {
    const fixture = measured(HEADER, [
      [320, 320],
      [110, 110],
    ])
    const picks: string[] = []
    for (let second = 0; second <= 33; second++) {
      fixture.now = second
      const letter = fixture.pick()
      picks.push(letter)
      fixture.finish(letter, letter === 'A' ? 320 : 110)
    }
    // Half after 11 s, a quarter after 22 s: 80 ms are less than 110. In that very second B begins
    // a new window, and counts half itself for one pick.
    assert.equal(picks.indexOf('A'), 23)
  })

  it('turns with inflight from a peer whose requests wait longer than they used to', () => {
    const without = measured(LAST_BYTE, [
      [30, 30],
      [130, 130],
    ])
    const fixture = measured(INFLIGHT, [
      [30, 30],
      [130, 130],
    ])
    for (const group of [without, fixture]) {
      assert.equal(group.pick(), 'A')
      group.now += 1
    }
    assert.equal(without.pick(), 'A')
    assert.equal(fixture.pick(), 'B')
  })

  it('forgets with inflight what nobody waits for any more', () => {
    const fixture = measured(INFLIGHT, [
      [30, 30],
      [130, 130],
    ])
    fixture.pick()
    fixture.now += 1
    fixture.finish('A', 1_000)
    assert.equal(fixture.zone.cells[fixture.zone.peerLine(0) + PEER.waiting], 0)
    assert.equal(fixture.pick(), 'A')
  })

  it('counts the head with “header inflight”: what follows it is no waiting', () => {
    const fixture = measured({ kind: 'least_time', by: 'header', countsInflight: true }, [
      [30, 30],
      [130, 130],
    ])
    fixture.pick()
    fixture.group.times!.onHeader(0, fixture.nowSeconds)
    fixture.now += 5
    assert.equal(fixture.pick(), 'A')
  })

  it('starts over at zero for the waiting of a worker that ended', () => {
    const fixture = measured(INFLIGHT, [
      [30, 30],
      [130, 130],
    ])
    fixture.pick()
    fixture.main.reclaim(0)
    fixture.now += 5
    assert.equal(fixture.pick(), 'A')
  })
})

describe('random two least_time', () => {
  it('keeps the faster of the two that it draws', () => {
    const fixture = measured({ kind: 'random', isTwo: true, by: 'least_time=header' }, [
      [500, 10],
      [10, 500],
    ])
    for (let i = 0; i < 50; i++) {
      const letter = fixture.pick()
      assert.equal(letter, 'B')
      fixture.release(letter, 'neutral')
    }
  })
})

describe('peak_ewma', () => {
  it('leaves a peer at once when one answer took long, where least_time stays', () => {
    const stays = measured(LAST_BYTE, [
      [30, 30],
      [150, 150],
    ])
    const leaves = measured(PEAK, [
      [30, 30],
      [150, 150],
    ])
    for (const group of [stays, leaves]) {
      group.now += 0.1
      assert.equal(group.pick(), 'A')
      group.now += 1.4
      group.finish('A', 1_400)
    }
    assert.equal(stays.pick(), 'A')
    assert.equal(leaves.pick(), 'B')
  })

  it('forgets the peak with time and comes back', () => {
    const fixture = measured(PEAK, [
      [30, 30],
      [150, 150],
    ])
    fixture.pick()
    fixture.now += 1.4
    fixture.finish('A', 1_400)
    const seconds: number[] = []
    for (let second = 0; second < 60; second++) {
      fixture.now += 1
      const letter = fixture.pick()
      if (letter === 'A') seconds.push(second)
      fixture.finish(letter, letter === 'A' ? 30 : 150)
    }
    // 1400 fall below 150 after ten seconds times ln(1400 / 150), which are 22.
    assert.ok(seconds[0]! >= 20 && seconds[0]! <= 25, `back after ${seconds[0]} s`)
  })

  it('sends a peer that nobody knows one request, and waits for its answer', () => {
    const fixture = new GroupFixture([{ ...PLAIN_PEER }, {}], PEAK)
    fixture.pick(new TriedSet())
    fixture.finish('A', 20)
    assert.equal(Array.from({ length: 5 }, () => fixture.pick()).join(''), 'BAAAA')
  })
})
