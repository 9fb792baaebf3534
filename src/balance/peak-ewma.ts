// Peak EWMA (Finagle, Linkerd): the expected time is a moving average that jumps to a peak at once
// and forgets it over ten seconds, times the requests in flight. Against `least_time` it turns away
// from a peer that stalls after one answer instead of after twenty.

import { PEER, TIME_UNITS_PER_MS } from '../zone/layout.ts'
import type { Scorer } from './least-score.ts'
import type { PeerList } from './peer-list.ts'
import { shareLeft } from './response-times.ts'

/**
 * A peer that nobody measured yet gets one request at once, and then, until its first answer, no
 * other while one that is known is faster than this.
 */
const UNKNOWN_TIME = 3_600_000 * TIME_UNITS_PER_MS

export class PeakScorer implements Scorer {
  readonly #list: PeerList

  constructor(list: PeerList) {
    this.#list = list
  }

  score(scores: Float64Array, place: number, member: number, _at: number, atMs: number): void {
    const list = this.#list
    const { cells } = list
    const line = list.lineOf(member)
    const conns = list.connsOf(member)
    const peak = cells[line + PEER.responseTime]!
    const weight = cells[line + PEER.weight]!
    const age = (atMs - cells[line + PEER.timedAt]!) | 0
    const known = peak === 0 ? UNKNOWN_TIME : peak * shareLeft(age)
    const time = peak === 0 && conns === 0 ? 0 : known
    scores[place] = (time * (1 + conns)) / weight
  }
}
