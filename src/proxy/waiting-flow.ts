// What an exchange hears of its client while it waits for something that is no peer: of all that, only leaving matters.

import type { Failure } from '../base/failure.ts'
import type { ExchangeFlow } from '../downstream/client-handler.ts'
import type { Exchange } from './exchange.ts'
import { cutExchange } from './finish.ts'

export class WaitingFlow implements ExchangeFlow {
  protected readonly exchange: Exchange

  constructor(exchange: Exchange) {
    this.exchange = exchange
  }

  /** Stops hearing of the client. */
  protected leave(): void {
    const { connection } = this.exchange
    if (connection.flow === this) connection.flow = null
  }

  onClientGone(failure: Failure): void {
    this.exchange.failure = failure
    this.exchange.status = 499
    cutExchange(this.exchange, false)
  }

  onClientEnd(): void {}

  onBodyData(): void {}

  onBodyEnd(): void {}

  onBodyFailure(): void {}

  onDrain(): void {}
}
