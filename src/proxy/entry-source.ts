// The body of an answer from a stored response: one run of its bytes, or several with texts between them. Where what is
// stored turns out to be damaged, a peer has the rest of the run.

import type { BodySource } from '../base/body-source.ts'
import type { Failure } from '../base/failure.ts'
import type { CacheEntry } from '../cache/entry.ts'
import type { Exchange } from './exchange.ts'
import type { FilePart } from './file-source.ts'
import { openRest } from './rest-source.ts'
import type { CacheRuntime } from './runtime.ts'

/** Holds the entry until it is closed. */
export class EntrySource implements BodySource {
  onReadable: (() => void) | null = null
  failure: Failure | null = null
  readonly #exchange: Exchange
  readonly #cache: CacheRuntime
  readonly #entry: CacheEntry
  readonly #parts: readonly FilePart[]
  #index = 0
  #source: BodySource | null = null
  /** Of the representation, the next byte of the run in hand, and the byte after its last one. */
  #place = 0
  #end = 0
  /** The run in hand comes from a peer. */
  #isRest = false
  #isClosed = false

  constructor(
    exchange: Exchange,
    cache: CacheRuntime,
    entry: CacheEntry,
    parts: readonly FilePart[],
  ) {
    this.#exchange = exchange
    this.#cache = cache
    this.#entry = entry
    this.#parts = parts
  }

  read(): Buffer | 'wait' | null {
    while (!this.#isClosed && this.failure === null) {
      if (this.#source !== null) {
        const bytes = this.#source.read()
        if (bytes !== null) {
          if (bytes !== 'wait') this.#place += bytes.length
          return bytes
        }
        const { failure } = this.#source
        this.#source.close()
        this.#source = null
        if (failure !== null) this.#goOn(failure)
        continue
      }
      const part = this.#parts[this.#index++]
      if (part === undefined) return null
      if (typeof part === 'string') return Buffer.from(part, 'latin1')
      this.#place = part.start
      this.#end = part.end
      this.#isRest = false
      this.#take(this.#entry.open(part.start, part.end))
    }
    return null
  }

  #take(source: BodySource): void {
    this.#source = source
    source.onReadable = () => this.onReadable?.()
  }

  /** Fails, or takes the rest of the run from a peer. */
  #goOn(failure: Failure): void {
    const rest = this.#isRest
      ? null
      : openRest(this.#exchange, this.#cache, this.#entry, failure, this.#place, this.#end)
    this.#isRest = true
    if (rest === null) this.failure = failure
    else this.#take(rest)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.onReadable = null
    this.#source?.close()
    this.#source = null
    this.#entry.release()
  }
}
