// One connection from a client: reads request heads, hands each to the handler, feeds its body to the exchange when that
// asks for it, and keeps the order of pipelined requests by reading no further than the request that is being answered.
// HTTP/1.1 connections: RFC 9112 §9.
// Length: one state machine, whose phases only make sense side by side.

import { type Failure, fail } from '../base/failure.ts'
import { Timer } from '../base/timer-wheel.ts'
import { latin1Text } from '../http/latin1.ts'
import { type ProxyHeader, readProxyHeader } from '../http/proxy-header.ts'
import {
  checkPartialHead,
  findHeadEnd,
  parseRequestHead,
  type RequestHead,
  skipEmptyLine,
} from '../http/request-parser.ts'
import type { OwnedSocket } from './accept.ts'
import { BodyFeed } from './body-feed.ts'
import type { ClientHandler, ExchangeFlow } from './client-handler.ts'
import { ClientSocket, type ClientSocketOwner } from './client-socket.ts'
import { takeHead } from './head-pool.ts'
import { ReadAhead } from './read-ahead.ts'
import { RepeatedHead } from './repeated-head.ts'

/** Bytes that a client may send ahead of its answer before we stop reading. */
const READ_AHEAD_BYTES_MAX = 65_536
/** Where a connection stands. */
export type ClientPhase = 'preface' | 'idle' | 'head' | 'busy' | 'lingering' | 'tunnel' | 'closed'

/** How long the client may take, and whether its connection is reset when it takes longer. */
export interface SendLimits {
  readonly sendTimeoutMs: number
  readonly resetsTimedOut: boolean
}

let serial = 0

export class ClientConnection implements ClientSocketOwner {
  readonly socket: ClientSocket
  readonly handler: ClientHandler
  /** `$connection`: counts connections of the worker. */
  readonly serial = ++serial
  readonly startedMs: number
  /** Requests begun on this connection. */
  requests = 0
  /** Bytes of the request in hand had come before the one before it was answered. */
  isPipelined = false
  phase: ClientPhase = 'idle'
  /** What a proxy in front of us said of the connection; null = nothing. */
  proxyHeader: ProxyHeader | null = null
  /** The head of the request in hand; valid from `onRequest` until `finishResponse`. */
  head: RequestHead | null = null
  /** When the first byte of the request in hand arrived (`Clock.nowMs`). */
  requestStartedMs = 0
  /** Set by the layer above: the exchange in hand. */
  flow: ExchangeFlow | null = null
  /** The client closed its sending side. */
  isHalfClosed = false

  /** The body of the request in hand. */
  readonly body: BodyFeed

  readonly #timer: Timer
  readonly #ahead = new ReadAhead()
  readonly #repeated = new RepeatedHead()
  #isInLoop = false
  /** In the loop: bytes behind the request that was begun last. */
  #loopBytes = 0
  #hasSkippedLine = false
  /** Only the CR of an empty line has come. */
  #isLineOpen = false
  /** The client sends what nobody reads any more: it must get its answer all the same. */
  #mustLinger = false
  #keepaliveTimeoutMs = 0
  /** While it is idle: not closed for others before this. */
  #keptUntilMs = 0
  /** Of a client that does not read: what the kernel had not taken when its time was looked at. */
  #unsentBytes = 0
  #sendTimeoutMs: number
  #resetsTimedOut = false
  #lingerUntilMs = 0

