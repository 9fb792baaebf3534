// What all workers know of one cache: which keys are stored, how often and when they were last asked for, who fetches
// one now, and what was purged. The files are the truth; the zone says without a system call what is not there, and by a
// slot's version whether what a worker has in memory is still what is stored (nginx: `keys_zone`).
// Moments are wall seconds; the clock may be set back, which makes entries look younger and breaks nothing.

import { assert } from '../base/assert.ts'
import type { Digest } from '../base/digest.ts'
import type { AgeHistogram } from './cache-ages.ts'
import { CACHE_COUNTER, CacheCounters } from './cache-counters.ts'
import { CACHE_ENTRY, CACHE_HEADER, CACHE_ROW, ENTRY_STATE, zoneBytesFor } from './cache-layout.ts'
import { giveFetchLock, takeFetchLock } from './cache-lock.ts'
import { readSlot, type SlotRecord, type StoredFacts } from './cache-slot.ts'
import { CacheTable, entryCell } from './cache-table.ts'
import { ZONE_EPOCH_SECONDS } from './layout.ts'
import { zoneSeconds } from './peer-zone.ts'

/** Uses are not counted further. */
export const USES_MAX = 65_535
const WORD = 2 ** 32
/** Seconds that one thread's clock may be before another's. */
const AHEAD_MAX = 2
const SECOND_MAX = 0x7fff_ffff

export const LOADER_STATES = ['waiting', 'running', 'done'] as const
export type LoaderState = (typeof LOADER_STATES)[number]

/** Makes the memory of one cache. Its keys have `bytes` of it; what the threads count comes on top. */
export function createCacheZone(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(zoneBytesFor(bytes))
}

/** One thread's view. Slots are whole numbers above 0, with gaps. */
export class CacheZone {
  readonly counters: CacheCounters
  readonly #table: CacheTable
  readonly #cells: Int32Array

  /** @param thread a worker's index, `CACHE_THREAD`, or -1 for the main thread */
  constructor(buffer: SharedArrayBuffer, thread: number) {
    this.#table = new CacheTable(buffer, thread)
    this.#cells = this.#table.cells
    this.counters = new CacheCounters(buffer, thread)
  }

  /** Shared by all views, for `CacheWaits`. */
  get cells(): Int32Array {
    return this.#cells
  }

  /** Keys that have room. */
  get capacity(): number {
    return this.#table.capacity
  }

  /** The slot after the last one. */
  get slotsEnd(): number {
    return this.#table.slotsEnd
  }

  /** Slots in use, with a file or without. */
  get slotCount(): number {
    return this.counters.sum(CACHE_ROW.slots)
  }

  /** Stored responses. */
  get entryCount(): number {
    return this.counters.sum(CACHE_ROW.entries)
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.counters.sum(CACHE_ROW.bytes)
  }

  /**
   * The key's slot, or -1. It may be another's a moment later.
   *
   * @param mainWord first word of the hash of the key without variant
   */
  find(hash: Digest, mainWord: number): number {
    return this.#table.find(hash, mainWord)
  }

  /** The slots of a key and all its variants, stored or not: a few dozen at most. */
  findAll(mainWord: number): number[] {
    return this.#table.findAll(mainWord)
  }

