// `least_time`: the least measured time, times the requests that a peer has to work off, divided by
// its weight (nginx 1.31, ngx_http_upstream_least_time_module). A peer that was not picked for
// longer than its fail_timeout counts half with each further one, so that a slow peer gets the
// chance to show that it is fast again.

import { PEER, TIME_UNITS_PER_MS } from '../zone/layout.ts'
import type { Scorer } from './least-score.ts'
import type { PeerList } from './peer-list.ts'
import { type TimeCell, waitingMs } from './response-times.ts'

/** Slower ones are equally bad: among them the requests in flight decide. */
const TIME_MS_MAX = 5_000
/** Times within one such step are equal, so that near ones take turns. */
const STEP_MS = 20

export class TimeScorer implements Scorer {
  readonly #list: PeerList
  readonly #cell: TimeCell
  readonly #countsInflight: boolean

  /** @param countsInflight look also at how long those in flight have waited */
  constructor(list: PeerList, cell: TimeCell, countsInflight: boolean) {
    this.#list = list
    this.#cell = cell
    this.#countsInflight = countsInflight
  }

  score(scores: Float64Array, place: number, member: number, at: number, atMs: number): void {
    const list = this.#list
    const { cells } = list
    const line = list.lineOf(member)
    let time = Math.trunc(cells[line + this.#cell]! / TIME_UNITS_PER_MS)
    const idle = at - cells[line + PEER.checked]!
    const period = list.failTimeoutOf(member)
    if (idle > period) {
      const halvings = Math.trunc(idle / (period + 1))
      time = halvings > 31 ? 0 : time >> halvings
    }
    if (this.#countsInflight) time = Math.max(time, waitingMs(cells, line, atMs))
    time = time > TIME_MS_MAX ? TIME_MS_MAX : time + STEP_MS - (time % STEP_MS)
    scores[place] = (time * (1 + list.connsOf(member))) / cells[line + PEER.weight]!
  }
}
