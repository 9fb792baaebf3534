// What a client has sent ahead: the rest of a head, a body that nobody has asked for yet, the next request. Bytes that
// came with a head are first only pointed at, since most bodies are wanted at once; what is left of them when the read
// ends is copied.

export class ReadAhead {
  #bytes: Buffer | null = null
  #isBorrowed = false

  get isEmpty(): boolean {
    return this.#bytes === null
  }

  get length(): number {
    return this.#bytes === null ? 0 : this.#bytes.length
  }

  /** Points at bytes[from, to); the read that they belong to ends with `own`. Nothing is kept before. */
  borrow(bytes: Buffer, from: number, to: number): void {
    this.#bytes = bytes.subarray(from, to)
    this.#isBorrowed = true
  }

  /** Copies what is only pointed at. */
  own(): void {
    if (!this.#isBorrowed) return
    this.#isBorrowed = false
    if (this.#bytes !== null) this.#bytes = Buffer.from(this.#bytes)
  }

  /** Copies bytes[from, to) to the end of what is kept. */
  append(bytes: Buffer, from: number, to: number): void {
    const piece = bytes.subarray(from, to)
    const kept = this.#bytes
    this.#isBorrowed = false
    this.#bytes = kept === null ? Buffer.from(piece) : Buffer.concat([kept, piece]) // hot-path: a client that runs ahead of its answer
  }

  /** Takes all of it; valid while the running read is, where it was borrowed. */
  take(): Buffer | null {
    const bytes = this.#bytes
    this.#bytes = null
    return bytes
  }

  /** Puts back the rest of what `take` gave. */
  putBack(rest: Buffer): void {
    if (rest.length > 0) this.#bytes = rest
  }

  /** Forgets the first `count` bytes. */
  skip(count: number): void {
    const bytes = this.#bytes
    if (bytes === null || count === 0) return
    this.#bytes = bytes.length === count ? null : bytes.subarray(count)
  }

  clear(): void {
    this.#bytes = null
    this.#isBorrowed = false
  }
}
