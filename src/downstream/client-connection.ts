// One connection from a client: reads request heads, hands each to the handler, feeds its body to the exchange when that
// asks for it, and keeps the order of pipelined requests by reading no further than the request that is being answered.
// HTTP/1.1 connections: RFC 9112 §9.
// Length: one state machine, whose phases only make sense side by side.

import { type Failure, fail } from '../base/failure.ts'
import { Timer } from '../base/timer-wheel.ts'
import {
  checkPartialHead,
  findHeadEnd,
  parseRequestHead,
  type RequestHead,
  skipEmptyLine,
} from '../http/request-parser.ts'
import type { OwnedSocket } from './accept.ts'
import { BodyReader } from './body-reader.ts'
import type { ClientHandler, ExchangeFlow } from './client-handler.ts'
import { ClientSocket, type ClientSocketOwner } from './client-socket.ts'
import { giveHead, takeHead } from './head-pool.ts'

/** Bytes that a client may send ahead of its answer before we stop reading. */
const READ_AHEAD_BYTES_MAX = 65_536

/** Where a connection stands. */
export type ClientPhase = 'idle' | 'head' | 'busy' | 'lingering' | 'tunnel' | 'closed'

let serial = 0

export class ClientConnection implements ClientSocketOwner {
  readonly socket: ClientSocket
  readonly handler: ClientHandler
  /** `$connection`: counts connections of the worker. */
  readonly serial = ++serial
  readonly startedMs: number
  /** Requests begun on this connection. */
  requests = 0
  phase: ClientPhase = 'idle'
  /** The head of the request in hand; valid from `onRequest` until `finishResponse`. */
  head: RequestHead | null = null
  /** When the first byte of the request in hand arrived (`Clock.nowMs`). */
  requestStartedMs = 0
  /** Set by the layer above: the exchange in hand. */
  flow: ExchangeFlow | null = null
  /** The client closed its sending side. */
  isHalfClosed = false

  readonly #timer: Timer
  readonly #body = new BodyReader()
  #carry: Buffer | null = null
  #isBodyPaused = false
  #isInLoop = false
  #bodyTimeoutMs = 60_000
  #sendTimeoutMs: number
  #lingerUntilMs = 0

