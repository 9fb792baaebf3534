// The bytes of a message head that came last, to know them again when they come back: compared as words where they lie
// at the start of the shared read buffer, which is where nearly every message lies. That is far cheaper than making a text
// of them first (docs/decisions/013-repeated-heads.md).

import { SHARED_READ_BUFFER } from './read-buffers.ts'

/** Longer heads are not kept: what is compared must stay in the processor's cache. */
const KEPT_BYTES_MAX = 4_096

const WORDS_AT_START = 64
const SHARED_WORDS = new Int32Array(
  SHARED_READ_BUFFER.buffer,
  SHARED_READ_BUFFER.byteOffset,
  SHARED_READ_BUFFER.length >> 2,
)

export class KeptBytes {
  #words = new Int32Array(WORDS_AT_START)
  #length = 0

  /** Bytes kept; 0 = none. */
  get length(): number {
    return this.#length
  }

  /** Keeps a copy of bytes[from, to), or nothing when they do not lie where they can be compared. */
  keep(bytes: Uint8Array, from: number, to: number): void {
    this.#length = 0
    const length = to - from
    if (from !== 0 || length > KEPT_BYTES_MAX || bytes !== SHARED_READ_BUFFER) return
    const count = (length + 3) >> 2
    if (count > this.#words.length) this.#words = new Int32Array(2 * count)
    const words = this.#words
    for (let i = 0; i < count; i++) words[i] = SHARED_WORDS[i]!
    this.#length = length
  }

  /** Forgets them. */
  clear(): void {
    this.#length = 0
  }

  /** Whether bytes[from, to) begin with the kept ones. */
  isStartOf(bytes: Uint8Array, from: number, to: number): boolean {
    const length = this.#length
    if (length === 0 || to - from < length || from !== 0 || bytes !== SHARED_READ_BUFFER) {
      return false
    }
    const words = this.#words
    const whole = length >> 2
    for (let i = 0; i < whole; i++) if (words[i] !== SHARED_WORDS[i]) return false
    const tail = length & 3
    if (tail === 0) return true
    // The other bytes of the last word belong to what came after.
    const mask = (1 << (8 * tail)) - 1
    return (words[whole]! & mask) === (SHARED_WORDS[whole]! & mask)
  }
}
