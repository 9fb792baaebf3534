// The body of the request in hand on its way from the socket to the exchange: started when somebody wants it, paused
// while it has no place to go, under the client's time while it is the client who owes the next bytes.

import { type Failure, fail } from '../base/failure.ts'
import {
  giveReadBuffer,
  type ReadBuffer,
  SHARED_READ_BUFFER,
  takeReadBuffer,
} from '../base/read-buffers.ts'
import type { Timer } from '../base/timer-wheel.ts'
import { BodyReader } from './body-reader.ts'
import type { ClientConnection } from './client-connection.ts'
import type { ReadAhead } from './read-ahead.ts'

/** A body of which more than this is still to come is worth a buffer of its own. */
const OWN_BUFFER_FROM_BYTES = 65_536

export class BodyFeed {
  readonly reader = new BodyReader()
  /** A body broke off or was refused: the client may send on, and nobody reads it. */
  hasFailed = false
  /** When the last byte of a body came (`Clock.nowMs`); of this connection's requests or of one before. */
  endedMs = 0
  readonly #connection: ClientConnection
  readonly #timer: Timer
  readonly #ahead: ReadAhead
  #isPaused = false
  #timeoutMs = 60_000
  /** Its own buffer in the middle of a large body; else the connection reads into the shared one. */
  #buffer: ReadBuffer | null = null

  constructor(connection: ClientConnection, timer: Timer, ahead: ReadAhead) {
    this.#connection = connection
    this.#timer = timer
    this.#ahead = ahead
  }

  /** Bytes flow now, or would if the client sent them. */
  get isFlowing(): boolean {
    return this.reader.isReading && !this.#isPaused
  }

  /** Bytes behind the head in hand that have arrived: of its body, and of what follows. */
  get arrivedBytes(): number {
    return this.#ahead.length
  }

  /** Starts the flow of the body to the connection's flow; answers `Expect: 100-continue` first. */
  start(timeoutMs: number): void {
    const { head, handler, socket } = this.#connection
    if (head === null || this.reader.state !== 'waiting') return
    this.#timeoutMs = timeoutMs
    this.reader.start()
    handler.wheel.set(this.#timer, timeoutMs)
    if (head.expectsContinue && this.#ahead.isEmpty) {
      socket.writeText('HTTP/1.1 100 Continue\r\n\r\n')
    }
    this.#takeAhead()
    // What came with the head may have been enough to stop reading.
    if (this.isFlowing) socket.resume()
    if (this.#connection.isHalfClosed && this.reader.isReading) this.cut()
  }

  /** Stops the flow of the body until `resume`. */
  pause(): void {
    this.#isPaused = true
    this.#stopTime()
    this.#connection.socket.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.restartTime()
    this.#takeAhead()
    if (!this.#isPaused) this.#connection.socket.resume()
  }

  /** The client's time for the next bytes starts anew. */
  restartTime(): void {
    const { socket, handler } = this.#connection
    // While the client owes us reading, that is what is timed.
    if (!socket.awaitsDrain) handler.wheel.set(this.#timer, this.#timeoutMs)
  }

  #stopTime(): void {
    const { socket, handler } = this.#connection
    if (!socket.awaitsDrain) handler.wheel.clear(this.#timer)
  }

  /** The request is over. */
  reset(): void {
    this.#isPaused = false
  }

  /** Passes body bytes on; returns the index after the last one that belongs to the body. */
  pass(bytes: Buffer, from: number, to: number): number {
    const connection = this.#connection
    const { flow } = connection
    if (flow === null) return to
    const { reader } = this
    const isLendable = this.#buffer !== null && bytes === this.#buffer.view
    const end = reader.feed(bytes, from, to, flow, isLendable)
    if (connection.flow !== flow) return end
    if (reader.failure !== null) {
      this.fail(reader.failure)
      return to
    }
    if (reader.state === 'done') {
      this.endedMs = connection.handler.clock.nowMs
      this.#stopTime()
      flow.onBodyEnd()
    } else if (!this.#isPaused) {
      this.restartTime()
    }
    return end
  }

  #takeAhead(): void {
    if (this.reader.state !== 'reading') return
    const bytes = this.#ahead.take()
    if (bytes === null) return
    const end = this.pass(bytes, 0, bytes.length)
    if (end < bytes.length && this.#connection.isOpen) this.#ahead.putBack(bytes.subarray(end))
  }

  /** The client closed its side before the end. */
  cut(): void {
    this.fail(fail('client_gone', 'request body was cut short'))
  }

  fail(failure: Failure): void {
    this.reader.drop()
    this.hasFailed = true
    this.#stopTime()
    this.#connection.flow?.onBodyFailure(failure)
  }

  // ── buffers ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** For a body that is passed on as it comes: what is left of a large one is read into a buffer that can be lent. */
  useOwnBuffer(): void {
    const { left } = this.reader
    if (this.#buffer === null && (left > OWN_BUFFER_FROM_BYTES || left === -1)) {
      this.#buffer = takeReadBuffer()
    }
  }

  /** The buffer that the running `onBodyData` shows a part of; still the connection's. */
  get buffer(): ReadBuffer | null {
    return this.#buffer
  }

  /** Takes the buffer over; its new owner gives it back to the pool, and the connection reads into another. */
  detachBuffer(): void {
    this.#buffer = takeReadBuffer()
  }

  /** What to read into next. Called where a socket asks, and only there may the connection lose its own buffer. */
  nextBuffer(): Buffer {
    if (this.#buffer === null) return SHARED_READ_BUFFER
    if (this.reader.isReading) return this.#buffer.view
    this.releaseBuffer()
    return SHARED_READ_BUFFER
  }

  /** Gives the buffer back; the socket must not read into it any more. */
  releaseBuffer(): void {
    const buffer = this.#buffer
    this.#buffer = null
    if (buffer !== null) giveReadBuffer(buffer)
  }
}
