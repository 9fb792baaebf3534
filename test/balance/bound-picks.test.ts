// Requests that are bound to a peer by a session: what they may take that others may not, and what they leave to others.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EXACT_MEMBERS_MAX } from '../../src/balance/round-robin.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import type { Method } from '../../src/model/upstream.ts'
import { GroupFixture, indexOf, letterOf } from './group-fixture.ts'

/** Picks for a request that is bound to these peers; '-' when nobody is eligible. */
function pickBound(fixture: GroupFixture, letters: string, tried = new TriedSet()): string {
  const bound = [...letters].map(indexOf)
  const peer = fixture.group.pick(tried, fixture.nowSeconds, '', bound)
  return peer === -1 ? '-' : letterOf(peer)
}

describe('PeerGroup with bound requests', () => {
  it('sends them to their peer, whoever the turn would be', () => {
    const fixture = new GroupFixture([{}, {}, {}])
    for (let i = 0; i < 7; i++) assert.equal(pickBound(fixture, 'C'), 'C')
    assert.equal(fixture.status('C').conns, 7)
  })

  const elsewhere: readonly { readonly name: string; readonly make: () => GroupFixture }[] = [
    { name: 'is down', make: () => new GroupFixture([{}, { isDown: true }]) },
    {
      name: 'is full',
      make: () => {
        const fixture = new GroupFixture([{}, { maxConns: 1 }])
        assert.equal(pickBound(fixture, 'B'), 'B')
        return fixture
      },
    },
    {
      name: 'is banned',
      make: () => {
        const fixture = new GroupFixture([{}, {}])
        assert.equal(pickBound(fixture, 'B'), 'B')
        assert.equal(fixture.release('B', 'failure'), 'ejected')
        return fixture
      },
    },
    {
      name: 'was taken out by a check',
      make: () => {
        const fixture = new GroupFixture([{}, {}])
        fixture.main.setState(1, 'unhealthy', true)
        return fixture
      },
    },
    {
      name: 'is a backup while a primary is there',
      make: () => new GroupFixture([{}, { isBackup: true }]),
    },
  ]
  for (const { name, make } of elsewhere) {
    it(`picks anew when their peer ${name}`, () => assert.equal(pickBound(make(), 'B'), 'A'))
  }

  it('picks anew when their peer was tried', () => {
    const fixture = new GroupFixture([{}, {}])
    const tried = new TriedSet()
    assert.equal(pickBound(fixture, 'B', tried), 'B')
    assert.equal(pickBound(fixture, 'B', tried), 'A')
    assert.equal(pickBound(fixture, 'B', tried), '-')
  })

  it('takes their backup when only backups are left', () => {
    const backup = { isBackup: true }
    const fixture = new GroupFixture([{ isDown: true }, backup, backup, backup])
    for (let i = 0; i < 4; i++) assert.equal(pickBound(fixture, 'D'), 'D')
  })

  it('takes the first of several that can be picked', () => {
    const fixture = new GroupFixture([{}, { isDown: true }, {}])
    assert.equal(pickBound(fixture, 'BC'), 'C')
  })

  const draining: readonly { readonly name: string; readonly make: () => GroupFixture }[] = [
    { name: 'by the configuration', make: () => new GroupFixture([{}, { isDraining: true }]) },
    {
      name: 'by an operator',
      make: () => {
        const fixture = new GroupFixture([{}, {}])
        fixture.main.setState(1, 'draining', true)
        return fixture
      },
    },
    {
      name: 'and alone',
      make: () => new GroupFixture([{ isDown: true }, { isDraining: true }]),
    },
  ]
  for (const { name, make } of draining) {
    it(`still get a peer that drains ${name}`, () => {
      const fixture = make()
      for (let i = 0; i < 3; i++) assert.equal(pickBound(fixture, 'B'), 'B')
      assert.notEqual(fixture.pick(), 'B')
      assert.ok(fixture.group.isDraining(indexOf('B')))
      assert.ok(!fixture.group.isDraining(indexOf('A')))
    })
  }

  it('still get a peer that a check took out for everybody else', () => {
    const fixture = new GroupFixture([{}, {}])
    fixture.main.setState(1, 'quiesced', true)
    assert.ok(fixture.group.isFoundDown(indexOf('B')))
    for (let i = 0; i < 3; i++) {
      assert.equal(pickBound(fixture, 'B'), 'B')
      assert.equal(fixture.pick(), 'A')
    }
    fixture.main.setState(1, 'quiesced', false)
    assert.ok(!fixture.group.isFoundDown(indexOf('B')))
    const picks = Array.from({ length: 6 }, () => fixture.pick())
    assert.ok(picks.includes('B'), 'it is one of them again')
  })

  it('get the only peer of a group while it drains, and nobody else does', () => {
    const fixture = new GroupFixture([{ isDraining: true }])
    assert.equal(pickBound(fixture, 'A'), 'A')
    assert.equal(fixture.pick(), '-')
  })

  it('do not get a draining peer that is down as well', () => {
    const fixture = new GroupFixture([{}, {}])
    fixture.main.setState(1, 'draining', true)
    fixture.main.setState(1, 'down', true)
    assert.equal(pickBound(fixture, 'B'), 'A')
  })

  it('count as turns of their peer, so the others get the rest', () => {
    const fixture = new GroupFixture([{}, {}, {}])
    const letters: string[] = []
    for (let i = 0; i < 4; i++) {
      assert.equal(pickBound(fixture, 'A'), 'A')
      letters.push(fixture.pick(), fixture.pick())
    }
    assert.deepEqual(letters.join(''), 'BCBCBCBC')
  })

  it('leave a debt of one round at most', () => {
    const fixture = new GroupFixture([{}, {}, {}])
    for (let i = 0; i < 1000; i++) pickBound(fixture, 'A')
    const letters = fixture.sequence(9)
    assert.ok(letters.indexOf('A') <= 5, letters)
  })

  it('leave no debt with other methods and in large groups', () => {
    const least: Method = { kind: 'least_conn' }
    const small = new GroupFixture([{}, {}], least)
    assert.equal(pickBound(small, 'B'), 'B')
    small.release('B')
    assert.equal(small.pick(), 'A')
    const large = new GroupFixture(Array.from({ length: EXACT_MEMBERS_MAX + 1 }, () => ({})))
    for (let i = 0; i < 5; i++) assert.equal(pickBound(large, 'C'), 'C')
  })
})
