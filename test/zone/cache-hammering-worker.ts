// A thread for test/zone/cache-threads.test.ts: does at random everything that threads do to a cache's zone, and checks
// that what it reads belongs together and that it never holds a lock beside another one.

import { parentPort, workerData } from 'node:worker_threads'
import { assert } from '../../src/base/assert.ts'
import { SlotRecord } from '../../src/zone/cache-slot.ts'
import { CacheZone } from '../../src/zone/cache-zone.ts'
import { SeededRandom } from '../harness/seeded-random.ts'
import { bytesOf, keyOf, START, START_MS } from './cache-keys.ts'

export interface HammerTask {
  readonly buffer: SharedArrayBuffer
  /** One cell for each slot: who fetches it now; and a last one that counts steps. */
  readonly holders: SharedArrayBuffer
  readonly worker: number
  readonly keys: number
  /** 0 = until it is killed. */
  readonly steps: number
  readonly seed: number
}

const HOT_KEYS = 3
/** Of one step, in the thread that reads most. */
const READS = 20

const { buffer, holders, worker, keys, steps, seed } = workerData as HammerTask
const zone = new CacheZone(buffer, worker)
const held = new Int32Array(holders)
const random = new SeededRandom(seed)
const record = new SlotRecord()
const readsMost = worker === 2
const known = Array.from({ length: keys }, (_, number) => keyOf(number))

for (let step = 0; step !== steps || steps === 0; step++) {
  // Most is done with few keys, so that threads meet at one.
  const key = random.oneIn(4) ? random.pick(known) : known[random.below(HOT_KEYS)]!
  const slot = zone.use(key, key[0]!, START + step)
  if (slot !== -1) doSomething(slot, key)
  if (readsMost)
    for (let i = 0; i < READS; i++) read(zone.find(known[i % HOT_KEYS]!, known[i % HOT_KEYS]![0]!))
  Atomics.add(held, held.length - 1, 1)
}
parentPort!.postMessage('done')

function doSomething(slot: number, key: Int32Array): void {
  switch (random.below(8)) {
    case 0:
    case 1:
      zone.store(slot, key, factsFor(key), zone.purgeMark(slot))
      break
    case 2:
      zone.remove(slot, key)
      break
    case 3:
      zone.purge(slot, key)
      break
    case 4:
      zone.expire(slot, key)
      break
    case 5:
      zone.drop(slot, key)
      break
    case 6:
      fetch(slot)
      break
    case 7:
      read(random.below(zone.slotsEnd))
      break
  }
}

function factsFor(key: Int32Array) {
  return { bytes: bytesOf(key), freshUntilSeconds: START + (key[2]! >>> 16), tagBloom: key[3]! }
}

function fetch(slot: number): void {
  const token = zone.lock(slot, START_MS, Number.POSITIVE_INFINITY)
  if (token === 0) return
  assert(Atomics.add(held, slot, 1) === 0, 'nobody else fetches it')
  Atomics.sub(held, slot, 1)
  zone.unlock(slot, token)
}

function read(slot: number): void {
  if (slot === -1 || !zone.read(slot, record) || !record.isStored) return
  assert(record.bytes === bytesOf(record.hash), 'the bytes are those of the key')
  assert(record.tagBloom === record.hash[3], 'the tags are those of the key')
}
