// When which address is tried: RFC 8305 §4 (families take turns) and §5 (a quarter of a second between attempts).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ATTEMPT_DELAY_MS,
  interleaveFamilies,
  RaceSchedule,
} from '../../src/upstream/race-schedule.ts'

describe('interleaveFamilies', () => {
  const rows: readonly (readonly [
    name: string,
    hosts: readonly string[],
    want: readonly string[],
  ])[] = [
    ['begins with IPv6', ['1.1.1.1', '::1'], ['::1', '1.1.1.1']],
    ['keeps the order of one family', ['1.1.1.2', '1.1.1.1'], ['1.1.1.2', '1.1.1.1']],
    [
      'lets families take turns',
      ['1.1.1.1', '1.1.1.2', '1.1.1.3', '::1', '::2'],
      ['::1', '1.1.1.1', '::2', '1.1.1.2', '1.1.1.3'],
    ],
    [
      'ends with the rest of the longer family',
      ['::1', '::2', '::3', '1.1.1.1'],
      ['::1', '1.1.1.1', '::2', '::3'],
    ],
  ]
  for (const [name, hosts, want] of rows) {
    it(name, () => {
      assert.deepEqual(
        interleaveFamilies(hosts, host => host),
        want,
      )
    })
  }
})

describe('RaceSchedule', () => {
  it('begins with one attempt, and with each other a quarter of a second later', () => {
    const schedule = new RaceSchedule(3)
    assert.equal(schedule.begin(1_000), 0)
    assert.equal(schedule.begin(1_000), -1)
    assert.equal(schedule.waitMs(1_100), ATTEMPT_DELAY_MS - 100)
    assert.equal(schedule.begin(1_249), -1)
    assert.equal(schedule.begin(1_250), 1)
    assert.equal(schedule.begin(1_250), -1)
    assert.equal(schedule.begin(1_500), 2)
    assert.equal(schedule.waitMs(1_500), -1)
    assert.equal(schedule.begin(9_999), -1)
  })

  it('lets the next attempt begin at once when one has failed', () => {
    const schedule = new RaceSchedule(3)
    schedule.begin(1_000)
    schedule.fail()
    assert.equal(schedule.waitMs(1_001), 0)
    assert.equal(schedule.begin(1_001), 1)
    assert.equal(schedule.begin(1_001), -1)
    assert.equal(schedule.waitMs(1_001), ATTEMPT_DELAY_MS)
  })

  it('lets one attempt begin for one failure, not all that are left', () => {
    const schedule = new RaceSchedule(4)
    schedule.begin(0)
    schedule.fail()
    assert.deepEqual([schedule.begin(0), schedule.begin(0)], [1, -1])
  })

  it('is lost only when all attempts have failed', () => {
    const schedule = new RaceSchedule(2)
    schedule.begin(0)
    schedule.fail()
    assert.equal(schedule.isLost, false)
    schedule.begin(0)
    assert.equal(schedule.isLost, false)
    schedule.fail()
    assert.equal(schedule.isLost, true)
  })

  it('is lost with its only attempt', () => {
    const schedule = new RaceSchedule(1)
    assert.equal(schedule.begin(0), 0)
    assert.equal(schedule.waitMs(0), -1)
    schedule.fail()
    assert.equal(schedule.isLost, true)
  })
})
