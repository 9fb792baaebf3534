// A body that is all in memory: of the hot tier, or of a small file that was just read. Small ones are one text, which goes
// out in one write with the head; a buffer is made of it only for who wants a part.

import type { BodySource } from '../../base/body-source.ts'
import { latin1Text } from '../../http/latin1.ts'
import type { EntryBody } from './stored-entry.ts'

/** Bodies up to this are kept as text. */
export const TEXT_BYTES_MAX = 16_384
/** What a source gives out at once. */
const PIECE_BYTES = 1_048_576

export class MemoryBody implements EntryBody {
  readonly text: string | null
  readonly #bytes: Buffer | null

  private constructor(text: string | null, bytes: Buffer | null) {
    this.text = text
    this.#bytes = bytes
  }

  /** Copies bytes[from, to). */
  static copy(bytes: Buffer, from: number, to: number): MemoryBody {
    if (to - from <= TEXT_BYTES_MAX) return new MemoryBody(latin1Text(bytes, from, to), null)
    const copy = Buffer.allocUnsafeSlow(to - from)
    bytes.copy(copy, 0, from, to)
    return new MemoryBody(null, copy)
  }

  /** Takes over bytes that nobody changes any more. */
  static own(bytes: Buffer): MemoryBody {
    if (bytes.length > TEXT_BYTES_MAX) return new MemoryBody(null, bytes)
    return new MemoryBody(latin1Text(bytes, 0, bytes.length), null)
  }

  get length(): number {
    return this.text === null ? this.#bytes!.length : this.text.length
  }

  open(start: number, end: number): BodySource {
    if (this.text !== null) {
      return new MemorySource(Buffer.from(this.text.slice(start, end), 'latin1'))
    }
    return new MemorySource(this.#bytes!.subarray(start, end))
  }

  hold(): void {}

  release(): void {}
}

class MemorySource implements BodySource {
  onReadable: (() => void) | null = null
  readonly failure = null
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  read(): Buffer | null {
    if (this.#at === this.#bytes.length) return null
    const piece = this.#bytes.subarray(this.#at, this.#at + PIECE_BYTES)
    this.#at += piece.length
    return piece
  }

  close(): void {
    this.#at = this.#bytes.length
  }
}
