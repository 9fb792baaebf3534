// Steps 7 and 8 for the tries of one exchange: a connection to the picked peer, idle or new, with company where it opens
// slowly, and the request on it, with a second one beside it where the answer takes long.

import type { Outcome } from '../balance/outcome.ts'
import type { Failure } from '../base/failure.ts'
import type { HeadLimits } from '../http/request-parser.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { RetryCondition } from '../model/proxy-settings.ts'
import type { PeerConnection, PeerTimeouts } from '../upstream/peer-connection.ts'
import type { ResponseSink } from '../upstream/response-sink.ts'
import { mayHedge } from './dark-peers.ts'
import type { Exchange } from './exchange.ts'
import { HedgedConnect, hedgeDelayMs } from './hedged-connect.ts'
import { HedgedRequest, type RequestHedgeOwner } from './hedged-request.ts'
import { conditionOfStatus, countsAsFailure, isIdempotent } from './retry.ts'
import { type LocationRuntime, requestOf, type UpstreamRuntime } from './runtime.ts'
import type { Tries } from './tries.ts'
import type { TryPace } from './try-pace.ts'

/** A request that must not be sent twice takes no connection that has been idle for longer: the peer may be closing it. */
const PROVEN_FRESH_MS = 1_000

/** What the compiled location gives the forwarding. */
export interface ForwardRules {
  readonly timeouts: PeerTimeouts
  readonly headLimits: HeadLimits
}

/** Who decides on the tries, and hears what peers say. */
export interface CallOwner extends ResponseSink {
  /** An answer is on its way to the client. */
  readonly isAnswered: boolean
  readonly pace: TryPace | null
  /** Keeps an answer that another one may better. */
  putBy(head: ResponseHead, connection: PeerConnection): void
}

export class PeerCall implements RequestHedgeOwner {
  readonly #exchange: Exchange
  readonly #location: LocationRuntime
  readonly #rules: ForwardRules
  readonly #upstream: UpstreamRuntime
  readonly #tries: Tries
  readonly #owner: CallOwner
  /** Of the running try: at least a part of the request was written. */
  isSent = false
  #isReused = false
  #hasRetriedFresh = false
  #hedge: HedgedConnect | null = null
  #second: HedgedRequest | null = null

  constructor(
    exchange: Exchange,
    location: LocationRuntime,
    rules: ForwardRules,
    upstream: UpstreamRuntime,
    tries: Tries,
    owner: CallOwner,
  ) {
    this.#exchange = exchange
    this.#location = location
    this.#rules = rules
    this.#upstream = upstream
    this.#tries = tries
    this.#owner = owner
  }

