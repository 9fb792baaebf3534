// Smooth weighted round robin as nginx does it: in each round every eligible peer earns its
// effective weight, the richest is picked and pays what all earned together. Weights 5,1,1 give A A
// B A C A A, not five A in a row. Credit and effective weight lie in the zone, so the order is
// exact over all workers together; why not a precomputed order with a shared cursor:
// docs/decisions/004-shared-smooth-round-robin.md.

import { PEER } from '../zone/layout.ts'
import type { Balancer } from './balancer.ts'
import type { PeerList } from './peer-list.ts'
import type { TriedSet } from './tried.ts'

/** Makes the method `round_robin`; it has no state outside the zone. */
export function makeRoundRobin(): Balancer {
  return { pick }
}

function pick(list: PeerList, tried: TriedSet, at: number): number {
  const { cells, length } = list
  let best = -1
  let bestCredit = 0
  let earned = 0
  for (let member = 0; member < length; member++) {
    if (!list.isEligible(member, tried, at)) continue
    const line = list.lineOf(member)
    let effective = cells[line + PEER.weight]!
    // A weight lowered at run time may be less than what failures took from the old one.
    const penalty = Math.min(cells[line + PEER.weightPenalty]!, effective)
    if (penalty > 0) {
      // What a failure took comes back by one with each round that considers the peer, from the
      // next round on.
      effective -= penalty
      cells[line + PEER.weightPenalty] = penalty - 1
    }
    const credit = cells[line + PEER.currentWeight]! + effective
    cells[line + PEER.currentWeight] = credit
    earned += effective
    // Strictly richer: among equals the earlier in the configuration wins.
    if (best === -1 || credit > bestCredit) {
      best = member
      bestCredit = credit
    }
  }
  if (best !== -1) cells[list.lineOf(best) + PEER.currentWeight] = bestCredit - earned
  return best
}
