// Stands before a client connection while a response that may only go so fast is on its way: everything that is written
// comes through here and waits for its time, whoever writes it. How much may go when is nginx's rule
// (ngx_http_write_filter): by whole seconds since the request, so the first second's share goes at once. The writer sees a
// client that is slow, and holds its source back as for any other.

import type { Clock } from '../base/clock.ts'
import type { Failure } from '../base/failure.ts'
import { Timer, type TimerWheel } from '../base/timer-wheel.ts'
import type { RequestHead } from '../http/request-parser.ts'
import { WRITE_HIGH_WATER_BYTES } from './accept.ts'
import type { BodyFeed } from './body-feed.ts'
import type { ClientPhase, SendLimits } from './client-connection.ts'
import type { ExchangeFlow } from './client-handler.ts'
import type { ClientSocket } from './client-socket.ts'
import type { ClientLink } from './detached-client.ts'

/** How fast a response may go. */
export interface Pace {
  /** Bytes per second, from 1. */
  readonly rate: number
  /** Bytes that go as fast as they can. */
  readonly after: number
  /** When the request came (`Clock.nowMs`). */
  readonly startedMs: number
}

/** Who waits until everything is sent, and listens to nothing else. */
export interface SentWaiter {
  onSent(): void
  onGone(failure: Failure): void
}

export class PacedClient implements ClientLink, ExchangeFlow {
  /** The exchange in hand, for which this one hears the client. */
  flow: ExchangeFlow | null
  readonly #client: ClientLink
  readonly #pace: Pace
  readonly #clock: Clock
  readonly #wheel: TimerWheel
  readonly #timer = new Timer(() => this.#onTime())
  /** What waits; of the first `#taken` bytes are gone. */
  #queue: Buffer[] = []
  #taken = 0
  #waitingBytes = 0
  #sentBytes = 0
  /** Nothing goes before. */
  #nextMs = 0
  /** The client has not taken what was sent. */
  #isBlocked = false
  #waiter: SentWaiter | null = null

  constructor(client: ClientLink, pace: Pace, clock: Clock, wheel: TimerWheel) {
    this.#client = client
    this.#pace = pace
    this.#clock = clock
    this.#wheel = wheel
    this.flow = client.flow
    client.flow = this
  }

  // ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────────

