// What keeps further tries from becoming the load that a weak group dies of: a budget, and a wait before each. Pure.

import type { RetrySettings } from '../model/proxy-settings.ts'
import { UsualTimes } from './usual-times.ts'

/** Requests of one upstream that this worker has in hand. */
export class UpstreamLoad {
  /** All of them. */
  active = 0
  /** Those that are on their second try or a later one. */
  retrying = 0
  /** How long heads took, where somebody asks. */
  readonly times = new UsualTimes()
}

/** Whether one more request may be tried again. */
export function isWithinBudget(load: UpstreamLoad, rules: RetrySettings): boolean {
  if (rules.budgetPercent === 0) return true
  const share = Math.floor((load.active * rules.budgetPercent) / 100)
  return load.retrying < Math.max(rules.budgetMin, share)
}

/**
 * How long the next try waits: a random part of a time that doubles with each (full jitter), and at least what the peer
 * asked for with Retry-After.
 *
 * @param retries tries after the first that began already
 * @param retryAfterMs 0 = not said
 * @param random from 0 to less than 1
 */
export function backoffMs(
  rules: RetrySettings,
  retries: number,
  retryAfterMs: number,
  random: number,
): number {
  if (rules.backoffMs === 0) return 0
  const ceiling = Math.min(rules.backoffMaxMs, rules.backoffMs * 2 ** Math.min(retries, 30))
  return Math.max(Math.floor(random * ceiling), Math.min(retryAfterMs, rules.backoffMaxMs))
}

/** Milliseconds of a Retry-After in seconds (RFC 9110 §10.2.3); 0 for a date and for what is none. */
export function retryAfterMs(value: string): number {
  return /^\d{1,9}$/.test(value) ? Number(value) * 1000 : 0
}
