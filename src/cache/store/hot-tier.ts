// The entries of a cache that one worker is asked for most, with their bodies, least recently used ones out first. Whether
// one is still what is stored, its version in the shared zone says: another worker need only change that.

import { LRUCache } from 'lru-cache'

import { type EntryKey, entryName } from './cache-store.ts'
import type { StoredEntry } from './stored-entry.ts'

/** Of objects, maps and the parsed head, beside texts and body. */
const ENTRY_BYTES = 2_048
/** No body takes more than this part of the tier. */
const SHARE_MAX = 16
const BODY_BYTES_MAX = 1_048_576

export class HotTier {
  /** Larger bodies are not taken. */
  readonly bodyBytesMax: number
  readonly #entries: LRUCache<string, StoredEntry> | null

  /** @param bytes 0 = nothing is kept */
  constructor(bytes: number) {
    this.bodyBytesMax = Math.min(BODY_BYTES_MAX, Math.floor(bytes / SHARE_MAX))
    this.#entries = bytes > 0 ? new LRUCache({ maxSize: bytes }) : null
  }

  /** Bytes that are in use, about. */
  get bytes(): number {
    return this.#entries?.calculatedSize ?? 0
  }

  get(key: EntryKey): StoredEntry | undefined {
    return this.#entries?.get(entryName(key))
  }

  /**
   * Keeps an entry.
   *
   * @param bodyBytes of a body that is in memory
   * @returns false when it is too large, or nothing is kept
   */
  set(key: EntryKey, entry: StoredEntry, bodyBytes: number): boolean {
    const { meta } = entry
    if (bodyBytes > this.bodyBytesMax || this.#entries === null) return false
    // The head is there twice: as text, and parsed.
    const size = ENTRY_BYTES + bodyBytes + meta.key.length + meta.url.length + 2 * meta.head.length
    this.#entries.set(entryName(key), entry, { size })
    return true
  }

  delete(key: EntryKey): void {
    this.#entries?.delete(entryName(key))
  }

  clear(): void {
    this.#entries?.clear()
  }
}