  constructor(socket: OwnedSocket, handler: ClientHandler) {
    this.handler = handler
    handler.clock.refresh()
    this.startedMs = handler.clock.nowMs
    this.#timer = new Timer(() => this.#onTimer())
    this.body = new BodyFeed(this, this.#timer, this.#ahead)
    const limits = handler.limits()
    this.#sendTimeoutMs = limits.sendTimeoutMs
    if (handler.expectsProxyHeader === true) this.phase = 'preface'
    this.socket = new ClientSocket(socket, this)
    handler.wheel.set(this.#timer, limits.headerTimeoutMs)
  }

  get remoteAddress(): string {
    return this.socket.remoteAddress
  }

  get remotePort(): number {
    return this.socket.remotePort
  }

  /** The address that the client reached; of a UNIX socket, and of a connection that broke, the listener's. */
  get localAddress(): string {
    const { localAddress } = this.socket
    const listens = this.handler.listenAddress ?? null
    if (localAddress !== '' || listens === null) return localAddress
    return listens.kind === 'unix' ? `unix:${listens.path}` : listens.host
  }

  get localPort(): number {
    const { localPort } = this.socket
    const listens = this.handler.listenAddress ?? null
    return localPort !== 0 || listens === null || listens.kind === 'unix' ? localPort : listens.port
  }

  // ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

  onBytes(bytes: Buffer, count: number): Buffer {
    this.handler.clock.refresh()
    this.#take(bytes, count)
    return this.body.nextBuffer()
  }

  #take(bytes: Buffer, count: number): void {
    switch (this.phase) {
      case 'idle':
      case 'head':
        if (this.body.reader.unwantedBytes > 0) {
          this.#receive(bytes, this.body.reader.passMore(count), count, 0)
        } else if (this.#ahead.isEmpty) {
          this.#receive(bytes, 0, count, 0)
        } else {
          this.#receiveWithAhead(bytes, count)
        }
        return
      case 'busy':
        if (this.body.isFlowing && this.#ahead.isEmpty) {
          const end = this.body.pass(bytes, 0, count)
          if (end < count) this.#keep(bytes, end, count)
        } else {
          this.#keep(bytes, 0, count)
        }
        return
      case 'tunnel':
        this.flow?.onBodyData(bytes, 0, count, false)
        return
      case 'preface':
        this.#takePreface(bytes, count)
        return
      case 'lingering':
        this.handler.wheel.set(this.#timer, this.#lingerLeftMs())
        return
      case 'closed':
        return
    }
  }

  /** Reads the header of the PROXY protocol, in whatever pieces it comes, and then the first request. */
  #takePreface(bytes: Buffer, count: number): void {
    let all = bytes
    let to = count
    if (!this.#ahead.isEmpty) {
      this.#ahead.append(bytes, 0, count)
      all = this.#ahead.take()!
      to = all.length
    }
    const read = readProxyHeader(all, 0, to)
    if (read.kind === 'incomplete') {
      this.#ahead.append(all, 0, to)
    } else if (read.kind === 'broken') {
      this.#refusePreface('error', read.text)
    } else {
      this.proxyHeader = read.header
      this.phase = 'idle'
      this.#receive(all, read.end, to, 0)
    }
  }

  #refusePreface(level: 'error' | 'info', text: string): void {
    this.handler.onBadProxyHeader?.(this, level, text)
    this.phase = 'lingering'
    this.socket.destroy()
  }

  #receiveWithAhead(bytes: Buffer, count: number): void {
    const scanned = this.#ahead.length
    this.#ahead.append(bytes, 0, count)
    const joined = this.#ahead.take()!
    this.#receive(joined, 0, joined.length, scanned)
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
      const { head: limits } = this.handler.limits()
      let headEnd = this.#repeated.endIn(source, at, end, limits)
      const isRepeated = headEnd !== -1
      if (!isRepeated) headEnd = findHeadEnd(source, Math.max(at, scanFrom - 3), end)
      if (headEnd === -1) {
        at = this.#onPartialHead(source, at, end)
        break
      }
      scanFrom = 0
      at = this.#begin(source, at, headEnd, end, isRepeated)
      if (at < end || this.#ahead.isEmpty || !this.#isIdle()) continue
      // A body that came with its head has left what follows it.
      source = this.#ahead.take()!
      at = 0
      end = source.length
    }
    this.#isInLoop = false
    this.#loopBytes = 0
    if (at < end && this.isOpen) this.#keep(source, at, end)
    else this.#ownAhead()
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
      this.#takeUnread(bytes, from, to)
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
    const head = this.#repeated.take()
    const failure = isRepeated ? null : parseRequestHead(bytes, start, end, head, limits)
    head.isRepeated = isRepeated
    this.head = head
    this.requests++
    this.#hasSkippedLine = false
    if (failure !== null) {
      this.#repeated.unlearn()
      this.#refuse(failure)
      return to
    }
    if (!isRepeated) this.#repeated.learn(bytes, start, end, limits)
    this.handler.wheel.clear(this.#timer)
    this.phase = 'busy'
    this.body.reader.announce(head)
    const hasBodyBytes = head.hasBody && end < to
    if (hasBodyBytes) this.#ahead.borrow(bytes, end, to)
    this.#loopBytes = hasBodyBytes ? 0 : to - end
    this.handler.onRequest(this)
    // The last request of a client that has closed its side: it may have left in the meantime.
    if (this.isHalfClosed && this.phase === 'busy' && !this.#hasReadAhead) this.flow?.onClientEnd()
    return hasBodyBytes ? to : end
  }

  /** Takes a head that is not whole, and never will be, as the bytes that came of it. */
  #takeUnread(bytes: Buffer, from: number, to: number): void {
    this.head = takeHead()
    this.head.fields.text = latin1Text(bytes, from, to)
    this.requests++
  }

