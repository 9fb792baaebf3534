// One round of the smooth weighted round robin, as nginx does it: every eligible member earns its
// effective weight, the richest is picked and pays what all earned together. It runs over a whole
// list, and over the few that another method could not tell apart.

import { PEER } from '../zone/layout.ts'
import type { PeerList } from './peer-list.ts'
import type { TriedSet } from './tried.ts'

/** A round over all members; the member picked, or -1. */
export function pickRound(list: PeerList, tried: TriedSet, at: number): number {
  const { cells, length } = list
  let best = -1
  let bestCredit = 0
  let earned = 0
  for (let member = 0; member < length; member++) {
    if (!list.isEligible(member, tried, at)) continue
    const line = list.lineOf(member)
    const effective = earn(cells, line)
    const credit = cells[line + PEER.currentWeight]!
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

/**
 * A round that `bound` wins whoever is richer, as in nginx 1.29.6: so what is bound to a peer counts
 * as its turns, and the rest goes to the others. Once it owes a whole round of all others it pays
 * no more, or a peer with many sessions would have nothing else for hours after they ended.
 */
export function chargeRound(list: PeerList, bound: number, tried: TriedSet, at: number): void {
  const { cells, length } = list
  const boundLine = list.lineOf(bound)
  let others = -cells[boundLine + PEER.weight]!
  for (let member = 0; member < length; member++) {
    others += cells[list.lineOf(member) + PEER.weight]!
  }
  if (cells[boundLine + PEER.currentWeight]! <= -others) return
  let earned = 0
  for (let member = 0; member < length; member++) {
    if (member !== bound && !list.isEligible(member, tried, at)) continue
    earned += earn(cells, list.lineOf(member))
  }
  cells[boundLine + PEER.currentWeight]! -= earned
}

/**
 * A round over `members[from…to)`, all of the same name; the member picked, or -1.
 */
export function pickRoundAmong(
  list: PeerList,
  members: Int32Array,
  from: number,
  to: number,
  tried: TriedSet,
  at: number,
): number {
  const { cells } = list
  let best = -1
  let bestCredit = 0
  let earned = 0
  for (let i = from; i < to; i++) {
    const member = members[i]!
    if (!list.isEligible(member, tried, at)) continue
    const line = list.lineOf(member)
    const effective = earn(cells, line)
    const credit = cells[line + PEER.currentWeight]!
    earned += effective
    if (best === -1 || credit > bestCredit) {
      best = member
      bestCredit = credit
    }
  }
  if (best !== -1) cells[list.lineOf(best) + PEER.currentWeight] = bestCredit - earned
  return best
}

/**
 * A round over the members from `first` on that have `score`, which the caller found to be several;
 * the member picked.
 */
export function pickRoundOfScore(
  list: PeerList,
  scores: Float64Array,
  score: number,
  first: number,
): number {
  const { cells, length } = list
  let best = first
  let bestCredit = 0
  let earned = 0
  for (let member = first; member < length; member++) {
    if (scores[member] !== score) continue
    const line = list.lineOf(member)
    earned += earn(cells, line)
    const credit = cells[line + PEER.currentWeight]!
    if (member === first || credit > bestCredit) {
      best = member
      bestCredit = credit
    }
  }
  cells[list.lineOf(best) + PEER.currentWeight] = bestCredit - earned
  return best
}

/** Adds the effective weight to the member's credit and gives back what it was. */
function earn(cells: Int32Array, line: number): number {
  let effective = cells[line + PEER.weight]!
  // A weight lowered at run time may be less than what failures took from the old one.
  const penalty = Math.min(cells[line + PEER.weightPenalty]!, effective)
  if (penalty > 0) {
    // What a failure took comes back by one with each round that considers the peer, from the
    // next round on.
    effective -= penalty
    cells[line + PEER.weightPenalty] = penalty - 1
  }
  cells[line + PEER.currentWeight]! += effective
  return effective
}
