// Smooth weighted round robin. Small lists go by nginx's own loop (smooth-round.ts), to the pick
// the same. That loop looks at every peer; from a certain length on a list goes by a rotation
// instead, which costs the same for any length (rotation.ts). Either way the state lies in the
// zone, so the shares are exact over all workers together:
// docs/decisions/004-shared-smooth-round-robin.md.

import type { Balancer } from './balancer.ts'
import type { PeerList } from './peer-list.ts'
import { Rotation } from './rotation.ts'
import { chargeRound, pickRound } from './smooth-round.ts'
import type { TriedSet } from './tried.ts'

/** Members up to which the exact loop runs: there it takes about two microseconds. */
export const EXACT_MEMBERS_MAX = 128

export class RoundRobin implements Balancer {
  readonly #list: PeerList
  readonly #rotation: Rotation | null

  constructor(list: PeerList) {
    this.#list = list
    this.#rotation = list.length > EXACT_MEMBERS_MAX ? new Rotation(list) : null
  }

  pick(tried: TriedSet, at: number): number {
    const rotation = this.#rotation
    if (rotation !== null) {
      const member = rotation.pick(tried, at)
      if (member !== -1) return member
    }
    return pickRound(this.#list, tried, at)
  }

  /** A rotation has no credit to pay with: there the others get their shares of the rest. */
  charge(member: number, tried: TriedSet, at: number): void {
    if (this.#rotation === null) chargeRound(this.#list, member, tried, at)
  }
}
