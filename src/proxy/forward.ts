// Steps 6 to 8, pick, connect and forward: one exchange with the peers of an upstream. A try ends with a response that
// goes on to the client, or with a failure after which `retry.ts` decides whether another peer is asked.
// Length: the events of both sides meet here, and only side by side do they show every order in which they can come.

import { FAILURES, type Failure, fail } from '../base/failure.ts'
import type { ExchangeFlow } from '../downstream/client-handler.ts'
import type { HeadLimits } from '../http/request-parser.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { RetryCondition } from '../model/proxy-settings.ts'
import type { PeerTimeouts } from '../upstream/peer-connection.ts'
import type { ResponseSink } from '../upstream/response-sink.ts'
import { answerFailure, answerStatus, hasErrorPage } from './answer.ts'
import { Delivery, type DeliveryOwner } from './delivery.ts'
import type { Exchange } from './exchange.ts'
import { logBodyFailure, logClientGone, logFailure, logPeerFailure } from './failure-log.ts'
import { cutExchange } from './finish.ts'
import { HalfCloseWatch } from './half-close.ts'
import { RequestBody, type RequestBodyOwner } from './request-body.ts'
import {
  conditionOfFailure,
  conditionOfStatus,
  countsAsFailure,
  decideRetry,
  isIdempotent,
} from './retry.ts'
import type { LocationRuntime, UpstreamRuntime } from './runtime.ts'
import { Tries } from './tries.ts'
import { Tunnel } from './tunnel.ts'

/** A request that must not be sent twice takes no connection that has been idle for longer: the peer may be closing it. */
const PROVEN_FRESH_MS = 1_000

/** What the compiled location gives the forwarding. */
export interface ForwardRules {
  readonly timeouts: PeerTimeouts
  readonly headLimits: HeadLimits
}

export class Forward implements ExchangeFlow, ResponseSink, RequestBodyOwner, DeliveryOwner {
  readonly #exchange: Exchange
  readonly #location: LocationRuntime
  readonly #rules: ForwardRules
  readonly #upstream: UpstreamRuntime
  readonly #tries: Tries
  #isReused = false
  #hasRetriedFresh = false
  #isSent = false
  #delivery: Delivery | null = null
  #tunnel: Tunnel | null = null
  #halfClose: HalfCloseWatch | null = null

  constructor(
    exchange: Exchange,
    location: LocationRuntime,
    rules: ForwardRules,
    upstream: UpstreamRuntime,
  ) {
    this.#exchange = exchange
    this.#location = location
    this.#rules = rules
    this.#upstream = upstream
    this.#tries = new Tries(exchange, upstream, location.settings.proxy.retry.triesMax)
  }

  start(): void {
    const exchange = this.#exchange
    exchange.connection.flow = this
    exchange.upstream = this.#upstream
    exchange.outgoingHead = this.#location.request!.build(exchange)
    const hadBody = exchange.body !== null
    this.#keepBody()
    if (!exchange.head.hasBody || !this.#isMethodKept) {
      this.#nextTry()
      return
    }
    if (exchange.body !== null) {
      exchange.body.adopt(this)
      return
    }
    if (hadBody) {
      answerFailure(exchange, fail('internal', 'the request body cannot be sent again'), 502)
      this.#end()
      return
    }
    exchange.step = 'receive'
    exchange.body = new RequestBody(exchange.connection, this, this.#location.settings)
    exchange.body.start(this.#location.settings.client.bodyTimeoutMs)
  }

  /** After an internal redirect: a body that is not all here cannot be sent again, and must not be promised. */
  #keepBody(): void {
    const exchange = this.#exchange
    if (exchange.body === null || exchange.body.isKept) return
    exchange.mustClose = true
    exchange.body.close()
    exchange.body = null
  }

  /** An error page is asked for with GET, which has no body; named locations keep the method. */
  get #isMethodKept(): boolean {
    return this.#exchange.method === this.#exchange.head.method
  }

  // ── request body ─────────────────────────────────────────────────────────────────────────────────────────────────

  onBodyData(bytes: Buffer, from: number, to: number, isLendable: boolean): void {
    if (this.#tunnel !== null) {
      this.#tunnel.fromClient(bytes, from, to)
      return
    }
    this.#exchange.body?.append(bytes, from, to, isLendable)
  }

  onBodyEnd(): void {
    this.#exchange.body?.end()
  }

  onBodyReady(): void {
    this.#nextTry()
  }

  onBodyRefused(failure: Failure): void {
    this.onBodyFailure(failure)
  }

  /** The request cannot be completed: nothing of it may look whole to the peer. */
  onBodyFailure(failure: Failure): void {
    const exchange = this.#exchange
    exchange.mustClose = true
    if (this.#delivery !== null || exchange.body === null) {
      // The answer does not hang on it any more.
      if (failure.failure === 'client_gone') this.onClientEnd()
      return
    }
    exchange.failure = failure
    logBodyFailure(exchange, failure)
    this.#dropTry()
    if (failure.failure === 'client_gone') {
      // Half a request, as nginx counts it.
      exchange.status = 400
      cutExchange(exchange, false)
    } else {
      answerFailure(exchange, failure, FAILURES[failure.failure].status)
    }
    this.#end()
  }

