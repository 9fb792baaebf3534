// Panic over one group: when too few peers are usable all are used, whatever health says of them,
// and nothing that is not health's business changes. The time is passed in.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GroupPeer } from '../../src/balance/peer-list.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import { DEFAULT_OUTLIERS, NGINX_HEALTH } from '../../src/model/passive-health.ts'
import { ROUND_ROBIN } from '../../src/model/upstream.ts'
import { GROUP } from '../../src/zone/layout.ts'
import { GroupFixture, indexOf } from './group-fixture.ts'

/** A group of peers that nginx's rules ban for ten seconds after one failure. */
function fixtureOf(peers: readonly Partial<GroupPeer>[], panicPercent = 50): GroupFixture {
  return new GroupFixture(peers, ROUND_ROBIN, { ...NGINX_HEALTH, panicPercent })
}

/** Bans the peers, one request each. */
function ban(fixture: GroupFixture, letters: string): void {
  for (const letter of letters) {
    const tried = new TriedSet()
    for (let peer = 0; peer < 8; peer++) if (peer !== indexOf(letter)) tried.add(peer)
    assert.equal(fixture.pick(tried), letter)
    fixture.release(letter, 'failure')
  }
}

function news(fixture: GroupFixture): string[] {
  return fixture.group.watch!.takeNews().map(each => {
    assert.equal(each.kind, 'panic')
    return each.kind === 'panic' ? `${each.isOn ? 'on' : 'off'} ${each.usable}/${each.count}` : ''
  })
}

/** Who gets requests, each at least once in a few rounds. */
function served(fixture: GroupFixture): string {
  return [...new Set(fixture.sequence(24))].sort().join('')
}

function panics(fixture: GroupFixture): number {
  return fixture.zone.cells[fixture.zone.groupLine(0) + GROUP.panics]!
}

interface Row {
  readonly what: string
  readonly peers: readonly Partial<GroupPeer>[]
  readonly percent?: number
  readonly banned: string
  readonly served: string
  readonly news: readonly string[]
}

const P: Partial<GroupPeer> = {}
const BACKUP = { isBackup: true }

const ROWS: readonly Row[] = [
  { what: 'not while all are usable', peers: [P, P, P], banned: '', served: 'ABC', news: [] },
  { what: 'not at exactly the share', peers: [P, P], banned: 'A', served: 'B', news: [] },
  { what: 'not above it', peers: [P, P, P], banned: 'A', served: 'BC', news: [] },
  { what: 'below the share', peers: [P, P, P], banned: 'AB', served: 'ABC', news: ['on 1/3'] },
  { what: 'when nobody is left', peers: [P, P], banned: 'AB', served: 'AB', news: ['on 0/2'] },
  { what: 'never when it is off', peers: [P, P], percent: 0, banned: 'AB', served: '-', news: [] },
  {
    what: 'at once with 100 %',
    peers: [P, P, P],
    percent: 100,
    banned: 'A',
    served: 'ABC',
    news: ['on 2/3'],
  },
  {
    what: 'not for peers that are configured down or drained',
    peers: [P, P, { isDown: true }, { isDraining: true }, { isDown: true }],
    banned: 'A',
    served: 'B',
    news: [],
  },
  {
    what: 'without those that are configured down or drained',
    peers: [P, P, { isDown: true }, { isDraining: true }],
    banned: 'AB',
    served: 'AB',
    news: ['on 0/2'],
  },
  {
    what: 'not while enough backups are usable',
    peers: [P, P, BACKUP, BACKUP],
    banned: 'AB',
    served: 'CD',
    news: [],
  },
  {
    what: 'when the backups are too few as well, and then uses primaries',
    peers: [P, P, BACKUP, BACKUP],
    banned: 'ABCD',
    served: 'AB',
    news: ['on 0/4'],
  },
]

