// A second request beside the first one, when the answer takes longer than nearly all do: the first head wins. Only for
// requests that may be sent twice, and within the budget (Dean and Barroso, "The Tail at Scale", 2013).

import type { Outcome } from '../balance/outcome.ts'
import { FAILURES, type Failure } from '../base/failure.ts'
import { Timer } from '../base/timer-wheel.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import type { ResponseSink } from '../upstream/response-sink.ts'
import type { Exchange } from './exchange.ts'
import { logPeerFailure } from './failure-log.ts'
import type { HedgeOwner } from './hedged-connect.ts'
import type { Aside, Tries } from './tries.ts'

/** What it asks of the exchange's forwarding, besides opening connections. */
export interface RequestHedgeOwner extends HedgeOwner {
  /** Sends the request once more, on a connection that is open. */
  sendOn(connection: PeerConnection): void
  /** Whether a second request may begin now. */
  mayHedgeRequest(): boolean
  /** It may, and no other peer was found. */
  onNoHedge(): void
  /** The status is one that another try would follow. */
  isUnwanted(status: number): boolean
  outcomeOf(status: number): Outcome
  /** Keeps an answer that another one may better. */
  putBy(head: ResponseHead, connection: PeerConnection): void
  /** The second request's try is the running one now, and this is its answer. */
  onHedgeWon(head: ResponseHead): void
}

export class HedgedRequest implements ResponseSink {
  readonly #exchange: Exchange
  readonly #tries: Tries
  readonly #owner: RequestHedgeOwner
  readonly #timer: Timer
  #connection: PeerConnection | null = null
  #aside: Aside | null = null
  #isSent = false
  /** It goes out on a connection that had been idle. */
  isReused = false

  /** @param delayMs how long the first answer is waited for */
  constructor(exchange: Exchange, tries: Tries, owner: RequestHedgeOwner, delayMs: number) {
    this.#exchange = exchange
    this.#tries = tries
    this.#owner = owner
    this.#timer = new Timer(() => this.#start())
    exchange.snapshot.services.wheel.set(this.#timer, delayMs)
  }

  /** The second request is on its way. */
  get isRunning(): boolean {
    return this.#connection !== null
  }

  #start(): void {
    if (!this.#owner.mayHedgeRequest()) return
    const first = this.#tries.setAside()
    const peer = this.#tries.mayGoOn(1) ? this.#tries.pick() : -1
    if (peer === -1) {
      this.#tries.resume(first)
      this.#owner.onNoHedge()
      return
    }
    const entry = this.#tries.open(this.#owner.addressOf(peer))
    const { connection, isOpen } = this.#owner.openBeside(peer, this)
    this.#connection = connection
    this.#aside = this.#tries.setAside()
    this.#aside.connection = connection
    this.isReused = isOpen
    this.#tries.resume(first)
    if (!isOpen) return
    entry.connectMs = 0
    this.#send()
  }

  #send(): void {
    this.#isSent = true
    this.#owner.sendOn(this.#connection!)
  }

  onConnected(): void {
    const entry = this.#aside?.entry ?? null
    const { nowMs } = this.#exchange.snapshot.services.clock
    if (entry !== null) entry.connectMs = nowMs - entry.startedMs
    this.#send()
  }

  onHead(head: ResponseHead): void {
    const connection = this.#connection!
    const aside = this.#aside!
    if (this.#owner.isUnwanted(head.status)) {
      this.#connection = null
      this.#aside = null
      this.#endBeside(aside, head.status, this.#owner.outcomeOf(head.status), null)
      this.#owner.putBy(head, connection)
      return
    }
    // The first one was only slow: nothing is held against it.
    this.#exchange.peerConnection?.destroy()
    this.#tries.drop(this.#tries.setAside())
    this.#tries.next()
    this.#take(connection, aside)
    this.#owner.onHedgeWon(head)
  }

  onFailure(failure: Failure): void {
    const connection = this.#connection
    const aside = this.#aside
    this.#connection = null
    this.#aside = null
    if (aside === null) return
    const isClosed = failure.failure === 'peer_closed' || failure.failure === 'peer_reset'
    if (this.isReused && isClosed && connection?.hasAnswered === false) {
      // The peer had closed it in the meantime: nobody's fault.
      this.#tries.drop(aside)
      return
    }
    const { side, status } = FAILURES[failure.failure]
    this.#endBeside(aside, status, side === 'proxy' ? 'neutral' : 'failure', failure)
  }

  /** Ends the second try; the first goes on. */
  #endBeside(aside: Aside, status: number, outcome: Outcome, failure: Failure | null): void {
    const first = this.#tries.setAside()
    this.#tries.resume(aside)
    this.#tries.current!.status = status
    if (failure !== null) {
      this.#tries.fail(failure)
      logPeerFailure(this.#exchange, failure, aside.entry ?? undefined)
    }
    this.#tries.end(outcome, failure)
    this.#tries.next()
    this.#tries.resume(first)
  }

  /** The first request failed: this one takes its place. False when there is none; else whether it was sent. */
  promote(): 'none' | 'connecting' | 'sent' {
    const connection = this.#connection
    const aside = this.#aside
    if (connection === null || aside === null) return 'none'
    this.#tries.next()
    this.#take(connection, aside)
    return this.#isSent ? 'sent' : 'connecting'
  }

  #take(connection: PeerConnection, aside: Aside): void {
    this.#connection = null
    this.#aside = null
    this.#exchange.peerConnection = connection
    aside.connection = null
    this.#tries.resume(aside)
  }

  /** The first request has its answer, or nobody needs one any more. */
  close(): void {
    this.#exchange.snapshot.services.wheel.remove(this.#timer)
    const connection = this.#connection
    const aside = this.#aside
    this.#connection = null
    this.#aside = null
    connection?.destroy()
    if (aside !== null) this.#tries.drop(aside)
  }

  onInterim(): void {}
  onData(): void {}
  onPause(): void {}
  onEnd(): void {}
  onPeerDrain(): void {}
}