  // ── pick and connect ─────────────────────────────────────────────────────────────────────────────────────────────

  #nextTry(): void {
    const exchange = this.#exchange
    exchange.step = 'pick'
    const peer = this.#tries.pick()
    if (peer === -1) this.#onNoPeer()
    else this.#connect(peer)
  }

  #onNoPeer(): void {
    const exchange = this.#exchange
    const failure = fail('no_live_upstreams')
    const entry = this.#tries.open(this.#upstream.config.name)
    entry.status = 502
    this.#tries.end('neutral', failure)
    logFailure(exchange, 'error', 'no live upstreams while connecting to upstream')
    answerFailure(exchange, failure, 502)
    this.#end()
  }

  #connect(peer: number): void {
    const exchange = this.#exchange
    const { pool, addresses } = this.#upstream
    const { timeouts } = this.#rules
    exchange.step = 'connect'
    const entry = this.#tries.open(addresses[peer]!.text)
    const isSafe = isIdempotent(exchange.method) || exchange.snapshot.isStrict
    const idleMsMax = isSafe ? Number.POSITIVE_INFINITY : PROVEN_FRESH_MS
    const idle = this.#hasRetriedFresh ? null : pool.take(peer, this, timeouts, idleMsMax)
    this.#isSent = false
    this.#isReused = idle !== null
    if (idle === null) {
      exchange.peerConnection = pool.open(peer, addresses[peer]!, this, timeouts)
      return
    }
    exchange.peerConnection = idle
    entry.connectMs = 0
    this.#send()
  }

  onConnected(): void {
    const entry = this.#tries.current
    if (entry !== null) entry.connectMs = this.#tries.sinceStart()
    this.#send()
  }

  // ── forward ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #send(): void {
    const exchange = this.#exchange
    const connection = exchange.peerConnection!
    exchange.step = 'forward'
    const mayReuse = this.#upstream.pool.mayReuse(connection)
    const { head } = exchange
    const body = this.#isMethodKept ? exchange.body : null
    const { headLimits } = this.#rules
    this.#isSent = true
    if (body === null) {
      // A request that came with `Content-Length: 0` says so again; one without a body gains no framing.
      const end = head.hasLength && this.#isMethodKept ? 'Content-Length: 0\r\n\r\n' : '\r\n'
      connection.send(
        this.#location.request!.complete(exchange, end),
        exchange.method,
        headLimits,
        true,
        mayReuse,
        exchange.wantsUpgrade,
      )
      return
    }
    const { text, isWhole } = body.framing(head.bodyBytes)
    connection.send(
      exchange.outgoingHead + text,
      exchange.method,
      headLimits,
      isWhole,
      mayReuse,
      exchange.wantsUpgrade,
    )
    if (!isWhole) body.sendTo(connection)
  }

  onPeerDrain(): void {
    if (this.#tunnel !== null) this.#tunnel.onPeerDrain()
    else this.#exchange.body?.onPeerDrain()
  }

  // ── response ─────────────────────────────────────────────────────────────────────────────────────────────────────

  onInterim(head: ResponseHead): void {
    const exchange = this.#exchange
    if (exchange.state !== 'none' || exchange.head.minor === 0 || exchange.snapshot.isStrict) return
    exchange.connection.writeText(this.#location.response.ofInterim(head))
  }

  onHead(head: ResponseHead): void {
    const exchange = this.#exchange
    const entry = this.#tries.current!
    exchange.responseHead = head
    entry.headerMs = this.#tries.onHeader()
    entry.status = head.status
    const condition = conditionOfStatus(head.status)
    if (condition !== null && this.#isRetried(condition, true)) {
      this.#tries.end(countsAsFailure(condition) ? 'failure' : 'success', null)
      exchange.peerConnection?.destroy()
      this.#retry(false)
      return
    }
    if (head.status === 101) {
      this.#startTunnel(head)
      return
    }
    const { proxy } = this.#location.settings
    if (proxy.interceptsErrors && head.status >= 300 && hasErrorPage(exchange, head.status)) {
      this.#tries.end('success', null)
      exchange.peerConnection?.destroy()
      answerStatus(exchange, head.status)
      this.#end()
      return
    }
    this.#delivery = new Delivery(exchange, this.#location, this.#tries, head, this)
  }

  onData(bytes: Buffer, from: number, to: number, isLendable: boolean): void {
    if (this.#tunnel !== null) this.#tunnel.fromPeer(bytes, from, to)
    else this.#delivery?.data(bytes, from, to, isLendable)
  }

  onPause(): void {
    this.#delivery?.flush()
  }

  onEnd(): void {
    if (this.#tunnel !== null) this.#tunnel.onPeerEnd()
    else this.#delivery?.end()
  }

  #startTunnel(head: ResponseHead): void {
    const exchange = this.#exchange
    exchange.step = 'relay'
    exchange.status = 101
    exchange.state = 'body'
    const text = this.#location.response.ofUpgrade(exchange, head)
    exchange.sentHead = text
    exchange.bytesSent += text.length
    exchange.connection.writeText(text)
    this.#tunnel = new Tunnel(
      exchange,
      exchange.peerConnection!,
      this.#rules.timeouts.readMs,
      () => {
        this.#tries.end('success', null)
        cutExchange(exchange, false)
        this.#end()
      },
    )
    this.#tunnel.start()
  }

  // ── failures ─────────────────────────────────────────────────────────────────────────────────────────────────────

  onFailure(failure: Failure): void {
    const exchange = this.#exchange
    if (this.#tunnel !== null) {
      this.#tunnel.onPeerFailure(failure)
      return
    }
    if (this.#delivery !== null) {
      this.#delivery.fail(failure)
      return
    }
    exchange.body?.stopSending()
    if (this.#isDeadOnArrival(failure)) {
      this.#hasRetriedFresh = true
      this.#tries.withdraw()
      this.#connect(this.#tries.peer)
      return
    }
    const condition = conditionOfFailure(failure.failure) ?? 'error'
    const { status } = FAILURES[failure.failure]
    this.#tries.current!.status = status
    // What this process lacks is no fault of the peer, and another peer would not help.
    const isOurs = FAILURES[failure.failure].side === 'proxy'
    this.#tries.fail(failure)
    logPeerFailure(exchange, failure)
    this.#tries.end(isOurs || this.#isStale(failure) ? 'neutral' : 'failure', failure)
    if (!isOurs && this.#isRetried(condition, false)) {
      this.#retry(this.#isFreeTry(condition))
      return
    }
    answerFailure(exchange, failure, status)
    this.#end()
  }

  /** A kept connection that its peer had closed in the meantime: nobody's fault. */
  #isStale(failure: Failure): boolean {
    if (!this.#isReused || this.#exchange.snapshot.isStrict) return false
    if (failure.failure !== 'peer_closed' && failure.failure !== 'peer_reset') return false
    return this.#exchange.peerConnection?.hasAnswered === false
  }

  /** The same, and the request can be sent again: it goes to the same peer on a new connection. */
  #isDeadOnArrival(failure: Failure): boolean {
    if (!this.#isStale(failure)) return false
    const isReplayable = this.#exchange.body === null || this.#exchange.body.canReplay
    return isReplayable && isIdempotent(this.#exchange.method)
  }

  /** nginx gives a try that failed on a kept connection back. */
  #isFreeTry(condition: RetryCondition): boolean {
    return condition === 'error' && this.#isReused && this.#exchange.snapshot.isStrict
  }

  /** Decides on another try; `isResponse`: the peer did answer, and that answer can still be passed on. */
  #isRetried(condition: RetryCondition, isResponse: boolean): boolean {
    const exchange = this.#exchange
    const isAgain = decideRetry(
      {
        condition,
        triesLeft: this.#tries.leftAfter + (this.#isFreeTry(condition) ? 1 : 0),
        elapsedMs: this.#tries.sinceFirst(),
        method: exchange.method,
        isSent: this.#isSent,
        canReplay: exchange.body === null || exchange.body.canReplay,
      },
      this.#location.settings.proxy.retry,
    )
    if (!isAgain) return false
    // Throwing an answer away when nobody else can give one helps no client (docs/decisions/010-deviations-from-nginx.md).
    return !isResponse || exchange.snapshot.isStrict || this.#tries.hasOther()
  }

  #retry(isFree: boolean): void {
    if (!isFree) this.#tries.next()
    this.#exchange.responseHead = null
    this.#exchange.peerConnection = null
    this.#hasRetriedFresh = false
    this.#nextTry()
  }

  // ── client events ────────────────────────────────────────────────────────────────────────────────────────────────

  onDrain(): void {
    if (this.#tunnel !== null) this.#tunnel.onClientDrain()
    else this.#delivery?.onClientDrain()
  }

  onClientEnd(): void {
    const { snapshot } = this.#exchange
    if (this.#tunnel !== null) {
      this.#tunnel.onClientEnd()
      return
    }
    if (this.#delivery !== null || this.#location.settings.proxy.ignoresClientAbort) return
    this.#halfClose = new HalfCloseWatch(snapshot.services, snapshot.isStrict, () => {
      if (this.#delivery === null) this.onClientGone(fail('client_gone', 'closed while it waited'))
    })
  }

  onClientGone(failure: Failure): void {
    const exchange = this.#exchange
    if (this.#tunnel !== null) {
      this.#tunnel.onClientGone()
      return
    }
    exchange.failure = failure
    logClientGone(exchange, failure)
    if (this.#delivery !== null) {
      this.#delivery.abandon()
      return
    }
    exchange.status = 499
    this.#dropTry()
    cutExchange(exchange, false)
    this.#end()
  }

  onDelivered(): void {
    this.#end()
  }

  /** Gives the running try up for a reason that is not the peer's. */
  #dropTry(): void {
    if (this.#tries.current === null) return
    this.#tries.end('neutral', null)
    this.#exchange.peerConnection?.destroy()
  }

  #end(): void {
    this.#halfClose?.cancel()
    this.#tries.close()
  }
}
