// What is said to be stored in a cache's zone, removed and purged, and which late word is not believed.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CACHE_ENTRY } from '../../src/zone/cache-layout.ts'
import { SlotRecord } from '../../src/zone/cache-slot.ts'
import { entryCell } from '../../src/zone/cache-table.ts'
import type { CacheZone } from '../../src/zone/cache-zone.ts'
import { factsOf, KEY, KIB, makeZone, OTHER, START, START_MS, storeKey } from './cache-keys.ts'

describe('CacheZone.store', () => {
  it('says what is stored, and counts it once', () => {
    const zone = makeZone()
    const slot = zone.use(KEY, KEY[0]!, START)
    assert.ok(!zone.isStored(slot))
    const mark = zone.purgeMark(slot)
    assert.ok(zone.store(slot, KEY, { ...factsOf(7 * 2 ** 32 + 5), tagBloom: -9 }, mark))
    assert.ok(zone.isStored(slot))
    assert.deepEqual([zone.entryCount, zone.bytes], [1, 7 * 2 ** 32 + 5])
    assert.ok(zone.store(slot, KEY, factsOf(2 ** 31), mark))
    assert.deepEqual([zone.entryCount, zone.bytes], [1, 2 ** 31])
  })

  it('changes the version each time, so that nobody takes old memory for it', () => {
    const zone = makeZone()
    const slot = zone.use(KEY, KEY[0]!, START)
    const seen = new Set([zone.version(slot)])
    const steps = [
      () => zone.store(slot, KEY, factsOf(1), zone.purgeMark(slot)),
      () => zone.store(slot, KEY, factsOf(1), zone.purgeMark(slot)),
      () => zone.expire(slot, KEY),
      () => zone.purge(slot, KEY),
      () => zone.store(slot, KEY, factsOf(1), zone.purgeMark(slot)),
      () => zone.remove(slot, KEY),
      () => zone.drop(slot, KEY),
      () => zone.use(KEY, KEY[0]!, START) === slot,
    ]
    for (const step of steps) {
      assert.ok(step())
      seen.add(zone.version(slot))
    }
    assert.equal(seen.size, steps.length + 1)
  })

  it('does not change the version of what is only used', () => {
    const zone = makeZone()
    const slot = storeKey(zone, KEY, 1)
    const version = zone.version(slot)
    zone.use(KEY, KEY[0]!, START + 1)
    zone.touch(slot, START + 2)
    zone.unlock(slot, zone.lock(slot, START_MS, 1000))
    assert.equal(zone.version(slot), version)
  })

  it('refuses when the slot is another key’s by now', () => {
    const zone = makeZone()
    const slot = zone.use(KEY, KEY[0]!, START)
    const mark = zone.purgeMark(slot)
    zone.drop(slot, KEY)
    assert.ok(!zone.store(slot, KEY, factsOf(1), mark))
    assert.equal(zone.entryCount, 0)
  })

  it('refuses when the key lost its slot and got it again meanwhile', () => {
    const zone = makeZone(KIB)
    const slot = zone.use(KEY, KEY[0]!, START)
    const mark = zone.purgeMark(slot)
    zone.drop(slot, KEY)
    assert.equal(zone.use(KEY, KEY[0]!, START), slot)
    assert.ok(!zone.store(slot, KEY, factsOf(1), mark))
  })

  for (const [name, purge] of [
    ['a purge of the key', (zone: CacheZone, slot: number) => zone.purge(slot, KEY)],
    ['a soft purge of the key', (zone: CacheZone, slot: number) => zone.expire(slot, KEY)],
    ['a purge of many', (zone: CacheZone) => zone.markPurge()],
  ] as const) {
    it(`refuses what was fetched before ${name}, and takes what is fetched after it`, () => {
      const zone = makeZone()
      const slot = zone.use(KEY, KEY[0]!, START)
      const mark = zone.purgeMark(slot)
      purge(zone, slot)
      assert.ok(!zone.store(slot, KEY, factsOf(1), mark))
      assert.ok(zone.store(slot, KEY, factsOf(1), zone.purgeMark(slot)))
    })
  }

  it('takes what was fetched while another key was purged, or this one’s file was lost', () => {
    const zone = makeZone()
    const slot = storeKey(zone, KEY, 1)
    const other = storeKey(zone, OTHER, 1)
    const mark = zone.purgeMark(slot)
    zone.purge(other, OTHER)
    zone.remove(slot, KEY)
    assert.ok(zone.store(slot, KEY, factsOf(1), mark))
  })

  it('goes on where numbers wrap', () => {
    const zone = makeZone()
    const slot = storeKey(zone, KEY, 1)
    const entry = entryCell(slot)
    zone.cells[entry + CACHE_ENTRY.version] = 0x7fff_fffe
    zone.cells[entry + CACHE_ENTRY.purges] = 0x7fff_ffff
    const mark = zone.purgeMark(slot)
    assert.ok(zone.purge(slot, KEY))
    assert.equal(zone.version(slot), -0x8000_0000)
    assert.notEqual(zone.purgeMark(slot), mark)
    assert.ok(!zone.store(slot, KEY, factsOf(1), mark))
    assert.ok(zone.store(slot, KEY, factsOf(3), zone.purgeMark(slot)))
    assert.ok(zone.read(slot, new SlotRecord()))
    assert.deepEqual([zone.entryCount, zone.bytes], [1, 3])
  })
})

