// Random numbers that come again: a failing test prints its seed, and the same seed gives the same test.

import type { TestContext } from 'node:test'

export class SeededRandom {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed
    this.#state = seed >>> 0
  }

  /** A whole number from 0 to below `limit` (mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }

  /** One of the items. */
  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  /** `text` cut into at most `piecesMax` pieces at random places. */
  split(text: string, piecesMax: number): string[] {
    const cuts = new Set<number>()
    for (let i = this.below(piecesMax); i > 0; i--) cuts.add(1 + this.below(text.length))
    const places = [0, ...[...cuts].sort((a, b) => a - b), text.length]
    return places
      .slice(1)
      .map((end, index) => text.slice(places[index], end))
      .filter(piece => piece !== '')
  }
}

/** The seed of this run: `SEED` in the environment, else one that the test names when it fails. */
export function seedFor(t: TestContext): SeededRandom {
  const given = process.env.SEED
  const seed = given === undefined ? (Math.random() * 2 ** 32) >>> 0 : Number(given)
  t.diagnostic(`SEED=${seed}`)
  return new SeededRandom(seed)
}
