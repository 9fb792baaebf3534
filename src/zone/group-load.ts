// How many requests a group has in hand, and how many of these are on more than their first try, over all workers: what a
// budget of further tries is a share of. Each worker counts in a row of its own with plain stores, so that a first try
// costs two of them; only who wants a further try takes the group's lock and adds the rows up.

import { assert } from '../base/assert.ts'
import { HEADER } from './layout.ts'
import { loadCell, type PeerZone } from './peer-zone.ts'

// Places in the cells of one worker and group.
const REQUESTS = 0
const RETRYING = 1

/** One group as one worker counts it. */
export class GroupLoad {
  readonly #zone: PeerZone
  readonly #cells: Int32Array
  readonly #group: number
  readonly #own: number

  /** @param group the group's slot in the zone */
  constructor(zone: PeerZone, group: number) {
    assert(zone.worker >= 0, 'the main thread has no requests in hand')
    // Only groups that are used are cleared when a worker ends.
    zone.enrollGroup(group)
    this.#zone = zone
    this.#cells = zone.cells
    this.#group = group
    this.#own = loadCell(zone.worker, group)
  }

  /** A request begins; `onEnd` follows. */
  onBegin(): void {
    this.#cells[this.#own + REQUESTS]!++
  }

  onEnd(): void {
    this.#cells[this.#own + REQUESTS]!--
  }

  /** Requests in hand over all workers; those of other threads as of a moment ago. */
  get requests(): number {
    return this.#sum(REQUESTS)
  }

  /** Requests on more than their first try, over all workers. */
  get retrying(): number {
    return this.#sum(RETRYING)
  }

  /** Counts a request that goes on to a further try unless so many do already; `giveRetry` follows where it may. */
  takeRetry(most: number): boolean {
    this.#zone.lock(this.#group)
    const isFree = this.#sum(RETRYING) < most
    if (isFree) this.#cells[this.#own + RETRYING]!++
    this.#zone.unlock(this.#group)
    return isFree
  }

  giveRetry(): void {
    this.#cells[this.#own + RETRYING]!--
  }

  #sum(field: number): number {
    const workers = this.#cells[HEADER.workersUsed]!
    let sum = 0
    for (let worker = 0; worker < workers; worker++) {
      sum += this.#cells[loadCell(worker, this.#group) + field]!
    }
    return sum
  }
}
