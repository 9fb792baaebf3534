// Weighted least connections: requests in flight over all workers, divided by the weight. Both are
// whole numbers well below 2^26, so equal fractions give equal quotients and different ones
// different quotients: comparing these is comparing the cross products.

import { PEER } from '../zone/layout.ts'
import type { Scorer } from './least-score.ts'
import type { PeerList } from './peer-list.ts'

export class ConnectionCount implements Scorer {
  readonly #list: PeerList

  constructor(list: PeerList) {
    this.#list = list
  }

  score(scores: Float64Array, place: number, member: number): void {
    const list = this.#list
    scores[place] = list.connsOf(member) / list.cells[list.lineOf(member) + PEER.weight]!
  }
}
