// `random`: a weighted die. `random two`: two different peers by the die, and of these the less
// busy one (power of two choices). After twenty throws in vain round robin decides (nginx,
// ngx_http_upstream_random_module).

import type { Balancer } from './balancer.ts'
import { CumulativeWeights } from './cumulative-weights.ts'
import type { Dice } from './dice.ts'
import { MISSES_MAX } from './hashed-walk.ts'
import type { Scorer } from './least-score.ts'
import type { PeerList } from './peer-list.ts'
import { RoundRobin } from './round-robin.ts'
import type { TriedSet } from './tried.ts'

export class RandomPick implements Balancer {
  readonly #list: PeerList
  readonly #dice: Dice
  /** Chooses between two; null = the first is taken. */
  readonly #scorer: Scorer | null
  readonly #weights: CumulativeWeights
  readonly #otherwise: RoundRobin
  readonly #scores = new Float64Array(2)

  constructor(list: PeerList, dice: Dice, scorer: Scorer | null) {
    this.#list = list
    this.#dice = dice
    this.#scorer = scorer
    this.#weights = new CumulativeWeights(list)
    this.#otherwise = new RoundRobin(list)
  }

  pick(tried: TriedSet, at: number, _key: string, atMs: number): number {
    const list = this.#list
    const weights = this.#weights
    weights.refresh()
    let first = -1
    while (list.length > 1 && tried.misses <= MISSES_MAX) {
      const member = weights.find(this.#dice.below(weights.total))
      if (member === first || !list.isEligible(member, tried, at)) {
        tried.misses++
      } else if (this.#scorer === null) {
        return member
      } else if (first === -1) {
        first = member
      } else {
        this.#scorer.score(this.#scores, 0, first, at, atMs)
        this.#scorer.score(this.#scores, 1, member, at, atMs)
        return this.#scores[1]! > this.#scores[0]! ? first : member
      }
    }
    return this.#otherwise.pick(tried, at)
  }
}
