// Entries of one worker whose bodies are whole, and whose files are not in their place yet: who asks in that moment is
// answered from them.

import type { CacheZone } from '../../zone/cache-zone.ts'
import { type EntryKey, entryName } from './cache-store.ts'
import type { StoredEntry } from './stored-entry.ts'

interface Coming {
  readonly entry: StoredEntry
  /** Of its slot, when the fetch began. */
  readonly purgeMark: number
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

  add(key: EntryKey, entry: StoredEntry, purgeMark: number): void {
    entry.hold()
    this.#entries.set(entryName(key), { entry, purgeMark })
  }

  /** The entry is in its place, or never will be. */
  remove(key: EntryKey, entry: StoredEntry): void {
    const name = entryName(key)
    if (this.#entries.get(name)?.entry === entry) this.#entries.delete(name)
    entry.release()
  }
}
