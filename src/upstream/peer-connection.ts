// One HTTP/1.1 connection to a peer: sends one request at a time, reads its response, keeps the times, and says whether it
// may serve another (RFC 9112 §9.3). Whatever a peer gets wrong ends this connection and nothing else.
// Length: one state machine, whose phases only make sense side by side.

import { isIPv6, type Socket } from 'node:net'
import type { SystemClock } from '../base/clock.ts'
import { unsentBytes, writeBytes, writeText } from '../base/direct-write.ts'
import { errnoText } from '../base/errno-text.ts'
import { type Failure, fail } from '../base/failure.ts'
import {
  giveReadBuffer,
  type ReadBuffer,
  SHARED_READ_BUFFER,
  takeReadBuffer,
} from '../base/read-buffers.ts'
import { Timer, type TimerWheel } from '../base/timer-wheel.ts'
import type { HeadLimits } from '../http/request-parser.ts'
import { connectPeer } from './connect.ts'
import { ConnectRace, type RaceOwner } from './connect-race.ts'
import { type Egress, PLAIN_EGRESS } from './egress.ts'
import type { PeerAddress } from './peer-address.ts'
import { ReadPace } from './read-pace.ts'
import { ResponseReader } from './response-reader.ts'
import type { ResponseSink } from './response-sink.ts'

/** A body of which more than this is still to come is read into a buffer of its own. */
const OWN_BUFFER_FROM_BYTES = 65_536

/** Between two looks at a peer that stays quiet: what is found out about it meanwhile is noticed as late as that. */
const QUIET_MS_MAX = 2_000

/** Times of one exchange with a peer, in milliseconds, and how its connection is made. */
export interface PeerTimeouts {
  readonly connectMs: number
  readonly sendMs: number
  readonly readMs: number
  /** A peer that says nothing for this long is told to the sink, once more after as long again, and so on; 0 = never. */
  readonly quietMs?: number
  /** `PLAIN_EGRESS` where it is left out. */
  readonly egress?: Egress
}

/** What the connection needs of its worker and its pool. */
export interface PeerServices {
  readonly clock: SystemClock
  readonly wheel: TimerWheel
  /** The response was read to its end and the connection can serve another request. */
  onReusable(connection: PeerConnection): void
  /** An idle connection went away. */
  onIdleGone(connection: PeerConnection): void
}

/** Errors of a connect that say nothing about the peer: this process or machine has no more. */
const OWN_ERRORS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])

type Phase = 'connecting' | 'idle' | 'busy' | 'tunnel' | 'closed'

export class PeerConnection implements RaceOwner {
  readonly address: PeerAddress
  readonly startedMs: number
  /** How it was made. */
  readonly egress: Egress
  /** Requests begun. */
  requests = 0
  /** When it last became idle. */
  idleSinceMs = 0
  /** What the peer's `Keep-Alive: timeout=` allows, in milliseconds; 0 = not said. */
  keepAliveTimeoutMs = 0
  /** The peer's `Keep-Alive: max=` lets another request come. */
  isWithinPeerMax = true
  bytesReceived = 0
  bytesSent = 0
  /** The request in hand was written to its end. */
  isRequestSent = false
  /** Neighbours in the pool's list of idle connections. */
  newer: PeerConnection | null = null
  older: PeerConnection | null = null

  /** In a race the first attempt's until one has won. */
  #socket: Socket
  #race: ConnectRace | null = null
  #reached: PeerAddress
  /** The last `Keep-Alive: max=` of the peer; -1 = none. */
  #peerMax = -1
  readonly #services: PeerServices
  readonly #timer: Timer
  readonly #reader = new ResponseReader()
  readonly #onSent: (status?: number) => void
  #phase: Phase = 'connecting'
  #timeouts: PeerTimeouts
  #mayReuse = false
  /** Its own buffer in the middle of a large body; else it reads into the shared one. */
  #buffer: ReadBuffer | null = null
  #isPaused = false
  /** How fast the response in hand is read; null = as it comes. */
  #pace: ReadPace | null = null
  /** How long the peer has said nothing, as far as it was looked at; and when to look next, 0 = not any more. */
  #quietForMs = 0
  #nextQuietMs = 0

  constructor(
    address: PeerAddress,
    services: PeerServices,
    sink: ResponseSink,
    timeouts: PeerTimeouts,
  ) {
    this.address = address
    this.#reached = address
    this.egress = timeouts.egress ?? PLAIN_EGRESS
    this.#services = services
    this.#reader.sink = sink
    this.#timeouts = timeouts
    this.startedMs = services.clock.nowMs
    this.#timer = new Timer(() => this.#onTimer())
    services.wheel.set(this.#timer, timeouts.connectMs)
    this.#onSent = (status = 0) => {
      if (status < 0) this.#socket.destroy()
      else this.onDrained()
    }
    if (address.rivals.length === 0) {
      this.#socket = connectPeer(address.address, this, SHARED_READ_BUFFER, this.egress)
      return
    }
    this.#race = new ConnectRace(address.rivals, this, this.egress, services)
    this.#socket = this.#race.start()
  }

