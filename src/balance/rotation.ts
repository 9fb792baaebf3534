// Round robin over many peers at a cost that hardly grows with them. The members lie on a line,
// each as long as its weight; a position in the zone goes round it in steps of about 0.618 of its
// length, a number that shares no factor with the length. So every unit of weight is met exactly
// once in a round of total-weight picks, wherever it starts, and, as with any multiple of the
// golden ratio (three-gap theorem), the picks of one peer never come in runs. Why, and what differs
// from the exact order: docs/decisions/004-shared-smooth-round-robin.md.

import { GROUP, PEER } from '../zone/layout.ts'
import { CumulativeWeights } from './cumulative-weights.ts'
import type { PeerList } from './peer-list.ts'
import type { TriedSet } from './tried.ts'

const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2
/** Positions looked at before the caller has to look at every member: nearly all are out then. */
const STEPS_MAX = 128

export class Rotation {
  readonly #list: PeerList
  readonly #weights: CumulativeWeights
  readonly #cell: number
  readonly #retryCell: number
  #step: number

  constructor(list: PeerList) {
    this.#list = list
    this.#weights = new CumulativeWeights(list)
    this.#step = stepFor(this.#weights.total)
    this.#cell = list.groupLine + (list.isBackups ? GROUP.backupPosition : GROUP.position)
    this.#retryCell = list.groupLine + GROUP.retryPosition
  }

  /** The next eligible member; -1 when none was met, which does not mean that there is none. */
  pick(tried: TriedSet, at: number): number {
    const list = this.#list
    const weights = this.#weights
    if (weights.refresh()) this.#step = stepFor(weights.total)
    const { total } = weights
    // Second tries have a position of their own: on the same one they would fall into step with
    // the first, and a failing peer could be what every request begins with.
    const cell = tried.count === 0 ? this.#cell : this.#retryCell
    let position = list.cells[cell]!
    // Another generation may have left a position of a longer line.
    if (position >= total) position %= total
    for (let step = 0; step < STEPS_MAX; step++) {
      position += this.#step
      if (position >= total) position -= total
      const member = weights.find(position)
      if (!list.isEligible(member, tried, at)) continue
      if (!this.#isPaid(member, position)) continue
      list.cells[cell] = position
      return member
    }
    list.cells[cell] = position
    return -1
  }

  /**
   * Whether the position falls on what failures left of the weight. A round gives back one unit;
   * between two visits lie as many rounds as the line is longer than the member's stretch.
   */
  #isPaid(member: number, position: number): boolean {
    const { cells } = this.#list
    const line = this.#list.lineOf(member)
    const penalty = cells[line + PEER.weightPenalty]!
    if (penalty === 0) return true
    const rounds = Math.trunc(this.#weights.total / Math.max(1, cells[line + PEER.weight]!))
    cells[line + PEER.weightPenalty] = Math.max(0, penalty - rounds)
    return position - this.#weights.startOf(member) >= penalty
  }
}

/** A step of about 0.618 of a line that shares no factor with its length. */
function stepFor(total: number): number {
  const wanted = Math.max(1, Math.round(total * GOLDEN_RATIO))
  for (let distance = 0; distance < total; distance++) {
    if (isCoprime(wanted + distance, total)) return (wanted + distance) % total || 1
    if (wanted > distance && isCoprime(wanted - distance, total)) return wanted - distance
  }
  return 1
}

function isCoprime(a: number, b: number): boolean {
  let [greater, smaller] = a > b ? [a, b] : [b, a]
  while (smaller !== 0) [greater, smaller] = [smaller, greater % smaller]
  return greater === 1
}
