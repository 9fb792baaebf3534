// The rest of a body whose stored bytes turned out to be damaged when the answer had begun: a peer is asked for what is
// missing, from the first bad byte on. Only what is surely of the same representation goes on to the client
// (RFC 9110 §8.8.1, §14.4); where nothing can be sure of that the answer breaks off.

import type { BodySource } from '../base/body-source.ts'
import { type Failure, fail, failureText } from '../base/failure.ts'
import type { CacheEntry } from '../cache/entry.ts'
import { hasVerifiableName } from '../cache/fastdfs-check.ts'
import { ifRangeLine, isSameRepresentation } from '../cache/policy/validators.ts'
import { FIELD, type FieldList } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import { DiscardDelivery } from './cache-delivery.ts'
import { detach } from './detach.ts'
import type { Exchange } from './exchange.ts'
import { logFailure, logPeerFailure } from './failure-log.ts'
import type { Fetch, ResponseTaker, TakerOwner } from './fetch.ts'
import { cutExchange, finishExchange } from './finish.ts'
import { RefetchedSource } from './refetched-source.ts'
import type { CacheRuntime } from './runtime.ts'
import { readContentRange } from './slice-place.ts'
import type { Tries } from './tries.ts'

/** Of the peer's bytes, those that wait for a slow client before the peer has to. */
const HELD_BYTES_MAX = 262_144

/**
 * Goes on with bytes [start, end) of an entry's representation. Null = nothing would tell whether a peer's bytes fit.
 *
 * @param exchange the one that is answered
 * @param damage why the entry's own bytes ended
 */
export function openRest(
  exchange: Exchange,
  { forward, lookUp, settings }: CacheRuntime,
  entry: CacheEntry,
  damage: Failure,
  start: number,
  end: number,
): BodySource | null {
  const { meta, head } = entry
  // What broke off at its peer while it was stored is for that peer's failure to answer for.
  if (damage.failure !== 'internal' || forward === null || exchange.method !== 'GET') return null
  // A piece under a key of its own counts its bytes from its own start.
  if (
    head.status !== 200 ||
    !Number.isSafeInteger(end) ||
    (meta.length !== -1 && end > meta.length)
  )
    return null
  const missing = { entry, damage, start, end }
  if (settings.verifiesFastdfs && lookUp !== null && hasVerifiableName(exchange.uri)) {
    return new RefetchedSource(detach(exchange), missing, lookUp)
  }
  const condition = ifRangeLine(head.fields, meta.responseMs)
  if (condition === '') return null
  const last = end === meta.length ? '' : String(end - 1)
  const lines = `Range: bytes=${start}-${last}\r\n${condition}`
  return new RestSource(detach(exchange), missing, lines, forward)
}

/** What is missing of which entry. */
export interface Missing {
  readonly entry: CacheEntry
  readonly damage: Failure
  readonly start: number
  readonly end: number
}

