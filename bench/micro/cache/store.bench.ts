// What the store costs a worker: a hit from the hot tier, a small and a 1 MiB one from disk, and storing 10 KiB, beside the
// least that the same system calls take. Checks what it reads before timing. Run: node bench/micro/cache/store.bench.ts

import assert from 'node:assert/strict'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'

import type { CacheEntry } from '../../../src/cache/entry.ts'
import type { DiskStore } from '../../../src/cache/store/disk-store.ts'
import {
  fill,
  find,
  keyOf,
  pattern,
  readAll,
  StoreFixture,
} from '../../../test/cache/store/store-fixture.ts'

const KEYS = 100
const ROUNDS = 15

/** Microseconds of one call, best round; and of the processor, all threads together. */
async function measure(
  name: string,
  count: number,
  run: (index: number) => unknown,
): Promise<void> {
  let best = Number.POSITIVE_INFINITY
  let bestCpu = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const cpu = process.cpuUsage()
    const began = performance.now()
    for (let i = 0; i < count; i++) {
      const result = run(i % KEYS)
      if (result instanceof Promise) await result
    }
    best = Math.min(best, ((performance.now() - began) * 1000) / count)
    const { user, system } = process.cpuUsage(cpu)
    bestCpu = Math.min(bestCpu, (user + system) / count)
  }
  console.log(
    `${name.padEnd(44)} ${best.toFixed(2).padStart(9)} µs, cpu ${bestCpu.toFixed(2).padStart(9)} µs`,
  )
}

function take(store: DiskStore, index: number): CacheEntry {
  let found: CacheEntry | null = null
  store.find(KEY_OF[index]!, ({ entry }) => {
    found = entry
  })
  assert(found !== null)
  return found
}

const KEY_OF = Array.from({ length: KEYS }, (_, i) =>
  keyOf(`http://example.com/group1/M00/00/${i}.jpg`),
)
const hot = new StoreFixture({ memoryBytes: 64 * 1024 * 1024 })
const cold = new StoreFixture()
const large = new StoreFixture()
const body = pattern(10_240)
const megabyte = pattern(1024 * 1024)
for (const key of KEY_OF) {
  assert(await fill(hot.store, key, body))
  assert(await fill(cold.store, key, body))
  assert(await fill(large.store, key, megabyte))
}
assert.equal(hot.store.peek(KEY_OF[5]!)?.text, body.toString('latin1'))
assert.equal(take(cold.store, 5).text, body.toString('latin1'))
const { entry } = await find(large.store, KEY_OF[5]!)
assert((await readAll(entry!.open(0, megabyte.length))).equals(megabyte))
entry!.release()

await measure('hit from the hot tier', 200_000, i => hot.store.peek(KEY_OF[i]!)!.text)
await measure('sure miss', 20_000, () => {
  hot.store.find(keyOf('never stored'), () => {})
})
const paths = cold.files().map(path => join(cold.root, path))
const scratch = Buffer.allocUnsafeSlow(65_536)
await measure('the four system calls of a small hit', 5_000, i => {
  const fd = openSync(paths[i]!, 'r')
  fstatSync(fd)
  readSync(fd, scratch, 0, scratch.length, 0)
  closeSync(fd)
})
await measure('10 KiB hit from disk, just stored', 5_000, i => take(cold.store, i).release())
cold.clock.wallMs += 60_000
large.clock.wallMs += 60_000
await measure('10 KiB hit from disk', 5_000, i => take(cold.store, i).release())

/** Reads without keeping. */
function drain(store: DiskStore, index: number): Promise<void> {
  return new Promise(resolve => {
    const stored = take(store, index)
    const source = stored.open(0, megabyte.length)
    stored.release()
    source.onReadable = () => {
      for (let bytes = source.read(); bytes !== 'wait'; bytes = source.read()) {
        if (bytes !== null) continue
        source.close()
        resolve()
        return
      }
    }
    source.onReadable()
  })
}

await measure('1 MiB hit from disk', 200, i => drain(large.store, i))
const warm = new StoreFixture({ memoryBytes: 256 * 1024 * 1024 })
for (const key of KEY_OF) {
  assert(await fill(warm.store, key, megabyte))
  for (let i = 0; i < 2; i++) (await find(warm.store, key)).entry?.release()
}
await measure('1 MiB hit from the hot tier', 2_000, i => drain(warm.store, i))

let number = 0
await measure('store 10 KiB', 200, () => fill(cold.store, keyOf(`new ${number++}`), body))
await measure('store 10 KiB over what is there', 100, i => fill(cold.store, KEY_OF[i]!, body))
await measure('store 10 KiB, eight at once', 30, () =>
  Promise.all(KEY_OF.slice(0, 8).map(() => fill(cold.store, keyOf(`more ${number++}`), body))),
)
for (const fixture of [hot, cold, large, warm]) fixture.remove()
