// The tries of one exchange: which peer, when, what it came to. Holds the books for the balancer (every pick is released
// exactly once), the `$upstream_*` variables and the error log.

import type { Outcome } from '../balance/outcome.ts'
import { giveTriedSet, TriedSet, takeTriedSet } from '../balance/tried.ts'
import type { Failure } from '../base/failure.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import type { Exchange, Try } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { peerActivity } from './failure-words.ts'
import { logHealthNews } from './health-log.ts'
import type { PeerSet } from './peer-set.ts'
import { PeerWait, type WaitOwner } from './peer-wait.ts'
import type { UpstreamRuntime } from './runtime.ts'
import { NOBODY, StickyBinding } from './sticky-binding.ts'
import { decideOutcome, isFault, type TryEnd } from './try-verdict.ts'

const NO_SET = new TriedSet()
const NEVER_SENT = { headerMs: -1, responseMs: 0, status: 0, failure: null }
/** A pick that found no peer, and none to wait for: what the upstream falls back to has to answer. */
export const FALLS_BACK = -2
/** Address of the entry between the tries of two upstreams. */
const SEPARATOR = ''

/** A try that is put by while another one is looked at. */
export interface Aside {
  readonly peer: number
  readonly entry: Try | null
  readonly pickedAt: number
  /** Of a try that is not the exchange's own: its connection. */
  connection: PeerConnection | null
}

export class Tries {
  readonly #exchange: Exchange
  readonly #upstream: UpstreamRuntime
  readonly #triesMax: number
  /** The peers that it picks among, to its end. */
  #peers: PeerSet
  #isHolding = false
  #hasPicked = false
  #tried: TriedSet
  /** Tries that may still begin, the running one included. */
  #left: number
  #firstMs = 0
  /** Wall seconds of the last pick, with their fraction where times are measured. */
  #pickedAt = 0
  /** What the request is hashed by; made with the first pick. */
  #key: string | null = null
  #current: Try | null = null
  /** The running try's connection, where it is not the exchange's. */
  #beside: PeerConnection | null = null
  readonly #binding: StickyBinding | null
  #wait: PeerWait | null = null
  /** When the wait before the next try began; -1 = there was none. */
  #waitingSinceMs = -1
  /** Index of the peer of the running try; -1 = none. */
  peer = -1

  /** @param triesMax `proxy_next_upstream_tries`; 0 = as many as there are peers */
  constructor(exchange: Exchange, upstream: UpstreamRuntime, triesMax: number) {
    this.#exchange = exchange
    this.#upstream = upstream
    this.#tried = takeTriedSet()
    this.#triesMax = triesMax
    this.#peers = upstream.peers
    this.#left = this.#possible
    // An internal redirect came to a second upstream: the lists of `$upstream_*` show a colon between the two.
    if (exchange.tries.length > 0) this.open(SEPARATOR)
    const { sticky } = upstream
    this.#binding = sticky == null ? null : new StickyBinding(exchange, sticky)
    exchange.ownLines = ''
  }

  /** What holds the indices of peers that it picks. */
  get peers(): PeerSet {
    return this.#peers
  }