class RestSource implements BodySource, Fetch, ResponseTaker {
  onReadable: (() => void) | null = null
  failure: Failure | null = null
  readonly conditionLines: string
  readonly isWhole = true
  readonly outlivesClient = false
  readonly #exchange: Exchange
  readonly #missing: Missing
  #pieces: Buffer[] = []
  #heldBytes = 0
  /** Bytes of the response that come before what is missing, and of what is missing those to come. */
  #skips = 0
  #left: number
  #isWaiting = false
  #isClosed = false
  /** While a peer's response is taken. */
  #running: {
    readonly peer: PeerConnection
    readonly tries: Tries
    readonly owner: TakerOwner
  } | null = null

  constructor(
    exchange: Exchange,
    missing: Missing,
    conditionLines: string,
    forward: (exchange: Exchange) => void,
  ) {
    this.#exchange = exchange
    this.#missing = missing
    this.#left = missing.end - missing.start
    this.conditionLines = conditionLines
    exchange.fetch = this
    // Whatever else may come of it, it ends.
    exchange.entryTaker = entry => {
      entry?.release()
      this.#giveUp('the upstream did not give the rest')
    }
    forward(exchange)
  }

  // ── for the answer ─────────────────────────────────────────────────────────────────────────────────────────────

  read(): Buffer | 'wait' | null {
    if (this.#isClosed || this.failure !== null) return null
    const piece = this.#pieces.shift()
    if (piece !== undefined) {
      this.#heldBytes -= piece.length
      if (this.#heldBytes < HELD_BYTES_MAX) this.#running?.peer.resume()
      return piece
    }
    if (this.#left === 0) return null
    this.#isWaiting = true
    return 'wait'
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.onReadable = null
    this.#pieces = []
    const { connection, isFinished } = this.#exchange
    if (this.#running !== null) this.abandon()
    else if (!isFinished) connection.flow?.onClientGone(fail('client_gone'))
  }

  #wake(): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.onReadable?.()
  }

  #giveUp(why: string): void {
    if (this.failure !== null || this.#isClosed || this.#left === 0) return
    this.failure = fail('internal', `${failureText(this.#missing.damage)}, and ${why}`)
    this.#wake()
  }

  // ── for the request to the peers ───────────────────────────────────────────────────────────────────────────────

  onResponse(head: ResponseHead, tries: Tries, owner: TakerOwner): ResponseTaker {
    const exchange = this.#exchange
    const skips = this.#placeIn(head)
    if (skips === -1) {
      const delivery = new DiscardDelivery(exchange, tries, owner, !head.hasBody)
      this.#giveUp(`the upstream has not the same any more (${head.status})`)
      finishExchange(exchange, false)
      return delivery
    }
    const { start, damage } = this.#missing
    if (tries.current !== null) tries.onAnswer()
    logFailure(
      exchange,
      'crit',
      `${failureText(damage)}; it is removed, and the answer goes on from the upstream at byte ${start}`,
    )
    exchange.step = 'relay'
    exchange.status = head.status
    this.#skips = skips
    this.#running = { peer: exchange.peerConnection!, tries, owner }
    return this
  }

  /** How many bytes of a response come before those that are missing; -1 = it has not all of them, or others. */
  #placeIn({ fields, status, bodyBytes }: ResponseHead): number {
    const { entry, start, end } = this.#missing
    const stored = entry.head.fields
    const { length } = entry.meta
    const { wallMs } = this.#exchange.snapshot.services.clock
    if (!isSameRepresentation(stored, fields, wallMs) || codingOf(stored) !== codingOf(fields)) {
      return -1
    }
    if (status === 200) return length === -1 || bodyBytes < 0 || bodyBytes === length ? start : -1
    const place = status === 206 ? readContentRange(fields) : null
    if (place === null || place.start !== start || place.end !== end) return -1
    const fits = bodyBytes < 0 || bodyBytes === end - start
    return fits && (length === -1 || place.length === length) ? 0 : -1
  }

  onNoResponse(): boolean {
    this.#giveUp('no upstream answers')
    finishExchange(this.#exchange, false)
    return true
  }

  onClientGone(): void {}

  onOver(): void {}

  // ── for the peer's response ────────────────────────────────────────────────────────────────────────────────────

  data(bytes: Buffer, from: number, to: number): void {
    const running = this.#running
    if (running === null) return
    const { tries, peer } = running
    if (tries.current !== null) tries.current.bodyBytes += to - from
    const begin = from + Math.min(this.#skips, to - from)
    const end = Math.min(to, begin + this.#left)
    this.#skips -= begin - from
    if (begin < end) {
      this.#left -= end - begin
      this.#heldBytes += end - begin
      this.#pieces.push(Buffer.from(bytes.subarray(begin, end)))
    }
    // Of a whole that was not asked for, what comes behind is not wanted.
    if (this.#left === 0 && end < to) this.#stop()
    else if (this.#left > 0 && this.#heldBytes >= HELD_BYTES_MAX) peer.pause()
    if (begin < end) this.#wake()
  }

  flush(): void {}

  end(): void {
    const running = this.#running
    if (running === null) return
    this.#running = null
    running.tries.end('success', null)
    this.#giveUp('the upstream sent less than it said')
    this.#finish(running.owner)
  }

  fail(failure: Failure): void {
    const running = this.#running
    if (running === null) return
    this.#running = null
    running.tries.end('neutral', failure)
    if (this.#left > 0) logPeerFailure(this.#exchange, failure)
    this.#giveUp('the upstream broke off')
    this.#finish(running.owner)
  }

  onClientDrain(): void {}

  /** Nobody wants the rest any more. */
  abandon(): void {
    this.#stop()
  }

  #stop(): void {
    const running = this.#running
    if (running === null) return
    this.#running = null
    running.tries.end('neutral', null)
    running.peer.destroy()
    this.#exchange.entryTaker = null
    cutExchange(this.#exchange, false)
    running.owner.onDelivered()
  }

  #finish(owner: TakerOwner): void {
    finishExchange(this.#exchange, false)
    owner.onDelivered()
  }
}

function codingOf(fields: FieldList): string {
  const index = fields.findId(FIELD.content_encoding)
  return index === -1 ? '' : fields.value(index).toLowerCase()
}
