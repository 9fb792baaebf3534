// How long answers of one upstream take in this worker, as a histogram with buckets that widen: enough to know a
// percentile within an eighth, in memory that never grows. Old answers fade, so that it follows a group that changes.

/** Buckets per doubling. */
const STEPS = 8
/** Up to 2^20 ms, a quarter of an hour. */
const BUCKETS = 20 * STEPS
/** With so many answers the counts are halved. */
const FADE_AT = 2_000
/** With fewer nothing is known. */
const LEAST = 50

export class UsualTimes {
  readonly #counts = new Float64Array(BUCKETS)
  #total = 0

  /** Counts an answer that took `ms`. */
  add(ms: number): void {
    this.#counts[bucketOf(ms)]! += 1
    this.#total++
    if (this.#total < FADE_AT) return
    for (let i = 0; i < BUCKETS; i++) this.#counts[i]! /= 2
    this.#total /= 2
  }

  /** The time that `percent` of the answers did not exceed, in milliseconds; -1 while too few came. */
  percentile(percent: number): number {
    if (this.#total < LEAST) return -1
    let left = (this.#total * percent) / 100
    for (let i = 0; i < BUCKETS; i++) {
      left -= this.#counts[i]!
      if (left <= 0) return Math.ceil(2 ** ((i + 1) / STEPS))
    }
    return 2 ** (BUCKETS / STEPS)
  }
}

function bucketOf(ms: number): number {
  return ms < 1 ? 0 : Math.min(BUCKETS - 1, Math.floor(Math.log2(ms) * STEPS))
}