  get #possible(): number {
    const { triesMax } = this.#peers.group
    return this.#triesMax > 0 && this.#triesMax < triesMax ? this.#triesMax : triesMax
  }

  /** Until the first pick has found a peer, it is the upstream's peers of the moment that count. */
  #takePeers(): void {
    const { peers } = this.#upstream
    if (this.#isHolding && peers === this.#peers) return
    if (this.#isHolding) this.#peers.letGo()
    this.#isHolding = true
    this.#peers = peers
    peers.hold()
    this.#tried.clear()
    this.#left = this.#possible
  }

  /** Step 6, pick: the peer of the next try, or -1; also -1 where requests wait that came before. */
  pick(): number {
    const { queue } = this.#upstream
    if (this.#firstMs === 0) this.#firstMs = this.#exchange.snapshot.services.clock.nowMs
    return queue == null || !queue.hasLine || this.#isBesideLine ? this.#pickNow() : -1
  }

  #pickNow(): number {
    const { clock } = this.#exchange.snapshot.services
    if (!this.#hasPicked) this.#takePeers()
    const { keyOf } = this.#upstream
    const { group } = this.#peers
    this.#pickedAt = group.times === null ? clock.wallSeconds : clock.wallMs / 1000
    this.#key ??= keyOf === null ? '' : keyOf(this.#exchange)
    const bound = this.#binding?.find(this.#peers) ?? NOBODY
    this.peer = group.pick(this.#tried, this.#pickedAt, this.#key, bound)
    this.#logNews()
    if (this.peer === -1) return -1
    this.#hasPicked = true
    this.#binding?.onPick(this.#peers, this.peer)
    return this.peer
  }

  /** A first pick that is made again starts over: the one before went as far as the backups, and its hash with it. */
  #pickAgain(): number {
    if (!this.#hasPicked) this.#tried.clear()
    const peer = this.#pickNow()
    return peer === -1 && this.#upstream.fallback != null && this.isOut ? FALLS_BACK : peer
  }

  /** It may pick among fewer peers than a new request, or among others: it stands beside the line, not in it. */
  get #isBesideLine(): boolean {
    return this.#hasPicked || this.#binding?.hasDraining(this.#peers) === true
  }

  /** It waits in its upstream's queue. */
  get isInLine(): boolean {
    return this.#wait !== null && this.#waitingSinceMs !== -1
  }

  /** Waits for a peer, where the upstream has a queue with room; `owner` may be told before this returns. */
  wait(owner: WaitOwner): boolean {
    const { queue } = this.#upstream
    if (queue == null) return false
    if (!this.#hasPicked) this.#takePeers()
    this.#wait = new PeerWait(queue, owner, () => this.#pickAgain())
    this.#waitingSinceMs = this.#exchange.snapshot.services.clock.nowMs
    if (this.#wait.join(this.#isBesideLine)) return true
    this.#waitingSinceMs = -1
    return false
  }

  /** No peer can take the request, and not for want of room: each is out, or was tried in vain. */
  get isOut(): boolean {
    if (!this.#hasPicked) this.#takePeers()
    const { wallSeconds } = this.#exchange.snapshot.services.clock
    const { group } = this.#peers
    const bound = this.#binding?.find(this.#peers) ?? NOBODY
    return !this.hasOther() && !group.isBusy(this.#tried, wallSeconds, bound)
  }

  /** The running try's answer goes to the client: what binds the session to the peer is made. */
  onAnswer(): void {
    this.#binding?.onAnswer(this.#peers, this.peer)
  }

  /** The response's head is there: milliseconds since the running try began. */
  onHeader(): number {
    const headerMs = this.sinceStart()
    this.#nameAddress()
    const { times } = this.#peers.group
    if (times !== null && this.peer !== -1) times.onHeader(this.peer, this.#pickedAt)
    return headerMs
  }

  /** Opens an entry for a try at `address`. */
  open(address: string): Try {
    const { nowMs } = this.#exchange.snapshot.services.clock
    const entry: Try = {
      address,
      startedMs: nowMs,
      queuedMs: this.#waitingSinceMs === -1 ? -1 : nowMs - this.#waitingSinceMs,
      connectMs: -1,
      headerMs: -1,
      responseMs: -1,
      status: 0,
      bytesSent: 0,
      bytesReceived: 0,
      bodyBytes: 0,
      failure: null,
    }
    this.#waitingSinceMs = -1
    this.#exchange.addTry(entry)
    this.#current = entry
    return entry
  }

  /** Takes back the entry of a connection that was dead before it was used: that was no try. */
  withdraw(): void {
    this.#exchange.dropTry(this.#current)
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
    return this.#peers.group.hasEligible(
      this.#tried,
      this.#exchange.snapshot.services.clock.wallSeconds,
    )
  }

  /** Whether another try may begin beside `running` ones. */
  mayGoOn(running: number): boolean {
    return this.#left > running
  }

  /** Puts the running try by. */
  setAside(): Aside {
    const { peer } = this
    const entry = this.#current
    const aside = { peer, entry, pickedAt: this.#pickedAt, connection: this.#beside }
    this.#beside = null
    this.peer = -1
    this.#current = null
    return aside
  }

  /** Makes a try that was put by the running one again. */
  resume(aside: Aside): void {
    this.peer = aside.peer
    this.#current = aside.entry
    this.#pickedAt = aside.pickedAt
    this.#beside = aside.connection
  }

  /** Takes back a try that was put by, and to which nothing was sent. */
  drop(aside: Aside): void {
    const running = this.setAside()
    this.resume(aside)
    this.end('neutral', null)
    this.#exchange.dropTry(aside.entry)
    this.resume(running)
  }

  /** Of a peer with several addresses it is the one that was reached. */
  #nameAddress(): void {
    const connection = this.#beside ?? this.#exchange.peerConnection
    if (this.#current === null || connection === null || connection.address.rivals.length === 0) {
      return
    }
    this.#current.address = connection.addressText
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
    const connection = this.#beside ?? exchange.peerConnection
    this.#nameAddress()
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
    this.#binding?.onEnd(this.#peers, peer, outcome !== 'failure' && failure === null)
    const { times } = this.#peers.group
    if (times !== null) {
      const now = exchange.snapshot.services.clock.wallMs / 1000
      const { headerMs, responseMs } = entry ?? NEVER_SENT
      times.onEnd(peer, this.#pickedAt, outcome === 'success', headerMs, responseMs, now)
    }
    const { passiveHealth } = this.#upstream.config
    const end: TryEnd = entry ?? NEVER_SENT
    const ejected = this.#peers.group.release(
      peer,
      decideOutcome(outcome, end, passiveHealth),
      exchange.snapshot.services.clock.wallSeconds,
      isFault(outcome, end, passiveHealth),
    )
    this.#logNews()
    this.#upstream.queue?.onRelease()
    if (ejected !== null) {
      const activity =
        failure === null
          ? 'reading response header from upstream'
          : peerActivity(failure, exchange.step)
      const text = `upstream server temporarily disabled while ${activity}`
      logFailure(exchange, 'warn', text, '', entry ?? undefined)
    }
  }

  #logNews(): void {
    const { group, addresses } = this.#peers
    if (group.watch?.hasNews !== true) return
    const { name } = this.#upstream.config
    logHealthNews(this.#exchange, name, group.watch.takeNews(), peer => addresses[peer]!.text)
  }

  /** Counts the try that ended; another follows. */
  next(): void {
    this.#left--
  }

  /** Gives up the place in the queue, if it has one. */
  leaveLine(): void {
    this.#wait?.close()
  }

  /** The exchange is over. */
  close(): void {
    this.leaveLine()
    if (this.#isHolding) this.#peers.letGo()
    this.#isHolding = false
    if (this.#tried !== NO_SET) giveTriedSet(this.#tried)
    this.#tried = NO_SET
  }
}
