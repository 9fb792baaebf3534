// A peer's response once it is decided that this one goes to the client: its head, then its body through the relay, or a
// tunnel after 101. Nothing can be retried from here on: what breaks off must not look whole.

import { type Failure, failureText } from '../base/failure.ts'
import type { FieldList } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { mayHaveBody } from '../http/status.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import { answerFailure } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { logFailure, logPeerFailure } from './failure-log.ts'
import type { ResponseTaker, TakerOwner } from './fetch.ts'
import { cutExchange, decideKeepAlive, finishExchange } from './finish.ts'
import { forcedRange, RangeCut, rangedHead } from './forced-range.ts'
import { paceResponse } from './rate-limit.ts'
import { Relay, type RelayOwner } from './relay.ts'
import type { OutgoingFraming } from './response-head.ts'
import type { LocationRuntime } from './runtime.ts'
import { isTrailed, lastChunk } from './trailers.ts'
import type { Tries } from './tries.ts'

const LAST_CHUNK = '0\r\n\r\n'

export class Delivery implements RelayOwner, ResponseTaker {
  readonly #exchange: Exchange
  readonly #peer: PeerConnection
  readonly #tries: Tries
  readonly #owner: TakerOwner
  readonly #framing: OutgoingFraming
  readonly #isKeepAlive: boolean
  readonly #hasBody: boolean
  readonly #relay: Relay
  /** Null = the body goes on whole. */
  readonly #part: RangeCut | null
  readonly #location: LocationRuntime

  /** Writes the head, or gathers it with the first of the body. */
  constructor(
    exchange: Exchange,
    location: LocationRuntime,
    tries: Tries,
    head: ResponseHead,
    owner: TakerOwner,
  ) {
    const peer = exchange.peerConnection!
    this.#exchange = exchange
    this.#peer = peer
    this.#tries = tries
    this.#owner = owner
    this.#location = location
    exchange.step = 'relay'
    // An answer before the end of the request: the rest of that has no place to go (RFC 9112 §9.3).
    if (!peer.isRequestSent) {
      exchange.mustClose = true
      exchange.body?.discard()
    }
    // `error_page … =204`: the status that goes out has no body, whatever the peer sends.
    // So has what was asked for whole on behalf of HEAD.
    const isWanted = exchange.method !== 'HEAD'
    this.#hasBody =
      isWanted && head.hasBody && (exchange.errorStatus <= 0 || mayHaveBody(exchange.errorStatus))
    const sentStatus = exchange.errorStatus > 0 ? exchange.errorStatus : head.status
    const isTrailing = this.#hasBody && isTrailed(exchange, location, sentStatus)
    const needsFraming = this.#hasBody && (head.bodyBytes < 0 || isTrailing)
    const isChunked =
      needsFraming && exchange.head.minor === 1 && location.settings.client.sendsChunks
    this.#framing = !needsFraming ? 'length' : isChunked ? 'chunked' : 'close'
    if (this.#framing === 'close') exchange.mustClose = true
    // Asked with HEAD on behalf of another method: the length that it tells of does not come.
    if (exchange.peerMethod === 'HEAD' && isWanted) exchange.mustClose = true
    const { forcesRanges } = location.settings.proxy
    const range = forcesRanges ? forcedRange(exchange, head) : null
    this.#part = range === null || range === 'unsatisfiable' ? null : new RangeCut(range)
    const status = this.#part === null ? head.status : 206
    exchange.status = exchange.errorStatus > 0 ? exchange.errorStatus : status
    this.#isKeepAlive = decideKeepAlive(exchange, exchange.status)
    const text =
      forcesRanges && exchange.errorStatus <= 0
        ? rangedHead(exchange, location, head, this.#part, this.#framing, this.#isKeepAlive)
        : location.response.fromPeer(exchange, head, this.#framing, this.#isKeepAlive)
    exchange.state = 'head'
    exchange.sentHead = text
    paceResponse(exchange, location)
    exchange.connection.setSendTimeout(location.settings.client)
    this.#relay = new Relay(exchange, peer, this, text, isChunked, location.settings.proxy)
  }

  data(bytes: Buffer, from: number, to: number, isLendable: boolean): void {
    const entry = this.#tries.current
    if (entry !== null) entry.bodyBytes += to - from
    if (!this.#hasBody) return
    if (this.#part === null) this.#relay.data(bytes, from, to, isLendable)
    else this.#passCut(this.#part, bytes, from, to, isLendable)
  }

  #passCut(cut: RangeCut, bytes: Buffer, from: number, to: number, isLendable: boolean): void {
    const start = cut.start(from)
    const end = cut.end(from, to)
    if (start < end) this.#relay.data(bytes, start, end, isLendable)
  }

  flush(): void {
    this.#relay.flush()
  }

  /** The peer's response is whole; the trailers are borrowed. */
  end(trailers: FieldList | null): void {
    this.#tries.end('success', null)
    this.#relay.end(this.#framing === 'chunked' ? this.#lastChunk(trailers) : '')
    if (!this.#exchange.isFinished) this.#peer.keepHead()
  }

  #lastChunk(trailers: FieldList | null): string {
    const rules = this.#location.trailers
    if (rules === null) return LAST_CHUNK
    return lastChunk(
      this.#exchange,
      this.#location,
      trailers === null ? '' : rules.linesOf(trailers),
    )
  }

  /** The peer's response broke off. */
  fail(failure: Failure): void {
    const exchange = this.#exchange
    // As in nginx: what breaks off after the head is not counted against the peer.
    this.#tries.end('neutral', failure)
    exchange.failure = failure
    logPeerFailure(exchange, failure)
    if (this.#relay.hasWritten) {
      this.#cut()
      return
    }
    exchange.state = 'none'
    exchange.bytesSent = 0
    exchange.bodyBytesSent = 0
    exchange.mustClose = true
    this.#relay.close()
    answerFailure(exchange, failure, 502)
    this.#owner.onDelivered()
  }

  onRelayed(): void {
    finishExchange(this.#exchange, this.#isKeepAlive)
    this.#relay.close()
    this.#owner.onDelivered()
  }

  onRelayFailure(failure: Failure): void {
    this.#exchange.failure = failure
    logFailure(this.#exchange, 'crit', `${failureText(failure)} while reading upstream`)
    this.#abandonPeer()
    this.#cut()
  }

  onClientDrain(): void {
    this.#relay.onDrain()
  }

  /** The client cannot be answered any more. */
  abandon(): void {
    this.#abandonPeer()
    this.#cut()
  }

  #abandonPeer(): void {
    if (this.#tries.current === null) return
    this.#tries.end('neutral', null)
    this.#peer.destroy()
  }

  #cut(): void {
    this.#relay.close()
    cutExchange(this.#exchange, this.#framing === 'close')
    this.#owner.onDelivered()
  }
}
