// What a fallback means to a group: when peers are merely busy, that one of them is not alone, and
// that nobody panics while something else answers.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GroupPeer } from '../../src/balance/peer-list.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import { NGINX_HEALTH } from '../../src/model/passive-health.ts'
import { ROUND_ROBIN } from '../../src/model/upstream.ts'
import { GroupFixture } from './group-fixture.ts'

const FULL: Partial<GroupPeer> = { maxConns: 1 }
const DOWN: Partial<GroupPeer> = { isDown: true }

interface Row {
  readonly what: string
  readonly peers: readonly Partial<GroupPeer>[]
  /** Requests that go on. */
  readonly picks: number
  /** Peers that a check has taken out since. */
  readonly down?: readonly number[]
  readonly tried?: readonly number[]
  readonly isBusy: boolean
}

const ROWS: readonly Row[] = [
  { what: 'a full peer', peers: [FULL, FULL], picks: 1, isBusy: true },
  { what: 'peers with room', peers: [FULL, FULL], picks: 0, isBusy: false },
  { what: 'a full peer that is down', peers: [FULL], picks: 1, down: [0], isBusy: false },
  { what: 'a full peer that was tried', peers: [FULL], picks: 1, tried: [0], isBusy: false },
  { what: 'a full backup', peers: [DOWN, { ...FULL, isBackup: true }], picks: 1, isBusy: true },
  {
    what: 'a full peer that drains',
    peers: [{ ...FULL, isDraining: true }],
    picks: 0,
    isBusy: false,
  },
]

describe('PeerGroup.isBusy', () => {
  for (const { what, peers, picks, down = [], tried = [], isBusy } of ROWS) {
    it(`${isBusy ? 'tells' : 'does not tell'} of ${what}`, () => {
      const fixture = new GroupFixture(peers)
      for (let i = 0; i < picks; i++) assert.notEqual(fixture.pick(), '-')
      for (const slot of down) fixture.main.setState(slot, 'unhealthy', true)
      const set = new TriedSet()
      for (const peer of tried) set.add(peer)
      assert.equal(fixture.group.isBusy(set, fixture.nowSeconds), isBusy)
    })
  }

  it('tells of a full peer that drains to who is bound to it', () => {
    const fixture = new GroupFixture([{ ...FULL, isDraining: true }, { isDown: true }])
    assert.equal(fixture.group.pick(new TriedSet(), fixture.nowSeconds, '', [0]), 0)
    assert.equal(fixture.group.isBusy(new TriedSet(), fixture.nowSeconds, [0]), true)
    assert.equal(fixture.group.isBusy(new TriedSet(), fixture.nowSeconds), false)
  })
})

describe('a group with a fallback', () => {
  it('bans its only peer, as with a backup', () => {
    const alone = new GroupFixture([{}])
    const helped = new GroupFixture([{}], ROUND_ROBIN, NGINX_HEALTH, true)
    for (const fixture of [alone, helped]) {
      assert.equal(fixture.pick(), 'A')
      fixture.release('A', 'failure')
    }
    assert.equal(alone.pick(), 'A')
    assert.equal(helped.pick(), '-')
    helped.now += 11
    assert.equal(helped.pick(), 'A')
  })

  const panicking = { ...NGINX_HEALTH, panicPercent: 60 }

  it('panics while a peer is usable, and not when none is', () => {
    for (const hasFallback of [false, true]) {
      const fixture = new GroupFixture([{}, {}], ROUND_ROBIN, panicking, hasFallback)
      fixture.main.setState(0, 'unhealthy', true)
      assert.match(fixture.sequence(8), /A/, 'half of the group is too little')
      fixture.main.setState(1, 'unhealthy', true)
      fixture.now += 1
      assert.match(fixture.sequence(8), hasFallback ? /^-+$/ : /^[AB]+$/)
      fixture.main.setState(1, 'unhealthy', false)
      fixture.now += 1
      assert.match(fixture.sequence(8), /^[AB]+$/)
    }
  })
})
