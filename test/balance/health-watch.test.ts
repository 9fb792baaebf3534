// Ejection, trial and return over one group, with the time passed in. Beside nginx's bans, which
// stay as they are: peers here have max_fails=0 unless a test is about both.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HealthNews } from '../../src/balance/health-watch.ts'
import type { GroupPeer } from '../../src/balance/peer-list.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import {
  DEFAULT_OUTLIERS,
  NGINX_HEALTH,
  type OutlierRules,
  type PassiveHealth,
} from '../../src/model/passive-health.ts'
import { ROUND_ROBIN } from '../../src/model/upstream.ts'
import { HEALTH } from '../../src/zone/layout.ts'
import { SeededRandom } from '../harness/seeded-random.ts'
import { GroupFixture, indexOf, letterOf } from './group-fixture.ts'

const PEER = { maxFails: 0 }

function fixtureOf(
  peers: readonly Partial<GroupPeer>[],
  rules: Partial<OutlierRules> = {},
  health: Partial<PassiveHealth> = {},
): GroupFixture {
  const outliers = { ...DEFAULT_OUTLIERS, ...rules }
  return new GroupFixture(peers, ROUND_ROBIN, { ...NGINX_HEALTH, outliers, ...health })
}

const THREE = [PEER, PEER, PEER]

/** Ends a try whose status nginx would not count. */
function end(fixture: GroupFixture, letter: string, isFault: boolean): void {
  fixture.group.release(indexOf(letter), 'success', fixture.nowSeconds, isFault)
}

/** One request; the peers of `bad` answer with a fault. */
function request(fixture: GroupFixture, bad: string): string {
  const letter = fixture.pick()
  if (letter !== '-') end(fixture, letter, bad.includes(letter))
  return letter
}

function requests(fixture: GroupFixture, bad: string, count: number): string {
  return Array.from({ length: count }, () => request(fixture, bad)).join('')
}

/** What changed, short: `A out 30 (failures_in_a_row)`, `A back`. */
function news(fixture: GroupFixture): string[] {
  return (fixture.group.watch?.takeNews() ?? []).map((each: HealthNews) => {
    if (each.kind === 'panic') return `panic ${each.isOn} ${each.usable}/${each.count}`
    const letter = letterOf(each.peer)
    return each.kind === 'returned' ? `${letter} back` : `${letter} out: ${each.cause}`
  })
}

/** Whole seconds that the last ejection of a peer took. */
function lengthOf(fixture: GroupFixture, letter: string): number {
  const line = fixture.zone.healthLine(indexOf(letter))
  const until = fixture.zone.cells[line + HEALTH.ejectedUntil]!
  return until - (fixture.nowSeconds - 946_684_800)
}

/** Lets A fail until it is out. */
function eject(fixture: GroupFixture): number {
  requests(fixture, 'A', 3 * DEFAULT_OUTLIERS.consecutive)
  assert.deepEqual(news(fixture), ['A out: failures_in_a_row'])
  return lengthOf(fixture, 'A')
}

describe('HealthWatch: failures in a row', () => {
  it('ejects after the fifth, whatever the others answer in between', () => {
    const fixture = fixtureOf(THREE)
    assert.equal(requests(fixture, 'A', 12), 'ABCABCABCABC')
    assert.deepEqual(news(fixture), [])
    assert.equal(requests(fixture, 'A', 7), 'ABCBCBC')
    assert.deepEqual(news(fixture), ['A out: failures_in_a_row'])
    assert.deepEqual(fixture.status('A').states, ['ejected'])
    assert.equal(fixture.status('A').ejections, 1)
  })

  it('begins to count anew after a success', () => {
    const fixture = fixtureOf(THREE)
    requests(fixture, 'A', 12)
    requests(fixture, '', 3)
    requests(fixture, 'A', 12)
    assert.deepEqual(news(fixture), [])
  })

  it('takes no end without a word for a success or a failure', () => {
    const fixture = fixtureOf(THREE)
    requests(fixture, 'A', 12)
    fixture.pick()
    fixture.release('A', 'neutral')
    assert.deepEqual(news(fixture), [])
    requests(fixture, 'A', 3)
    assert.deepEqual(news(fixture), ['A out: failures_in_a_row'])
  })

  it('does nothing when it is off', () => {
    const fixture = fixtureOf(THREE, { consecutive: 0 })
    assert.equal(requests(fixture, 'A', 99), 'ABC'.repeat(33))
  })

  it('leaves a peer that is alone where it is', () => {
    const fixture = fixtureOf([PEER])
    assert.equal(requests(fixture, 'A', 20), 'A'.repeat(20))
    assert.deepEqual(news(fixture), [])
  })
})

