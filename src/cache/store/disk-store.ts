// Stored responses as one worker sees them: a hot tier of its own, the zone that all workers share, and the directory that
// is the truth. Nothing here waits for another thread, and whatever the disk does, a request goes on without the cache.
// Length: looking, storing and changing share the versions of slots, and are only right beside one another.

import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import { type Digest, digestHex } from '../../base/digest.ts'
import { failedCallText } from '../../base/system-error.ts'
import type { CachePath } from '../../model/cache.ts'
import { CACHE_COUNTER } from '../../zone/cache-counters.ts'
import { SlotRecord } from '../../zone/cache-slot.ts'
import { CacheTrouble } from '../../zone/cache-trouble.ts'
import type { CacheWaits } from '../../zone/cache-waits.ts'
import type { CacheZone } from '../../zone/cache-zone.ts'
import type { CacheEntry, EntryMeta } from '../entry.ts'
import { BlockPool } from './block-pool.ts'
import type { CacheStore, EntryKey, EntryWriter, Lookup } from './cache-store.ts'
import { ComingEntries } from './coming-entries.ts'
import { DiskLog, type Log } from './disk-log.ts'
import { DiskWriter } from './disk-writer.ts'
import { bodyStartOf, metaCapacityFor } from './entry-file.ts'
import { entryPath } from './entry-path.ts'
import { EntryReader, type NoEntry, SMALL_BYTES } from './entry-reader.ts'
import { type FileCalls, SYSTEM_FILES } from './file-calls.ts'
import { GrowingBody } from './growing-body.ts'
import { HotTier } from './hot-tier.ts'
import { type KeyAddress, KeyAddresses } from './key-address.ts'
import { MemoryBody } from './memory-body.ts'
import { makeFileId, updateMeta } from './meta-update.ts'
import { type CacheDirectory, NewFile } from './new-file.ts'
import { OpenEntries, type OpenFile } from './open-entries.ts'
import { removeEntryFile } from './remove-file.ts'
import { countRequest } from './request-count.ts'
import { type EntryBody, parseStoredHead, StoredEntry } from './stored-entry.ts'
import { expired, storedFactsOf } from './zone-facts.ts'

/** A larger one is read into memory from the second use on. */
const ONCE_BYTES_MAX = 65_536

export interface DiskStoreOptions {
  readonly cache: CachePath
  readonly zone: CacheZone
  readonly waits: CacheWaits
  readonly clock: Clock
  readonly log: Log
  /** This worker's part of `memoryBytes`. */
  readonly memoryBytes: number
  /** Where files are written when the cache `usesTempPath`. */
  readonly tempPath: string
  /** `CacheDirectory.run`. */
  readonly run: string
  readonly files?: FileCalls
  /** Small files that are held open for the next reader. */
  readonly openFilesMax?: number
}

export const OPEN_FILES_MAX = 1_024

export class DiskStore implements CacheStore {
  readonly #zone: CacheZone
  readonly #waits: CacheWaits
  readonly #clock: Clock
  readonly #log: Log
  readonly #readLog: DiskLog
  readonly #writeLog: DiskLog
  readonly #bytesMax: number
  readonly #directory: CacheDirectory
  readonly #pool = new BlockPool()
  readonly #reader: EntryReader
  readonly #hot: HotTier
  readonly #open: OpenEntries
  readonly #coming: ComingEntries
  readonly #record = new SlotRecord()
  readonly #addresses = new KeyAddresses()

