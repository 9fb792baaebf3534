// What goes out of a cache, and what stays: the time is the test's, the files are real.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, it } from 'node:test'

import { digestOf } from '../../../src/base/digest.ts'
import { Evictor, removeInactive } from '../../../src/control/cache/evict.ts'
import { CacheManager } from '../../../src/control/cache/manager.ts'
import { afterTest } from '../../harness/after-test.ts'
import { CacheBench, finish, hashOf } from './cache-fixture.ts'

const PAGE = 'x'.repeat(10_000)

/** Stores entries, one a second, the oldest first. @returns bytes of a file */
function fill(bench: CacheBench, count: number): number {
  for (let i = 0; i < count; i++) {
    bench.store({ key: `/${i}` }, PAGE)
    bench.nowMs += 1000
  }
  return bench.zone.bytes / count
}

function slotOf(bench: CacheBench, key: string): number {
  return bench.zone.find(hashOf({ key }), digestOf(key)[0]!)
}

function stored(bench: CacheBench, count: number): number[] {
  return Array.from({ length: count }, (_, i) => i).filter(i => bench.isStored({ key: `/${i}` }))
}

describe('CacheManager', () => {
  it('evicts what was unused for longest until the size fits', async t => {
    const bench = new CacheBench(t, { inactiveMs: 1e9 })
    const bytes = fill(bench, 100)
    bench.care.path = { ...bench.care.path, bytesMax: Math.ceil(bytes * 60) }
    bench.zone.touch(slotOf(bench, '/3'), bench.seconds)
    await new CacheManager(bench.care).look()
    const left = stored(bench, 100)
    assert.equal(left.length, 60)
    // The ages are exact up to sixteen seconds and then to an eighth: those between may go in any order.
    assert.deepEqual(left.slice(0, 1), [3], 'what was used again stays')
    assert.ok(
      left.slice(1).every(i => i >= 36),
      'what is left is young',
    )
    assert.equal(bench.zone.counters.totals().evictions, 40)
    assert.equal(bench.files().length, 60)
    assert.ok(bench.zone.bytes <= bench.care.path.bytesMax)
  })

  it('goes on evicting as more comes, without a new walk for each', async t => {
    const bench = new CacheBench(t, { inactiveMs: 1e9 })
    const bytes = fill(bench, 50)
    bench.care.path = { ...bench.care.path, bytesMax: Math.ceil(bytes * 40) }
    const manager = new CacheManager(bench.care)
    for (let i = 0; i < 30; i++) {
      await manager.look()
      assert.ok(bench.zone.bytes <= bench.care.path.bytesMax)
      bench.store({ key: `/more/${i}` }, PAGE)
      bench.nowMs += 1000
    }
    assert.equal(bench.files().length, bench.zone.entryCount)
    assert.deepEqual(stored(bench, 20), [])
  })

  it('removes what nobody asked for in its time, fresh or not, and keeps the directories', async t => {
    const bench = new CacheBench(t, { inactiveMs: 60_000 })
    bench.store({ key: '/a' })
    bench.store({ key: '/b' })
    const manager = new CacheManager(bench.care)
    bench.nowMs += 59_000
    await manager.look()
    bench.zone.touch(slotOf(bench, '/b'), bench.seconds)
    assert.ok(bench.isStored({ key: '/a' }))
    bench.nowMs += 1_000
    await manager.look()
    assert.deepEqual([bench.isStored({ key: '/a' }), bench.isStored({ key: '/b' })], [false, true])
    assert.equal(existsSync(bench.pathOf({ key: '/a' })), false)
    assert.ok(existsSync(dirname(bench.pathOf({ key: '/a' }))))
    assert.equal(slotOf(bench, '/a'), -1, 'its place in the zone is free')
    assert.equal(bench.zone.counters.totals().inactive, 1)
  })

  it('frees the slots of keys that were asked for and never stored', async t => {
    const bench = new CacheBench(t, { inactiveMs: 60_000 })
    bench.zone.use(hashOf({ key: '/once' }), digestOf('/once')[0]!, bench.seconds)
    bench.nowMs += 60_000
    await new CacheManager(bench.care).look()
    assert.equal(bench.zone.slotCount, 0)
    assert.equal(bench.zone.counters.totals().inactive, 0)
  })

  it('leaves alone what is being fetched', async t => {
    const bench = new CacheBench(t, { inactiveMs: 60_000, bytesMax: 1 })
    const slot = bench.store({ key: '/a' })
    const token = bench.zone.lock(slot, bench.nowMs, 5_000)
    bench.nowMs += 3_600_000
    const manager = new CacheManager(bench.care)
    await manager.look()
    assert.ok(bench.isStored({ key: '/a' }))
    bench.zone.unlock(slot, token)
    bench.nowMs += 1_000
    await manager.look()
    assert.equal(bench.isStored({ key: '/a' }), false)
  })

  it('makes room on a full file system, down to nothing', async t => {
    const bench = new CacheBench(t, { inactiveMs: 1e9, freeBytesMin: 2 ** 52 })
    fill(bench, 20)
    await new CacheManager(bench.care).look()
    assert.equal(bench.zone.entryCount, 0)
  })

  it('leaves everything where there is room enough', async t => {
    const bench = new CacheBench(t, { inactiveMs: 1e9, bytesMax: 1e9 })
    const { bavail, bsize } = statfsSync(bench.root)
    bench.care.path = { ...bench.care.path, freeBytesMin: Math.floor((bavail * bsize) / 2) }
    fill(bench, 20)
    await new CacheManager(bench.care).look()
    assert.equal(bench.zone.entryCount, 20)
  })

  it('says once that files cannot be removed', async t => {
    const bench = new CacheBench(t, { inactiveMs: 1_000 })
    for (let i = 0; i < 5; i++) {
      bench.store({ key: `/${i}` })
      const path = bench.pathOf({ key: `/${i}` })
      rmSync(path)
      // Nobody unlinks a directory.
      mkdirSync(path)
    }
    bench.nowMs += 5_000
    const manager = new CacheManager(bench.care)
    await manager.look()
    assert.equal(bench.zone.entryCount, 0)
    assert.equal(bench.lines.length, 1)
    assert.match(bench.lines[0]!, /^\[error\] cache "pages": unlink\(\) ".*" failed \(\d+: /)
  })

  it('says once that its directory has vanished, and when it is back, and forgets nothing meanwhile', async t => {
    const bench = new CacheBench(t, { freeBytesMin: 1, bytesMax: 1, inactiveMs: 1 })
    bench.store({ key: '/a' })
    const aside = `${bench.root}-aside`
    let others = 0
    const manager = new CacheManager(bench.care, () => others++)
    renameSync(bench.root, aside)
    bench.nowMs += 10_000
    await manager.look()
    await manager.look()
    assert.deepEqual(bench.lines, [
      `[crit] cache "pages": stat() "${bench.root}" failed (2: No such file or directory), ` +
        'nothing is stored until it is back',
    ])
    assert.deepEqual([bench.zone.isGone, bench.isStored({ key: '/a' }), others], [true, true, 0])
    renameSync(aside, bench.root)
    bench.care.path = { ...bench.care.path, freeBytesMin: 0, bytesMax: 0, inactiveMs: 1e9 }
    await manager.look()
    await manager.look()
    assert.equal(bench.lines[1], '[notice] cache "pages": its directory is back')
    assert.deepEqual([bench.lines.length, bench.zone.isGone, others], [2, false, 1])
  })

  it('says that another directory is in the place of its own', async t => {
    const bench = new CacheBench(t)
    let others = 0
    const manager = new CacheManager(bench.care, () => others++)
    await manager.look()
    // The old one stays, so that the new one is not given its number.
    renameSync(bench.root, `${bench.root}-aside`)
    mkdirSync(bench.root)
    afterTest(t, () => rmSync(`${bench.root}-aside`, { recursive: true }))
    await manager.look()
    await manager.look()
    assert.deepEqual(bench.lines, [
      '[warn] cache "pages": another directory is in the place of its own',
    ])
    assert.equal(others, 1)
  })

  it('stands a clock that is set back', async t => {
    const bench = new CacheBench(t, { inactiveMs: 60_000 })
    bench.store({ key: '/a' })
    const manager = new CacheManager(bench.care)
    await manager.look()
    bench.nowMs -= 86_400_000
    await manager.look()
    assert.ok(bench.isStored({ key: '/a' }))
    bench.nowMs += 120_000
    await manager.look()
    assert.equal(bench.isStored({ key: '/a' }), false, 'from then on its time counts')
  })
})

describe('removeInactive', () => {
  it('tells when the next one may be over', t => {
    const bench = new CacheBench(t, { inactiveMs: 100_000 })
    fill(bench, 10)
    const first = bench.seconds - 10
    assert.deepEqual(finish(removeInactive(bench.care)), { removed: 0, oldestSeconds: first })
    bench.nowMs += 95_000
    assert.deepEqual(finish(removeInactive(bench.care)), { removed: 6, oldestSeconds: first + 6 })
  })

  it('gives others a turn at least every some thousand slots', t => {
    const bench = new CacheBench(t, { zoneBytes: 4 * 1024 * 1024 })
    const steps = [...removeInactive(bench.care)].length
    assert.ok(steps >= bench.zone.capacity / 5_000, `${steps} steps`)
  })
})

describe('Evictor', () => {
  it('ends when nothing is left', t => {
    const bench = new CacheBench(t)
    fill(bench, 3)
    assert.equal(finish(new Evictor(bench.care).free(1e12)), 3)
    assert.equal(bench.zone.counters.totals().evictions, 3)
  })

  it('does not remove what was used after it was found', t => {
    const bench = new CacheBench(t)
    const bytes = fill(bench, 30)
    const evictor = new Evictor(bench.care)
    assert.equal(finish(evictor.free(1)), 1)
    assert.deepEqual(stored(bench, 2), [1])
    bench.zone.touch(slotOf(bench, '/1'), bench.seconds)
    finish(evictor.free(bytes * 10))
    assert.ok(bench.isStored({ key: '/1' }))
  })
})
