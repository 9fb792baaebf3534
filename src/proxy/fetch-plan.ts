// What looking for an entry came to, for the request to a peer that follows.

import type { CacheEntry, EntryMeta } from '../cache/entry.ts'
import type { RequestDemand } from '../cache/policy/policy.ts'
import type { CacheStore, EntryKey, Lookup } from '../cache/store/cache-store.ts'
import type { CacheRuntime, Handler } from './runtime.ts'

/** What the lookup came to. */
export interface FetchPlan {
  readonly cache: CacheRuntime
  readonly store: CacheStore
  /** Of the entry that was looked for. */
  readonly key: EntryKey
  readonly demand: RequestDemand
  readonly lookup: Lookup
  /** Of the key's first entry, if there is one: what it varies by, and its family. */
  readonly main: Pick<EntryMeta, 'vary' | 'family'> | null
  /** What is stored, and may be answered if the peers fail; released by the fetch. */
  readonly stale: CacheEntry | null
  /** Stored parts of the representation, to which an answer may bring more; released by the fetch. */
  readonly base: CacheEntry | null
  /** Range and what belongs to it, where a part is asked for. */
  readonly rangeLines: string
  /** The answer may be stored. */
  readonly isStored: boolean
  /** Asks the peers. */
  readonly forward: Handler
  /** Of the key's lock; 0 = this request does not hold it. */
  readonly token: number
}