  writeText(text: string): boolean {
    if (!this.#mayPass(text.length)) return this.#hold(Buffer.from(text, 'latin1'))
    return this.#pass(this.#client.writeText(text), text.length)
  }

  writeBytes(bytes: Buffer): boolean {
    if (!this.#mayPass(bytes.length)) return this.#hold(bytes)
    return this.#pass(this.#client.writeBytes(bytes), bytes.length)
  }

  /** Bytes that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#client.queuedBytes + this.#waitingBytes
  }

  /** Bytes that wait for their time. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  /**
   * Lets somebody wait until everything is sent; nobody else hears of the client from here on.
   *
   * @returns false = nothing waits
   */
  waitUntilSent(waiter: SentWaiter): boolean {
    if (this.#waitingBytes === 0) return false
    this.#waiter = waiter
    this.flow = null
    return true
  }

  #mayPass(count: number): boolean {
    if (this.#waitingBytes > 0) return false
    return count === 0 || (this.#clock.nowMs >= this.#nextMs && count <= this.#allowance())
  }

  #pass(isTaken: boolean, count: number): boolean {
    this.#count(count)
    if (!isTaken) this.#isBlocked = true
    return isTaken
  }

  #hold(bytes: Buffer): false {
    this.#queue.push(bytes)
    this.#waitingBytes += bytes.length
    this.#send()
    return false
  }

  /** What may go now; 0 or less: nothing. */
  #allowance(): number {
    const { rate, after, startedMs } = this.#pace
    const seconds = Math.floor(this.#clock.nowMs / 1000) - Math.floor(startedMs / 1000)
    return rate * (seconds + 1) - (this.#sentBytes - after)
  }

  /** Counts what went, and when the next may follow. */
  #count(count: number): void {
    const { rate, after } = this.#pace
    const before = Math.max(0, this.#sentBytes - after)
    this.#sentBytes += count
    const paced = Math.max(0, this.#sentBytes - after) - before
    this.#nextMs = this.#clock.nowMs + Math.floor((paced * 1000) / rate)
  }

  /** Sends what may go, and comes back when more may. */
  #send(): void {
    while (this.#waitingBytes > 0 && !this.#isBlocked) {
      const allowance = this.#allowance()
      const waitMs = Math.max(
        this.#nextMs - this.#clock.nowMs,
        allowance > 0 ? 0 : Math.floor((-allowance * 1000) / this.#pace.rate) + 1,
      )
      if (waitMs > 0) {
        this.#wheel.set(this.#timer, waitMs)
        return
      }
      this.#sendNow(Math.min(allowance, this.#waitingBytes))
    }
  }

  #sendNow(most: number): void {
    let left = most
    while (left > 0 && !this.#isBlocked) {
      const piece = this.#takePiece(left)
      left -= piece.length
      if (!this.#client.writeBytes(piece)) this.#isBlocked = true
    }
    this.#count(most - left)
  }

  /** The next bytes of the queue, at most so many. */
  #takePiece(most: number): Buffer {
    const first = this.#queue[0]!
    const end = Math.min(first.length, this.#taken + most)
    const piece = first.subarray(this.#taken, end)
    const isWhole = this.#taken === 0 && end === first.length
    this.#waitingBytes -= piece.length
    this.#taken = end
    if (end === first.length) {
      this.#queue.shift()
      this.#taken = 0
    }
    // Small pieces are the socket's to keep, and a part of what is lent is not ours to give away.
    return isWhole || piece.length >= WRITE_HIGH_WATER_BYTES ? piece : Buffer.from(piece)
  }

  #onTime(): void {
    this.#send()
    this.#onMaybeSent()
  }

  #onMaybeSent(): void {
    if (this.#waitingBytes > 0 || this.#isBlocked) return
    const waiter = this.#waiter
    this.#waiter = null
    if (waiter === null) this.flow?.onDrain()
    else waiter.onSent()
  }

  #forget(): void {
    this.#wheel.remove(this.#timer)
    this.#queue = []
    this.#waitingBytes = 0
    this.#taken = 0
  }

  // ── the client's events ──────────────────────────────────────────────────────────────────────────────────────────

  onDrain(): void {
    this.#isBlocked = false
    this.#send()
    this.#onMaybeSent()
  }

  onBodyData(bytes: Buffer, from: number, to: number, isLendable: boolean): void {
    this.flow?.onBodyData(bytes, from, to, isLendable)
  }

  onBodyEnd(): void {
    this.flow?.onBodyEnd()
  }

  onBodyFailure(failure: Failure): void {
    this.flow?.onBodyFailure(failure)
  }

  onClientEnd(): void {
    this.flow?.onClientEnd()
  }

  onClientGone(failure: Failure): void {
    const waiter = this.#waiter
    this.#waiter = null
    // What did not go is told first: it counts as not sent.
    if (waiter === null) this.flow?.onClientGone(failure)
    else waiter.onGone(failure)
    this.#forget()
  }

  // ── what the connection is asked ─────────────────────────────────────────────────────────────────────────────────

  finishResponse(keepaliveTimeoutMs: number, keepaliveMinMs = 0): void {
    this.#forget()
    this.#client.finishResponse(keepaliveTimeoutMs, keepaliveMinMs)
  }

  abort(isReset: boolean): void {
    this.#forget()
    this.#client.abort(isReset)
  }

  startTunnel(): Buffer | null {
    return this.#client.startTunnel()
  }

  setSendTimeout(limits: SendLimits): void {
    this.#client.setSendTimeout(limits)
  }

  get serial(): number {
    return this.#client.serial
  }

  get startedMs(): number {
    return this.#client.startedMs
  }

  get requests(): number {
    return this.#client.requests
  }

  get isPipelined(): boolean {
    return this.#client.isPipelined
  }

  get phase(): ClientPhase {
    return this.#client.phase
  }

  get head(): RequestHead | null {
    return this.#client.head
  }

  get requestStartedMs(): number {
    return this.#client.requestStartedMs
  }

  get isHalfClosed(): boolean {
    return this.#client.isHalfClosed
  }

  get body(): BodyFeed {
    return this.#client.body
  }

  get socket(): ClientSocket {
    return this.#client.socket
  }

  get remoteAddress(): string {
    return this.#client.remoteAddress
  }

  get remotePort(): number {
    return this.#client.remotePort
  }

  get localAddress(): string {
    return this.#client.localAddress
  }

  get localPort(): number {
    return this.#client.localPort
  }

  get proxyHeader(): ClientLink['proxyHeader'] {
    return this.#client.proxyHeader
  }

  get bodyBytesRead(): number {
    return this.#client.bodyBytesRead
  }

  get mayServeNext(): boolean {
    return this.#client.mayServeNext
  }
}
