// The seam between caching and where responses are kept. One store for each `CachePath` in each worker; the shared zone and
// the directory behind it are one for all.

import type { CacheEntry, EntryMeta } from '../entry.ts'

/** Names one entry: the text, and what its file and its place in the zone are found by. */
export interface EntryKey {
  /** The whole cache key. */
  readonly text: string
  /** `variantOf` of the request where the entry is not the key's first one; else empty. */
  readonly variant: string
}

/** The key as one text; keys have no NUL. */
export function entryName({ text, variant }: EntryKey): string {
  return variant === '' ? text : `${text}\0${variant}`
}

/** What looking for an entry came to. */
export interface Lookup {
  /** The entry that the zone and the file have; null = none. */
  readonly entry: CacheEntry | null
  /** Slot of the key in the zone, made where there was none; -1 = the zone has no room. */
  readonly slot: number
  /** How often it was asked for, this one included. */
  readonly uses: number
  /** `CacheZone.purgeMark` of that moment: what was purged since is not stored. */
  readonly purgeMark: number
}

/** A response on its way into the store. Bytes come in order; readers follow them. */
export interface EntryWriter {
  /** Can be answered from at once, while it grows; `open` waits for what has not come yet. */
  readonly entry: CacheEntry
  /**
   * Appends body bytes, borrowed until the call returns.
   *
   * @returns false when the peer should wait for `onReady`
   */
  append(bytes: Buffer, from: number, to: number): boolean
  onReady: (() => void) | null
  /** The disk has failed, and memory has no room for more until readers of `entry` move on. */
  readonly isStuck: boolean
  /** The body is whole. `onStored` tells whether it is kept: false when the disk refused, or it was purged meanwhile. */
  end(trailers: string, onStored: (isStored: boolean) => void): void
  /** The response broke off: nothing is kept, readers fail with `detail`. */
  abort(detail: string): void
  /**
   * Nothing will be kept, but readers go on to get what comes.
   */
  forget(): void
}

export interface CacheStore {
  /** From memory alone, if it is still what the zone says. Counts as a use. */
  peek(key: EntryKey): CacheEntry | null
  /**
   * Looks in memory, zone and file; may call back before it returns. Whatever is wrong with a file is logged, and there
   * is no entry.
   */
  find(key: EntryKey, onFound: (lookup: Lookup) => void): void
  /**
   * Begins an entry. Null = it is refused: too large for the cache, no room in the zone.
   *
   * @param bytes of the body; -1 = not known
   */
  create(key: EntryKey, meta: EntryMeta, bytes: number, lookup: Lookup): EntryWriter | null
  /** Begins an entry that is not kept: for who reads it while it comes. Null = its head makes no sense. */
  pass(key: EntryKey, meta: EntryMeta): EntryWriter | null
  /**
   * Puts other meta in the place of an entry's own; the body stays.
   *
   * @param onWritten called once: others find it so, or never will
   */
  freshen(key: EntryKey, entry: CacheEntry, meta: EntryMeta, onWritten: () => void): CacheEntry
  /** Removes an entry, its file and what memory has of it. */
  remove(key: EntryKey): void
  /**
   * Counts a request that is over.
   *
   * @param status as `$upstream_cache_status` has it
   * @param bytes of its body that were sent
   */
  count(status: string, bytes: number): void
  /** Counts a request that has waited for another one's fetch in vain. */
  countTimeout(): void
  /**
   * Makes this request the one that fetches (nginx: `proxy_cache_lock`).
   *
   * @returns a token for `unlock`; 0 = another one does already, in this worker or another, and has done so for less than
   * `ageMs`
   */
  lock(slot: number, ageMs: number): number
  /** Gives the lock back, unless somebody took it over. */
  unlock(slot: number, token: number): void
  /**
   * Waits until the lock is given back or the time is over; `onOver` is called once, later. @returns gives up
   */
  wait(slot: number, timeoutMs: number, onOver: (isFree: boolean) => void): () => void
}
