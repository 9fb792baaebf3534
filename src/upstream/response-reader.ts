// Reads one response out of a peer's bytes: interim heads, the final head, and a body by the framing rules of RFC 9112
// §6.3. Tells the sink what it finds and its connection what the message came to; it knows no socket and no time.

import { type Failure, fail } from '../base/failure.ts'
import { KeptBytes } from '../base/kept-bytes.ts'
import { ChunkedDecoder, type ChunkSink } from '../http/chunked-decoder.ts'
import type { FieldList } from '../http/field-list.ts'
import { findHeadEnd, type HeadLimits } from '../http/request-parser.ts'
import { checkPartialResponse, parseResponseHead, ResponseHead } from '../http/response-parser.ts'
import { withQuote } from './refused-response.ts'
import type { ResponseSink } from './response-sink.ts'

/** Interim answers that one request may get before its final one. */
const INTERIM_MAX = 16

/** What a call of `read` came to. */
export type ReadOutcome =
  /** The message goes on. */
  | 'more'
  /** It is whole, and nothing came after it. */
  | 'whole'
  /** It is whole, and bytes came after it that nobody asked for. */
  | 'excess'
  /** `failure` says why. */
  | 'failed'
  /** 101: what came after the head belongs to the tunnel. */
  | 'tunnel'
  /** The sink gave the connection up meanwhile. */
  | 'dropped'

export class ResponseReader implements ChunkSink {
  head = new ResponseHead()
  /** Null once nobody wants the response any more. */
  sink: ResponseSink | null = null
  /** The peer has sent at least one byte. */
  hasAnswered = false
  failure: Failure | null = null
  #isInBody = false
  #method = 'GET'
  #limits: HeadLimits | null = null
  #isUpgradeAsked = false
  #left = 0
  #interims = 0
  #carry: Buffer | null = null
  #chunks: ChunkedDecoder | null = null
  #tunnelBytes: Buffer | null = null
  /** `head` holds the last response of this connection, read for this method and these limits. */
  #keptMethod = ''
  readonly #keptBytes = new KeptBytes()
  #keptLimits: HeadLimits | null = null

  /** A request was sent; what comes now is its response. */
  begin(method: string, limits: HeadLimits, isUpgradeAsked: boolean): void {
    this.#method = method
    this.#limits = limits
    this.#isUpgradeAsked = isUpgradeAsked
    this.#isInBody = false
    this.#interims = 0
    this.hasAnswered = false
    this.failure = null
  }

  /** Whether the head is read and the body is not. */
  get isInBody(): boolean {
    return this.#isInBody
  }

  /** Body bytes that are still to come: 0 or more, -1 for chunks, -2 until the connection ends. */
  get left(): number {
    return this.#left
  }

