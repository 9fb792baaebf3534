// What threads count for one cache, in rows of their own: a hit is one plain addition to a line that no other thread
// writes. Whoever asks adds the rows up. Counters go on when a worker dies: the next one of its index has its row.

import { CACHE_HEADER, CACHE_ROW, ROW_CELLS, rowOf, rowsEnd } from './cache-layout.ts'

/** Number of each counter: `counters.add(CACHE_COUNTER.hits, 1)`. */
export const CACHE_COUNTER = {
  /** Requests by what `$upstream_cache_status` says of them. */
  hits: 0,
  misses: 1,
  bypasses: 2,
  expired: 3,
  stale: 4,
  updating: 5,
  revalidated: 6,
  /** Of the hits, those that needed no file. */
  memoryHits: 7,
  /** Body bytes answered from the cache, and those that came from peers. */
  hitBytes: 8,
  missBytes: 9,
  /** Responses stored, and those that should have been and were not. */
  stores: 10,
  storeFailures: 11,
  /** Responses removed for want of room, of use, and on command. */
  evictions: 12,
  inactive: 13,
  purges: 14,
  /** Waits for another one's fetch, and requests that waited for one in vain. */
  lockWaits: 15,
  lockTimeouts: 16,
  /** Files that were not what they should be. */
  corrupt: 17,
  /** Files that were there at the start: those taken in, and those removed. */
  loaded: 18,
  rejected: 19,
} as const

export type CacheCounterName = keyof typeof CACHE_COUNTER
export type CacheCounter = (typeof CACHE_COUNTER)[CacheCounterName]

const NAMES = Object.keys(CACHE_COUNTER) as CacheCounterName[]

/** One thread's view of the counters of one cache. */
export class CacheCounters {
  readonly #cells: Int32Array
  readonly #numbers: Float64Array
  readonly #own: number

  /** @param thread a worker's index, `CACHE_THREAD`, or -1 for the main thread */
  constructor(buffer: SharedArrayBuffer, thread: number) {
    this.#cells = new Int32Array(buffer)
    this.#numbers = new Float64Array(buffer)
    this.#own = rowOf(thread) + CACHE_ROW.counters
  }

  /** Adds to a counter. */
  add(counter: CacheCounter, amount: number): void {
    this.#numbers[this.#own + counter]! += amount
  }

  /** All counters over all threads. */
  totals(): Record<CacheCounterName, number> {
    const totals = {} as Record<CacheCounterName, number>
    for (const name of NAMES) totals[name] = this.sum(CACHE_ROW.counters + CACHE_COUNTER[name])
    return totals
  }

  /** One cell of `CACHE_ROW` over all threads. */
  sum(cell: number): number {
    const numbers = this.#numbers
    const end = rowsEnd(Atomics.load(this.#cells, CACHE_HEADER.workersUsed))
    let sum = 0
    for (let row = rowOf(-1); row < end; row += ROW_CELLS) sum += numbers[row + cell]!
    return sum
  }
}
