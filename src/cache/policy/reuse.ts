// Whether a stored response may be answered as it is (RFC 9111 §4, §4.2.4, §5.2.1; RFC 5861). What the response forbids
// comes before what the request would take.

import type { StaleCondition } from '../../model/cache.ts'
import type { CacheEntry } from '../entry.ts'
import { currentAge } from './age.ts'
import type { RequestDemand, Reuse } from './policy.ts'

/** A response that came so much later than now: the clock was set back, and nobody knows how old it is. */
const FUTURE_MS_MAX = 10_000

/**
 * @param useStale what the configuration lets stale responses be used for: by RFC 9111 §4.2.4 a contract with the origin,
 * so it yields to what forbids
 */
export function decideReuse(
  entry: CacheEntry,
  demand: RequestDemand,
  nowMs: number,
  useStale: readonly StaleCondition[],
): Reuse {
  const { meta } = entry
  const { freshness } = meta
  if (freshness.isAlwaysValidated || demand.isValidated) return 'validate'
  if (nowMs < meta.responseMs - FUTURE_MS_MAX) return 'validate'
  if (demand.maxAge !== -1 && currentAge(meta, nowMs) > demand.maxAge) return 'validate'
  const freshForMs = freshness.freshUntilMs - nowMs
  if (demand.minFresh !== -1 && freshForMs < demand.minFresh * 1000) return 'validate'
  if (freshForMs > 0) return 'fresh'
  if (freshness.mustRevalidate) return 'validate'
  if (demand.maxStale !== -1 && -freshForMs <= demand.maxStale * 1000) return 'fresh'
  if (-freshForMs < freshness.staleWhileMs || useStale.includes('updating')) {
    return 'stale-while-updating'
  }
  return 'validate'
}

/** Whether a stored response stands in for a failure (RFC 9111 §4.2.4, §4.3.3; RFC 5861 §4). */
export function decideOnError(
  entry: CacheEntry,
  demand: RequestDemand,
  nowMs: number,
  condition: StaleCondition,
  useStale: readonly StaleCondition[],
): boolean {
  const { freshness } = entry.meta
  if (freshness.isAlwaysValidated || demand.isValidated) return false
  const staleMs = nowMs - freshness.freshUntilMs
  const isContract = useStale.includes(condition)
  const isError = ERRORS.has(condition)
  if (staleMs < 0) return isError || isContract
  if (freshness.mustRevalidate) return false
  if (isContract) return true
  if (!isError) return false
  // `stale-if-error` of either side holds whatever else is said of freshness (RFC 5861 §4).
  if (staleMs < freshness.staleErrorMs) return true
  if (demand.staleIfError !== -1 && staleMs < demand.staleIfError * 1000) return true
  return demand.maxStale !== -1 && staleMs <= demand.maxStale * 1000
}

/** A peer that cannot be reached or makes no sense, and the four statuses of RFC 5861 §4. */
const ERRORS: ReadonlySet<StaleCondition> = new Set([
  'error',
  'timeout',
  'invalid_header',
  'http_500',
  'http_502',
  'http_503',
  'http_504',
])
