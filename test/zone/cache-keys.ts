// Keys for the tests of the cache's zone: digests that stand where a test wants them, and plain facts.

import { type Digest, digestOf } from '../../src/base/digest.ts'
import { SlotRecord, type StoredFacts } from '../../src/zone/cache-slot.ts'
import { CacheZone, createCacheZone } from '../../src/zone/cache-zone.ts'

export const START = 1_800_000_000
export const START_MS = START * 1000
export const KIB = 1024

export const KEY = keyOf(1)
export const OTHER = keyOf(2)

/** A key by its number: its buckets are those of `word`, where it is given. */
export function keyOf(number: number, word: number | null = null): Digest {
  const digest = digestOf(`key ${number}`)
  if (word !== null) digest[0] = word
  return digest
}

export function factsOf(bytes: number, freshUntilSeconds = START + 60): StoredFacts {
  return { bytes, freshUntilSeconds, tagBloom: 0 }
}

/** A zone and the views of several workers. */
export function makeZones(
  bytes: number,
  workers = 1,
): { buffer: SharedArrayBuffer; zones: CacheZone[] } {
  const buffer = createCacheZone(bytes)
  return {
    buffer,
    zones: Array.from({ length: workers }, (_, each) => new CacheZone(buffer, each)),
  }
}

/** Uses a key and stores it. @returns its slot */
export function storeKey(zone: CacheZone, key: Digest, bytes: number, now = START): number {
  const slot = zone.use(key, key[0]!, now)
  if (slot !== -1) zone.store(slot, key, factsOf(bytes), zone.purgeMark(slot))
  return slot
}

/** Bytes that a key's file has in tests with threads: some with a high half. */
export function bytesOf(key: Digest): number {
  return (key[2]! >>> 0) * 8
}

/** What walking over all slots finds, and whether a key has two. */
export function recount(zone: CacheZone) {
  const record = new SlotRecord()
  const keys: string[] = []
  let entries = 0
  let bytes = 0
  for (let slot = 0; slot < zone.slotsEnd; slot++) {
    if (!zone.read(slot, record)) continue
    keys.push(record.hash.join())
    if (record.isStored) entries++
    bytes += record.bytes
  }
  return { slots: keys.length, entries, bytes, hasTwins: new Set(keys).size !== keys.length }
}

/** The same as the zone counts it. */
export function counted(zone: CacheZone) {
  const { slotCount, entryCount, bytes } = zone
  return { slots: slotCount, entries: entryCount, bytes, hasTwins: false }
}

/** One worker's view of a new zone. */
export function makeZone(bytes = 64 * KIB): CacheZone {
  return makeZones(bytes).zones[0]!
}

/** A zone of one bucket, all of whose slots are stored, the first one longest ago. */
export function makeFull(): CacheZone {
  const zone = makeZone(KIB)
  for (let i = 0; i < zone.capacity; i++) storeKey(zone, keyOf(i), 100, START + i)
  return zone
}
