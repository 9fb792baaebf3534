// The queue of one upstream in one generation: how many requests may wait for a peer, and for how long (nginx Plus:
// `queue`; http://nginx.org/en/docs/http/ngx_http_upstream_module.html#queue). The line itself is shared by generations
// and workers (wait-line.ts).

import type { Format } from '../model/config.ts'
import type { Queue, Upstream } from '../model/upstream.ts'
import type { LineRequest, Waiter, WaitLine } from './wait-line.ts'

/** What a request gets that the queue could not help. */
export interface QueueRefusal {
  readonly status: 502 | 503
  /** What `Retry-After` says; 0 = none. */
  readonly retryAfterSeconds: number
}

/** Longest time after which a client is asked to come back. */
const RETRY_AFTER_SECONDS_MAX = 10

/** nginx Plus says that the peers are bad; to be exact it is we who have no room (RFC 9110 §15.6.4). */
export function makeRefusal(format: Format, { timeoutMs }: Queue): QueueRefusal {
  if (format === 'nginx') return AS_NGINX
  const seconds = Math.ceil(timeoutMs / 1_000)
  return {
    status: 503,
    retryAfterSeconds: Math.min(Math.max(1, seconds), RETRY_AFTER_SECONDS_MAX),
  }
}

const AS_NGINX: QueueRefusal = { status: 502, retryAfterSeconds: 0 }

/** Why the queue did not take a request; empty where there is none. */
export function fullQueueText({ name, queue }: Pick<Upstream, 'name' | 'queue'>): string {
  return queue === null ? '' : `queue of "${name}" is full: it has room for ${queue.size}`
}

/** Why the queue let a request go without a peer. */
export function longQueueText({ name, queue }: Pick<Upstream, 'name' | 'queue'>): string {
  const ms = queue?.timeoutMs ?? 0
  return `waited ${ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`} in the queue of "${name}"`
}

export class RequestQueue {
  readonly refusal: QueueRefusal
  readonly #config: Queue
  readonly #line: WaitLine
  #isRetired = false

  constructor(config: Queue, line: WaitLine, refusal: QueueRefusal = AS_NGINX) {
    this.#config = config
    this.#line = line
    this.refusal = refusal
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

  /** Whoever waits picks among other peers from now on. */
  onPeersChanged(): void {
    this.#line.onPeersChanged()
  }

  /** Another generation serves: those who wait here wait on for the peers of this one. */
  retire(): void {
    this.#isRetired = true
    this.#line.stepAside(this)
  }
}
