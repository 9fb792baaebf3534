// The single peer, backups and limits, each as the nginx documentation and a real nginx have it
// (nginx.org/en/docs/http/ngx_http_upstream_module.html).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PeerGroup } from '../../src/balance/peer-group.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import { GroupFixture, makePeer } from './group-fixture.ts'

describe('PeerGroup with a single peer', () => {
  it('never bans it', () => {
    const fixture = new GroupFixture([{}])
    for (let i = 0; i < 5; i++) {
      assert.equal(fixture.pick(), 'A')
      assert.equal(fixture.release('A', 'failure'), null)
    }
    assert.equal(fixture.status('A').fails, 0)
    assert.equal(fixture.status('A').failures, 5)
  })

  it('gives it again to a request that the caller lets try once more', () => {
    const fixture = new GroupFixture([{}])
    const tried = new TriedSet()
    assert.equal(fixture.pick(tried), 'A')
    fixture.release('A', 'failure')
    assert.equal(fixture.pick(tried), 'A')
  })

  it('knows no other peer for a request that tried it', () => {
    const fixture = new GroupFixture([{}])
    const tried = new TriedSet()
    assert.equal(fixture.hasEligible(tried), true)
    fixture.pick(tried)
    assert.equal(fixture.hasEligible(tried), false)
  })

  it('respects down, state and max_conns', () => {
    assert.equal(new GroupFixture([{ isDown: true }]).pick(), '-')
    const fixture = new GroupFixture([{ maxConns: 1 }])
    assert.equal(fixture.pick(), 'A')
    assert.equal(fixture.pick(), '-')
    fixture.release('A')
    fixture.main.setState(0, 'unhealthy', true)
    assert.equal(fixture.pick(), '-')
  })

  it('forgets failures from when it was one of several', () => {
    const fixture = new GroupFixture([{}, {}])
    fixture.request('failure')
    const single = new PeerGroup(fixture.zone, 0, [makePeer({ slot: 0 })])
    assert.equal(single.pick(new TriedSet(), fixture.nowSeconds), 0)
    single.release(0, 'neutral', fixture.nowSeconds)
    assert.equal(fixture.status('A').fails, 0)
  })

  const cases = [
    { what: 'one primary', peers: [{}], isSingle: true, triesMax: 1 },
    { what: 'one primary that is down', peers: [{ isDown: true }], isSingle: true, triesMax: 0 },
    { what: 'one live and one down', peers: [{}, { isDown: true }], isSingle: false, triesMax: 1 },
    { what: 'one and a backup', peers: [{}, { isBackup: true }], isSingle: false, triesMax: 2 },
    { what: 'a lone backup', peers: [{ isBackup: true }], isSingle: false, triesMax: 1 },
    {
      what: 'two and a backup that is down',
      peers: [{}, {}, { isBackup: true, isDown: true }],
      isSingle: false,
      triesMax: 2,
    },
  ]
  for (const { what, peers, isSingle, triesMax } of cases) {
    it(`takes ${what} for ${isSingle ? 'single' : 'several'} with ${triesMax} tries`, () => {
      const { group } = new GroupFixture(peers)
      assert.equal(group.isSingle, isSingle)
      assert.equal(group.triesMax, triesMax)
    })
  }

  it('counts banned peers among the tries', () => {
    const fixture = new GroupFixture([{}, {}])
    fixture.request('failure')
    assert.equal(fixture.group.triesMax, 2)
  })

  it('bans the one live peer beside one that is down', () => {
    const fixture = new GroupFixture([{}, { isDown: true }])
    fixture.request('failure')
    assert.equal(fixture.pick(), '-')
    fixture.now = 11
    assert.equal(fixture.pick(), 'A')
  })
})