  /** The address that it leads to, as `$upstream_addr` has it; until a race is won the name. */
  get addressText(): string {
    return this.#reached.text
  }

  /** The worker's timers. */
  get wheel(): TimerWheel {
    return this.#services.wheel
  }

  /** The peer has sent at least one byte of the response in hand. */
  get hasAnswered(): boolean {
    return this.#reader.hasAnswered
  }

  // ── request ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes an idle connection for a request. */
  take(sink: ResponseSink, timeouts: PeerTimeouts): void {
    this.#reader.sink = sink
    this.#timeouts = timeouts
  }

  /**
   * Sends a request's head, and with it as much of the body as `head` holds.
   *
   * @param isWhole nothing follows; else `writeBody` and `endBody` do
   */
  send(
    head: string,
    method: string,
    limits: HeadLimits,
    isWhole: boolean,
    mayReuse: boolean,
    isUpgradeAsked: boolean,
  ): void {
    this.#phase = 'busy'
    this.#reader.begin(method, limits, isUpgradeAsked)
    this.isRequestSent = isWhole
    this.#mayReuse = mayReuse
    this.bytesReceived = 0
    this.bytesSent = head.length
    this.requests++
    this.#quietForMs = 0
    this.#nextQuietMs = 0
    if (isWhole) this.#awaitHead()
    else this.#services.wheel.set(this.#timer, this.#timeouts.sendMs)
    writeText(this.#socket, head, this.#onSent)
  }

  /** Waits for the response's first byte: until the peer has been quiet for a while, or for too long. */
  #awaitHead(): void {
    const { readMs, quietMs = 0 } = this.#timeouts
    const left = readMs - this.#quietForMs
    const next = this.#quietForMs === 0 ? quietMs : Math.min(this.#quietForMs, QUIET_MS_MAX)
    const isLooking = quietMs > 0 && next < left && this.#reader.sink?.onQuiet !== undefined
    this.#services.wheel.set(this.#timer, isLooking ? next : left)
    this.#nextQuietMs = isLooking ? next : 0
  }

  /** The time is up: either it was time to look, and it goes on, or the peer was silent for too long. */
  #onSilence(): boolean {
    if (this.#nextQuietMs === 0 || this.#reader.hasAnswered) return false
    this.#quietForMs += this.#nextQuietMs
    this.#awaitHead()
    this.#reader.sink?.onQuiet?.()
    return true
  }

