// A group of peers in a zone of its own, for the tests of this folder: peers go by letters in the
// order of the configuration, and the time moves only when told.

import type { Outcome } from '../../src/balance/outcome.ts'
import { PeerGroup } from '../../src/balance/peer-group.ts'
import type { GroupPeer } from '../../src/balance/peer-list.ts'
import { TriedSet } from '../../src/balance/tried.ts'
import { NGINX_HEALTH, type PassiveHealth } from '../../src/model/passive-health.ts'
import { type Method, PLAIN_PEER, ROUND_ROBIN } from '../../src/model/upstream.ts'
import { createPeerZone, type PeerStatus, PeerZone } from '../../src/zone/peer-zone.ts'

/** Any wall second; later than the zone's epoch, like every real one. */
export const START_SECONDS = 1_800_000_000

/** Fills in nginx's defaults. The slot is left to `GroupFixture`. */
export function makePeer(peer: Partial<GroupPeer> = {}): GroupPeer {
  return {
    ...PLAIN_PEER,
    slot: 0,
    name: `10.0.0.${1 + (peer.slot ?? 0)}:80`,
    ...peer,
  }
}

export class GroupFixture {
  readonly main: PeerZone
  readonly zone: PeerZone
  readonly group: PeerGroup
  /** Seconds since the start of the test; may have a fraction. */
  now = 0

  constructor(
    peers: readonly Partial<GroupPeer>[],
    method: Method = ROUND_ROBIN,
    health: PassiveHealth = NGINX_HEALTH,
    hasFallback = false,
  ) {
    const buffer = createPeerZone()
    this.main = new PeerZone(buffer, -1)
    this.zone = new PeerZone(buffer, 0)
    const made = peers.map((peer, slot) => makePeer({ ...peer, slot }))
    this.main.initializeGroup(
      0,
      made.map(({ slot, weight }) => ({ slot, weight })),
    )
    this.group = new PeerGroup(this.zone, 0, made, { method, health, hasFallback })
  }

  get nowSeconds(): number {
    return START_SECONDS + this.now
  }

  /** Picks for one request; '-' when nobody is eligible. */
  pick(tried: TriedSet = new TriedSet(), key = ''): string {
    const peer = this.group.pick(tried, this.nowSeconds, key)
    return peer === -1 ? '-' : letterOf(peer)
  }

  /** Ends a try. */
  release(letter: string, outcome: Outcome = 'success'): string | null {
    return this.group.release(indexOf(letter), outcome, this.nowSeconds)
  }

  /** Ends a try that went well and took so long until now. */
  finish(letter: string, headerMs: number, responseMs = headerMs): void {
    const peer = indexOf(letter)
    const now = this.nowSeconds
    const pickedAt = now - responseMs / 1000
    this.group.times?.onHeader(peer, pickedAt)
    this.group.times?.onEnd(peer, pickedAt, true, headerMs, responseMs, now)
    this.release(letter)
  }

  /** Picks for `count` requests one after another, each of which succeeds. */
  sequence(count: number): string {
    let letters = ''
    for (let i = 0; i < count; i++) {
      const letter = this.pick()
      letters += letter
      if (letter !== '-') this.release(letter)
    }
    return letters
  }

  /** One request that succeeds or fails at the first peer that it gets; the peer, or '-'. */
  request(outcome: Outcome): string {
    const letter = this.pick()
    if (letter !== '-') this.release(letter, outcome)
    return letter
  }

  hasEligible(tried: TriedSet = new TriedSet()): boolean {
    return this.group.hasEligible(tried, this.nowSeconds)
  }

  status(letter: string): PeerStatus {
    return this.main.snapshotPeer(indexOf(letter))
  }
}

export function letterOf(peer: number): string {
  return String.fromCharCode(0x41 /* A */ + peer)
}

export function indexOf(letter: string): number {
  return letter.charCodeAt(0) - 0x41 /* A */
}
