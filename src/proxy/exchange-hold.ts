// Keeps of an exchange what a request to the peers still needs when its client has its answer, or has left: the head is its
// own from then on, as the client's next request takes the other one, and the snapshot stays until it is let go.

import type { Exchange } from './exchange.ts'

export class ExchangeHold {
  readonly #exchange: Exchange
  #isHeld = false

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  /** More than once is once. */
  take(): void {
    if (this.#isHeld) return
    const exchange = this.#exchange
    this.#isHeld = true
    exchange.snapshot.active++
    exchange.head = exchange.head.copy()
  }

  /** What is not held need not be let go. */
  letGo(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#exchange.snapshot.onExchangeEnd(this.#exchange)
  }
}
