// The bytes of a file on their way to a client: read piece by piece in the thread pool, one piece ahead of the
// socket, never more than two in memory. Several ranges have texts between them (RFC 9110 §14.6).

import { close, read } from 'node:fs' // hot-path: serving files
import type { BodySource } from '../base/body-source.ts'
import { type Failure, fail } from '../base/failure.ts'
import { systemErrorText } from '../base/system-error.ts'

const PIECE_BYTES = 65_536

/** A piece of the body: a text, or bytes [start, end) of the file. */
export type FilePart = string | { readonly start: number; readonly end: number }

/** Owns the file and closes it. */
export class FileSource implements BodySource {
  onReadable: (() => void) | null = null
  failure: Failure | null = null
  readonly #fd: number
  readonly #parts: readonly FilePart[]
  #pieceBytes = 0
  #index = 0
  /** Place in the file of the next byte to read; -1 before a range is begun. */
  #position = -1
  #ahead: Buffer | null = null
  #target: Buffer | null = null
  #spare: Buffer | null = null
  #isReading = false
  #isWaiting = false
  #isClosed = false

  constructor(fd: number, parts: readonly FilePart[]) {
    this.#fd = fd
    this.#parts = parts
    for (const part of parts) {
      if (typeof part === 'string') continue
      this.#pieceBytes = Math.max(this.#pieceBytes, Math.min(part.end - part.start, PIECE_BYTES))
    }
  }

  read(): Buffer | 'wait' | null {
    if (this.#isClosed || this.failure !== null) return null
    const ahead = this.#ahead
    if (ahead !== null) {
      this.#ahead = null
      // The buffer given out before is free now: the caller came back.
      const free = this.#spare
      this.#spare = this.#target
      this.#target = free
      this.#fetch()
      return ahead
    }
    if (this.#isReading || this.#fetch()) {
      this.#isWaiting = true
      return 'wait'
    }
    const text = this.#parts[this.#index]
    if (typeof text !== 'string') return null
    this.#index++
    return Buffer.from(text, 'latin1')
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.onReadable = null
    this.#ahead = null
    if (!this.#isReading) close(this.#fd, () => {})
  }

  /** Starts to read the next bytes; false when the next part is a text, or there is none. */
  #fetch(): boolean {
    const part = this.#parts[this.#index]
    if (part === undefined || typeof part === 'string') return false
    if (this.#position === -1) this.#position = part.start
    const target = (this.#target ??= Buffer.allocUnsafeSlow(this.#pieceBytes))
    const size = Math.min(target.length, part.end - this.#position)
    this.#isReading = true
    read(this.#fd, target, 0, size, this.#position, (error, count) => {
      this.#isReading = false
      if (this.#isClosed) close(this.#fd, () => {})
      else this.#onRead(error, target, count, part.end)
    })
    return true
  }

  #onRead(error: Error | null, target: Buffer, count: number, end: number): void {
    if (error !== null) {
      this.failure = fail('internal', `read() failed: ${systemErrorText(error)}`)
    } else if (count === 0) {
      this.failure = fail('internal', 'the file became shorter while it was sent')
    } else {
      this.#ahead = target.subarray(0, count)
      this.#position += count
      if (this.#position === end) {
        this.#index++
        this.#position = -1
      }
    }
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.onReadable?.()
  }
}

/** A body that is there already. */
export class TextSource implements BodySource {
  onReadable: (() => void) | null = null
  readonly failure = null
  #text: string

  constructor(text: string) {
    this.#text = text
  }

  read(): Buffer | null {
    if (this.#text === '') return null
    const bytes = Buffer.from(this.#text, 'latin1')
    this.#text = ''
    return bytes
  }

  close(): void {
    this.#text = ''
  }
}
