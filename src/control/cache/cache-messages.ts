// What the main thread and the cache thread say to each other.

import type { CachePath } from '../../model/cache.ts'
import type { LogLevel } from '../../model/settings.ts'
import type { CacheMemory } from '../../worker/messages.ts'
import type { Listing } from './list-entries.ts'
import type { PurgeCounts, PurgeScope } from './purge.ts'

/** A cache and its zone. */
export interface KeptCache {
  /** Names the zone: another one for the same cache has another number. */
  readonly id: number
  readonly path: CachePath
  readonly memory: CacheMemory
}

/** Main thread → cache thread. */
export type ToCacheThread =
  /**
   * The caches that serve now; the others are let go. `temporary`: directories where locations have entries written
   * before they take their places.
   */
  | {
      readonly kind: 'use'
      readonly caches: readonly KeptCache[]
      readonly temporary: readonly TemporaryPlace[]
    }
  /** A worker has died: what it was writing goes. `thread`: its number. */
  | { readonly kind: 'sweep'; readonly thread: number }
  /** Answered by `purged`, when it is done. One runs at a time. */
  | {
      readonly kind: 'purge'
      readonly id: number
      readonly jobs: readonly PurgeJob[]
      readonly isSoft: boolean
    }
  /** Answered by `listed`. */
  | {
      readonly kind: 'list'
      readonly id: number
      readonly caches: readonly number[]
      readonly prefix: string
      readonly countMax: number
    }

/** A directory for temporary files, and the cache that looks after it: several may write there. */
export interface TemporaryPlace {
  readonly directory: string
  readonly cache: number
}

/** What is to be purged of one cache. */
export interface PurgeJob {
  readonly cache: number
  readonly scope: PurgeScope
}

/** Cache thread → main thread. */
export type FromCacheThread =
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string }
  /** In the order of the jobs; null = the cache was let go meanwhile. */
  | {
      readonly kind: 'purged'
      readonly id: number
      readonly counts: readonly (PurgeCounts | null)[]
    }
  | {
      readonly kind: 'listed'
      readonly id: number
      readonly listings: readonly (Listing | null)[]
    }
