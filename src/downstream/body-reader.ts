// The body of the request in hand: counts Content-Length or decodes chunks, and passes the bytes to the exchange.

import type { Failure } from '../base/failure.ts'
import { ChunkedDecoder, type ChunkSink } from '../http/chunked-decoder.ts'
import type { RequestHead } from '../http/request-parser.ts'
import type { ExchangeFlow } from './client-handler.ts'

/** `waiting`: announced, and nobody has asked for it yet. */
export type BodyState = 'none' | 'waiting' | 'reading' | 'done'

export class BodyReader implements ChunkSink {
  state: BodyState = 'none'
  failure: Failure | null = null
  #left = 0
  #chunks: ChunkedDecoder | null = null
  #flow: ExchangeFlow | null = null

  /** Takes the framing of a request that begins. */
  announce(head: RequestHead): void {
    this.state = head.hasBody ? 'waiting' : 'none'
    this.#left = head.bodyBytes
    this.failure = null
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
  feed(bytes: Buffer, from: number, to: number, flow: ExchangeFlow): number {
    if (this.#left >= 0) {
      const end = Math.min(to, from + this.#left)
      this.#left -= end - from
      if (this.#left === 0) this.state = 'done'
      flow.onBodyData(bytes, from, end)
      return end
    }
    const chunks = this.#chunks!
    this.#flow = flow
    const end = chunks.decode(bytes, from, to, this)
    this.#flow = null
    this.failure = chunks.failure
    if (chunks.isDone && this.state === 'reading') this.state = 'done'
    return end
  }

  onChunkData(bytes: Buffer, from: number, to: number): void {
    this.#flow?.onBodyData(bytes, from, to)
  }

  /** A body that nobody asked for and that has arrived whole is skipped; returns its bytes, or -1 when it has not. */
  skip(arrivedBytes: number): number {
    if (this.state !== 'waiting' || this.#left < 0 || arrivedBytes < this.#left) return -1
    this.state = 'done'
    return this.#left
  }
}
