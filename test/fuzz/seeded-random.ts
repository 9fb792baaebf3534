// Random numbers from a seed, so that a run that found something can be run again. FUZZ_SEED and
// FUZZ_COUNT go further than the fixed run of the tests; a failing message prints both.

/** Numbers that depend on the seed alone (mulberry32). */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** A whole number from 0 up to, not with, `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit)
  }

  /** True once in `times` on average. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  /** One of the list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!
  }
}

/** The seed of this run. */
export const FUZZ_SEED = Number(process.env.FUZZ_SEED ?? 20_261_121)

/** How many inputs each fuzz test tries. */
export const FUZZ_COUNT = Number(process.env.FUZZ_COUNT ?? 30_000)
