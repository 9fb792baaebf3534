// What `$upstream_cache_status` says, in the words of RFC 9211.

import {
  type CacheOutcome,
  cacheStatusLine,
  type ForwardReason,
} from '../cache/policy/cache-status.ts'

/** How we name ourselves. */
export const CACHE_NAME = 'headgate'

export const PLAIN_OUTCOME: CacheOutcome = {
  cache: CACHE_NAME,
  forward: null,
  forwardStatus: 0,
  ttlSeconds: null,
  isStored: false,
  isCollapsed: false,
  key: '',
  detail: '',
}

/**
 * Why a peer was asked; null = it was not.
 *
 * @param isPart a part is stored, or was asked for
 */
export function forwardReason(cacheStatus: string, isPart: boolean): ForwardReason | null {
  switch (cacheStatus) {
    case 'MISS':
      return isPart ? 'partial' : 'uri-miss'
    case 'EXPIRED':
    case 'REVALIDATED':
      return 'stale'
    case 'BYPASS':
      return 'bypass'
    default:
      return null
  }
}

/** The line of an answer that goes by the cache. */
export function forwardedLine(cacheStatus: string): string {
  const forward = forwardReason(cacheStatus, false) ?? 'miss'
  return cacheStatusLine({ ...PLAIN_OUTCOME, forward })
}
