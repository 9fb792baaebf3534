// Steps 6 to 8, pick, connect and forward: one exchange with the peers of an upstream. A try ends with a response that
// goes on to the client, or with a failure after which `retry.ts` decides whether another peer is asked.
// Length: the events of both sides meet here, and only side by side do they show every order in which they can come.

import type { Outcome } from '../balance/outcome.ts'
import { FAILURES, type Failure, fail } from '../base/failure.ts'
import type { ExchangeFlow } from '../downstream/client-handler.ts'
import type { FieldList } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { RetryCondition } from '../model/proxy-settings.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import { isSentOn, takeSentOn } from './accel.ts'
import { answerFailure, answerStatus, interceptsStatus } from './answer.ts'
import { askWhetherThere, isBlamed, isFoundDown, isSilent } from './dark-peers.ts'
import { Delivery } from './delivery.ts'
import type { Exchange } from './exchange.ts'
import { logBodyFailure, logClientGone, logFailure, logPeerFailure } from './failure-log.ts'
import { answerFallback, findFallbackGroup } from './fallback.ts'
import type { Fetch, ResponseTaker, TakerOwner } from './fetch.ts'
import { cutExchange } from './finish.ts'
import { forcedRange, refuseRange } from './forced-range.ts'
import { HalfCloseWatch, patienceMs } from './half-close.ts'
import { HeldAnswer } from './held-answer.ts'
import { type CallOwner, type ForwardRules, PeerCall } from './peer-call.ts'
import type { WaitOwner } from './peer-wait.ts'
import { isAsked } from './predicates.ts'
import { fullQueueText, longQueueText } from './queue.ts'
import { takeAccelRate } from './rate-limit.ts'
import { RequestBody, type RequestBodyOwner } from './request-body.ts'
import {
  conditionOfFailure,
  conditionOfStatus,
  countsAsFailure,
  decideRetry,
  staleConditionOf,
} from './retry.ts'
import { type LocationRuntime, requestOf, type UpstreamRuntime } from './runtime.ts'
import { FALLS_BACK, Tries } from './tries.ts'
import { isPaced, type PaceOwner, TryPace } from './try-pace.ts'
import { Tunnel } from './tunnel.ts'

