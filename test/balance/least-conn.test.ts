// Weighted least connections: who has least in flight for its weight, and who among equals.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PeerGroup } from '../../src/balance/peer-group.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import { PeerZone } from '../../src/zone/peer-zone.ts'
import { GroupFixture, letterOf, makePeer, START_SECONDS } from './group-fixture.ts'

const LEAST_CONN = { kind: 'least_conn' } as const

describe('least_conn', () => {
  it('picks the peer with the fewest requests in flight', () => {
    const fixture = new GroupFixture([{}, {}, {}], LEAST_CONN)
    assert.equal(fixture.pick() + fixture.pick() + fixture.pick(), 'ABC')
    for (const letter of ['B', 'C', 'A']) {
      fixture.release(letter)
      assert.equal(fixture.pick(), letter)
    }
  })

  it('divides by the weight: 3 in flight of weight 4 are less than 1 of weight 1', () => {
    const fixture = new GroupFixture([{ weight: 4 }, { weight: 1 }], LEAST_CONN)
    const picks = Array.from({ length: 10 }, () => fixture.pick()).join('')
    assert.equal(picks.replaceAll('B', '').length, 8)
    assert.equal(fixture.status('B').conns, 2)
  })

  it('goes round among equals as smooth round robin does', () => {
    const fixture = new GroupFixture([{ weight: 5 }, {}, {}], LEAST_CONN)
    assert.equal(fixture.sequence(14), 'AABACAAAABACAA')
  })

  it('lets only those take their turn that are equal', () => {
    const fixture = new GroupFixture([{}, {}, {}], LEAST_CONN)
    fixture.pick()
    assert.equal(fixture.sequence(6), 'BCBCBC')
  })

  it('counts what other workers have in flight', () => {
    const fixture = new GroupFixture([{}, {}], LEAST_CONN)
    const other = new PeerZone(fixture.main.cells.buffer as SharedArrayBuffer, 1)
    const peers = [makePeer({ slot: 0 }), makePeer({ slot: 1 })]
    const group = new PeerGroup(other, 0, peers, { method: LEAST_CONN })
    assert.equal(letterOf(group.pick(new TriedSet(), START_SECONDS)), 'A')
    assert.equal(fixture.sequence(3), 'BBB')
  })
})
