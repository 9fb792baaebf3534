// Requests counted by what the cache had to say of them.

import { CACHE_COUNTER, type CacheCounter, type CacheCounters } from '../../zone/cache-counters.ts'

/** By the words of `$upstream_cache_status`; whether the body came from the cache. */
const ROWS: ReadonlyMap<string, readonly [counter: CacheCounter, isStored: boolean]> = new Map([
  ['HIT', [CACHE_COUNTER.hits, true]],
  ['STALE', [CACHE_COUNTER.stale, true]],
  ['UPDATING', [CACHE_COUNTER.updating, true]],
  ['REVALIDATED', [CACHE_COUNTER.revalidated, true]],
  ['MISS', [CACHE_COUNTER.misses, false]],
  ['EXPIRED', [CACHE_COUNTER.expired, false]],
  ['BYPASS', [CACHE_COUNTER.bypasses, false]],
])

/** @param bytes of the body that were sent */
export function countRequest(counters: CacheCounters, status: string, bytes: number): void {
  const row = ROWS.get(status)
  if (row === undefined) return
  const [counter, isStored] = row
  counters.add(counter, 1)
  counters.add(isStored ? CACHE_COUNTER.hitBytes : CACHE_COUNTER.missBytes, bytes)
}
