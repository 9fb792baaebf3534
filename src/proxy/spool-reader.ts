// Reads a spool from some place to its end, from memory or from the file as it lies there. Of the file one piece is
// read ahead, so that the disk works while the socket does.

import type { BodySource } from '../base/body-source.ts'
import type { Failure } from '../base/failure.ts'
import type { Spool } from './spool.ts'

const READ_BYTES = 65536

/** Made by `Spool.reader`. */
export class SpoolReader implements BodySource {
  onReadable: (() => void) | null = null
  readonly #spool: Spool
  /** Place in the stream of the next byte that `read` gives. */
  #position: number
  #isWaiting = false
  #isReading = false
  #isClosed = false
  /** What was read from the file and not given out; `#spare` is the buffer that the caller may still hold. */
  #ahead: Buffer | null = null
  #target: Buffer | null = null
  #spare: Buffer | null = null

  constructor(spool: Spool, position: number) {
    this.#spool = spool
    this.#position = position
  }

  get failure(): Failure | null {
    return this.#spool.failure
  }

  /** The next bytes, at most 64 KiB; see `BodySource`. */
  read(): Buffer | 'wait' | null {
    if (this.#isClosed || this.failure !== null) return null
    let bytes: Buffer | 'file' | 'wait' | null = 'wait'
    if (this.#ahead !== null) bytes = this.#takeAhead()
    else if (!this.#isReading) bytes = this.#spool.find(this.#position)
    if (bytes === null) return null
    if (typeof bytes === 'string') {
      this.#isWaiting = true
      if (bytes === 'file') this.#fetch(this.#position)
      return 'wait'
    }
    this.#position += bytes.length
    this.#spool.consume(this.#position)
    return bytes
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.onReadable = null
    this.#ahead = null
    this.#spool.forgetReader(this)
  }

  /** For the spool: there may be something to read. */
  notify(): void {
    if (!this.#isWaiting || (this.#isReading && this.failure === null)) return
    this.#isWaiting = false
    this.onReadable?.()
  }

  #takeAhead(): Buffer | null {
    const bytes = this.#ahead
    this.#ahead = null
    if (bytes === null) return null
    // The buffer given out before is free now: the caller came back.
    const free = this.#spare
    this.#spare = this.#target
    this.#target = free
    const next = this.#position + bytes.length
    if (this.#spool.find(next) === 'file') this.#fetch(next)
    return bytes
  }

  #fetch(position: number): void {
    const target = (this.#target ??= Buffer.allocUnsafeSlow(READ_BYTES))
    this.#isReading = true
    this.#spool.readFile(target, position, count => {
      this.#isReading = false
      if (this.#isClosed) return
      this.#ahead = target.subarray(0, count)
      this.notify()
    })
  }
}
