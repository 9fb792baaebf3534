// The methods that compare peers: the eligible one with the least score is picked; those that score
// the same take turns by a smooth weighted round among them only, as in nginx. What a score is, a
// `Scorer` says: requests in flight, measured times.

import type { Balancer } from './balancer.ts'
import type { PeerList } from './peer-list.ts'
import { pickRoundOfScore } from './smooth-round.ts'
import type { TriedSet } from './tried.ts'

/** Says how busy a member is; less is better. */
export interface Scorer {
  /**
   * Writes the score of a member into `scores[place]`: a result would cost an object for each.
   *
   * @param at zone seconds
   * @param atMs zone milliseconds
   */
  score(scores: Float64Array, place: number, member: number, at: number, atMs: number): void
}

export class LeastScore implements Balancer {
  readonly #list: PeerList
  readonly #scorer: Scorer
  readonly #scores: Float64Array

  constructor(list: PeerList, scorer: Scorer) {
    this.#list = list
    this.#scorer = scorer
    this.#scores = new Float64Array(list.length)
  }

  pick(tried: TriedSet, at: number, _key: string, atMs: number): number {
    const list = this.#list
    const scores = this.#scores
    let best = -1
    let least = Number.POSITIVE_INFINITY
    let isTie = false
    for (let member = 0; member < list.length; member++) {
      if (!list.isEligible(member, tried, at)) {
        scores[member] = Number.NaN
        continue
      }
      this.#scorer.score(scores, member, member, at, atMs)
      const score = scores[member]!
      if (best === -1 || score < least) {
        best = member
        least = score
        isTie = false
      } else if (score === least) {
        isTie = true
      }
    }
    return isTie ? pickRoundOfScore(list, scores, least, best) : best
  }
}
