// Who says what is wrong with the disk of a cache: it goes wrong for all workers at once, and one line says it for all.

import { CACHE_HEADER } from './cache-layout.ts'
import { zoneSeconds } from './peer-zone.ts'

export type TroubleKind = 'read' | 'write'

/** One kind of trouble of one cache, as all threads count it. */
export class CacheTrouble {
  readonly #cells: Int32Array
  readonly #quiet: number
  readonly #unsaid: number

  /** @param cells of the zone */
  constructor(cells: Int32Array, kind: TroubleKind) {
    this.#cells = cells
    this.#quiet = CACHE_HEADER[`${kind}Quiet`]
    this.#unsaid = CACHE_HEADER[`${kind}Unsaid`]
  }

  /**
   * Asks whether this thread shall say it.
   *
   * @returns how often it was not said since the last time; -1 = it was said less than `quietSeconds` ago, and this time is
   * counted
   */
  claim(nowSeconds: number, quietSeconds: number): number {
    const cells = this.#cells
    const now = zoneSeconds(nowSeconds)
    const until = Atomics.load(cells, this.#quiet)
    const left = (until - now) | 0
    // What lies further ahead is from before the clock was set back.
    const isQuiet = left > 0 && left <= quietSeconds
    const next = (now + quietSeconds) | 0
    if (isQuiet || Atomics.compareExchange(cells, this.#quiet, until, next) !== until) {
      Atomics.add(cells, this.#unsaid, 1)
      return -1
    }
    return Atomics.exchange(cells, this.#unsaid, 0)
  }
}
