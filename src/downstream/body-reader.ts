// The body of the request in hand: counts Content-Length or decodes chunks, and passes the bytes to the exchange.

import type { Failure } from '../base/failure.ts'
import { ChunkedDecoder, type ChunkSink } from '../http/chunked-decoder.ts'
import type { RequestHead } from '../http/request-parser.ts'
import type { ExchangeFlow } from './client-handler.ts'

/** Bytes of a body that nobody wanted which are read past for the sake of the next request; for more we close. */
const UNWANTED_BYTES_MAX = 65_536

/** `waiting`: announced, and nobody has asked for it yet. */
export type BodyState = 'none' | 'waiting' | 'reading' | 'done'

export class BodyReader implements ChunkSink {
  state: BodyState = 'none'
  failure: Failure | null = null
  /** Bytes of a body that nobody wanted that are still to come before the next request. */
  unwantedBytes = 0
  /** Bytes read of the body in hand, chunk framing included. */
  bytesRead = 0
  #left = 0
  #awaitsContinue = false
  #chunks: ChunkedDecoder | null = null
  #flow: ExchangeFlow | null = null

  /** Takes the framing of a request that begins. */
  announce(head: RequestHead): void {
    this.state = head.hasBody ? 'waiting' : 'none'
    this.#left = head.bodyBytes
    this.#awaitsContinue = head.expectsContinue
    this.failure = null
    this.bytesRead = 0
  }

  /** The exchange wants the body. */
  start(): void {
    this.state = 'reading'
    if (this.#left !== -1) return
    this.#chunks ??= new ChunkedDecoder()
    this.#chunks.reset('client')
  }

  /** Gives the body up: what comes is not its bytes any more. */
  drop(): void {
    this.state = 'none'
  }

  /** Bytes that are still to come; -1 in chunks. */
  get left(): number {
    return this.#left
  }

  /** Whether body bytes are flowing. */
  get isReading(): boolean {
    return this.state === 'reading'
  }

  /** Whether the request has been read to its end. */
  get isOver(): boolean {
    return this.state === 'none' || this.state === 'done'
  }

  /**
   * Passes body bytes on; sets `state` to `done` at the end, `failure` when the chunks are broken.
   *
   * @returns the index after the last byte that belongs to the body
   */
  feed(bytes: Buffer, from: number, to: number, flow: ExchangeFlow, isLendable: boolean): number {
    if (this.#left >= 0) {
      const end = Math.min(to, from + this.#left)
      this.#left -= end - from
      this.bytesRead += end - from
      if (this.#left === 0) this.state = 'done'
      flow.onBodyData(bytes, from, end, isLendable)
      return end
    }
    const chunks = this.#chunks!
    this.#flow = flow
    const end = chunks.decode(bytes, from, to, this)
    this.#flow = null
    this.failure = chunks.failure
    if (this.failure === null) this.bytesRead += end - from
    if (chunks.isDone && this.state === 'reading') this.state = 'done'
    return end
  }

  onChunkData(bytes: Buffer, from: number, to: number): void {
    // Several runs may lie in one read: they are never lent.
    this.#flow?.onBodyData(bytes, from, to, false)
  }

  /**
   * Whether the next request can be found: the body is over, or it can be read past. Who waits for 100 may leave the
   * body out after a final answer, so that nobody could tell what comes next.
   */
  canPass(arrivedBytes: number): boolean {
    if (this.state !== 'waiting') return this.isOver
    if (this.#left < 0 || this.#left - arrivedBytes > UNWANTED_BYTES_MAX) return false
    return arrivedBytes > 0 || !this.#awaitsContinue
  }

  /** Reads past a body that nobody asked for; returns how many of the bytes that have arrived belong to it. */
  pass(arrivedBytes: number): number {
    if (this.state !== 'waiting' || !this.canPass(arrivedBytes)) return 0
    const here = Math.min(arrivedBytes, this.#left)
    this.unwantedBytes = this.#left - here
    this.state = 'done'
    return here
  }

  /** Takes its part of `count` bytes that came later; returns how many. */
  passMore(count: number): number {
    const here = Math.min(count, this.unwantedBytes)
    this.unwantedBytes -= here
    return here
  }
}