describe('HealthWatch: the end of an ejection', () => {
  it('lets one request through when the time is over, and none beside it', () => {
    const fixture = fixtureOf(THREE)
    const seconds = eject(fixture)
    fixture.now = seconds
    assert.equal(requests(fixture, '', 6).includes('A'), false)
    fixture.now = seconds + 1
    const picked = [1, 2, 3, 4, 5, 6].map(() => fixture.pick())
    assert.equal(picked.filter(letter => letter === 'A').length, 1)
  })

  it('ends with the success of that one', () => {
    const fixture = fixtureOf(THREE)
    fixture.now = eject(fixture) + 1
    const sent = requests(fixture, '', 6)
    assert.equal(sent.split('A').length, 3)
    assert.deepEqual(news(fixture), ['A back'])
    assert.deepEqual(fixture.status('A').states, [])
  })

  it('begins again with its failure, for longer', () => {
    const fixture = fixtureOf(THREE)
    const first = eject(fixture)
    fixture.now = first + 1
    requests(fixture, 'A', 6)
    assert.deepEqual(news(fixture), ['A out: failed_trial'])
    const second = lengthOf(fixture, 'A')
    assert.ok(first >= 30 && first <= 33 && second >= 60 && second <= 66, `${first}, ${second}`)
    assert.equal(fixture.status('A').ejections, 2)
  })

  it('tries again at once when the trial came to nothing', () => {
    const fixture = fixtureOf(THREE)
    fixture.now = eject(fixture) + 1
    while (fixture.pick() !== 'A');
    fixture.release('A', 'neutral')
    assert.ok(requests(fixture, '', 3).includes('A'))
    assert.deepEqual(news(fixture), ['A back'])
  })

  it('tries again after the base time when a trial never ends', () => {
    const fixture = fixtureOf(THREE)
    fixture.now = eject(fixture) + 1
    while (fixture.pick() !== 'A');
    const begun = fixture.now
    fixture.now = begun + DEFAULT_OUTLIERS.baseSeconds
    assert.equal(requests(fixture, '', 4).includes('A'), false)
    fixture.now++
    assert.ok(requests(fixture, '', 4).includes('A'))
  })

  it('takes no late success of a request from before for the trial', () => {
    const fixture = fixtureOf(THREE)
    while (fixture.pick() !== 'A');
    eject(fixture)
    end(fixture, 'A', false)
    assert.deepEqual(news(fixture), [])
    assert.deepEqual(fixture.status('A').states, ['ejected'])
  })

  it('forgets one ejection for each interval in the group', () => {
    const fixture = fixtureOf(THREE)
    fixture.now = eject(fixture) + 1
    requests(fixture, '', 6)
    for (let i = 0; i < 2; i++) {
      fixture.now += DEFAULT_OUTLIERS.intervalSeconds
      requests(fixture, '', 3)
    }
    news(fixture)
    const again = eject(fixture)
    assert.ok(again <= 33, `${again} s as for the first`)
  })

  it('survives a clock that was set back by an hour', () => {
    const fixture = fixtureOf(THREE)
    fixture.now = 7200
    eject(fixture)
    fixture.now = 3600
    assert.ok(requests(fixture, '', 4).includes('A'))
  })
})

describe('HealthWatch: how many may go', () => {
  it('ejects up to the share that it comes to, the next one included', () => {
    const fixture = fixtureOf([PEER, PEER, PEER, PEER, PEER], { maxEjectedPercent: 50 })
    requests(fixture, 'ABCD', 200)
    assert.equal(news(fixture).length, 2)
  })

  it('ejects nobody of three at 10 %', () => {
    const fixture = fixtureOf(THREE, { maxEjectedPercent: 10 })
    requests(fixture, 'A', 99)
    assert.deepEqual(news(fixture), [])
  })

  it('never ejects the last usable peer', () => {
    const fixture = fixtureOf(THREE, { maxEjectedPercent: 100 })
    const sent = requests(fixture, 'ABC', 99)
    assert.equal(news(fixture).length, 2)
    assert.match(sent, /(.)\1{20}$/)
  })

  it('counts as usable neither who is down nor who is banned', () => {
    const peers = [PEER, { isDown: true }, { maxFails: 1 }]
    const fixture = fixtureOf(peers, { maxEjectedPercent: 100 })
    const tried = new TriedSet()
    tried.add(0)
    assert.equal(fixture.pick(tried), 'C')
    fixture.release('C', 'failure')
    requests(fixture, 'A', 20)
    assert.deepEqual(news(fixture), [])
  })

  it('ejects the only primary while a backup can stand in', () => {
    const peers = [PEER, { ...PEER, isBackup: true }]
    const fixture = fixtureOf(peers)
    assert.equal(requests(fixture, 'A', 7), 'AAAAABB')
  })
})

