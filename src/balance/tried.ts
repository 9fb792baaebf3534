// The peers that one request was already sent to, as a bitmap of indices in the group. Up to 32
// peers fit one integer; more take an array that grows once and is kept, since the object serves
// one request after another. It also remembers that the request went over to the backups: from then
// on it sees only those, as in nginx.

/** Peers tried by one request. Reused: `clear()` before each request. */
export class TriedSet {
  #low = 0
  /** Bits from index 32 on; null until such an index came. */
  #high: Int32Array | null = null
  #isOnBackups = false

  /** Whether the request went over to the backups. */
  get isOnBackups(): boolean {
    return this.#isOnBackups
  }

  has(peer: number): boolean {
    if (peer < 32) return ((this.#low >>> peer) & 1) !== 0
    if (this.#high === null) return false
    const word = this.#high[(peer >>> 5) - 1]
    return word !== undefined && ((word >>> (peer & 31)) & 1) !== 0
  }

  add(peer: number): void {
    if (peer < 32) this.#low |= 1 << peer
    else this.#addHigh(peer)
  }

  /** Empties the set for a new request. */
  clear(): void {
    this.#low = 0
    this.#high?.fill(0)
    this.#isOnBackups = false
  }

  /** Empties the set; only backups count from now on. */
  switchToBackups(): void {
    this.clear()
    this.#isOnBackups = true
  }

  #addHigh(peer: number): void {
    const word = (peer >>> 5) - 1
    if (this.#high === null || word >= this.#high.length) {
      const grown = new Int32Array(Math.max(word + 1, 2 * (this.#high?.length ?? 0)))
      if (this.#high !== null) grown.set(this.#high)
      this.#high = grown
    }
    this.#high[word]! |= 1 << (peer & 31)
  }
}
