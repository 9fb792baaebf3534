// The queue of one upstream in one generation: how many requests may wait for a peer, and for how long (nginx Plus:
// `queue`; http://nginx.org/en/docs/http/ngx_http_upstream_module.html#queue). The line itself is shared by generations
// and workers (wait-line.ts).

import type { Queue } from '../model/upstream.ts'
import type { LineRequest, Waiter, WaitLine } from './wait-line.ts'

export class RequestQueue {
  readonly #config: Queue
  readonly #line: WaitLine
  #isRetired = false

  constructor(config: Queue, line: WaitLine) {
    this.#config = config
    this.#line = line
  }

  /** Whether requests wait already: who comes now stands behind them, even when a peer is free. */
  get hasLine(): boolean {
    return !this.#isRetired && this.#line.zone.hasLine
  }

  /**
   * Lets a request wait; it may go on before this returns.
   *
   * @param isBeside it has not the same choice as those in the line
   * @returns null when the queue is full
   */
  join(request: LineRequest, isBeside: boolean): Waiter | null {
    return this.#line.join(this, request, isBeside || this.#isRetired, this.#config)
  }

  /** The request does not wait any more, whatever the reason. */
  leave(waiter: Waiter): void {
    this.#line.leave(waiter)
  }

  /** A peer of the upstream was given back. */
  onRelease(): void {
    this.#line.onRelease()
  }

  /** Another generation serves: those who wait here wait on for the peers of this one. */
  retire(): void {
    this.#isRetired = true
    this.#line.stepAside(this)
  }
}
