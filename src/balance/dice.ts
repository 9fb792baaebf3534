// Random numbers for the balancer: xorshift128 (Marsaglia 2003), which is fast, allocates nothing
// and can be seeded, so that a test can repeat what it saw. Nothing secret hangs on them.

export class Dice {
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number) {
    // Splits the seed as splitmix32 does: four words of which not all are zero.
    let state = seed | 0
    const word = () => {
      state = (state + 0x9e3779b9) | 0
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
      return mixed ^ (mixed >>> 15)
    }
    this.#a = word()
    this.#b = word()
    this.#c = word()
    this.#d = word() | 1
  }

  /** A whole number from 0, below `limit`, which is from 1 to 2^31 − 1. */
  below(limit: number): number {
    const mixed = this.#a ^ (this.#a << 11)
    this.#a = this.#b
    this.#b = this.#c
    this.#c = this.#d
    this.#d = this.#d ^ (this.#d >>> 19) ^ mixed ^ (mixed >>> 8)
    return Math.trunc(((this.#d >>> 0) / 2 ** 32) * limit)
  }
}
