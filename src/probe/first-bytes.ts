// The first bytes of what a peer sends, in one buffer of their own. What comes is a part of what was
// read, sometimes a single byte of 64 kilobytes: whoever kept the parts would keep all of it.

const ROOM_FIRST = 4096

export class FirstBytes {
  readonly #max: number
  #buffer = Buffer.alloc(0)
  #length = 0
  #isCut = false

  /** @param max bytes that are kept */
  constructor(max: number) {
    this.#max = max
  }

  get length(): number {
    return this.#length
  }

  /** More came than is kept. */
  get isCut(): boolean {
    return this.#isCut
  }

  /** What is kept, until more is added. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  add(part: Buffer): void {
    const taken = Math.min(part.length, this.#max - this.#length)
    if (taken < part.length) this.#isCut = true
    const length = this.#length + taken
    if (length > this.#buffer.length) this.#grow(length)
    part.copy(this.#buffer, this.#length, 0, taken)
    this.#length = length
  }

  clear(): void {
    this.#length = 0
    this.#isCut = false
  }

  #grow(length: number): void {
    const room = Math.min(this.#max, Math.max(length, ROOM_FIRST, this.#buffer.length * 2))
    const buffer = Buffer.allocUnsafeSlow(room)
    this.bytes.copy(buffer)
    this.#buffer = buffer
  }
}
