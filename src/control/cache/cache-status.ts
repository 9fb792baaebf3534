// What a running process says of its caches, as plain data: a part of the status report (docs/status.md).

import { CacheZone } from '../../zone/cache-zone.ts'
import type { KeptCache } from './cache-messages.ts'

export interface StatusCache {
  readonly name: string
  readonly path: string
  /** Files of earlier runs are being taken in, or all are; or the directory has vanished. */
  readonly state: 'loading' | 'ready' | 'gone'
  readonly entries: number
  /** Of all files. */
  readonly bytes: number
  /** 0 = no limit. */
  readonly bytesMax: number
  /** Keys that were asked for, stored or not, and those that have room. */
  readonly keys: number
  readonly keysMax: number
  /** Requests, by what came of them, since the cache was first there. */
  readonly hits: number
  readonly misses: number
  readonly expired: number
  readonly stale: number
  readonly updating: number
  readonly revalidated: number
  readonly bypass: number
  /** Of the requests that the cache was asked for, those that it answered itself; null before the first. */
  readonly hitRatio: number | null
  /** Of the hits, those from memory. */
  readonly memoryHits: number
  /** Body bytes from the cache, and from peers. */
  readonly hitBytes: number
  readonly missBytes: number
  /** Responses stored, and those that should have been and were not. */
  readonly stores: number
  readonly storeFailures: number
  /** Entries removed for want of room, because nobody asked for them, and on command. */
  readonly evictions: number
  readonly inactive: number
  readonly purges: number
  /** Requests that waited for another one's fetch, and those of them that waited in vain. */
  readonly lockWaits: number
  readonly lockTimeouts: number
  /** Files that were not what they should be. */
  readonly corrupt: number
  /** Files of earlier runs: those taken in, and those removed. */
  readonly loaded: number
  readonly dropped: number
}

/** What there is to say of a cache at this moment. */
export function cacheStatus({ path, memory }: KeptCache): StatusCache {
  const zone = new CacheZone(memory.zone, -1)
  const { bypasses, rejected, ...totals } = zone.counters.totals()
  const answered = totals.hits + totals.stale + totals.updating + totals.revalidated
  const asked = answered + totals.misses + totals.expired
  return {
    name: path.name,
    path: path.path,
    state: zone.isGone ? 'gone' : zone.loaderState === 'done' ? 'ready' : 'loading',
    entries: zone.entryCount,
    bytes: zone.bytes,
    bytesMax: path.bytesMax,
    keys: zone.slotCount,
    keysMax: zone.capacity,
    ...totals,
    bypass: bypasses,
    hitRatio: asked === 0 ? null : Math.round((answered / asked) * 10_000) / 10_000,
    dropped: rejected,
  }
}
