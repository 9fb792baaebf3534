// When which of several addresses of one peer is tried: Happy Eyeballs (RFC 8305 §4 and §5) without sockets and
// timers. The next attempt begins when the last one has had its time, or at once when one has failed.

import { isIPv6 } from 'node:net'

/** What an attempt gets before the next begins beside it (RFC 8305 §5). */
export const ATTEMPT_DELAY_MS = 250

/** Orders addresses so that families take turns, IPv6 first; within a family the order stays (RFC 8305 §4). */
export function interleaveFamilies<T>(
  addresses: readonly T[],
  hostOf: (address: T) => string,
): T[] {
  const six = addresses.filter(address => isIPv6(hostOf(address)))
  const four = addresses.filter(address => !isIPv6(hostOf(address)))
  const ordered: T[] = []
  for (let i = 0; i < Math.max(six.length, four.length); i++) {
    if (i < six.length) ordered.push(six[i]!)
    if (i < four.length) ordered.push(four[i]!)
  }
  return ordered
}

export class RaceSchedule {
  readonly #count: number
  #started = 0
  #failed = 0
  #nextAtMs = Number.NEGATIVE_INFINITY

  /** @param count how many addresses there are, at least one */
  constructor(count: number) {
    this.#count = count
  }

  /** The attempt to begin now, or -1. Call again until it is -1. */
  begin(nowMs: number): number {
    if (this.#started === this.#count || nowMs < this.#nextAtMs) return -1
    this.#nextAtMs = nowMs + ATTEMPT_DELAY_MS
    return this.#started++
  }

  /** Milliseconds until the next attempt may begin; -1 when all have begun. */
  waitMs(nowMs: number): number {
    return this.#started === this.#count ? -1 : Math.max(0, this.#nextAtMs - nowMs)
  }

  /** An attempt has failed: the next need not wait. */
  fail(): void {
    this.#failed++
    this.#nextAtMs = Number.NEGATIVE_INFINITY
  }

  /** Nothing is left that could still succeed. */
  get isLost(): boolean {
    return this.#failed === this.#count
  }
}