describe('PeerGroup with backups', () => {
  it('leaves backups alone while a primary is eligible', () => {
    const fixture = new GroupFixture([{}, { isBackup: true }, {}])
    assert.equal(fixture.sequence(6), 'ACACAC')
  })

  it('goes over to a backup inside the first failing request', () => {
    const fixture = new GroupFixture([{}, { isBackup: true }])
    const tried = new TriedSet()
    assert.equal(fixture.pick(tried), 'A')
    fixture.release('A', 'failure')
    assert.equal(fixture.hasEligible(tried), true)
    assert.equal(fixture.pick(tried), 'B')
  })

  it('clears what was tried on the switch and then stays with the backups', () => {
    const fixture = new GroupFixture([{ maxFails: 0 }, { isBackup: true }, { isBackup: true }])
    const tried = new TriedSet()
    assert.equal(fixture.pick(tried), 'A')
    assert.equal(fixture.pick(tried), 'B')
    assert.equal(tried.has(0), false)
    assert.equal(tried.has(1), true)
    assert.equal(tried.isOnBackups, true)
    assert.equal(fixture.pick(tried), 'C')
    assert.equal(fixture.hasEligible(tried), false)
    assert.equal(fixture.pick(tried), '-', 'not back to the untried primary')
  })

  const reasons = [
    { what: 'down', primary: { isDown: true }, prepare: () => {} },
    {
      what: 'banned',
      primary: {},
      prepare: (fixture: GroupFixture) => void fixture.request('failure'),
    },
    {
      what: 'full',
      primary: { maxConns: 1 },
      prepare: (fixture: GroupFixture) => void fixture.pick(),
    },
    {
      what: 'draining',
      primary: {},
      prepare: (fixture: GroupFixture) => fixture.main.setState(0, 'draining', true),
    },
  ]
  for (const { what, primary, prepare } of reasons) {
    it(`serves from the backup when the primary is ${what}`, () => {
      const fixture = new GroupFixture([primary, { isBackup: true }])
      prepare(fixture)
      assert.equal(fixture.hasEligible(), true)
      assert.equal(fixture.pick(), 'B')
    })
  }

  it('balances the backups by weight among themselves', () => {
    const backup = { isBackup: true }
    const fixture = new GroupFixture([
      { isDown: true },
      { ...backup, weight: 5 },
      { ...backup, weight: 1 },
      { ...backup, weight: 1 },
    ])
    assert.equal(fixture.sequence(14), 'BBCBDBB'.repeat(2))
  })

  it('bans backups by their own failures', () => {
    const fixture = new GroupFixture([{ isDown: true }, { isBackup: true }, { isBackup: true }])
    assert.equal(fixture.request('failure'), 'B')
    assert.equal(fixture.sequence(3), 'CCC')
  })

  it('answers nobody when the backups are out too', () => {
    const fixture = new GroupFixture([{ isDown: true }, { isBackup: true }])
    fixture.request('failure')
    assert.equal(fixture.hasEligible(), false)
    assert.equal(fixture.pick(), '-')
  })

  it('returns to the primary with the next request once its ban is over', () => {
    const fixture = new GroupFixture([{}, { isBackup: true }])
    fixture.request('failure')
    assert.equal(fixture.request('success'), 'B')
    fixture.now = 11
    assert.equal(fixture.request('success'), 'A')
  })
})

describe('PeerGroup with max_conns', () => {
  it('passes a full peer by and comes back when a request ends', () => {
    const fixture = new GroupFixture([{ maxConns: 2 }, {}])
    assert.equal([1, 2, 3, 4, 5, 6].map(() => fixture.pick()).join(''), 'ABABBB')
    assert.equal(fixture.status('A').conns, 2)
    fixture.release('A')
    // B is owed one more from the round in which A was full.
    assert.equal(fixture.pick() + fixture.pick() + fixture.pick(), 'BAB')
  })

  it('answers nobody when all are full', () => {
    const fixture = new GroupFixture([{ maxConns: 1 }, { maxConns: 1 }])
    fixture.pick()
    fixture.pick()
    assert.equal(fixture.hasEligible(), false)
    assert.equal(fixture.pick(), '-')
  })
})

describe('PeerGroup', () => {
  it('serves nobody from an empty group', () => {
    const fixture = new GroupFixture([])
    assert.equal(fixture.pick(), '-')
    assert.equal(fixture.hasEligible(), false)
    assert.equal(fixture.group.triesMax, 0)
  })

  it('never gives a request the same peer twice, beyond 32 peers too', () => {
    const fixture = new GroupFixture(Array.from({ length: 100 }, () => ({})))
    const tried = new TriedSet()
    const picked = new Set<string>()
    for (let i = 0; i < 100; i++) picked.add(fixture.pick(tried))
    assert.equal(picked.size, 100)
    assert.equal(fixture.pick(tried), '-')
  })

  it('skips a peer taken out at run time and takes it back', () => {
    const fixture = new GroupFixture([{}, {}])
    fixture.main.setState(0, 'down', true)
    assert.equal(fixture.sequence(3), 'BBB')
    fixture.main.setState(0, 'down', false)
    assert.ok(fixture.sequence(2).includes('A'))
  })

  it('sees with two workers one group: the order is that of one', () => {
    const fixture = new GroupFixture([{ weight: 5 }, {}, {}])
    const other = new PeerGroup(
      fixture.zone,
      0,
      [5, 1, 1].map((weight, slot) => makePeer({ weight, slot })),
    )
    let order = ''
    for (let i = 0; i < 14; i++) {
      const group = i % 3 === 0 ? other : fixture.group
      order += 'ABC'[group.pick(new TriedSet(), fixture.nowSeconds)]
    }
    assert.equal(order, 'AABACAA'.repeat(2))
  })

  it('refuses a release that no pick of this worker began', () => {
    const fixture = new GroupFixture([{}, {}])
    assert.throws(() => fixture.release('A'), /ends a pick/)
    assert.throws(() => fixture.group.release(2, 'success', fixture.nowSeconds), /one of the group/)
    assert.equal(fixture.pick(), 'A', 'the lock is free')
  })

  it('refuses weights whose sum leaves 32 bits', () => {
    assert.throws(() => new GroupFixture([{ weight: 0x1fff_ffff }, {}]), /weights/)
  })
})
