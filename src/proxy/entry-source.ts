// The body of an answer from a stored response: one run of its bytes, or several with texts between them.

import type { BodySource } from '../base/body-source.ts'
import type { Failure } from '../base/failure.ts'
import type { CacheEntry } from '../cache/entry.ts'
import type { FilePart } from './file-source.ts'

/** Holds the entry until it is closed. */
export class EntrySource implements BodySource {
  onReadable: (() => void) | null = null
  failure: Failure | null = null
  readonly #entry: CacheEntry
  readonly #parts: readonly FilePart[]
  #index = 0
  #source: BodySource | null = null
  #isClosed = false

  constructor(entry: CacheEntry, parts: readonly FilePart[]) {
    this.#entry = entry
    this.#parts = parts
  }

  read(): Buffer | 'wait' | null {
    while (!this.#isClosed && this.failure === null) {
      if (this.#source !== null) {
        const bytes = this.#source.read()
        if (bytes !== null) return bytes
        this.failure = this.#source.failure
        this.#source.close()
        this.#source = null
        continue
      }
      const part = this.#parts[this.#index++]
      if (part === undefined) return null
      if (typeof part === 'string') return Buffer.from(part, 'latin1')
      this.#source = this.#entry.open(part.start, part.end)
      this.#source.onReadable = () => this.onReadable?.()
    }
    return null
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