  constructor(options: DiskStoreOptions) {
    const { cache, clock, log } = options
    const files = options.files ?? SYSTEM_FILES
    this.#zone = options.zone
    this.#waits = options.waits
    this.#clock = clock
    this.#log = log
    const { cells } = options.zone
    this.#readLog = new DiskLog(log, clock, new CacheTrouble(cells, 'read'))
    this.#writeLog = new DiskLog(log, clock, new CacheTrouble(cells, 'write'))
    this.#bytesMax = cache.bytesMax === 0 ? Number.POSITIVE_INFINITY : cache.bytesMax
    this.#directory = {
      files,
      root: cache.path,
      levels: cache.levels,
      tempPath: cache.usesTempPath ? options.tempPath : null,
      run: options.run,
    }
    this.#reader = new EntryReader(files, this.#pool, clock)
    this.#hot = new HotTier(options.memoryBytes)
    this.#open = new OpenEntries(files, options.openFilesMax ?? OPEN_FILES_MAX, SMALL_BYTES)
    this.#coming = new ComingEntries(options.zone)
  }

  /** Of the hot tier, about. */
  get memoryBytes(): number {
    return this.#hot.bytes
  }

  /** Forgets what memory has; entries in use go on. */
  close(): void {
    this.#hot.clear()
    this.#open.clear()
  }

  // ── looking ────────────────────────────────────────────────────────────────────────────────────────────────────

  peek(key: EntryKey): CacheEntry | null {
    const coming = this.#coming.find(key)
    if (coming !== null) return coming
    const entry = this.#hot.get(key)
    if (entry === undefined) return null
    if (this.#zone.version(entry.slot) !== entry.version) {
      this.#hot.delete(key)
      return null
    }
    const now = this.#clock.wallSeconds
    if (entry.touchedAt !== now) {
      entry.touchedAt = now
      this.#zone.touch(entry.slot, now)
    }
    this.#zone.counters.add(CACHE_COUNTER.memoryHits, 1)
    return entry
  }

  find(key: EntryKey, onFound: (lookup: Lookup) => void): void {
    // What is found may be changed, and for that it must be in its place.
    if (this.#coming.wait(key, () => this.find(key, onFound))) return
    const zone = this.#zone
    const address = this.#addresses.of(key)
    const { digest, hex, mainWord } = address
    const slot = zone.use(digest, mainWord, this.#clock.wallSeconds)
    this.#removeDropped()
    if (slot === -1) {
      onFound({ entry: null, slot, uses: 1, purgeMark: 0 })
      return
    }
    const uses = zone.uses(slot)
    const purgeMark = zone.purgeMark(slot)
    const tell = (entry: StoredEntry | null) => onFound({ entry, slot, uses, purgeMark })
    const version = zone.version(slot)
    const isStored = zone.isStored(slot) && (version & 1) === 0 && zone.isHash(slot, digest)
    const hot = isStored ? this.#hot.get(key) : undefined
    if (hot?.version === version) {
      tell(hot)
      return
    }
    // Until all files are known, only the directory can tell that one is not there.
    if (!isStored && zone.loaderState === 'done') {
      tell(null)
      return
    }
    const open = isStored ? this.#open.find(key, version) : null
    const body = open === null ? null : this.#open.read(key, open)
    if (open !== null && body !== null) {
      const entry = this.#entryOf(open, body, address, slot, version)
      this.#hot.set(key, entry, body.length)
      tell(entry)
      return
    }
    const path = this.#pathOf(hex)
    const memoryMax = Math.max(uses > 1 ? this.#hot.bodyBytesMax : 0, ONCE_BYTES_MAX)
    let readAs = version
    const onDamaged = () => this.#dropFile(slot, digest, readAs)
    this.#reader.read(path, hex, key, memoryMax, onDamaged, found => {
      if ('kind' in found) {
        this.#onNoEntry(found, slot, digest, isStored ? version : -1)
        tell(null)
      } else {
        const entry = this.#entryOf(found, found.body, address, slot, version)
        this.#keepRead(key, entry, found.open)
        if (!isStored && !this.#takeIn(entry, found.fileBytes, purgeMark)) {
          entry.release()
          tell(null)
          return
        }
        // Taken in just now, it has another version.
        if (!isStored) readAs = zone.version(slot)
        tell(entry)
      }
    })
  }

  /** An entry of what a file says of itself. */
  #entryOf(
    file: Pick<OpenFile, 'id' | 'meta' | 'head'>,
    body: EntryBody,
    { digest, hex }: KeyAddress,
    slot: number,
    version: number,
  ): StoredEntry {
    const meta = this.#zone.isExpired(slot) ? expired(file.meta, this.#clock.wallMs) : file.meta
    const entry = new StoredEntry(meta, file.head, body, { digest, hex, id: file.id })
    entry.slot = slot
    entry.version = version
    return entry
  }

  /** An entry that was read from its file: if its body is in memory, the next request has it from there. */
  #keepRead(key: EntryKey, entry: StoredEntry, open: OpenFile | null): void {
    const { body, slot, version } = entry
    const isKept = body instanceof MemoryBody && this.#hot.set(key, entry, body.length)
    if (open === null) return
    if (isKept || this.#zone.isExpired(slot)) this.#directory.files.close(open.fd, () => {})
    else this.#open.keep(key, open, version)
  }

  /** Tells the zone of a file that was there before the program. */
  #takeIn(entry: StoredEntry, fileBytes: number, purgeMark: number): boolean {
    const isTaken = this.#zone.isStored(entry.slot) || this.#store(entry, fileBytes, purgeMark)
    if (!isTaken) entry.version = -1
    return isTaken
  }

  #onNoEntry(none: NoEntry, slot: number, digest: Digest, version: number): void {
    const isStored = version !== -1
    switch (none.kind) {
      case 'missing':
        // Removed a moment ago, or by somebody's hand.
        if (isStored) this.#zone.remove(slot, digest, version)
        return
      case 'unreadable':
        this.#readLog.say('crit', none.text)
        return
      case 'collision':
        this.#readLog.say('alert', none.text)
        return
      case 'broken':
        this.#log('crit', `${none.text}, removed`)
        this.#dropFile(slot, digest, version)
    }
  }

  /** Removes a file that is broken. */
  #dropFile(slot: number, digest: Digest, version: number): void {
    this.#zone.counters.add(CACHE_COUNTER.corrupt, 1)
    // Not what took its place since.
    if (version === -1 || this.#zone.remove(slot, digest, version)) {
      this.#removeFile(digestHex(digest))
    }
  }

  // ── storing ────────────────────────────────────────────────────────────────────────────────────────────────────

  create(key: EntryKey, meta: EntryMeta, bytes: number, lookup: Lookup): EntryWriter | null {
    if (lookup.slot === -1 || bytes > this.#bytesMax) return null
    return this.#begin(key, meta, bytes, lookup)
  }

  pass(key: EntryKey, meta: EntryMeta): EntryWriter | null {
    const lookup = { entry: null, slot: -1, uses: 0, purgeMark: 0 }
    const writer = this.#begin(key, meta, meta.length, lookup)
    writer?.forget()
    return writer
  }

  #begin(key: EntryKey, meta: EntryMeta, bytes: number, lookup: Lookup): EntryWriter | null {
    const { slot, purgeMark } = lookup
    const head = parseStoredHead(meta.head)
    if (head === null) return null
    const { digest, hex } = this.#addresses.of(key)
    const id = makeFileId()
    const file = new NewFile(this.#directory, hex, id)
    const metaCapacity = metaCapacityFor(meta, bytes === -1)
    const onFailed = (error: Error, path: string) => this.#onWriteFailed(error, path)
    const body = new GrowingBody({
      files: this.#directory.files,
      pool: this.#pool,
      file,
      bodyStart: bodyStartOf(metaCapacity),
      bytes,
      onFailed,
    })
    const maxima = { bytesMax: this.#bytesMax, memoryMax: this.#hot.bodyBytesMax }
    const entry = new StoredEntry(meta, head, body, { digest, hex, id })
    entry.slot = slot
    let before = -1
    return new DiskWriter(
      entry,
      body,
      file,
      { metaCapacity, bytes, ...maxima },
      {
        isWanted: () => this.#zone.purgeMark(slot) === purgeMark,
        onPublish: () => {
          before = this.#zone.version(slot)
        },
        admit: (stored, fileBytes, whole) => {
          const version = this.#zone.version(slot)
          // Another worker has stored the same key meanwhile; if its file is the one in its place, so is what it said.
          if (version !== before && !file.isInPlace) return true
          if (!this.#store(stored, fileBytes, purgeMark, version)) return false
          this.#zone.counters.add(CACHE_COUNTER.stores, 1)
          if (whole !== null) this.#keep(key, stored, MemoryBody.own(whole), whole.length)
          return true
        },
        withdraw: () => this.#removeFile(hex),
        onWhole: whole => this.#coming.add(key, whole, purgeMark),
        onSettled: settled => this.#coming.remove(key, settled),
        onFailed,
      },
    )
  }

  /**
   * Tells the zone of an entry's file; the entry gets the version that it is from then on.
   *
   * @param before version of the slot when the file was known to be in its place
   */
  #store(
    entry: StoredEntry,
    fileBytes: number,
    purgeMark: number,
    before = this.#zone.version(entry.slot),
  ): boolean {
    const { slot, meta } = entry
    const facts = storedFactsOf(meta, fileBytes)
    if (!this.#zone.store(slot, entry.place.digest, facts, purgeMark)) return false
    // Another worker may have stored the same key in the same moment: then it is not known whose file it is.
    const after = this.#zone.version(slot)
    entry.version = after === ((before + 2) | 0) ? after : -1
    return true
  }

  /** Puts an entry with its body into the hot tier. */
  #keep(key: EntryKey, entry: StoredEntry, body: EntryBody, bodyBytes: number): void {
    if (entry.version === -1) return
    const kept = new StoredEntry(entry.meta, entry.head, body, entry.place)
    kept.slot = entry.slot
    kept.version = entry.version
    this.#hot.set(key, kept, bodyBytes)
  }

  #onWriteFailed(error: Error, path: string): void {
    this.#zone.counters.add(CACHE_COUNTER.storeFailures, 1)
    const text = failedCallText(error, path === '' ? this.#directory.root : path)
    this.#writeLog.say('crit', `${text}, the response is not stored in the cache`)
  }

  // ── changing ───────────────────────────────────────────────────────────────────────────────────────────────────

  freshen(key: EntryKey, entry: CacheEntry, meta: EntryMeta, onWritten: () => void): CacheEntry {
    assert(entry instanceof StoredEntry, 'an entry of this store')
    const zone = this.#zone
    const { slot, version, body, place } = entry
    const head = parseStoredHead(meta.head)
    const fresh = new StoredEntry(meta, head ?? entry.head, body, place)
    fresh.slot = slot
    body.hold()
    const purgeMark = zone.purgeMark(slot)
    // What was stored or purged meanwhile knows better.
    if (head === null || version === -1 || zone.version(slot) !== version) {
      queueMicrotask(onWritten)
      return fresh
    }
    fresh.version = version
    const bodyBytes = body instanceof MemoryBody ? body.length : Number.POSITIVE_INFINITY
    this.#hot.set(key, fresh, bodyBytes)
    updateMeta(this.#directory, this.#pool, place, meta, (error, isWritten, fileBytes) => {
      if (error !== null) this.#onWriteFailed(error, this.#pathOf(place.hex))
      if (isWritten && zone.version(slot) === version) this.#store(fresh, fileBytes, purgeMark)
      onWritten()
    })
    return fresh
  }

  remove(key: EntryKey): void {
    const zone = this.#zone
    const { digest, hex, mainWord } = this.#addresses.of(key)
    this.#hot.delete(key)
    if (key.variant === '') {
      // A key's variants are found by its first entry: what answers later must not lead to the old ones again.
      for (const slot of zone.findAll(mainWord)) {
        if (zone.read(slot, this.#record)) this.#purge(slot, this.#record.hash)
      }
    } else {
      const slot = zone.find(digest, mainWord)
      if (slot !== -1) this.#purge(slot, digest)
    }
    if (zone.loaderState !== 'done') this.#removeFile(hex)
  }

  #purge(slot: number, digest: Digest): void {
    if (!this.#zone.purge(slot, digest)) return
    this.#zone.counters.add(CACHE_COUNTER.purges, 1)
    this.#removeFile(digestHex(digest))
  }

  /** The least recently used entry made room for another one. */
  #removeDropped(): void {
    const dropped = this.#zone.takeDropped()
    if (dropped !== null) this.#removeFile(digestHex(dropped))
  }

  #removeFile(hex: string): void {
    const error = removeEntryFile(this.#directory, hex)
    if (error !== null) this.#readLog.say('crit', failedCallText(error, this.#pathOf(hex)))
  }

  count(status: string, bytes: number): void {
    countRequest(this.#zone.counters, status, bytes)
  }

  countTimeout(): void {
    this.#zone.counters.add(CACHE_COUNTER.lockTimeouts, 1)
  }

  // ── one request fetches ────────────────────────────────────────────────────────────────────────────────────────

  lock(slot: number, ageMs: number): number {
    return slot === -1 ? 0 : this.#zone.lock(slot, this.#clock.wallMs, ageMs)
  }

  unlock(slot: number, token: number): void {
    if (token !== 0) this.#zone.unlock(slot, token)
  }

  wait(slot: number, timeoutMs: number, onOver: (isFree: boolean) => void): () => void {
    return this.#waits.wait(slot, timeoutMs, onOver)
  }

  #pathOf(hex: string): string {
    return entryPath(this.#directory.root, this.#directory.levels, hex)
  }
}
