// What one exchange knows of its session: the peers that it is bound to, and whether the running try's answer is the one
// that binds it. Peers may be swapped while a request waits for one, so what was found goes with the set it was found in.

import type { Exchange } from './exchange.ts'
import type { PeerSet } from './peer-set.ts'
import type { StickySessions } from './sticky.ts'

/** Bound to no peer. */
export const NOBODY: readonly number[] = []

export class StickyBinding {
  readonly #exchange: Exchange
  readonly #sessions: StickySessions
  #bound = NOBODY
  #boundIn: PeerSet | null = null
  /** The running try's answer goes to the client. */
  #isAnswer = false

  constructor(exchange: Exchange, sessions: StickySessions) {
    this.#exchange = exchange
    this.#sessions = sessions
  }

  /** Peers that the request is bound to; looked up once in a set. */
  find(peers: PeerSet): readonly number[] {
    if (peers.names === null) return NOBODY
    if (this.#boundIn !== peers) {
      this.#boundIn = peers
      this.#bound = this.#sessions.find(this.#exchange, peers.names)
    }
    return this.#bound
  }

  /** Whether it may use a peer that others may not. */
  hasDraining(peers: PeerSet): boolean {
    return this.find(peers).some(peer => peers.group.isDraining(peer))
  }

  /** The peer was picked for a try. */
  onPick(peers: PeerSet, peer: number): void {
    if (peers.names !== null) this.#sessions.onPick?.(this.#exchange, peers.names, peer)
  }

  /** The answer of the running try goes to the client. */
  onAnswer(peers: PeerSet, peer: number): void {
    if (peers.names === null || peer === -1) return
    this.#isAnswer = true
    this.#sessions.onAnswer(this.#exchange, peers.names, peer)
  }

  /** The running try has ended; `isWhole`: as it should. */
  onEnd(peers: PeerSet, peer: number, isWhole: boolean): void {
    if (!this.#isAnswer) return
    this.#isAnswer = false
    if (isWhole && peers.names !== null) this.#sessions.onWhole(this.#exchange, peers.names, peer)
  }
}
