// What keeps further tries from becoming the load that a weak group dies of: a budget, and a wait before each. Pure.

import type { RetrySettings } from '../model/proxy-settings.ts'
import type { GroupLoad } from '../zone/group-load.ts'
import { UsualTimes } from './usual-times.ts'

/** What one upstream has in hand. */
export class UpstreamLoad {
  /** Over all workers; counts the requests of locations that pace their tries. */
  readonly group: GroupLoad
  /** How long heads took in this worker, where somebody asks. */
  readonly times = new UsualTimes()

  constructor(group: GroupLoad) {
    this.group = group
  }
}

/** How many of so many requests may be on a further try. */
export function retriesMax(requests: number, rules: RetrySettings): number {
  if (rules.budgetPercent === 0) return Number.POSITIVE_INFINITY
  return Math.max(rules.budgetMin, Math.floor((requests * rules.budgetPercent) / 100))
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
