// Entries of one worker whose bodies are whole, and whose files are not in their place yet: who asks in that moment is
// answered from them.

import type { CacheZone } from '../../zone/cache-zone.ts'
import { type EntryKey, entryName } from './cache-store.ts'
import type { StoredEntry } from './stored-entry.ts'

interface Coming {
  readonly entry: StoredEntry
  /** Of its slot, when the fetch began. */
  readonly purgeMark: number
  /** Who wants it as it will be in its place. */
  readonly waiters: (() => void)[]
}

export class ComingEntries {
  readonly #zone: CacheZone
  readonly #entries = new Map<string, Coming>()

  constructor(zone: CacheZone) {
    this.#zone = zone
  }

  /** Hands the key's entry out, unless it was purged. */
  find(key: EntryKey): StoredEntry | null {
    if (this.#entries.size === 0) return null
    const coming = this.#entries.get(entryName(key))
    if (coming === undefined) return null
    const { entry, purgeMark } = coming
    if (this.#zone.purgeMark(entry.slot) !== purgeMark) return null
    entry.hold()
    return entry
  }

  /** Calls back once the key's entry is in its place, or never will be. @returns false when none is coming */
  wait(key: EntryKey, onSettled: () => void): boolean {
    const coming = this.#entries.size === 0 ? undefined : this.#entries.get(entryName(key))
    coming?.waiters.push(onSettled)
    return coming !== undefined
  }

  add(key: EntryKey, entry: StoredEntry, purgeMark: number): void {
    entry.hold()
    this.#entries.set(entryName(key), { entry, purgeMark, waiters: [] })
  }

  /** The entry is in its place, or never will be. */
  remove(key: EntryKey, entry: StoredEntry): void {
    const name = entryName(key)
    const coming = this.#entries.get(name)
    entry.release()
    if (coming?.entry !== entry) return
    this.#entries.delete(name)
    for (const onSettled of coming.waiters) onSettled()
  }
}
