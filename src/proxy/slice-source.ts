// The body of a large response that is fetched and stored in pieces: the next piece is asked for when the client has taken
// what there was.

import type { BodySource } from '../base/body-source.ts'
import { type Failure, fail, failureText } from '../base/failure.ts'
import type { CacheEntry } from '../cache/entry.ts'
import { detach } from './detach.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { finishExchange } from './finish.ts'
import type { Slices } from './runtime.ts'
import { etagOf, readContentRange, sliceRange } from './slice-place.ts'

/** The body [start, end) of a response whose pieces come one after the other. */
export class SliceSource implements BodySource {
  onReadable: (() => void) | null = null
  failure: Failure | null = null
  readonly #exchange: Exchange
  readonly #slices: Slices
  readonly #etag: string
  readonly #length: number
  readonly #end: number
  /** Next byte of the whole. */
  #place: number
  /** Of what is wanted of the piece in hand, in the whole. */
  #pieceEnd = 0
  /** Where a stored piece was found to be damaged last. */
  #brokenAt = -1
  #entry: CacheEntry | null
  #source: BodySource | null = null
  #isAsking = false
  /** The piece in hand was asked for here. */
  #hasAsked = false
  #isWaiting = false
  #isClosed = false

  /**
   * @param exchange a detached one that asks like the client
   * @param first an entry of the pieces, whichever
   */
  constructor(exchange: Exchange, slices: Slices, first: CacheEntry, start: number, end: number) {
    this.#exchange = exchange
    this.#slices = slices
    first.hold()
    this.#entry = first
    this.#etag = etagOf(first.head)
    this.#length = readContentRange(first.head.fields)!.length
    this.#place = start
    this.#end = end
  }

  read(): Buffer | 'wait' | null {
    while (!this.#isClosed && this.failure === null) {
      if (this.#source !== null) {
        const bytes = this.#source.read()
        if (bytes === 'wait') {
          this.#isWaiting = true
          return bytes
        }
        if (bytes !== null) {
          this.#place += bytes.length
          return bytes
        }
        const { failure } = this.#source
        if (failure !== null) this.#onBroken(failure)
        else if (this.#place < this.#pieceEnd) this.#refuse('a piece is shorter than it says')
        this.#closePiece()
        continue
      }
      if (this.#place >= this.#end) return null
      if (this.#entry === null) {
        this.#ask()
        // What is stored may be there at once.
        if (!this.#isAsking) continue
        this.#isWaiting = true
        return 'wait'
      }
      this.#openPiece(this.#entry)
    }
    return null
  }

  /** What is stored of a piece is damaged: it is gone by now, and is asked for once more. */
  #onBroken(failure: Failure): void {
    const isDamage = failure.failure === 'internal' && this.#brokenAt !== this.#place
    this.#brokenAt = this.#place
    if (!isDamage) {
      this.failure = failure
      return
    }
    const text = `${failureText(failure)}; it is removed, and the piece is fetched anew`
    logFailure(this.#exchange, 'crit', text)
  }

  #openPiece(entry: CacheEntry): void {
    const piece = readContentRange(entry.head.fields)
    const isOfWhole = piece !== null && piece.length === this.#length
    if (entry.head.status !== 206 || !isOfWhole || etagOf(entry.head) !== this.#etag) {
      this.#refuse('the pieces are not of one and the same response')
      return
    }
    const { length } = entry.meta
    if (length !== -1 && length !== piece.end - piece.start) {
      this.#refuse('a piece has another length than it says')
      return
    }
    if (piece.start > this.#place || piece.end <= this.#place) {
      // The one that a range before this one needed.
      if (this.#hasAsked) this.#refuse('a piece is not what was asked for')
      else this.#closePiece()
      return
    }
    // What is stored of a piece counts its bytes from the piece's own start.
    const to = Math.min(piece.end, this.#end)
    this.#pieceEnd = to
    this.#source = entry.open(this.#place - piece.start, to - piece.start)
    this.#source.onReadable = () => this.#wake()
  }

  #ask(): void {
    if (this.#isAsking) return
    this.#isAsking = true
    this.#hasAsked = true
    const { bytes, handler } = this.#slices
    const piece = detach(this.#exchange)
    piece.sliceRange = sliceRange(Math.floor(this.#place / bytes) * bytes, bytes)
    piece.entryTaker = entry => this.#onEntry(piece, entry)
    handler(piece)
  }

  #onEntry(piece: Exchange, entry: CacheEntry | null): void {
    this.#isAsking = false
    if (entry !== null && !piece.isFinished) finishExchange(piece, false)
    if (this.#isClosed) {
      entry?.release()
      return
    }
    this.#entry = entry
    if (entry === null) this.#refuse(`a piece of the response did not come (${piece.status})`)
    this.#wake()
  }

  #refuse(detail: string): void {
    this.failure = fail('truncated_response', detail)
    logFailure(this.#exchange, 'error', `${detail} while slicing response`)
    this.#closePiece()
  }

  #wake(): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.onReadable?.()
  }

  #closePiece(): void {
    this.#source?.close()
    this.#source = null
    this.#entry?.release()
    this.#entry = null
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.onReadable = null
    this.#closePiece()
    finishExchange(this.#exchange, false)
  }
}