describe('panic', () => {
  for (const row of ROWS) {
    it(`begins ${row.what}`, () => {
      const fixture = fixtureOf(row.peers, row.percent)
      // Backups are reached by a request for which the primaries are out.
      for (const letter of row.banned) {
        const backup = row.peers[indexOf(letter)]!.isBackup === true
        if (!backup) ban(fixture, letter)
        else banBackup(fixture, letter)
      }
      assert.equal(served(fixture), row.served)
      if (row.percent !== 0) assert.deepEqual(news(fixture), row.news)
      assert.equal(panics(fixture), row.news.length)
    })
  }

  it('keeps max_conns', () => {
    const fixture = fixtureOf([{ maxConns: 1 }, {}])
    ban(fixture, 'AB')
    const picked = [1, 2, 3, 4].map(() => fixture.pick())
    assert.equal(picked.filter(letter => letter === 'A').length, 1)
  })

  it('keeps to a request which peers it has tried', () => {
    const fixture = fixtureOf([P, P])
    ban(fixture, 'AB')
    const tried = new TriedSet()
    const both = [fixture.pick(tried), fixture.pick(tried), fixture.pick(tried)]
    assert.deepEqual(both.sort(), ['-', 'A', 'B'])
  })

  it('uses peers that an active check or outlier detection took out', () => {
    const outliers = { ...DEFAULT_OUTLIERS, maxEjectedPercent: 100 }
    const health = { ...NGINX_HEALTH, outliers, panicPercent: 50 }
    const peers = [{ maxFails: 0 }, { maxFails: 0 }, { maxFails: 0 }]
    const fixture = new GroupFixture(peers, ROUND_ROBIN, health)
    for (let i = 0; i < 15; i++) {
      const letter = fixture.pick()
      fixture.release(letter, letter === 'A' ? 'failure' : 'success')
    }
    assert.deepEqual(fixture.status('A').states, ['ejected'])
    fixture.main.setState(1, 'unhealthy', true)
    fixture.now = 1
    assert.equal(served(fixture), 'ABC')
  })

  it('does not use peers that an operator took out or drains', () => {
    const fixture = fixtureOf([P, P, P, P])
    fixture.main.setState(0, 'down', true)
    fixture.main.setState(1, 'draining', true)
    ban(fixture, 'CD')
    assert.equal(served(fixture), 'CD')
  })

  it('saves a request that finds nobody because a check has just taken all out', () => {
    const fixture = fixtureOf([P, P])
    fixture.sequence(2)
    fixture.main.setState(0, 'unhealthy', true)
    fixture.main.setState(1, 'unhealthy', true)
    assert.notEqual(fixture.pick(), '-')
    assert.deepEqual(news(fixture), ['on 0/2'])
  })

  it('saves the only peer of a group from its check', () => {
    const fixture = fixtureOf([P])
    fixture.main.setState(0, 'unhealthy', true)
    assert.equal(fixture.pick(), 'A')
  })

  it('ends when enough have shown by a success that they are well, and says so once', () => {
    const fixture = fixtureOf([P, P, P])
    ban(fixture, 'ABC')
    assert.deepEqual(news(fixture), ['on 1/3'])
    fixture.now = 11
    // The bans are over, and nobody has succeeded since: A does, C fails again.
    for (const letter of ['A', 'B', 'C']) {
      const tried = new TriedSet()
      for (let peer = 0; peer < 3; peer++) if (peer !== indexOf(letter)) tried.add(peer)
      assert.equal(fixture.pick(tried), letter)
    }
    fixture.release('A', 'success')
    fixture.release('C', 'failure')
    fixture.now = 12
    fixture.request('neutral')
    assert.deepEqual(news(fixture), [], 'one of three')
    fixture.release('B', 'success')
    fixture.now = 13
    assert.equal(served(fixture), 'AB')
    assert.deepEqual(news(fixture), ['off 2/3'])
  })

  it('does not begin because bans have run out with nobody asking', () => {
    const fixture = fixtureOf([P, P])
    ban(fixture, 'A')
    fixture.now = 3600
    ban(fixture, 'B')
    fixture.now = 7200
    fixture.request('success')
    assert.equal(panics(fixture), 0)
  })
})

/** Bans a backup: its primaries are banned already. */
function banBackup(fixture: GroupFixture, letter: string): void {
  const tried = new TriedSet()
  tried.switchToBackups()
  for (let peer = 0; peer < 8; peer++) if (peer !== indexOf(letter)) tried.add(peer)
  assert.equal(fixture.pick(tried), letter)
  fixture.release(letter, 'failure')
}