  #takeAheadAsHead(): void {
    const bytes = this.#ahead.take()
    if (bytes !== null) this.#takeUnread(bytes, 0, bytes.length)
  }

  #refuse(failure: Failure): void {
    this.phase = 'busy'
    this.body.reader.bytesRead = 0
    this.#mustLinger = true
    this.body.reader.drop()
    this.handler.wheel.clear(this.#timer)
    this.handler.onBadRequest(this, failure)
  }

  /** After the loop: what is left of a body that came with its head. */
  #ownAhead(): void {
    this.#ahead.own()
    this.#limitAhead()
  }

  /** Keeps bytes that cannot be used yet; stops reading when they are too many. */
  #keep(bytes: Buffer, from: number, to: number): void {
    this.#ahead.append(bytes, from, to)
    this.#limitAhead()
  }

  #limitAhead(): void {
    if (this.phase === 'busy' && this.#ahead.length >= READ_AHEAD_BYTES_MAX) this.socket.pause()
  }

  get #hasReadAhead(): boolean {
    return !this.#ahead.isEmpty || this.#loopBytes > 0
  }

  /** Bytes read so far of the body of the request in hand, with the framing of its chunks. */
  get bodyBytesRead(): number {
    return this.body.reader.bytesRead
  }

  /** Whether another request may follow the one in hand. */
  get mayServeNext(): boolean {
    if (this.isHalfClosed && !this.#hasReadAhead) return false
    return this.body.reader.canPass(this.#ahead.length)
  }

  // ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Sets the time that one write may wait for the client, and what becomes of one that takes longer. */
  setSendTimeout({ sendTimeoutMs, resetsTimedOut }: SendLimits): void {
    this.#sendTimeoutMs = sendTimeoutMs
    this.#resetsTimedOut = resetsTimedOut
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
        if (this.body.isFlowing) this.body.restartTime()
        else wheel.clear(this.#timer)
        this.flow?.onDrain()
        return
      case 'preface':
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
   * @param keepaliveMinMs how long of that the connection is not closed for others
   */
  finishResponse(keepaliveTimeoutMs: number, keepaliveMinMs = 0): void {
    if (!this.isOpen) return
    if (this.head !== null) this.#repeated.give(this.head, this.requests === 1)
    this.head = null
    this.flow = null
    this.#ahead.skip(this.body.reader.pass(this.#ahead.length))
    if (keepaliveTimeoutMs === 0 || !this.body.reader.isOver) {
      this.#close()
      return
    }
    this.phase = 'idle'
    this.isPipelined = this.#hasReadAhead
    this.body.reset()
    this.#keepaliveTimeoutMs = keepaliveTimeoutMs
    this.#keptUntilMs = keepaliveMinMs === 0 ? 0 : this.handler.clock.nowMs + keepaliveMinMs
    this.handler.wheel.set(this.#timer, keepaliveTimeoutMs)
    if (!this.#isInLoop) this.#receiveKept()
  }

  /** Goes on with what was read ahead. */
  #receiveKept(): void {
    const bytes = this.#ahead.take()
    if (bytes === null) this.#awaitMore()
    else this.#receive(bytes, 0, bytes.length, 0)
  }

  #close(): void {
    const isUnread = this.#mustLinger || this.body.hasFailed || !this.body.reader.isOver
    const mayHaveMore = isUnread || this.#hasReadAhead
    this.#ahead.clear()
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
    const isIdle = this.phase === 'idle' || this.phase === 'preface'
    if (!isIdle || this.handler.clock.nowMs < this.#keptUntilMs) return false
    this.phase = 'lingering'
    this.socket.destroy()
    return true
  }

  /** The worker ends: the same, but one that must be kept for a while closes after that. */
  closeSoonIfIdle(): void {
    if (this.closeIfIdle() || this.phase !== 'idle') return
    this.handler.wheel.set(this.#timer, this.#keptUntilMs - this.handler.clock.nowMs)
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
    this.socket.resume()
    return this.#ahead.take()
  }

  // ── events ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #isIdle(): boolean {
    return this.phase === 'idle'
  }

  /** Neither closed nor about to be. */
  get isOpen(): boolean {
    return this.phase !== 'closed' && this.phase !== 'lingering'
  }

  onEnd(): void {
    this.handler.clock.refresh()
    this.isHalfClosed = true
    switch (this.phase) {
      case 'head':
        this.#takeAheadAsHead()
        this.#refuse(fail('client_gone'))
        return
      case 'preface':
      case 'idle':
      case 'lingering':
        this.phase = 'lingering'
        if (!this.socket.destroyWhenSent()) this.handler.wheel.set(this.#timer, this.#sendTimeoutMs)
        return
      case 'busy':
        if (this.body.reader.isReading) this.body.cut()
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
    if (this.phase === 'head') {
      this.#takeAheadAsHead()
      this.#refuse(fail('client_gone', detail))
    }
    this.phase = 'closed'
    this.handler.wheel.remove(this.#timer)
    this.#ahead.clear()
    this.body.releaseBuffer()
    const flow = this.flow
    this.flow = null
    flow?.onClientGone(fail('client_gone', detail))
    this.handler.onClose(this)
    // Last: the exchange that just ended has logged what its request was.
    this.#repeated.close()
  }

  #onTimer(): void {
    switch (this.phase) {
      case 'preface':
        this.#refusePreface('info', 'client timed out')
        return
      case 'idle':
      case 'lingering':
      case 'closed':
        this.socket.destroy()
        return
      case 'head':
        this.#takeAheadAsHead()
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
      if (this.#resetsTimedOut) this.socket.reset()
      else this.socket.destroy()
    } else if (this.body.reader.isReading) {
      this.body.fail(fail('client_timeout', 'request body was not complete in time'))
    }
  }
}
