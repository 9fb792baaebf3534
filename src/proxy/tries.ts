// The tries of one exchange: which peer, when, what it came to. Holds the books for the balancer (every pick is released
// exactly once), the `$upstream_*` variables and the error log.

import type { Outcome } from '../balance/peer-group.ts'
import { TriedSet } from '../balance/tried.ts'
import type { Failure } from '../base/failure.ts'
import type { Exchange, Try } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { peerActivity } from './failure-words.ts'
import type { UpstreamRuntime } from './runtime.ts'

const SPARE_SETS_MAX = 256
const spareSets: TriedSet[] = []
const NO_SET = new TriedSet()
const NEVER_SENT = { headerMs: -1, responseMs: 0 }
/** Address of the entry between the tries of two upstreams. */
const SEPARATOR = ''

export class Tries {
  readonly #exchange: Exchange
  readonly #upstream: UpstreamRuntime
  #tried: TriedSet
  /** Tries that may still begin, the running one included. */
  #left: number
  #firstMs = 0
  /** Wall seconds of the last pick, with their fraction where times are measured. */
  #pickedAt = 0
  /** What the request is hashed by; made with the first pick. */
  #key: string | null = null
  #current: Try | null = null
  /** Index of the peer of the running try; -1 = none. */
  peer = -1

  /** @param triesMax `proxy_next_upstream_tries`; 0 = as many as there are peers */
  constructor(exchange: Exchange, upstream: UpstreamRuntime, triesMax: number) {
    this.#exchange = exchange
    this.#upstream = upstream
    this.#tried = spareSets.pop() ?? new TriedSet()
    this.#tried.clear()
    const possible = upstream.group.triesMax
    this.#left = triesMax > 0 && triesMax < possible ? triesMax : possible
    // An internal redirect came to a second upstream: the lists of `$upstream_*` show a colon between the two.
    if (exchange.tries.length > 0) this.open(SEPARATOR)
  }

  /** Step 6, pick: the peer of the next try, or -1. */
  pick(): number {
    const { clock } = this.#exchange.snapshot.services
    if (this.#firstMs === 0) this.#firstMs = clock.nowMs
    const { group, keyOf } = this.#upstream
    this.#pickedAt = group.times === null ? clock.wallSeconds : clock.wallMs / 1000
    this.#key ??= keyOf === null ? '' : keyOf(this.#exchange)
    this.peer = group.pick(this.#tried, this.#pickedAt, this.#key)
    return this.peer
  }

  /** The response's head is there: milliseconds since the running try began. */
  onHeader(): number {
    const headerMs = this.sinceStart()
    const { times } = this.#upstream.group
    if (times !== null && this.peer !== -1) times.onHeader(this.peer, this.#pickedAt)
    return headerMs
  }

  /** Opens an entry for a try at `address`. */
  open(address: string): Try {
    const entry: Try = {
      address,
      startedMs: this.#exchange.snapshot.services.clock.nowMs,
      connectMs: -1,
      headerMs: -1,
      responseMs: -1,
      status: 0,
      bytesSent: 0,
      bytesReceived: 0,
      bodyBytes: 0,
      failure: null,
    }
    this.#exchange.addTry(entry)
    this.#current = entry
    return entry
  }

  /** Takes back the entry of a connection that was dead before it was used: that was no try. */
  withdraw(): void {
    this.#exchange.tries.pop()
    this.#current = null
  }

  get current(): Try | null {
    return this.#current
  }

  /** Milliseconds since the running try began. */
  sinceStart(): number {
    return this.#current === null
      ? 0
      : this.#exchange.snapshot.services.clock.nowMs - this.#current.startedMs
  }

  /** Milliseconds since the first try began. */
  sinceFirst(): number {
    return this.#exchange.snapshot.services.clock.nowMs - this.#firstMs
  }

  /** Tries left after the running one. */
  get leftAfter(): number {
    return this.#left - 1
  }

  /** Whether another peer could be picked now. */
  hasOther(): boolean {
    return this.#upstream.group.hasEligible(
      this.#tried,
      this.#exchange.snapshot.services.clock.wallSeconds,
    )
  }

  /** The running try has failed; `end` follows. */
  fail(failure: Failure): void {
    const entry = this.#current
    if (entry === null) return
    entry.failure = failure
    entry.responseMs = this.sinceStart()
  }

  /** Ends the running try; the second call for one try does nothing. */
  end(outcome: Outcome, failure: Failure | null): void {
    const exchange = this.#exchange
    const entry = this.#current
    const connection = exchange.peerConnection
    this.#current = null
    if (entry !== null) {
      entry.responseMs = exchange.snapshot.services.clock.nowMs - entry.startedMs
      entry.failure = failure
      if (connection !== null) {
        entry.bytesReceived = connection.bytesReceived
        entry.bytesSent = connection.bytesSent
      }
    }
    const { peer } = this
    if (peer === -1) return
    this.peer = -1
    const { times } = this.#upstream.group
    if (times !== null) {
      const now = exchange.snapshot.services.clock.wallMs / 1000
      const { headerMs, responseMs } = entry ?? NEVER_SENT
      times.onEnd(peer, this.#pickedAt, outcome === 'success', headerMs, responseMs, now)
    }
    const ejected = this.#upstream.group.release(
      peer,
      outcome,
      exchange.snapshot.services.clock.wallSeconds,
    )
    if (ejected !== null) {
      const activity =
        failure === null
          ? 'reading response header from upstream'
          : peerActivity(failure, exchange.step)
      logFailure(exchange, 'warn', `upstream server temporarily disabled while ${activity}`)
    }
  }

  /** Counts the try that ended; another follows. */
  next(): void {
    this.#left--
  }

  /** The exchange is over. */
  close(): void {
    if (this.#tried !== NO_SET && spareSets.length < SPARE_SETS_MAX) spareSets.push(this.#tried)
    this.#tried = NO_SET
  }
}
