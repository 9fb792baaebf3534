// The words of `$upstream_cache_status`, and which of them a stale entry comes to.
// https://nginx.org/en/docs/http/ngx_http_upstream_module.html#var_upstream_cache_status

import type { Reuse } from './policy.ts'

export const CACHE_STATUSES = [
  'MISS',
  'BYPASS',
  'EXPIRED',
  'STALE',
  'UPDATING',
  'REVALIDATED',
  'HIT',
  /**
   * Below `proxy_cache_min_uses`, or the lock's wait was over: not stored. Clients and logs see
   * `MISS`.
   */
  'SCARCE',
] as const
export type CacheStatus = (typeof CACHE_STATUSES)[number]

/** The word that clients and logs see. */
export function statusWord(status: CacheStatus): Exclude<CacheStatus, 'SCARCE'> {
  return status === 'SCARCE' ? 'MISS' : status
}

/**
 * Answered from the store; the same and fetched anew by us beside it; or fetched before there is an
 * answer.
 */
export type StaleStep = 'HIT' | 'UPDATING' | 'STALE' | 'EXPIRED'

/**
 * Decides what a request does with the entry that it found.
 *
 * `UPDATING` and `STALE` are answered at once; with `STALE` this request also begins the update
 * beside that.
 *
 * @param isUpdating another request fetches it right now
 * @param isUpdatedInBackground `proxy_cache_background_update`
 */
export function decideStaleStep(
  reuse: Reuse,
  isUpdating: boolean,
  isUpdatedInBackground: boolean,
): StaleStep {
  if (reuse === 'fresh') return 'HIT'
  if (reuse === 'validate') return 'EXPIRED'
  if (isUpdating) return 'UPDATING'
  return isUpdatedInBackground ? 'STALE' : 'EXPIRED'
}