  // ── connect ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes an idle connection to the peer, or opens one, and sends the request. */
  connect(peer: number): void {
    const exchange = this.#exchange
    const { pool } = this.#upstream
    const address = this.#tries.peers.addresses[peer]!
    const { timeouts } = this.#rules
    exchange.step = 'connect'
    this.#owner.pace?.onTry(this.#tries)
    const entry = this.#tries.open(address.text)
    const idle = this.#hasRetriedFresh
      ? null
      : pool.take(address, this.#owner, timeouts, this.#idleMsMax)
    this.isSent = false
    this.#isReused = idle !== null
    if (idle === null) {
      exchange.peerConnection = pool.open(address, this.#owner, timeouts)
      this.#mayHedge(peer)
      return
    }
    exchange.peerConnection = idle
    entry.connectMs = 0
    this.#send()
  }

  /** How long a connection may have been idle that is taken for this request. */
  get #idleMsMax(): number {
    const { method, snapshot } = this.#exchange
    return isIdempotent(method) || snapshot.isStrict ? Number.POSITIVE_INFINITY : PROVEN_FRESH_MS
  }

  /** Lets a slow connect have company, where a second one could help. */
  #mayHedge(peer: number): void {
    const { retry } = this.#location.settings.proxy
    if (!mayHedge(this.#exchange, this.#tries, retry)) return
    const { usualConnectMs } = this.#tries.peers.addresses[peer]!
    const delayMs = hedgeDelayMs(retry.connectHedgeMs, usualConnectMs)
    if (delayMs >= this.#rules.timeouts.connectMs) return
    this.#hedge = new HedgedConnect(this.#exchange, this.#tries, this, delayMs)
  }

  openBeside(peer: number, sink: ResponseSink): { connection: PeerConnection; isOpen: boolean } {
    const { pool } = this.#upstream
    const address = this.#tries.peers.addresses[peer]!
    const { timeouts } = this.#rules
    const idle = pool.take(address, sink, timeouts, this.#idleMsMax)
    if (idle !== null) return { connection: idle, isOpen: true }
    return { connection: pool.open(address, sink, timeouts), isOpen: false }
  }

  addressOf(peer: number): string {
    return this.#tries.peers.addresses[peer]!.text
  }

  onRivalOpen(): void {
    this.#hedge = null
    const connection = this.#exchange.peerConnection!
    this.#isReused = connection.requests > 0
    connection.take(this.#owner, this.#rules.timeouts)
    this.#send()
  }

  onConnected(): void {
    this.endHedge()
    const entry = this.#tries.current
    if (entry !== null) entry.connectMs = this.#tries.sinceStart()
    this.#send()
  }

  endHedge(): void {
    const race = this.#hedge
    this.#hedge = null
    race?.close()
  }

  // ── forward ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #send(): void {
    const exchange = this.#exchange
    const connection = exchange.peerConnection!
    exchange.step = 'forward'
    const { head } = exchange
    const { hasOwnBody } = requestOf(exchange, this.#location)
    const body = exchange.sendsBody && !hasOwnBody ? exchange.body : null
    this.isSent = true
    if (body === null) {
      this.sendOn(connection)
      this.#timeHedge()
      return
    }
    const mayReuse = this.#upstream.pool.mayReuse(connection)
    const { headLimits } = this.#rules
    const { text, isWhole } = body.framing(head.bodyBytes)
    connection.send(
      exchange.outgoingHead + text,
      exchange.peerMethod || exchange.method,
      headLimits,
      isWhole,
      mayReuse,
      exchange.wantsUpgrade,
    )
    if (!isWhole) body.sendTo(connection)
  }

  sendOn(connection: PeerConnection): void {
    const exchange = this.#exchange
    // A request that came with `Content-Length: 0` says so again; one without a body gains no framing.
    const hasLength = exchange.head.hasLength && exchange.sendsBody
    const end = hasLength ? 'Content-Length: 0\r\n\r\n' : '\r\n'
    const template = requestOf(exchange, this.#location)
    const text = template.hasOwnBody
      ? exchange.outgoingHead + template.ownBody(exchange)
      : template.complete(exchange, end)
    connection.send(
      text,
      exchange.peerMethod || exchange.method,
      this.#rules.headLimits,
      true,
      this.#upstream.pool.mayReuse(connection),
      exchange.wantsUpgrade,
    )
  }

  /** Lets a request that takes longer than nearly all do have a second one beside it. */
  #timeHedge(): void {
    const { hedgePercentile, hedgeMinMs } = this.#location.settings.proxy.retry
    if (hedgePercentile === 0 || this.#second !== null || this.#tries.peers.group.isSingle) return
    const exchange = this.#exchange
    if (exchange.wantsUpgrade || !isIdempotent(exchange.method)) return
    const usualMs = this.#upstream.load.times.percentile(hedgePercentile)
    if (usualMs === -1) return
    const delayMs = Math.max(hedgeMinMs, usualMs)
    this.#second = new HedgedRequest(exchange, this.#tries, this, delayMs)
  }

  mayHedgeRequest(): boolean {
    const { isAnswered, pace } = this.#owner
    if (isAnswered || this.#tries.current === null) return false
    return pace === null || pace.takePlace()
  }

  onNoHedge(): void {
    this.#owner.pace?.leavePlace()
  }

  isUnwanted(status: number): boolean {
    const condition = conditionOfStatus(status)
    return condition !== null && this.#location.settings.proxy.retry.on.includes(condition)
  }

  outcomeOf(status: number): Outcome {
    const condition = conditionOfStatus(status)
    return condition !== null && countsAsFailure(condition) ? 'failure' : 'success'
  }

  putBy(head: ResponseHead, connection: PeerConnection): void {
    this.#owner.putBy(head, connection)
  }

  onHedgeWon(head: ResponseHead): void {
    this.#second = null
    this.#exchange.peerConnection!.take(this.#owner, this.#rules.timeouts)
    this.#owner.onHead(head)
  }

  /** The running try has ended: the second request, if there is one, is the running one from here on. */
  promoteSecond(): boolean {
    const state = this.#second?.promote() ?? 'none'
    const isReused = this.#second?.isReused === true
    this.#endSecond()
    if (state === 'none') return false
    this.#isReused = isReused
    this.#owner.pace?.onTry(this.#tries)
    this.isSent = state === 'sent'
    this.#exchange.step = state === 'sent' ? 'forward' : 'connect'
    this.#exchange.peerConnection!.take(this.#owner, this.#rules.timeouts)
    return true
  }

  #endSecond(): void {
    const second = this.#second
    this.#second = null
    second?.close()
  }

  /** A kept connection that its peer had closed in the meantime: nobody's fault. */
  isStale(failure: Failure): boolean {
    if (!this.#isReused || this.#exchange.snapshot.isStrict) return false
    if (failure.failure !== 'peer_closed' && failure.failure !== 'peer_reset') return false
    return this.#exchange.peerConnection?.hasAnswered === false
  }

  /** The same, and the request can be sent again: it goes to the same peer on a new connection. */
  isDeadOnArrival(failure: Failure): boolean {
    if (this.#second?.isRunning === true || !this.isStale(failure)) return false
    const isReplayable = this.#exchange.body === null || this.#exchange.body.canReplay
    return isReplayable && isIdempotent(this.#exchange.method)
  }

  /** nginx gives a try that failed on a kept connection back. */
  isFreeTry(condition: RetryCondition): boolean {
    return condition === 'error' && this.#isReused && this.#exchange.snapshot.isStrict
  }

  /** The connection was dead before it was used: the request goes to the same peer on a new one. */
  connectAgain(): void {
    this.#endSecond()
    this.#hasRetriedFresh = true
    this.#tries.withdraw()
    this.connect(this.#tries.peer)
  }

  /** The running connect has failed: one that was begun beside it takes its place. */
  promoteRival(): boolean {
    if (this.#hedge?.promote() !== true) return false
    this.#exchange.peerConnection!.take(this.#owner, this.#rules.timeouts)
    return true
  }

  /** The answer goes to the client. */
  onAnswered(headerMs: number): void {
    if (this.#second !== null) this.#endSecond()
    if (this.#location.settings.proxy.retry.hedgePercentile > 0) {
      this.#upstream.load.times.add(headerMs)
    }
  }

  /** Another try follows. */
  forget(): void {
    this.#hasRetriedFresh = false
  }

  /** Gives up whatever was begun beside the running try. */
  end(): void {
    if (this.#hedge !== null) this.endHedge()
    if (this.#second !== null) this.#endSecond()
  }
}