  constructor(socket: OwnedSocket, handler: ClientHandler) {
    this.handler = handler
    handler.clock.refresh()
    this.startedMs = handler.clock.nowMs
    this.#timer = new Timer(() => this.#onTimer())
    const limits = handler.limits()
    this.#sendTimeoutMs = limits.sendTimeoutMs
    this.socket = new ClientSocket(socket, this)
    handler.wheel.set(this.#timer, limits.headerTimeoutMs)
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress
  }

  get remotePort(): number {
    return this.socket.remotePort
  }

  get localAddress(): string {
    return this.socket.localAddress
  }

  get localPort(): number {
    return this.socket.localPort
  }

  // ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

  onBytes(bytes: Buffer, count: number): void {
    this.handler.clock.refresh()
    switch (this.phase) {
      case 'idle':
      case 'head':
        if (this.#carry === null) this.#receive(bytes, 0, count, 0)
        else this.#receiveCarry(bytes, count)
        return
      case 'busy':
        if (this.#body.isReading && this.#carry === null && !this.#isBodyPaused) {
          const end = this.#feedBody(bytes, 0, count)
          if (end < count) this.#keep(bytes, end, count)
        } else {
          this.#keep(bytes, 0, count)
        }
        return
      case 'tunnel':
        this.flow?.onBodyData(bytes, 0, count)
        return
      case 'lingering':
        this.handler.wheel.set(this.#timer, this.#lingerLeftMs())
        return
      case 'closed':
        return
    }
  }

  #receiveCarry(bytes: Buffer, count: number): void {
    const carried = this.#carry!
    this.#carry = null
    const joined = Buffer.allocUnsafe(carried.length + count)
    carried.copy(joined, 0)
    bytes.copy(joined, carried.length, 0, count)
    this.#receive(joined, 0, joined.length, carried.length)
  }

  /** Takes requests out of bytes[from,to) until one is not finished at once. */
  #receive(bytes: Buffer, from: number, to: number, scanned: number): void {
    let at = from
    let scanFrom = scanned
    this.#isInLoop = true
    while (at < to && (this.phase === 'idle' || this.phase === 'head')) {
      if (this.phase === 'idle') {
        const start = skipEmptyLine(bytes, at, to)
        if (start === -1) break
        at = start
        if (at === to) break
        this.phase = 'head'
        this.requestStartedMs = this.handler.clock.nowMs
      }
      const end = findHeadEnd(bytes, Math.max(at, scanFrom - 3), to)
      if (end === -1) {
        at = this.#onPartialHead(bytes, at, to)
        break
      }
      scanFrom = 0
      at = this.#begin(bytes, at, end, to)
    }
    this.#isInLoop = false
    if (at < to && this.#isOpen()) this.#keep(bytes, at, to)
  }

  #onPartialHead(bytes: Buffer, from: number, to: number): number {
    const limits = this.handler.limits()
    const failure = checkPartialHead(bytes, from, to, limits.head)
    if (failure !== null) {
      this.#refuse(failure)
      return to
    }
    // The time runs from the head's first byte, however slowly the rest drips in.
    const elapsedMs = this.handler.clock.nowMs - this.requestStartedMs
    if (elapsedMs === 0) this.handler.wheel.set(this.#timer, limits.headerTimeoutMs)
    return from
  }

  /** Parses one head and starts its request; returns how far the bytes are used. */
  #begin(bytes: Buffer, start: number, end: number, to: number): number {
    const head = takeHead()
    const failure = parseRequestHead(bytes, start, end, head, this.handler.limits().head)
    this.head = head
    this.requests++
    if (failure !== null) {
      this.#refuse(failure)
      return to
    }
    this.handler.wheel.clear(this.#timer)
    this.phase = 'busy'
    this.#body.announce(head)
    const hasBodyBytes = head.hasBody && end < to
    if (hasBodyBytes) this.#keep(bytes, end, to)
    this.handler.onRequest(this)
    return hasBodyBytes ? to : end
  }

  #refuse(failure: Failure): void {
    this.phase = 'busy'
    this.#body.drop()
    this.handler.wheel.clear(this.#timer)
    this.handler.onBadRequest(this, failure)
  }

  /** Keeps bytes that cannot be used yet; stops reading when they are too many. */
  #keep(bytes: Buffer, from: number, to: number): void {
    const piece = bytes.subarray(from, to)
    const carried = this.#carry
    this.#carry = carried === null ? Buffer.from(piece) : Buffer.concat([carried, piece]) // hot-path: a client that runs ahead of its answer
    if (this.phase === 'busy' && this.#carry.length >= READ_AHEAD_BYTES_MAX) this.socket.pause()
  }

  // ── request body ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Starts the flow of the body to `flow`; answers `Expect: 100-continue` first. */
  startBody(timeoutMs: number): void {
    const head = this.head
    if (head === null || this.#body.state !== 'waiting') return
    this.#bodyTimeoutMs = timeoutMs
    this.#body.start()
    this.handler.wheel.set(this.#timer, timeoutMs)
    if (head.expectsContinue && this.#carry === null) {
      this.socket.writeText('HTTP/1.1 100 Continue\r\n\r\n')
    }
    this.#feedCarry()
    if (this.isHalfClosed && this.#body.isReading) this.#onBodyCut()
  }

  /** Stops the flow of the body until `resumeBody`. */
  pauseBody(): void {
    this.#isBodyPaused = true
    this.handler.wheel.clear(this.#timer)
    this.socket.pause()
  }

  resumeBody(): void {
    if (!this.#isBodyPaused) return
    this.#isBodyPaused = false
    this.handler.wheel.set(this.#timer, this.#bodyTimeoutMs)
    this.#feedCarry()
    if (!this.#isBodyPaused) this.socket.resume()
  }

  #feedCarry(): void {
    const carried = this.#carry
    if (carried === null || this.#body.state !== 'reading') return
    this.#carry = null
    const end = this.#feedBody(carried, 0, carried.length)
    if (end < carried.length && this.#isOpen()) this.#carry = carried.subarray(end)
  }

  #feedBody(bytes: Buffer, from: number, to: number): number {
    const flow = this.flow
    if (flow === null) return to
    const body = this.#body
    const end = body.feed(bytes, from, to, flow)
    if (this.flow !== flow) return end
    if (body.failure !== null) {
      this.#failBody(body.failure)
      return to
    }
    if (body.state === 'done') {
      this.handler.wheel.clear(this.#timer)
      flow.onBodyEnd()
    } else if (!this.#isBodyPaused) {
      this.handler.wheel.set(this.#timer, this.#bodyTimeoutMs)
    }
    return end
  }

  #onBodyCut(): void {
    this.#failBody(fail('client_gone', 'request body was cut short'))
  }

  #failBody(failure: Failure): void {
    this.#body.drop()
    this.handler.wheel.clear(this.#timer)
    this.flow?.onBodyFailure(failure)
  }

  // ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Sets the time that one write may wait for the client. */
  setSendTimeout(timeoutMs: number): void {
    this.#sendTimeoutMs = timeoutMs
  }

  /** Bytes that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.socket.queuedBytes
  }

  /** Writes a latin-1 string. Returns false when more should wait for `onDrain`. */
  writeText(text: string): boolean {
    if (this.socket.writeText(text)) return true
    this.handler.wheel.set(this.#timer, this.#sendTimeoutMs)
    return false
  }

  /** Writes bytes; see `ClientSocket.writeBytes` for who owns them when this returns false. */
  writeBytes(bytes: Buffer): boolean {
    if (this.socket.writeBytes(bytes)) return true
    this.handler.wheel.set(this.#timer, this.#sendTimeoutMs)
    return false
  }

  onDrained(): void {
    if (!this.socket.awaitsDrain) return
    this.socket.awaitsDrain = false
    this.handler.clock.refresh()
    if (this.phase === 'lingering') return
    this.handler.wheel.clear(this.#timer)
    this.flow?.onDrain()
  }

  // ── end of a response ────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Ends the request in hand, whose response is wholly written.
   *
   * @param keepaliveTimeoutMs how long to wait for the next request; 0 closes, with the lingering that RFC 9112 §9.6 asks for
   */
  finishResponse(keepaliveTimeoutMs: number): void {
    if (!this.#isOpen()) return
    if (this.head !== null) giveHead(this.head)
    this.head = null
    this.flow = null
    this.#skipArrivedBody()
    if (
      keepaliveTimeoutMs === 0 ||
      !this.#body.isOver ||
      (this.isHalfClosed && this.#carry === null)
    ) {
      this.#close()
      return
    }
    this.phase = 'idle'
    this.#isBodyPaused = false
    this.handler.wheel.set(this.#timer, keepaliveTimeoutMs)
    if (this.#isInLoop) return
    this.socket.resume()
    const carried = this.#carry
    if (carried === null) return
    this.#carry = null
    this.#receive(carried, 0, carried.length, 0)
    if (this.isHalfClosed && (this.phase === 'idle' || this.phase === 'head')) this.#close()
  }

  #skipArrivedBody(): void {
    const carried = this.#carry
    const skipped = this.#body.skip(carried === null ? 0 : carried.length)
    if (carried !== null && skipped > 0)
      this.#carry = carried.length === skipped ? null : carried.subarray(skipped)
  }

  #close(): void {
    const mayHaveMore = !this.#body.isOver || this.#carry !== null
    this.#carry = null
    this.phase = 'lingering'
    const limits = this.handler.limits()
    if (limits.lingeringTimeMs === 0 || this.isHalfClosed || !mayHaveMore) {
      if (!this.socket.destroyWhenSent()) this.handler.wheel.set(this.#timer, this.#sendTimeoutMs)
      return
    }
    // Closing with unread bytes would reset the connection and take the answer from the client.
    this.#lingerUntilMs = this.handler.clock.nowMs + limits.lingeringTimeMs
    this.socket.end()
    this.socket.resume()
    this.handler.wheel.set(this.#timer, this.#lingerLeftMs())
  }

  #lingerLeftMs(): number {
    const left = this.#lingerUntilMs - this.handler.clock.nowMs
    return Math.max(0, Math.min(left, this.handler.limits().lingeringTimeoutMs))
  }

  /**
   * Cuts the connection in the middle of a response.
   *
   * @param isReset sends RST: the only way to show that a response which ends with the connection is not whole
   */
  abort(isReset: boolean): void {
    if (this.phase === 'closed') return
    this.flow = null
    if (isReset) this.socket.reset()
    else this.socket.destroy()
  }

  /** Closes now if no request is in hand. */
  closeIfIdle(): boolean {
    if (this.phase !== 'idle') return false
    this.socket.destroy()
    return true
  }

  /** After 101: every byte goes to `flow.onBodyData` from here on. Returns what has already arrived. */
  startTunnel(): Buffer | null {
    this.phase = 'tunnel'
    this.handler.wheel.clear(this.#timer)
    const carried = this.#carry
    this.#carry = null
    this.socket.resume()
    return carried
  }

  // ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #isOpen(): boolean {
    return this.phase !== 'closed' && this.phase !== 'lingering'
  }

  onEnd(): void {
    this.handler.clock.refresh()
    this.isHalfClosed = true
    switch (this.phase) {
      case 'idle':
      case 'head':
      case 'lingering':
        this.socket.destroyWhenSent()
        return
      case 'busy':
        if (this.#body.isReading) this.#onBodyCut()
        else this.flow?.onClientEnd()
        return
      case 'tunnel':
        this.flow?.onClientEnd()
        return
      case 'closed':
        return
    }
  }

  onGone(detail: string): void {
    if (this.phase === 'closed') return
    this.handler.clock.refresh()
    this.phase = 'closed'
    this.handler.wheel.remove(this.#timer)
    this.#carry = null
    const flow = this.flow
    this.flow = null
    flow?.onClientGone(fail('client_gone', detail))
    this.handler.onClose(this)
  }

  #onTimer(): void {
    switch (this.phase) {
      case 'idle':
      case 'lingering':
      case 'closed':
        this.socket.destroy()
        return
      case 'head':
        this.#refuse(fail('client_timeout', 'request head was not complete in time'))
        return
      case 'busy':
      case 'tunnel':
        this.#onBusyTimer()
        return
    }
  }

  #onBusyTimer(): void {
    if (this.socket.awaitsDrain) {
      const flow = this.flow
      this.flow = null
      flow?.onClientGone(fail('client_timeout', 'client did not take the response in time'))
      this.socket.destroy()
    } else if (this.#body.isReading) {
      this.#failBody(fail('client_timeout', 'request body was not complete in time'))
    }
  }
}
