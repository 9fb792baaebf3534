// One connection from a client: reads request heads, hands each to the handler, feeds its body to the exchange when that
// asks for it, and keeps the order of pipelined requests by reading no further than the request that is being answered.
// HTTP/1.1 connections: RFC 9112 §9.
// Length: one state machine, whose phases only make sense side by side.

import { type Failure, fail } from '../base/failure.ts'
import { Timer } from '../base/timer-wheel.ts'
import { latin1Text } from '../http/latin1.ts'
import {
  checkPartialHead,
  findHeadEnd,
  type HeadLimits,
  parseRequestHead,
  type RequestHead,
  skipEmptyLine,
} from '../http/request-parser.ts'
import type { OwnedSocket } from './accept.ts'
import { BodyReader } from './body-reader.ts'
import type { ClientHandler, ExchangeFlow } from './client-handler.ts'
import { ClientSocket, type ClientSocketOwner } from './client-socket.ts'
import { forgetHead, giveHead, mayKeepHead, takeHead } from './head-pool.ts'

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
  /** The head of the request before: many clients send the same one again and again. */
  #keptHead: RequestHead | null = null
  #keptLimits: HeadLimits | null = null
  #isBodyPaused = false
  #isInLoop = false
  /** In the loop: bytes behind the request that was begun last. */
  #loopBytes = 0
  #hasSkippedLine = false
  /** Only the CR of an empty line has come. */
  #isLineOpen = false
  /** The client sends what nobody reads any more: it must get its answer all the same. */
  #mustLinger = false
  #keepaliveTimeoutMs = 0
  /** Of a client that does not read: what the kernel had not taken when its time was looked at. */
  #unsentBytes = 0
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
        if (this.#body.unwantedBytes > 0) this.#receive(bytes, this.#body.passMore(count), count, 0)
        else if (this.#carry === null) this.#receive(bytes, 0, count, 0)
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

  /** Takes requests out of bytes[from,to) until one is not finished at once, or the client does not read its answers. */
  #receive(bytes: Buffer, from: number, to: number, scanned: number): void {
    let source = bytes
    let at = from
    let end = to
    let scanFrom = scanned
    this.#isInLoop = true
    while (at < end && (this.phase === 'idle' || this.phase === 'head')) {
      if (this.socket.awaitsDrain) break
      if (this.phase === 'idle') {
        at = this.#skipLine(source, at, end)
        if (this.#isLineOpen || at === end) break
        this.phase = 'head'
        this.requestStartedMs = this.handler.clock.nowMs
      }
      const isRepeated = this.#isRepeated(source, at, end)
      const headEnd = isRepeated ? end : findHeadEnd(source, Math.max(at, scanFrom - 3), end)
      if (headEnd === -1) {
        at = this.#onPartialHead(source, at, end)
        break
      }
      scanFrom = 0
      at = this.#begin(source, at, headEnd, end, isRepeated)
      if (at < end || this.#carry === null || !this.#isIdle()) continue
      // A body that nobody wanted and that came with its head has left what follows it in the carry.
      source = this.#carry
      this.#carry = null
      at = 0
      end = source.length
    }
    this.#isInLoop = false
    this.#loopBytes = 0
    if (at < end && this.#isOpen()) this.#keep(source, at, end)
    if (this.phase === 'idle' || this.phase === 'head') this.#awaitMore()
  }

  /** Skips one empty line before a request, in whatever pieces it comes. */
  #skipLine(bytes: Buffer, from: number, to: number): number {
    this.#isLineOpen = false
    if (this.#hasSkippedLine) return from
    const start = skipEmptyLine(bytes, from, to)
    if (start === -1) {
      this.#isLineOpen = true
      return from
    }
    this.#hasSkippedLine = start > from
    return start
  }

  /** Between requests: reads on, unless there is nothing more to come or no use in reading. */
  #awaitMore(): void {
    if (this.socket.awaitsDrain) this.socket.pause()
    else if (this.isHalfClosed) this.#close()
    else this.socket.resume()
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
  #begin(bytes: Buffer, start: number, end: number, to: number, isRepeated: boolean): number {
    const limits = this.handler.limits().head
    const head = this.#keptHead ?? takeHead()
    const failure = isRepeated ? null : parseRequestHead(bytes, start, end, head, limits)
    this.head = head
    this.requests++
    this.#hasSkippedLine = false
    if (failure !== null) {
      this.#keptLimits = null
      this.#refuse(failure)
      return to
    }
    this.#keptLimits = limits
    this.handler.wheel.clear(this.#timer)
    this.phase = 'busy'
    this.#body.announce(head)
    const hasBodyBytes = head.hasBody && end < to
    if (hasBodyBytes) this.#keep(bytes, end, to)
    this.#loopBytes = hasBodyBytes ? 0 : to - end
    this.handler.onRequest(this)
    // The last request of a client that has closed its side: it may have left in the meantime.
    if (this.isHalfClosed && this.phase === 'busy' && !this.#hasReadAhead) this.flow?.onClientEnd()
    return hasBodyBytes ? to : end
  }

  #refuse(failure: Failure): void {
    this.phase = 'busy'
    this.#mustLinger = true
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

  get #hasReadAhead(): boolean {
    return this.#carry !== null || this.#loopBytes > 0
  }

  /** Whether another request may follow the one in hand. */
  get mayServeNext(): boolean {
    if (this.isHalfClosed && !this.#hasReadAhead) return false
    return this.#body.canPass(this.#carry === null ? 0 : this.#carry.length)
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
    // What came with the head may have been enough to stop reading.
    if (this.#body.isReading && !this.#isBodyPaused) this.socket.resume()
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
    this.#mustLinger = true
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
    this.#unsentBytes = this.socket.unsentBytes
    this.handler.wheel.set(this.#timer, this.#sendTimeoutMs)
    return false
  }

  /** Writes bytes; see `ClientSocket.writeBytes` for who owns them when this returns false. */
  writeBytes(bytes: Buffer): boolean {
    if (this.socket.writeBytes(bytes)) return true
    this.#unsentBytes = this.socket.unsentBytes
    this.handler.wheel.set(this.#timer, this.#sendTimeoutMs)
    return false
  }

  onDrained(): void {
    if (!this.socket.awaitsDrain) return
    this.socket.awaitsDrain = false
    this.handler.clock.refresh()
    const { wheel } = this.handler
    switch (this.phase) {
      case 'idle':
        wheel.set(this.#timer, this.#keepaliveTimeoutMs)
        this.#receiveKept()
        return
      case 'head':
        wheel.set(this.#timer, this.handler.limits().headerTimeoutMs)
        this.#receiveKept()
        return
      case 'busy':
      case 'tunnel':
        if (this.#body.isReading && !this.#isBodyPaused) wheel.set(this.#timer, this.#bodyTimeoutMs)
        else wheel.clear(this.#timer)
        this.flow?.onDrain()
        return
      case 'lingering':
      case 'closed':
        return
    }
  }

  // ── end of a response ────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Ends the request in hand, whose response is wholly written.
   *
   * @param keepaliveTimeoutMs how long to wait for the next request; 0 closes, with the lingering that RFC 9112 §9.6 asks for
   */
  finishResponse(keepaliveTimeoutMs: number): void {
    if (!this.#isOpen()) return
    this.#giveHead()
    this.flow = null
    this.#passBody()
    if (keepaliveTimeoutMs === 0 || !this.#body.isOver) {
      this.#close()
      return
    }
    this.phase = 'idle'
    this.#isBodyPaused = false
    this.#keepaliveTimeoutMs = keepaliveTimeoutMs
    this.handler.wheel.set(this.#timer, keepaliveTimeoutMs)
    if (!this.#isInLoop) this.#receiveKept()
  }

  /** A client that comes back keeps its head, the others' go round. */
  #giveHead(): void {
    const { head } = this
    this.head = null
    if (head === null || head === this.#keptHead) return
    if (this.requests > 1 && mayKeepHead()) this.#keptHead = head
    else giveHead(head)
  }

  /** Whether the bytes are the very head that came last: what it means is known. */
  #isRepeated(bytes: Buffer, from: number, to: number): boolean {
    const kept = this.#keptHead
    if (kept === null || kept.headBytes !== to - from) return false
    if (this.#keptLimits !== this.handler.limits().head) return false
    return latin1Text(bytes, from, to) === kept.fields.text
  }

  /** Goes on with what was read ahead. */
  #receiveKept(): void {
    const carried = this.#carry
    if (carried === null) {
      this.#awaitMore()
      return
    }
    this.#carry = null
    this.#receive(carried, 0, carried.length, 0)
  }

  #passBody(): void {
    const carried = this.#carry
    const passed = this.#body.pass(carried === null ? 0 : carried.length)
    if (carried !== null && passed > 0)
      this.#carry = carried.length === passed ? null : carried.subarray(passed)
  }

  #close(): void {
    const mayHaveMore = !this.#body.isOver || this.#hasReadAhead || this.#mustLinger
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
    this.phase = 'lingering'
    this.socket.destroy()
    return true
  }

  /** Closes now if all that is left is to let the client take its last answer. */
  closeIfLingering(): boolean {
    if (this.phase !== 'lingering' || this.socket.isDestroyed) return false
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

  #isIdle(): boolean {
    return this.phase === 'idle'
  }

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
        this.phase = 'lingering'
        if (!this.socket.destroyWhenSent()) this.handler.wheel.set(this.#timer, this.#sendTimeoutMs)
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
    // Last: the exchange that just ended has logged what its request was.
    if (this.#keptHead !== null) forgetHead(this.#keptHead)
    this.#keptHead = null
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
      const { unsentBytes } = this.socket
      if (unsentBytes < this.#unsentBytes) {
        // Slow, but it does read: the time counts between two steps of the client, as in nginx.
        this.#unsentBytes = unsentBytes
        this.handler.wheel.set(this.#timer, this.#sendTimeoutMs)
        return
      }
      const flow = this.flow
      this.flow = null
      flow?.onClientGone(fail('client_timeout', 'client did not take the response in time'))
      this.socket.destroy()
    } else if (this.#body.isReading) {
      this.#failBody(fail('client_timeout', 'request body was not complete in time'))
    }
  }
}
