// The option that docs/decisions/004-shared-smooth-round-robin.md rejects, for the benchmark only:
// the order of one whole round is built beforehand, all workers step through it with one shared
// cursor. No lock: the cursor is all that a pick shares.

import { type GroupPeer, PeerList } from '../../../src/balance/peer-list.ts'
import type { TriedSet } from '../../../src/balance/tried.ts'
import { type PeerZone, zoneSeconds } from '../../../src/zone/peer-zone.ts'

/** Builds one round of smooth weighted round robin over peers that are all eligible. */
export function buildOrder(weights: readonly number[]): Int32Array {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const credits = weights.map(() => 0)
  return Int32Array.from({ length: total }, () => {
    let best = 0
    for (let peer = 0; peer < weights.length; peer++) {
      credits[peer]! += weights[peer]!
      if (credits[peer]! > credits[best]!) best = peer
    }
    credits[best]! -= total
    return best
  })
}

/** A group that picks by order and cursor. */
export class SharedCursor {
  readonly #cells: Int32Array
  readonly #order: Int32Array
  readonly #list: PeerList
  readonly #cursor: number
  readonly #ownConns: Int32Array

  /** @param cursorSlot a peer slot that no peer uses; its line holds the cursor */
  constructor(zone: PeerZone, peers: readonly GroupPeer[], cursorSlot: number) {
    this.#cells = zone.cells
    this.#order = buildOrder(peers.map(peer => peer.weight))
    this.#list = new PeerList(zone, 0, peers, false)
    this.#cursor = zone.peerLine(cursorSlot)
    this.#ownConns = Int32Array.from(peers, peer => zone.ownConnsCell(peer.slot))
  }

  pick(tried: TriedSet, nowSeconds: number): number {
    const at = zoneSeconds(nowSeconds)
    const { length } = this.#order
    for (let step = 0; step < length; step++) {
      const peer = this.#order[(Atomics.add(this.#cells, this.#cursor, 1) >>> 0) % length]!
      if (!this.#list.isEligible(peer, tried, at)) continue
      this.#cells[this.#ownConns[peer]!]!++
      tried.add(peer)
      return peer
    }
    return -1
  }

  release(peer: number): void {
    this.#cells[this.#ownConns[peer]!]!--
  }
}