  /**
   * Counts a request for a key, and finds or makes its slot. When both of its buckets are full, the slot unused for
   * longest goes, unless it is being fetched; then `takeDropped` has to be asked.
   *
   * @returns -1 = there is no room
   */
  use(hash: Digest, mainWord: number, nowSeconds: number): number {
    let slot = this.#table.find(hash, mainWord)
    if (slot === -1) slot = this.#add(hash, mainWord, nowSeconds, false)
    if (slot === -1) return -1
    const uses = entryCell(slot) + CACHE_ENTRY.uses
    if (this.#cells[uses]! < USES_MAX) Atomics.add(this.#cells, uses, 1)
    this.touch(slot, nowSeconds)
    return slot
  }

  /** The hash of the stored response that the last `use` or `load` threw out: its file has to go. */
  takeDropped(): Digest | null {
    const table = this.#table
    if (!table.hasDropped) return null
    table.hasDropped = false
    return table.dropped.slice()
  }

  /**
   * Takes a file in that was there before.
   *
   * @returns `'known'` when its key is stored already, `'full'` when only keys used since then would have to go
   */
  load(
    hash: Digest,
    mainWord: number,
    usedAtSeconds: number,
    facts: StoredFacts,
  ): 'taken' | 'known' | 'full' {
    let slot = this.#table.find(hash, mainWord)
    if (slot === -1) slot = this.#add(hash, mainWord, usedAtSeconds, true)
    if (slot === -1) return 'full'
    const isTaken = this.#change(slot, hash, () => {
      if (this.isStored(slot)) return false
      this.#setStored(slot, facts)
      return true
    })
    return isTaken ? 'taken' : 'known'
  }

  /** Says that the slot was used. */
  touch(slot: number, nowSeconds: number): void {
    const cell = entryCell(slot) + CACHE_ENTRY.usedAt
    const at = zoneSeconds(nowSeconds)
    // A line that nobody writes stays in every processor's cache.
    if (this.#cells[cell] !== at) this.#cells[cell] = at
  }

  /** Requests for the slot's key, up to `USES_MAX`. */
  uses(slot: number): number {
    return this.#cells[entryCell(slot) + CACHE_ENTRY.uses]!
  }

  /** Changes whenever what is stored in the slot changes, or the slot becomes another key's. */
  version(slot: number): number {
    return this.#cells[entryCell(slot) + CACHE_ENTRY.version]!
  }

  isStored(slot: number): boolean {
    return (this.#state(slot) & ENTRY_STATE.stored) !== 0
  }

  /** Whether what is stored was purged softly: it is stale whatever its file says. */
  isExpired(slot: number): boolean {
    return (this.#state(slot) & ENTRY_STATE.expired) !== 0
  }

  /** Whether the slot is that key's now. */
  isHash(slot: number, hash: Digest): boolean {
    return this.#table.isHash(slot, hash)
  }

  /** Changes with each purge that concerns the slot: read it before a fetch begins, `store` wants it. */
  purgeMark(slot: number): number {
    const purges = Atomics.load(this.#cells, entryCell(slot) + CACHE_ENTRY.purges)
    // Both only rise: the sum is the same only if neither did.
    return (purges + Atomics.load(this.#cells, CACHE_HEADER.purges)) | 0
  }

  /**
   * Says that the key's file is in its place, new or with other meta.
   *
   * @returns false when the slot is another key's by now, or there was a purge since `purgeMark`: the file has to go
   */
  store(slot: number, hash: Digest, facts: StoredFacts, purgeMark: number): boolean {
    return this.#change(slot, hash, () => {
      if (this.purgeMark(slot) !== purgeMark) return false
      this.#setStored(slot, facts)
      return true
    })
  }

  /**
   * Says that there is no file any more. The slot stays, and who fetches the key now may store it.
   *
   * @param version null = whatever is stored; else only what had this version
   * @returns whether it was stored
   */
  remove(slot: number, hash: Digest, version: number | null = null): boolean {
    return this.#change(slot, hash, () => {
      if (version !== null && this.version(slot) !== version) return false
      return this.#setRemoved(slot)
    })
  }

  /** Removes what is stored, and what is being fetched now will not be. @returns whether it was stored */
  purge(slot: number, hash: Digest): boolean {
    return this.#change(slot, hash, () => {
      Atomics.add(this.#cells, entryCell(slot) + CACHE_ENTRY.purges, 1)
      return this.#setRemoved(slot)
    })
  }

  /** Makes what is stored stale, and what is being fetched now will not be stored. @returns whether it was stored */
  expire(slot: number, hash: Digest): boolean {
    return this.#change(slot, hash, () => {
      const entry = entryCell(slot)
      Atomics.add(this.#cells, entry + CACHE_ENTRY.purges, 1)
      if (!this.isStored(slot)) return false
      this.#table.begin(slot)
      Atomics.or(this.#cells, entry + CACHE_ENTRY.state, ENTRY_STATE.expired)
      this.#table.settle(slot)
      return true
    })
  }

  /** Begins a purge of many keys: nothing that is being fetched now will be stored. */
  markPurge(): void {
    Atomics.add(this.#cells, CACHE_HEADER.purges, 1)
  }

  /**
   * Frees a slot whose key nobody asks for.
   *
   * @param version null = whatever is stored; else only what had this version
   * @returns false when it is another key's, is being fetched, or has another version
   */
  drop(slot: number, hash: Digest, version: number | null = null): boolean {
    return this.#change(slot, hash, () => {
      if (this.isLocked(slot)) return false
      if (version !== null && this.version(slot) !== version) return false
      this.#table.free(slot)
      return true
    })
  }

  /**
   * Makes the caller the one that fetches the slot's key.
   *
   * @param ageMs who began so long ago does not keep the others away
   * @returns a token for `unlock`; 0 = another one fetches it
   */
  lock(slot: number, wallMs: number, ageMs: number): number {
    assert(slot > 0, 'a slot is one of the zone')
    return takeFetchLock(this.#cells, this.lockCell(slot), this.#table.thread, wallMs, ageMs)
  }

  /** Gives the lock back, unless somebody took it over, and wakes those who wait. */
  unlock(slot: number, token: number): void {
    giveFetchLock(this.#cells, this.lockCell(slot), token)
  }

  /** Whether somebody fetches the slot's key. */
  isLocked(slot: number): boolean {
    return Atomics.load(this.#cells, this.lockCell(slot)) !== 0
  }

  /** Where the slot's lock lies in `cells`: who waits for it waits there. */
  lockCell(slot: number): number {
    return entryCell(slot) + CACHE_ENTRY.fetchLock
  }

  /** Reads one slot, for walks from 0 to `slotsEnd`. @returns whether it is in use */
  read(slot: number, record: SlotRecord): boolean {
    return readSlot(this.#table, slot, record)
  }

  /** Seconds since the slot's last use. A use in the future was there before the clock was set back: it was now. */
  ageSeconds(slot: number, nowSeconds: number): number {
    const at = zoneSeconds(nowSeconds)
    const age = at - this.#cells[entryCell(slot) + CACHE_ENTRY.usedAt]!
    if (age < -AHEAD_MAX) this.touch(slot, nowSeconds)
    return Math.max(0, age)
  }

  /** Adds the stored responses of some slots to a histogram, for a walk from 0 to `slotsEnd`. */
  countAges(ages: AgeHistogram, from: number, to: number, nowSeconds: number): void {
    const end = Math.min(to, this.slotsEnd)
    for (let slot = from; slot < end; slot++) {
      if (!this.#table.isTaken(slot) || !this.isStored(slot)) continue
      ages.add(this.ageSeconds(slot, nowSeconds), this.#table.bytesOf(slot))
    }
  }

  get loaderState(): LoaderState {
    return LOADER_STATES[Atomics.load(this.#cells, CACHE_HEADER.loaderState)]!
  }

  setLoaderState(state: LoaderState): void {
    Atomics.store(this.#cells, CACHE_HEADER.loaderState, LOADER_STATES.indexOf(state))
  }

  /** Whether the directory is not there: what is stored cannot be read, and nothing is stored. */
  get isGone(): boolean {
    return Atomics.load(this.#cells, CACHE_HEADER.isGone) === 1
  }
  set isGone(isGone: boolean) {
    Atomics.store(this.#cells, CACHE_HEADER.isGone, isGone ? 1 : 0)
  }

  /** Clears up after a thread that ended (main thread): its locks are free, and a change half made is counted. */
  reclaim(thread: number): void {
    this.#table.reclaim(thread)
  }

  #add(hash: Digest, mainWord: number, seconds: number, mustBeOlder: boolean): number {
    const slot = this.#table.add(hash, mainWord, zoneSeconds(seconds), mustBeOlder)
    if (this.#table.hasDropped) this.counters.add(CACHE_COUNTER.evictions, 1)
    return slot
  }

  /** Runs under the bucket's lock if the slot is still that key's. */
  #change(slot: number, hash: Digest, change: () => boolean): boolean {
    assert(slot > 0, 'a slot is one of the zone')
    this.#table.lock(slot)
    const isChanged = this.#table.isHash(slot, hash) && change()
    this.#table.unlock(slot)
    return isChanged
  }

  #setStored(slot: number, facts: StoredFacts): void {
    const cells = this.#cells
    const entry = entryCell(slot)
    const freshUntil = Math.min(facts.freshUntilSeconds - ZONE_EPOCH_SECONDS, SECOND_MAX)
    this.#table.begin(slot)
    cells[entry + CACHE_ENTRY.bytesLow] = facts.bytes | 0
    cells[entry + CACHE_ENTRY.bytesHigh] = Math.floor(facts.bytes / WORD)
    cells[entry + CACHE_ENTRY.freshUntil] = Math.max(0, freshUntil)
    cells[entry + CACHE_ENTRY.tagBloom] = facts.tagBloom
    cells[entry + CACHE_ENTRY.state] = ENTRY_STATE.stored
    this.#table.settle(slot)
  }

  #setRemoved(slot: number): boolean {
    if (!this.isStored(slot)) return false
    this.#table.begin(slot)
    this.#cells[entryCell(slot) + CACHE_ENTRY.state] = 0
    this.#table.settle(slot)
    return true
  }

  #state(slot: number): number {
    return this.#cells[entryCell(slot) + CACHE_ENTRY.state]!
  }
}