  /** Reads `bytes[0, count)`; `isLendable`: they lie in the connection's own buffer. */
  read(bytes: Buffer, count: number, isLendable: boolean): ReadOutcome {
    this.hasAnswered = true
    if (this.#isInBody) return this.#readBody(bytes, 0, count, isLendable)
    const carried = this.#carry
    if (carried === null) return this.#readHead(bytes, 0, count, 0, isLendable)
    this.#carry = null
    const joined = Buffer.concat([carried, bytes.subarray(0, count)]) // hot-path: a head in several packets
    return this.#readHead(joined, 0, joined.length, carried.length, false)
  }

  #readHead(
    bytes: Buffer,
    from: number,
    to: number,
    scanned: number,
    isLendable: boolean,
  ): ReadOutcome {
    const limits = this.#limits!
    let at = from
    if (scanned === 0 && this.#isRepeated(bytes, from, to)) {
      return this.#onFinalHead(bytes, from + this.head.headBytes, to, isLendable)
    }
    this.#keptMethod = ''
    let scanFrom = scanned
    for (;;) {
      const end = findHeadEnd(bytes, Math.max(at, scanFrom - 3), to)
      if (end === -1) {
        const failure = checkPartialResponse(bytes, at, to, limits)
        if (failure !== null) return this.#fail(failure)
        if (at < to) this.#carry = Buffer.from(bytes.subarray(at, to))
        return 'more'
      }
      scanFrom = 0
      const failure = parseResponseHead(bytes, at, end, this.head, this.#method, limits)
      if (failure !== null) return this.#fail(withQuote(failure, this.head.fields.text))
      this.#keptBytes.keep(bytes, at, end)
      at = end
      const { status } = this.head
      if (status >= 200 || status === 101) return this.#onFinalHead(bytes, at, to, isLendable)
      if (++this.#interims > INTERIM_MAX)
        return this.#fail(fail('bad_response', `more than ${INTERIM_MAX} interim responses`))
      if (status !== 100) this.sink?.onInterim(this.head)
      if (this.sink === null) return 'dropped'
      if (at === to) return 'more'
    }
  }

  /** Whether the bytes begin with the very head that came last: what it means is known (a hot answer within a second). */
  #isRepeated(bytes: Buffer, from: number, to: number): boolean {
    if (this.#keptMethod !== this.#method || this.#keptLimits !== this.#limits) return false
    return this.#keptBytes.isStartOf(bytes, from, to)
  }

  #onFinalHead(bytes: Buffer, from: number, to: number, isLendable: boolean): ReadOutcome {
    const { head, sink } = this
    if (sink === null) return 'dropped'
    if (head.status === 101) {
      if (!this.#isUpgradeAsked) return this.#fail(fail('unasked_upgrade'))
      this.#tunnelBytes = from < to ? Buffer.from(bytes.subarray(from, to)) : null
      return 'tunnel'
    }
    this.#isInBody = true
    this.#keptMethod = this.#method
    this.#keptLimits = this.#limits
    this.#left = head.hasBody ? head.bodyBytes : 0
    if (this.#left === -1) {
      this.#chunks ??= new ChunkedDecoder()
      this.#chunks.reset('peer')
    }
    sink.onHead(head)
    // Another may have been put in its place, and hears of the rest.
    if (this.sink === null) return 'dropped'
    if (this.#left === 0) return from < to ? 'excess' : 'whole'
    return this.#readBody(bytes, from, to, isLendable)
  }

  #readBody(bytes: Buffer, from: number, to: number, isLendable: boolean): ReadOutcome {
    const sink = this.sink
    if (sink === null) return 'dropped'
    let end = to
    let isOver = false
    if (this.#left >= 0) {
      end = Math.min(to, from + this.#left)
      this.#left -= end - from
      isOver = this.#left === 0
      if (end > from) sink.onData(bytes, from, end, isLendable)
    } else if (this.#left === -1) {
      const chunks = this.#chunks!
      end = chunks.decode(bytes, from, to, this)
      if (this.sink === sink && chunks.failure !== null) return this.#fail(chunks.failure)
      isOver = chunks.isDone
    } else if (to > from) {
      sink.onData(bytes, from, to, isLendable)
    }
    if (this.sink !== sink) return 'dropped'
    if (isOver) return end < to ? 'excess' : 'whole'
    sink.onPause()
    return 'more'
  }

  onChunkData(bytes: Buffer, from: number, to: number): void {
    // Runs inside one read are never lent: several may lie in one buffer.
    this.sink?.onData(bytes, from, to, false)
  }

  /** Trailers of a chunked body that is whole. */
  get trailers(): FieldList | null {
    return this.#left === -1 ? (this.#chunks?.trailers ?? null) : null
  }

  #fail(failure: Failure): ReadOutcome {
    this.failure = failure
    return 'failed'
  }

  /** What came after the head of 101. */
  takeTunnelBytes(): Buffer | null {
    const bytes = this.#tunnelBytes
    this.#tunnelBytes = null
    return bytes
  }

  /** Leaves the head to who still needs it. */
  renewHead(): void {
    this.#keptMethod = ''
    this.head = new ResponseHead()
  }

  /** Forgets what was read of a message that does not go on. */
  drop(): void {
    this.sink = null
    this.#carry = null
    this.#isInBody = false
  }
}