describe('HealthWatch: comparing peers', () => {
  /** Requests over ten peers for a number of seconds; A fails every third one. */
  function run(fixture: GroupFixture, seconds: number, perSecond: number, random: SeededRandom) {
    for (let second = 0; second < seconds; second++) {
      for (let i = 0; i < perSecond; i++) {
        const letter = fixture.pick()
        end(fixture, letter, letter === 'A' && random.oneIn(3))
      }
      fixture.now++
    }
  }
  const TEN = Array.from({ length: 10 }, () => PEER)

  it('ejects who fails every third request where others do not', () => {
    const random = new SeededRandom(7)
    const fixture = fixtureOf(TEN, { consecutive: 0 })
    run(fixture, 12, 150, random)
    assert.deepEqual(news(fixture), ['A out: success_rate'], `seed ${random.seed}`)
  })

  it('ejects nobody with too few requests', () => {
    const fixture = fixtureOf(TEN, { consecutive: 0 })
    run(fixture, 22, 90, new SeededRandom(7))
    assert.deepEqual(news(fixture), [])
  })

  it('ejects by the failed percentage in a group of two', () => {
    const fixture = fixtureOf([PEER, PEER], { consecutive: 0 })
    for (let second = 0; second <= 10; second++) {
      fixture.now = second
      requests(fixture, 'A', 12)
    }
    assert.deepEqual(news(fixture), ['A out: failure_percentage'])
  })

  it('counts what is still under way for neither side', () => {
    const fixture = fixtureOf([PEER, PEER], { consecutive: 0 })
    requests(fixture, '', 2)
    const pickA = () => {
      const tried = new TriedSet()
      tried.add(1)
      assert.equal(fixture.pick(tried), 'A')
    }
    // With the one before A has ended 49 and failed 48: 50 it would take.
    for (let i = 0; i < 60; i++) pickA()
    for (let i = 0; i < 48; i++) {
      pickA()
      end(fixture, 'A', true)
    }
    fixture.now = 10
    requests(fixture, '', 2)
    assert.deepEqual(news(fixture), [])
  })

  it('says nothing about an interval that nobody looked at for long', () => {
    const fixture = fixtureOf([PEER, PEER], { consecutive: 0 })
    requests(fixture, 'A', 120)
    fixture.now = 60
    requests(fixture, '', 2)
    assert.deepEqual(news(fixture), [])
  })

  it('ejects the worst first when not all may go', () => {
    const fixture = fixtureOf([PEER, PEER, PEER, PEER], { consecutive: 0, maxEjectedPercent: 25 })
    const bad = { A: 9, B: 0, C: 1, D: 0 } as Record<string, number>
    const seen: Record<string, number> = {}
    for (let i = 0; i < 400; i++) {
      const letter = fixture.pick()
      seen[letter] = (seen[letter] ?? 0) + 1
      // A fails nine of ten, C all: both above 85 %.
      const isFault = letter === 'C' || (letter === 'A' && seen[letter]! % 10 < bad.A!)
      end(fixture, letter, isFault)
    }
    fixture.now = 10
    requests(fixture, '', 1)
    assert.deepEqual(news(fixture), ['C out: failure_percentage'])
  })
})

describe('HealthWatch over a reload', () => {
  it('keeps an ejection while the rules stay, and nobody out once they are gone', () => {
    const fixture = fixtureOf(THREE)
    eject(fixture)
    const plain = new GroupFixture(THREE)
    const line = fixture.zone.peerLine(0)
    plain.zone.cells.set(fixture.zone.cells.subarray(line, line + 16), line)
    assert.deepEqual(plain.status('A').states, ['ejected'])
    assert.equal([...plain.sequence(6)].sort().join(''), 'AABBCC')
  })
})
