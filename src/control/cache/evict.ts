// What goes out of a cache: what nobody asked for in its time, and when there is too much, what was unused for longest. That
// is found by two walks over the zone: the first counts bytes by age, the second collects the oldest for many rounds, so
// that a cache that stays full does not walk for each file. What is being fetched stays.

import { AgeHistogram } from '../../zone/cache-ages.ts'
import { CACHE_COUNTER } from '../../zone/cache-counters.ts'
import { SlotRecord } from '../../zone/cache-slot.ts'
import type { CacheCare } from './cache-files.ts'
import { walkSlots } from './slot-walk.ts'

/** Collected at once, and the share of all bytes that is wanted beyond what has to go now. */
const COLLECTED_MAX = 20_000
const COLLECTED_SHARE = 1 / 64

interface Candidate {
  readonly slot: number
  readonly usedAtSeconds: number
}

/** What a walk for unused entries came to. */
export interface InactiveCounts {
  readonly removed: number
  /** Second of the oldest use of what stays; Infinity where nothing does. */
  readonly oldestSeconds: number
}

/** Removes what nobody asked for in the time that the cache allows; a file each step. */
export function* removeInactive(care: CacheCare): Generator<void, InactiveCounts> {
  const { zone, path } = care
  const record = new SlotRecord()
  let removed = 0
  let oldestSeconds = Number.POSITIVE_INFINITY
  const isOver = (its: SlotRecord, slot: number) => {
    const isOld = zone.ageSeconds(slot, secondsOf(care)) * 1000 >= path.inactiveMs
    if (!isOld || its.isLocked) oldestSeconds = Math.min(oldestSeconds, its.usedAtSeconds)
    return isOld && !its.isLocked
  }
  for (const slots of walkSlots(zone, isOver)) {
    yield
    for (const slot of slots) {
      if (!zone.read(slot, record) || !isOver(record, slot)) continue
      if (!evictSlot(care, slot, record) || !record.isStored) continue
      removed++
      zone.counters.add(CACHE_COUNTER.inactive, 1)
      yield
    }
  }
  return { removed, oldestSeconds }
}

/** Makes room by what was unused for longest. */
export class Evictor {
  readonly #care: CacheCare
  readonly #ages = new AgeHistogram()
  readonly #record = new SlotRecord()
  /** The least recently used one last. */
  #candidates: Candidate[] = []

  constructor(care: CacheCare) {
    this.#care = care
  }

  /**
   * Removes entries, one each step, until so many bytes are gone or nothing is left that may go.
   *
   * @returns how many went
   */
  *free(bytes: number): Generator<void, number> {
    const { zone } = this.#care
    const record = this.#record
    let removed = 0
    let left = bytes
    let hasProgress = true
    while (left > 0) {
      const candidate = this.#candidates.pop()
      if (candidate === undefined) {
        // Of what was collected nothing could go: it is all fetched or used now.
        if (!hasProgress) break
        hasProgress = false
        yield* this.#collect(left)
        if (this.#candidates.length === 0) break
        continue
      }
      const { slot, usedAtSeconds } = candidate
      const isSame = zone.read(slot, record) && record.usedAtSeconds === usedAtSeconds
      if (!isSame || !record.isStored || !evictSlot(this.#care, slot, record)) continue
      left -= record.bytes
      removed++
      hasProgress = true
      zone.counters.add(CACHE_COUNTER.evictions, 1)
      yield
    }
    return removed
  }

  /** Finds the entries that are to go first: so many bytes, or more. */
  *#collect(bytes: number): Generator<void, void> {
    const { zone } = this.#care
    const nowSeconds = secondsOf(this.#care)
    const ages = this.#ages
    ages.clear()
    const count = (record: SlotRecord, slot: number) => {
      const mayGo = record.isStored && !record.isLocked
      if (mayGo) ages.add(zone.ageSeconds(slot, nowSeconds), record.bytes)
      return false
    }
    for (const _ of walkSlots(zone, count)) yield
    const ageMin = ages.ageFor(Math.max(bytes, zone.bytes * COLLECTED_SHARE), 1)
    const found: Candidate[] = []
    const collect = (record: SlotRecord, slot: number) => {
      const mayGo = record.isStored && !record.isLocked
      if (mayGo && found.length < COLLECTED_MAX && zone.ageSeconds(slot, nowSeconds) >= ageMin) {
        found.push({ slot, usedAtSeconds: record.usedAtSeconds })
      }
      return false
    }
    for (const _ of walkSlots(zone, collect)) yield
    this.#candidates = found.sort((a, b) => b.usedAtSeconds - a.usedAtSeconds)
  }
}

function secondsOf({ time }: CacheCare): number {
  return Math.floor(time.wallNow() / 1000)
}

/** Frees a slot as it was read, and removes its file. @returns false when it is another one by now, or is fetched */
function evictSlot({ zone, files }: CacheCare, slot: number, record: SlotRecord): boolean {
  const { hash, version, isStored } = record
  if (!zone.drop(slot, hash, version)) return false
  if (isStored) files.remove(files.pathOf(hash))
  return true
}