describe('CacheZone.remove', () => {
  it('tells whether there was something, and keeps the slot with its uses', () => {
    const zone = makeZone()
    const slot = storeKey(zone, KEY, 10)
    assert.ok(zone.remove(slot, KEY))
    assert.ok(!zone.remove(slot, KEY))
    assert.deepEqual([zone.entryCount, zone.bytes, zone.slotCount, zone.uses(slot)], [0, 0, 1, 1])
  })

  it('leaves what was stored after the version that it was asked for', () => {
    const zone = makeZone()
    const slot = storeKey(zone, KEY, 10)
    const version = zone.version(slot)
    zone.store(slot, KEY, factsOf(20), zone.purgeMark(slot))
    assert.ok(!zone.remove(slot, KEY, version))
    assert.ok(!zone.drop(slot, KEY, version))
    assert.equal(zone.bytes, 20)
    assert.ok(zone.remove(slot, KEY, zone.version(slot)))
  })

  it('does nothing to another key', () => {
    const zone = makeZone()
    const slot = storeKey(zone, KEY, 10)
    for (const change of ['remove', 'purge', 'expire', 'drop'] as const) {
      assert.ok(!zone[change](slot, OTHER), change)
    }
    assert.equal(zone.bytes, 10)
  })

  it('is refused without a slot', () => {
    const zone = makeZone()
    assert.throws(() => zone.remove(-1, KEY))
    assert.throws(() => zone.lock(-1, START_MS, 1))
  })
})

describe('CacheZone.expire', () => {
  it('makes what is stored stale until it is stored anew', () => {
    const zone = makeZone()
    const slot = storeKey(zone, KEY, 10)
    assert.ok(zone.expire(slot, KEY))
    assert.ok(zone.isExpired(slot))
    assert.ok(zone.isStored(slot))
    zone.store(slot, KEY, factsOf(10), zone.purgeMark(slot))
    assert.ok(!zone.isExpired(slot))
  })

  it('has nothing to do where nothing is stored', () => {
    const zone = makeZone()
    const slot = zone.use(KEY, KEY[0]!, START)
    assert.ok(!zone.expire(slot, KEY))
    assert.ok(!zone.isExpired(slot))
  })
})

describe('CacheZone.drop', () => {
  it('leaves a key that is being fetched', () => {
    const zone = makeZone()
    const slot = storeKey(zone, KEY, 10)
    const token = zone.lock(slot, START_MS, 1000)
    assert.ok(!zone.drop(slot, KEY))
    zone.unlock(slot, token)
    assert.ok(zone.drop(slot, KEY))
    assert.deepEqual([zone.slotCount, zone.entryCount, zone.bytes], [0, 0, 0])
  })
})