export class Forward
  implements ExchangeFlow, RequestBodyOwner, TakerOwner, CallOwner, PaceOwner, WaitOwner
{
  readonly #exchange: Exchange
  readonly #location: LocationRuntime
  readonly #rules: ForwardRules
  /** Another one, with tries of its own, where the request falls back to it. */
  #upstream: UpstreamRuntime
  #tries: Tries
  #call: PeerCall
  /** Of the exchange; an error page may give that another one while this one goes on. */
  readonly #fetch: Fetch | null
  #delivery: ResponseTaker | null = null
  #tunnel: Tunnel | null = null
  #halfClose: HalfCloseWatch | null = null
  #held: HeldAnswer | null = null
  /** Null where the rules set no times for tries. */
  pace: TryPace | null = null

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
    this.#fetch = exchange.fetch
    this.#tries = new Tries(exchange, upstream, location.settings.proxy.retry.triesMax)
    this.#call = new PeerCall(exchange, location, rules, upstream, this.#tries, this)
  }

  start(): void {
    const exchange = this.#exchange
    exchange.connection.flow = this
    exchange.upstream = this.#upstream
    const { retry } = this.#location.settings.proxy
    if (isPaced(retry)) this.pace = new TryPace(exchange, this.#upstream, retry, this)
    const hadBody = exchange.body !== null
    this.#keepBody()
    if (!exchange.head.hasBody || !exchange.sendsBody) {
      this.#makeHead()
      this.#nextTry()
      return
    }
    if (exchange.body !== null) {
      exchange.body.adopt(this)
      return
    }
    if (hadBody && exchange.method !== exchange.head.method) {
      // A page is asked for, which needs none of it.
      this.onBodyReady()
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
    // Not before: it may tell of the body.
    this.#makeHead()
    this.#nextTry()
  }

  #makeHead(): void {
    const exchange = this.#exchange
    exchange.peerMethod = ''
    exchange.outgoingHead = requestOf(exchange, this.#location).build(exchange)
    // Nobody is there who could speak through a tunnel.
    if (exchange.isDetached) exchange.wantsUpgrade = false
    if (this.#fetch !== null) exchange.outgoingHead += this.#fetch.conditionLines
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
    if (peer !== -1) this.#call.connect(peer)
    else if (this.#fallBack()) return
    else if (this.#tries.wait(this)) this.pace?.onWait(this.#tries)
    else this.#onNoPeer(this.#upstream.queue == null ? '' : fullQueueText(this.#upstream.config))
  }

  onTryOver(): void {
    if (this.#delivery !== null || this.#tunnel !== null) return
    if (this.#tries.current === null) {
      this.#onDeadline()
      return
    }
    this.#exchange.peerConnection?.destroy()
    this.#call.endHedge()
    this.onFailure(fail('read_timeout', 'the time for tries is over'))
  }

  onTurn(): void {
    if (this.pace?.isOver(this.#tries) === true) this.#onDeadline()
    else this.#nextTry()
  }

  onPeerFree(peer: number): void {
    if (peer === FALLS_BACK) this.#onNoPeer('')
    else this.#call.connect(peer)
  }

  /** The time for all tries ended while none was running: no peer is to blame. */
  #onDeadline(): void {
    const failure = fail('read_timeout', 'the time for tries is over')
    this.#exchange.failure = failure
    logFailure(this.#exchange, 'error', 'no answer of an upstream in the time for all tries')
    if (this.#deliverHeld()) return
    this.#answerFailure(failure, 504)
  }

  onWaitOver(): void {
    this.#onNoPeer(longQueueText(this.#upstream.config))
  }

  #onNoPeer(reason: string): void {
    if (this.#fallBack()) return
    const exchange = this.#exchange
    const failure = fail('no_live_upstreams')
    const status = reason === '' ? 502 : this.#upstream.queue!.refusal.status
    const entry = this.#tries.open(this.#upstream.config.name)
    entry.status = status
    this.#tries.end('neutral', failure)
    logFailure(exchange, 'error', 'no live upstreams while connecting to upstream', reason)
    if (this.#deliverHeld()) return
    this.#answerFailure(failure, status)
  }

  /** No peer gave an answer: what is stored, or our own. */
  #answerFailure(failure: Failure, status: number): void {
    const exchange = this.#exchange
    const condition = staleConditionOf(failure)
    if (this.#fetch?.onNoResponse(condition, status) !== true)
      answerFailure(exchange, failure, status)
    this.#end()
  }

  /** Lets what stands in for the peers answer, where all of them are out and no answer of theirs was put by. */
  #fallBack(): boolean {
    const exchange = this.#exchange
    const upstream = this.#upstream
    const { fallback } = upstream
    const isHolding = this.#held !== null && !this.#held.isBroken
    if (fallback == null || isHolding || !this.#tries.isOut) return false
    const group = findFallbackGroup(exchange, upstream, fallback)
    if (group === null) {
      if (this.#fetch?.onNoResponse('error', 502) !== true)
        answerFallback(exchange, this.#tries, upstream)
      this.#end()
      return true
    }
    this.#call.end()
    this.#tries.close()
    const { triesMax } = this.#location.settings.proxy.retry
    this.#upstream = group
    exchange.upstream = group
    exchange.responseHead = null
    exchange.peerConnection = null
    this.#tries = new Tries(exchange, group, triesMax)
    this.#call = new PeerCall(exchange, this.#location, this.#rules, group, this.#tries, this)
    this.#nextTry()
    return true
  }

  get isAnswered(): boolean {
    return this.#delivery !== null
  }

  onConnected(): void {
    this.#call.onConnected()
  }

  /** The peer has said nothing for a while: only what could go elsewhere is worth the question whether it is there. */
  onQuiet(): void {
    const exchange = this.#exchange
    const { retry } = this.#location.settings.proxy
    if (this.#delivery !== null) return
    const isDown = isFoundDown(exchange, this.#tries, retry)
    if (!isDown && !isSilent(exchange, this.#tries, retry)) return
    if (!this.#isRepeatable('timeout') || !this.#tries.hasOther()) return
    const giveUp = (failure: 'peer_dark' | 'peer_unhealthy') => {
      if (this.#delivery !== null) return
      exchange.peerConnection?.destroy()
      this.onFailure(fail(failure))
    }
    if (isDown) giveUp('peer_unhealthy')
    else {
      askWhetherThere(exchange, this.#tries, this.#upstream, retry, this.#rules.timeouts, () =>
        giveUp('peer_dark'),
      )
    }
  }

  onPeerDrain(): void {
    if (this.#tunnel !== null) this.#tunnel.onPeerDrain()
    else this.#exchange.body?.onPeerDrain()
  }

  // ── response ─────────────────────────────────────────────────────────────────────────────────────────────────────

  onInterim(head: ResponseHead): void {
    const exchange = this.#exchange
    if (exchange.state !== 'none' || exchange.head.minor === 0) return
    const { earlyHints } = this.#location
    const isPassed =
      head.status === 103 && earlyHints !== null
        ? isAsked(earlyHints, exchange)
        : !exchange.snapshot.isStrict
    if (!isPassed) return
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
      this.putBy(head, exchange.peerConnection!)
      if (this.#call.promoteSecond()) {
        exchange.responseHead = null
        return
      }
      this.#retry(false)
      return
    }
    if (head.status === 101) {
      this.#startTunnel(head)
      return
    }
    this.#held?.close()
    this.#held = null
    this.#call.onAnswered(entry.headerMs)
    this.#deliver(head)
  }

  /** Lets the client have the answer. */
  #deliver(head: ResponseHead): void {
    const exchange = this.#exchange
    const { proxy } = this.#location.settings
    takeAccelRate(exchange, head, proxy.ignoreFields)
    const { readRate } = this.#location
    if (readRate !== null) exchange.peerConnection?.limitReading(readRate(exchange))
    if (isSentOn(exchange, this.#location, head)) {
      this.pace?.stop()
      this.#delivery = takeSentOn(exchange, this.#location, this.#tries, head, this)
      return
    }
    const taker = this.#fetch?.onResponse(head, this.#tries, this) ?? null
    if (taker !== null) {
      this.pace?.stop()
      this.#delivery = taker
      return
    }
    if (exchange.isFinished) {
      // The client left, and there is nothing to store.
      this.#dropTry()
      this.#end()
      return
    }
    if (interceptsStatus(exchange, head.status)) {
      this.#tries.end('success', null)
      exchange.peerConnection?.destroy()
      answerStatus(exchange, head.status)
      this.#end()
      return
    }
    if (proxy.forcesRanges && forcedRange(exchange, head) === 'unsatisfiable') {
      this.#tries.end('success', null)
      exchange.peerConnection?.destroy()
      refuseRange(exchange, this.#location, head)
      this.#end()
      return
    }
    this.pace?.stop()
    if (this.#tries.current !== null) this.#tries.onAnswer()
    this.#delivery = new Delivery(exchange, this.#location, this.#tries, head, this)
    if (exchange.method !== 'HEAD' || !head.hasBody) return
    // It was asked for whole in case that it would be stored, or by `proxy_method`.
    this.#delivery.end(null)
    exchange.peerConnection?.destroy()
  }

  /** Puts an answer by while another peer is asked. */
  putBy(head: ResponseHead, connection: PeerConnection): void {
    this.#held?.close()
    this.#held = null
    if (this.#exchange.snapshot.isStrict) connection.destroy()
    else this.#held = new HeldAnswer(connection, head)
  }

  /** No try is left that could give an answer: the client gets the one that was put by, if there is one. */
  #deliverHeld(): boolean {
    const exchange = this.#exchange
    const held = this.#held
    this.#held = null
    if (held === null || held.isBroken) return false
    exchange.peerConnection = held.connection
    exchange.responseHead = held.head
    if (!held.isWhole) held.connection.handOver(this)
    this.#deliver(held.head)
    // An error page may have taken its place.
    if (this.#delivery === null) return true
    for (const piece of held.take()) this.#delivery.data(piece, 0, piece.length, false)
    if (held.isWhole) this.#delivery.end(held.trailers)
    else held.connection.resume()
    return true
  }

  onData(bytes: Buffer, from: number, to: number, isLendable: boolean): void {
    if (this.#tunnel !== null) this.#tunnel.fromPeer(bytes, from, to)
    else this.#delivery?.data(bytes, from, to, isLendable)
  }

  onPause(): void {
    this.#delivery?.flush()
  }

  onEnd(trailers: FieldList | null): void {
    if (this.#tunnel !== null) this.#tunnel.onPeerEnd()
    else this.#delivery?.end(trailers)
  }

  #startTunnel(head: ResponseHead): void {
    const exchange = this.#exchange
    exchange.step = 'relay'
    exchange.status = 101
    exchange.state = 'body'
    this.#tries.onAnswer()
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
    if (this.#call.isDeadOnArrival(failure)) {
      this.#call.connectAgain()
      return
    }
    const condition = conditionOfFailure(failure.failure) ?? 'error'
    const { status } = FAILURES[failure.failure]
    this.#tries.current!.status = status
    // What this process lacks is no fault of the peer, and another peer would not help.
    const isOurs = FAILURES[failure.failure].side === 'proxy'
    this.#tries.fail(failure)
    logPeerFailure(exchange, failure, this.#tries.current!)
    // A try that the deadline cut short had no time to show anything.
    const isShort = this.pace?.wasShort(this.#tries) === true
    const isNeutral = isShort || this.#call.isStale(failure)
    this.#tries.end(isOurs ? 'unasked' : isNeutral ? 'neutral' : 'failure', failure)
    const isTimeUp = this.pace?.isOver(this.#tries) === true
    const mayGoOn = !isOurs && !isTimeUp
    if (mayGoOn && (this.#call.promoteRival() || this.#call.promoteSecond())) return
    this.#call.end()
    if (!isOurs && this.#isRetried(condition, false)) {
      this.#retry(this.#call.isFreeTry(condition))
      return
    }
    if (this.#deliverHeld()) return
    const mayRepeat = !this.#call.isSent || this.#isRepeatable(condition, 1)
    if (mayGoOn && mayRepeat && this.#fallBack()) return
    this.#answerFailure(failure, status)
  }

  /** Whether the rules allow another try after one that came to `condition`. */
  #isRepeatable(
    condition: RetryCondition,
    triesLeft = this.#tries.leftAfter + (this.#call.isFreeTry(condition) ? 1 : 0),
  ): boolean {
    const exchange = this.#exchange
    return decideRetry(
      {
        condition,
        triesLeft,
        elapsedMs: this.#tries.sinceFirst(),
        method: exchange.method,
        isSent: this.#call.isSent,
        canReplay: exchange.body === null || exchange.body.canReplay,
      },
      this.#location.settings.proxy.retry,
    )
  }

  /** Decides on another try; `isResponse`: the peer did answer, and that answer can still be passed on. */
  #isRetried(condition: RetryCondition, isResponse: boolean): boolean {
    const exchange = this.#exchange
    if (!this.#isRepeatable(condition)) return false
    // Throwing an answer away when nobody else can give one helps no client (docs/decisions/010-deviations-from-nginx.md).
    if (isResponse && !exchange.snapshot.isStrict && !this.#tries.hasOther()) return false
    return this.pace === null || this.pace.takePlace()
  }

  #retry(isFree: boolean): void {
    const exchange = this.#exchange
    if (!isFree) this.#tries.next()
    const mustWait = this.pace?.waitForTurn(this.#tries) === true
    exchange.responseHead = null
    exchange.peerConnection = null
    exchange.step = 'pick'
    this.#call.forget()
    if (!mustWait) this.#nextTry()
  }

  // ── client events ────────────────────────────────────────────────────────────────────────────────────────────────

  onDrain(): void {
    if (this.#tunnel !== null) this.#tunnel.onClientDrain()
    else this.#delivery?.onClientDrain()
  }

  onClientEnd(): void {
    const { snapshot, connection, startedMs } = this.#exchange
    if (this.#tunnel !== null) {
      this.#tunnel.onClientEnd()
      return
    }
    if (this.#delivery !== null || this.#location.settings.proxy.ignoresClientAbort) return
    const { services, isStrict } = snapshot
    const requestMs = Math.max(startedMs, connection.body.endedMs)
    const waitMs = patienceMs(services.clock.nowMs - requestMs, isStrict, this.#tries.isInLine)
    if (waitMs === null) return
    this.#halfClose?.cancel()
    this.#halfClose = new HalfCloseWatch(services, waitMs, () => {
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
    const outlives = this.#fetch?.outlivesClient === true && exchange.body === null
    const mayGoOn = this.#delivery === null && outlives
    // First, so that the place is free once the line says so.
    if (!mayGoOn) this.#tries.leaveLine()
    logClientGone(exchange, failure)
    if (mayGoOn) {
      this.#fetch!.onClientGone()
      exchange.status = 499
      cutExchange(exchange, false)
      return
    }
    if (this.#delivery !== null) {
      this.#delivery.abandon()
      return
    }
    exchange.status = 499
    const { retry } = this.#location.settings.proxy
    this.#dropTry(isBlamed(exchange, this.#tries, retry) ? 'failure' : 'neutral')
    cutExchange(exchange, false)
    this.#end()
  }

  onDelivered(): void {
    this.#end()
  }

  onRefused(failure: Failure): void {
    this.#delivery = null
    this.onFailure(failure)
  }

  /** Gives the running try up for a reason that is not the peer's. */
  #dropTry(outcome: Outcome = 'neutral'): void {
    this.#call.end()
    if (this.#tries.current === null) return
    this.#tries.end(outcome, null)
    this.#exchange.peerConnection?.destroy()
  }

  #end(): void {
    this.#call.end()
    this.#fetch?.onOver()
    this.pace?.close()
    this.#held?.close()
    this.#held = null
    this.#halfClose?.cancel()
    this.#tries.close()
  }
}
