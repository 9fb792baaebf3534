// What looking a key up in a cache's zone costs with a thousand and with a million of them, and what memory a key takes.
// The same thousand keys are asked for in both, so that only the processor's own caches tell them apart where all million
// are asked for. Checks the results against a plain set first. Run: node bench/micro/zone/cache-zone.bench.ts

import assert from 'node:assert/strict'
import { CacheZone, createCacheZone } from '../../../src/zone/cache-zone.ts'
import { SeededRandom } from '../../../test/harness/seeded-random.ts'

const NOW_SECONDS = 1_800_000_000
const NOW_MS = NOW_SECONDS * 1000
const MIB = 1024 * 1024
const FEW = 1_000
const MANY = 1_000_000
/** What nginx's documentation promises: about 8,000 keys to the megabyte, in nodes of this size. */
const NGINX_NODE_BYTES = 128
const NGINX_KEYS_PER_MIB = 8_000
/** Short ones, so that some meet no other program. */
const ROUNDS = 150
const LOOKUPS = 10_000

/** Hashes of keys, one after the other. */
function makeKeys(count: number, seed: number): Int32Array {
  const random = new SeededRandom(seed)
  return Int32Array.from({ length: count * 4 }, () => random.below(2 ** 32))
}

const key = new Int32Array(4)

function takeKey(keys: Int32Array, index: number): void {
  const at = index * 4
  key[0] = keys[at]!
  key[1] = keys[at + 1]!
  key[2] = keys[at + 2]!
  key[3] = keys[at + 3]!
}

function fill(zone: CacheZone, keys: Int32Array, count: number): void {
  const facts = { bytes: 10_000, freshUntilSeconds: NOW_SECONDS + 60, tagBloom: 0 }
  for (let i = 0; i < count; i++) {
    takeKey(keys, i)
    const slot = zone.use(key, key[0]!, NOW_SECONDS)
    assert.ok(zone.store(slot, key, facts, zone.purgeMark(slot)))
  }
}

/** Nanoseconds of the best round; all rounds together ask for so many keys in turn. */
function time(count: number, step: (index: number) => void): string {
  let best = Number.POSITIVE_INFINITY
  let next = 0
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    for (let i = 0; i < LOOKUPS; i++) {
      step(next)
      next = next + 1 === count ? 0 : next + 1
    }
    best = Math.min(best, ((performance.now() - start) * 1e6) / LOOKUPS)
  }
  return best.toFixed(0).padStart(5)
}

let sum = 0
function timeFind(zone: CacheZone, keys: Int32Array, count: number): string {
  return time(count, index => {
    takeKey(keys, index)
    sum += zone.find(key, key[0]!)
  })
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

const keys = makeKeys(MANY, 1)
const absent = makeKeys(MANY, 2)
const zoneBytes = Math.ceil((MANY * NGINX_NODE_BYTES) / MIB) * MIB
/** Pages that nobody wrote to would all be one, which no processor misses. */
function makeZone(): CacheZone {
  const buffer = createCacheZone(zoneBytes)
  new Int32Array(buffer).fill(0)
  return new CacheZone(buffer, 0)
}

const few = makeZone()
const many = makeZone()
fill(few, keys, FEW)
const startMs = performance.now()
fill(many, keys, MANY)
const fillNs = ((performance.now() - startMs) * 1e6) / MANY

const slots = new Set<number>()
for (let i = 0; i < MANY; i++) {
  takeKey(keys, i)
  const slot = many.find(key, key[0]!)
  if (slot !== -1) slots.add(slot)
  takeKey(absent, i)
  assert.equal(many.find(key, key[0]!), -1)
}
assert.equal(slots.size, many.entryCount)
assert.equal(many.bytes, many.entryCount * 10_000)

const perKey = zoneBytes / many.capacity
say(`bytes of memory for a key: ${perKey.toFixed(1)} (nginx ${NGINX_NODE_BYTES})`)
const perMib = Math.floor((many.capacity / zoneBytes) * MIB)
say(`keys to the megabyte: ${perMib} (nginx about ${NGINX_KEYS_PER_MIB})`)
say(`${MANY} keys in ${zoneBytes / MIB} MiB: ${MANY - many.entryCount} driven out`)
say(`ns per key to fill that: ${fillNs.toFixed(0)}`)
say(`ns to take a key from the list, part of all below: ${time(FEW, i => takeKey(keys, i))}`)
say('ns per lookup                  hit  miss')
const rows = [
  ['1,000 keys', few, FEW],
  ['1,000,000, the same asked', many, FEW],
  ['1,000,000, all asked', many, MANY],
] as const
for (const [name, zone, count] of rows) {
  say(`  ${name.padEnd(26)} ${timeFind(zone, keys, count)} ${timeFind(zone, absent, count)}`)
}
say('ns per call, of 1,000,000 keys, the same 1,000 asked')
const useNs = time(FEW, index => {
  takeKey(keys, index)
  sum += many.use(key, key[0]!, NOW_SECONDS)
})
say(`  use, of one that is there  ${useNs}`)
takeKey(keys, 7)
const slot = many.find(key, key[0]!)
say(`  version, as a hit in memory does  ${time(FEW, () => (sum += many.version(slot)))}`)
say(`  lock and unlock  ${time(FEW, () => many.unlock(slot, many.lock(slot, NOW_MS, 5000)))}`)
assert.ok(Number.isFinite(sum))