  /** Writes a piece of the request body that is the caller's to give away; false: wait for `onPeerDrain`. */
  writeBody(bytes: Buffer): boolean {
    if (this.#phase === 'closed') return true
    this.bytesSent += bytes.length
    const isTaken = writeBytes(this.#socket, bytes, this.#onSent)
    if (this.#phase === 'busy') this.#timeSending()
    return isTaken
  }

  /** The peer's time runs while the kernel holds bytes for it; while the client owes the next ones, nobody's does. */
  #timeSending(): void {
    const { wheel } = this.#services
    if (unsentBytes(this.#socket) > 0) wheel.set(this.#timer, this.#timeouts.sendMs)
    else wheel.clear(this.#timer)
  }

  /** The request is whole. */
  endBody(lastBytes: string): void {
    if (this.#phase === 'closed') return
    if (lastBytes !== '') {
      this.bytesSent += lastBytes.length
      writeText(this.#socket, lastBytes, this.#onSent)
    }
    this.isRequestSent = true
    this.#nextQuietMs = 0
    if (this.#isPaused) return
    const { sendMs, readMs } = this.#timeouts
    this.#services.wheel.set(this.#timer, unsentBytes(this.#socket) > 0 ? sendMs : readMs)
  }

  // ── response ─────────────────────────────────────────────────────────────────────────────────────────────────────

  onBytes(bytes: Buffer, count: number): Buffer {
    this.#services.clock.refresh()
    this.address.heardMs = this.#services.clock.nowMs
    this.bytesReceived += count
    if (this.#phase === 'busy') this.#onResponseBytes(bytes, count)
    else if (this.#phase === 'tunnel') this.#reader.sink?.onData(bytes, 0, count, false)
    // Nothing was asked, so nothing is owed: these bytes must never reach the next client.
    else if (this.#phase !== 'closed') this.destroy()
    if (this.#pace !== null && this.#buffer === null) return this.#pace.limit(SHARED_READ_BUFFER)
    return this.#buffer?.view ?? SHARED_READ_BUFFER
  }

  #onResponseBytes(bytes: Buffer, count: number): void {
    const reader = this.#reader
    const outcome = reader.read(bytes, count, this.#buffer !== null)
    switch (outcome) {
      case 'whole':
      case 'excess':
        this.#finish(outcome === 'excess')
        return
      case 'more':
        this.#onMore(count)
        return
      case 'failed':
        this.#fail(reader.failure!)
        return
      case 'tunnel':
        this.#startTunnel()
        return
      case 'dropped':
        return
    }
  }

  #onMore(count: number): void {
    const { isInBody, left } = this.#reader
    if (this.#pace?.onRead(count) === true) {
      this.#services.wheel.clear(this.#timer)
      this.#socket.pause()
      return
    }
    if (isInBody && this.#buffer === null && this.#pace === null) {
      const isLarge = left > OWN_BUFFER_FROM_BYTES || (left < 0 && count > OWN_BUFFER_FROM_BYTES)
      if (isLarge) this.#buffer = takeReadBuffer()
    }
    // A response that has begun ends the sending: from its head on only the reading counts.
    if (!this.#isPaused && (this.isRequestSent || this.#reader.isInBody)) {
      this.#services.wheel.set(this.#timer, this.#timeouts.readMs)
    }
  }

  #startTunnel(): void {
    const reader = this.#reader
    if (!this.isRequestSent) {
      this.#fail(fail('unasked_upgrade', 'before the end of the request'))
      return
    }
    this.#phase = 'tunnel'
    this.#services.wheel.clear(this.#timer)
    reader.sink?.onHead(reader.head)
    const rest = reader.takeTunnelBytes()
    if (rest !== null) reader.sink?.onData(rest, 0, rest.length, false)
  }

  /** Another sink hears of the rest of the response; the connection serves no request after it. */
  handOver(sink: ResponseSink): void {
    this.#mayReuse = false
    this.#reader.sink = sink
  }

  /** Leaves the head of the response that just ended to the exchange, which still needs it. */
  keepHead(): void {
    this.#reader.renewHead()
  }

  /** The buffer that the running `onData` shows a part of; still this connection's. */
  get buffer(): ReadBuffer | null {
    return this.#buffer
  }

  /** Takes the buffer over; its new owner gives it back to the pool, and this connection reads into another. */
  detachBuffer(): void {
    this.#buffer = this.#phase === 'busy' ? takeReadBuffer() : null
  }

  /** Stops reading until `resume`: the client is slower than the peer. */
  pause(): void {
    if (this.#isPaused || this.#phase === 'closed') return
    this.#isPaused = true
    this.#services.wheel.clear(this.#timer)
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#isPaused || this.#phase === 'closed') return
    this.#isPaused = false
    if (this.#pace?.isResting !== true) this.#readOn()
  }

  /** Reads the rest of the response in hand no faster than so many bytes a second; 0 = as it comes. */
  limitReading(rate: number): void {
    if (rate === 0 || this.#phase !== 'busy' || this.#pace !== null) return
    const { clock, wheel } = this.#services
    this.#pace = new ReadPace(rate, clock, wheel, () => {
      if (!this.#isPaused) this.#readOn()
    })
  }

  #endPace(): void {
    const pace = this.#pace
    if (pace === null) return
    this.#pace = null
    if (pace.isResting && !this.#isPaused) this.#socket.resume()
    pace.close()
  }

  #readOn(): void {
    if (this.#phase === 'busy') this.#services.wheel.set(this.#timer, this.#timeouts.readMs)
    this.#socket.resume()
  }

  // ── tunnel ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** In a tunnel: closes after `timeoutMs` without a byte; every call starts anew. 0 = never. */
  setTunnelTimeout(timeoutMs: number): void {
    if (timeoutMs > 0) this.#services.wheel.set(this.#timer, timeoutMs)
    else this.#services.wheel.clear(this.#timer)
  }

  /** In a tunnel: sends FIN after what is queued. */
  endTunnel(): void {
    if (this.#phase !== 'closed') this.#socket.end()
  }

  get queuedBytes(): number {
    return unsentBytes(this.#socket)
  }

  // ── end ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #finish(hasExcess: boolean): void {
    const reader = this.#reader
    const { head, sink } = reader
    reader.drop()
    this.#releaseBuffer()
    this.#endPace()
    // Reusable only when both bodies ended where their framing says, and nothing came after.
    if (
      this.#mayReuse &&
      head.isKeepAlive &&
      this.isRequestSent &&
      !hasExcess &&
      head.bodyBytes !== -2
    ) {
      if (this.#isPaused) {
        this.#isPaused = false
        this.#socket.resume()
      }
      this.#phase = 'idle'
      this.keepAliveTimeoutMs = head.keepAliveTimeoutMs
      this.#countDown(head.keepAliveMax)
      this.idleSinceMs = this.#services.clock.nowMs
      // Back into the pool first: the end of this exchange may start the next one at once.
      this.#services.onReusable(this)
    } else {
      this.#close()
    }
    sink?.onEnd(reader.trailers)
  }

  /** `max=N` is what is left where it falls from response to response (Apache), else the sum of all (Node). */
  #countDown(max: number): void {
    const isFalling = max < this.#peerMax
    this.isWithinPeerMax = max === -1 || (max > 0 && (isFalling || this.requests < max))
    this.#peerMax = max
  }

  /** Starts the idle timeout; called by the pool. */
  setIdleTimeout(timeoutMs: number): void {
    this.#services.wheel.set(this.#timer, timeoutMs)
  }

  #fail(failure: Failure): void {
    const { sink } = this.#reader
    this.#close()
    sink?.onFailure(failure)
  }

  /** Ends the connection without a word to the sink. */
  destroy(): void {
    const wasIdle = this.#phase === 'idle'
    this.#close()
    if (wasIdle) this.#services.onIdleGone(this)
  }

  #close(): void {
    this.#reader.drop()
    this.#releaseBuffer()
    if (this.#phase === 'closed') return
    this.#endPace()
    this.#phase = 'closed'
    this.#services.wheel.remove(this.#timer)
    this.#race?.cancel()
    this.#socket.destroy()
  }

  #releaseBuffer(): void {
    const buffer = this.#buffer
    if (buffer === null) return
    this.#buffer = null
    giveReadBuffer(buffer)
  }

  // ── socket events ────────────────────────────────────────────────────────────────────────────────────────────────

  onWon(socket: Socket, address: PeerAddress): void {
    this.#socket = socket
    this.#reached = address
    this.#race = null
  }

  onConnected(): void {
    if (this.#phase !== 'connecting') return
    const { clock } = this.#services
    clock.refresh()
    this.address.onConnected(clock.nowMs - this.startedMs, clock.nowMs)
    const { preamble } = this.egress
    if (preamble !== null) this.#socket.write(preamble)
    this.#reader.sink?.onConnected()
  }

  onDrained(): void {
    if (unsentBytes(this.#socket) > 0) return
    this.#services.clock.refresh()
    if (this.#phase === 'busy' && !this.#reader.isInBody) {
      this.#nextQuietMs = 0
      if (this.isRequestSent) this.#services.wheel.set(this.#timer, this.#timeouts.readMs)
      else this.#services.wheel.clear(this.#timer)
    }
    this.#reader.sink?.onPeerDrain()
  }

  onEnd(): void {
    this.#services.clock.refresh()
    const reader = this.#reader
    switch (this.#phase) {
      case 'idle':
        this.destroy()
        return
      case 'busy':
        if (!reader.isInBody)
          this.#fail(
            fail(
              'peer_closed',
              reader.hasAnswered ? 'in the response head' : 'before the response',
            ),
          )
        else if (reader.left === -2) this.#finish(false)
        else this.#fail(fail('truncated_response'))
        return
      case 'tunnel':
        reader.sink?.onEnd(null)
        return
      case 'connecting':
      case 'closed':
        return
    }
  }

  onGone(code: string, call: string): void {
    if (this.#phase === 'closed') return
    this.#services.clock.refresh()
    switch (this.#phase) {
      case 'idle':
        this.destroy()
        return
      case 'connecting':
        this.#fail(this.#connectFailure(code, call))
        return
      default:
        this.#fail(fail(this.#reader.isInBody ? 'truncated_response' : 'peer_reset', code))
    }
  }

  #connectFailure(code: string, call: string): Failure {
    if (OWN_ERRORS.has(code)) return fail('out_of_sockets', code)
    if (call !== 'bind') return fail('connect_failed', code)
    const { text = '', host = '' } = this.egress.from ?? {}
    // Node finds an IPv6 address malformed for an IPv4 socket, where the kernel says what it is.
    const errno = code === 'EINVAL' && isIPv6(host) ? 'EAFNOSUPPORT' : code
    return fail('bind_failed', `bind(${text}) failed (${errnoText(errno) ?? errno})`)
  }

  #onTimer(): void {
    switch (this.#phase) {
      case 'idle':
        this.destroy()
        return
      case 'connecting':
        this.#fail(fail('connect_timeout'))
        return
      case 'busy':
        if (this.isRequestSent && this.#onSilence()) return
        if (this.isRequestSent || this.#reader.isInBody) this.#fail(fail('read_timeout'))
        else if (unsentBytes(this.#socket) > 0) this.#fail(fail('send_timeout'))
        return
      case 'tunnel':
        this.#fail(fail('read_timeout', 'the tunnel was silent'))
        return
      case 'closed':
        return
    }
  }
}
