// The care for a cache beside the stores of workers that serve it: one writes what the other reads.

import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type CacheCare, CacheFiles } from '../../../src/control/cache/cache-files.ts'
import { loadTree } from '../../../src/control/cache/load-tree.ts'
import { CacheManager } from '../../../src/control/cache/manager.ts'
import { type PurgeScope, purge } from '../../../src/control/cache/purge.ts'
import { CACHE_THREAD } from '../../../src/zone/cache-layout.ts'
import { CacheZone, createCacheZone } from '../../../src/zone/cache-zone.ts'
import { fill, find, keyOf, load, pattern, StoreFixture } from '../../cache/store/store-fixture.ts'
import { afterTest } from '../../harness/after-test.ts'
import { finish, makeCachePath } from './cache-fixture.ts'

const SIZES = [0, 100, 70_000, 300_000]
const KEYS = SIZES.map(size => keyOf(`/${size}`))

async function start(t: TestContext) {
  const stores = new StoreFixture({ memoryBytes: 1024 * 1024 }, 2)
  afterTest(t, () => stores.remove())
  const [first, second] = stores.stores
  for (const [index, key] of KEYS.entries()) {
    assert.ok(await fill(first!, key, pattern(SIZES[index]!), { tags: ['red'] }))
    // Both have it in memory, where it is small enough.
    for (const store of stores.stores) assert.ok((await load(store, key)) !== null)
  }
  return { stores, second: second!, care: careFor(stores) }
}

function careFor(
  stores: StoreFixture,
  memory = stores.zone.cells.buffer as SharedArrayBuffer,
): CacheCare {
  const path = makeCachePath({ path: stores.root, name: 'test' })
  const log: CacheCare['log'] = (level, text) => stores.lines.push(`${level}: ${text}`)
  const time = { now: () => 0, wallNow: () => Date.now(), delay: async () => {} }
  const files = new CacheFiles(path, log, time.now)
  return { path, zone: new CacheZone(memory, CACHE_THREAD), files, run: 'thisrun', log, time }
}

const SCOPES: { name: string; scope: PurgeScope }[] = [
  { name: 'keys', scope: { kind: 'keys', keys: KEYS.map(({ text }) => text) } },
  { name: 'a start', scope: { kind: 'prefix', prefix: '/', isOfKey: true } },
  { name: 'a tag', scope: { kind: 'tag', tag: 'red' } },
  { name: 'all', scope: { kind: 'all' } },
]

describe('a purge', () => {
  for (const { name, scope } of SCOPES) {
    it(`by ${name} holds for all workers, in memory too`, async t => {
      const { stores, care } = await start(t)
      assert.equal(finish(purge(care, scope, false)).entries, KEYS.length)
      for (const store of stores.stores) {
        for (const key of KEYS) {
          assert.equal(store.peek(key), null)
          assert.equal((await find(store, key)).entry, null)
        }
      }
      assert.deepEqual(stores.files(), [])
      assert.deepEqual(stores.lines, [])
    })

    it(`by ${name} that is soft leaves whole bodies that are stale`, async t => {
      const { stores, care } = await start(t)
      assert.equal(finish(purge(care, scope, true)).entries, KEYS.length)
      for (const store of stores.stores) {
        for (const [index, key] of KEYS.entries()) {
          const { entry } = await find(store, key)
          assert.ok(entry !== null && entry.meta.freshness.freshUntilMs <= Date.now())
          entry.release()
          assert.deepEqual(await load(store, key), pattern(SIZES[index]!))
        }
      }
      assert.deepEqual(stores.lines, [])
    })
  }
})

describe('loading', () => {
  it('takes in all that stores wrote, and they answer with it', async t => {
    const { stores } = await start(t)
    const memory = createCacheZone(1024 * 1024)
    const care = careFor(stores, memory)
    const counts = finish(loadTree(care))
    assert.deepEqual([counts.entries, counts.dropped], [KEYS.length, 0])
    assert.equal(counts.bytes, stores.zone.bytes)
    assert.equal(care.zone.bytes, stores.zone.bytes)
  })
})

describe('eviction', () => {
  it('is a miss for the workers, not an error', async t => {
    const { stores, second, care } = await start(t)
    await new CacheManager({ ...care, path: { ...care.path, bytesMax: 1 } }).look()
    assert.equal(stores.zone.entryCount, 0)
    for (const key of KEYS) assert.equal((await find(second, key)).entry, null)
    assert.deepEqual(stores.lines, [])
  })
})
