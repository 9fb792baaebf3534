// What the zone keeps of one key, as plain values: what a writer tells of a stored response, and what a walk over all
// slots reads. A slot may change while it is read; an odd version says so, and another one than before.

import { DIGEST_CELLS, type Digest } from '../base/digest.ts'
import { CACHE_ENTRY, ENTRY_STATE } from './cache-layout.ts'
import { type CacheTable, entryCell } from './cache-table.ts'
import { ZONE_EPOCH_SECONDS } from './layout.ts'

/** A slot that changes is looked at so often; then who changes it has died, and the slot counts as free. */
const READS_MAX = 1000

/** What the zone keeps of a stored response. */
export interface StoredFacts {
  /** Of the file. */
  readonly bytes: number
  readonly freshUntilSeconds: number
  /** `tagBloomOf` its tags. */
  readonly tagBloom: number
}

/** One slot at one moment. */
export class SlotRecord {
  readonly hash: Digest = new Int32Array(DIGEST_CELLS)
  version = 0
  mainWord = 0
  isStored = false
  /** Purged softly. */
  isExpired = false
  /** Somebody fetches it. */
  isLocked = false
  usedAtSeconds = 0
  uses = 0
  /** Of the file; 0 = there is none. */
  bytes = 0
  freshUntilSeconds = 0
  tagBloom = 0
}

/** Reads a slot, all of it at one moment. @returns false = it is free */
export function readSlot(table: CacheTable, slot: number, record: SlotRecord): boolean {
  const version = entryCell(slot) + CACHE_ENTRY.version
  for (let reads = 0; reads < READS_MAX; reads++) {
    const before = Atomics.load(table.cells, version)
    const isTaken = table.isTaken(slot)
    if (isTaken) copySlot(table, slot, record)
    if ((before & 1) === 0 && Atomics.load(table.cells, version) === before) return isTaken
  }
  return false
}

function copySlot(table: CacheTable, slot: number, record: SlotRecord): void {
  const { cells } = table
  const entry = entryCell(slot)
  const state = cells[entry + CACHE_ENTRY.state]!
  for (let i = 0; i < DIGEST_CELLS; i++) record.hash[i] = cells[entry + i]!
  record.version = cells[entry + CACHE_ENTRY.version]!
  record.mainWord = cells[entry + CACHE_ENTRY.mainWord]!
  record.isStored = (state & ENTRY_STATE.stored) !== 0
  record.isExpired = (state & ENTRY_STATE.expired) !== 0
  record.isLocked = cells[entry + CACHE_ENTRY.fetchLock]! !== 0
  record.usedAtSeconds = wallSeconds(cells[entry + CACHE_ENTRY.usedAt]!)
  record.uses = cells[entry + CACHE_ENTRY.uses]!
  record.bytes = table.bytesOf(slot)
  record.freshUntilSeconds = wallSeconds(cells[entry + CACHE_ENTRY.freshUntil]!)
  record.tagBloom = cells[entry + CACHE_ENTRY.tagBloom]!
}

function wallSeconds(zoneSecond: number): number {
  return zoneSecond + ZONE_EPOCH_SECONDS
}
