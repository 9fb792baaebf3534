// Step 7 when a connect takes longer than this peer's connects usually do: one to the next peer begins beside it, and the
// first to open gets the request. Nothing was sent before, so nothing is sent twice. A peer whose host went dark costs a
// moment, not `proxy_connect_timeout` (docs/decisions/017-peers-that-go-dark.md).

import { FAILURES, type Failure, fail } from '../base/failure.ts'
import { Timer } from '../base/timer-wheel.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import type { ResponseSink } from '../upstream/response-sink.ts'
import type { Exchange } from './exchange.ts'
import { logPeerFailure } from './failure-log.ts'
import type { Services } from './runtime.ts'
import type { Aside, Tries } from './tries.ts'

/** A connect is slow when it takes this many times as long as usual. */
const USUAL_TIMES = 4

/**
 * How long to wait for a connect before another begins.
 *
 * @param usualMs what the peer's connects took of late; 0 = not known
 */
export function hedgeDelayMs(leastMs: number, usualMs: number): number {
  return Math.max(leastMs, usualMs * USUAL_TIMES)
}

/** What the race asks of the exchange's forwarding. */
export interface HedgeOwner {
  /** Takes an idle connection to the peer, or opens one: `onConnected` then follows. */
  openBeside(peer: number, sink: ResponseSink): { connection: PeerConnection; isOpen: boolean }
  /** The address of the peer for the log. */
  addressOf(peer: number): string
  /** The rival's try is the running one now, and its connection is the exchange's. */
  onRivalOpen(): void
}

/** A connection that is opened beside the first one. */
class Rival implements ResponseSink {
  readonly #hedge: HedgedConnect
  connection: PeerConnection | null = null
  aside: Aside | null = null

  constructor(race: HedgedConnect) {
    this.#hedge = race
  }

  onConnected(): void {
    this.#hedge.onOpen(this)
  }

  onFailure(failure: Failure): void {
    this.#hedge.onFailure(this, failure)
  }

  // Nothing was asked, so nothing comes; what comes all the same ends the connection before it gets here.
  onInterim(): void {}
  onHead(): void {}
  onData(): void {}
  onPause(): void {}
  onEnd(): void {}
  onPeerDrain(): void {}
}

export class HedgedConnect {
  readonly #exchange: Exchange
  readonly #tries: Tries
  readonly #services: Services
  readonly #owner: HedgeOwner
  readonly #delayMs: number
  readonly #timer: Timer
  #rivals: Rival[] = []

  /** @param delayMs until the first rival begins, and from one to the next */
  constructor(exchange: Exchange, tries: Tries, owner: HedgeOwner, delayMs: number) {
    this.#exchange = exchange
    this.#tries = tries
    this.#services = exchange.snapshot.services
    this.#owner = owner
    this.#delayMs = delayMs
    this.#timer = new Timer(() => this.#startRival())
    this.#services.wheel.set(this.#timer, delayMs)
  }

  #startRival(): void {
    const first = this.#tries.setAside()
    const peer = this.#tries.mayGoOn(this.#rivals.length + 1) ? this.#tries.pick() : -1
    if (peer === -1) {
      this.#tries.resume(first)
      return
    }
    const entry = this.#tries.open(this.#owner.addressOf(peer))
    const rival = new Rival(this)
    const { connection, isOpen } = this.#owner.openBeside(peer, rival)
    rival.connection = connection
    rival.aside = this.#tries.setAside()
    rival.aside.connection = connection
    this.#tries.resume(first)
    this.#rivals.push(rival)
    if (isOpen) {
      entry.connectMs = 0
      this.#win(rival)
      return
    }
    this.#services.wheel.set(this.#timer, this.#delayMs)
  }

  /** A rival's connection opened before the first one. */
  onOpen(rival: Rival): void {
    const entry = rival.aside?.entry ?? null
    if (entry !== null) entry.connectMs = this.#services.clock.nowMs - entry.startedMs
    this.#win(rival)
  }

  #win(rival: Rival): void {
    const exchange = this.#exchange
    const failure = fail('connect_slow', this.#tries.current?.address ?? '')
    exchange.peerConnection?.destroy()
    this.#failTry(failure)
    this.#adopt(rival)
    this.close()
    this.#owner.onRivalOpen()
  }

  /** A rival failed: the race goes on without it. */
  onFailure(rival: Rival, failure: Failure): void {
    this.#rivals = this.#rivals.filter(other => other !== rival)
    const first = this.#tries.setAside()
    this.#tries.resume(rival.aside!)
    this.#failTry(failure)
    this.#tries.resume(first)
  }

  #failTry(failure: Failure): void {
    const { side, status } = FAILURES[failure.failure]
    this.#tries.current!.status = status
    this.#tries.fail(failure)
    logPeerFailure(this.#exchange, failure, this.#tries.current!)
    this.#tries.end(side === 'proxy' ? 'unasked' : 'failure', failure)
    this.#tries.next()
  }

  /** The first connect failed: the oldest rival takes its place. False when there is none. */
  promote(): boolean {
    const rival = this.#rivals.shift()
    if (rival === undefined) return false
    this.#tries.next()
    this.#adopt(rival)
    return true
  }

  /** Makes the rival's try the running one. */
  #adopt(rival: Rival): void {
    this.#rivals = this.#rivals.filter(other => other !== rival)
    this.#exchange.peerConnection = rival.connection
    rival.aside!.connection = null
    this.#tries.resume(rival.aside!)
  }

  /** Ends the race; rivals that are left were no tries. */
  close(): void {
    this.#services.wheel.remove(this.#timer)
    const rivals = this.#rivals
    this.#rivals = []
    for (const rival of rivals) {
      rival.connection?.destroy()
      this.#tries.drop(rival.aside!)
    }
  }
}
