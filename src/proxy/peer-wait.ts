// One exchange's wait for a peer in its upstream's queue: from the pick that found none to the turn, the end of the time
// or the end of the exchange, whichever comes first.

import type { RequestQueue } from './queue.ts'
import type { LineRequest, Waiter } from './wait-line.ts'

/** Who goes on when the wait is over. */
export interface WaitOwner {
  /** The next try is for that peer. */
  onPeerFree(peer: number): void
  /** It has waited for as long as it may. */
  onWaitOver(): void
}

export class PeerWait implements LineRequest {
  readonly #queue: RequestQueue
  readonly #owner: WaitOwner
  readonly #pick: () => number
  #peer = -1
  #waiter: Waiter | null = null
  #isOver = false

  /** @param pick the peer of the next try, or -1 */
  constructor(queue: RequestQueue, owner: WaitOwner, pick: () => number) {
    this.#queue = queue
    this.#owner = owner
    this.#pick = pick
  }

  /**
   * Takes its place; the owner may be told before this returns.
   *
   * @param isBeside it has not the same choice as those in the line
   * @returns whether there was room
   */
  join(isBeside: boolean): boolean {
    const waiter = this.#queue.join(this, isBeside)
    if (!this.#isOver) this.#waiter = waiter
    return waiter !== null
  }

  pickNow(): boolean {
    this.#peer = this.#pick()
    return this.#peer !== -1
  }

  onTurn(): void {
    this.#end()
    this.#owner.onPeerFree(this.#peer)
  }

  onWaitOver(): void {
    this.#end()
    this.#owner.onWaitOver()
  }

  /** Gives the place up, if it has one. */
  close(): void {
    const waiter = this.#waiter
    this.#end()
    if (waiter !== null) this.#queue.leave(waiter)
  }

  #end(): void {
    this.#isOver = true
    this.#waiter = null
  }
}
