// What a dead thread leaves in a cache's zone.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BUCKETS_AT, CACHE_ENTRY } from '../../src/zone/cache-layout.ts'
import { SlotRecord } from '../../src/zone/cache-slot.ts'
import { CacheTable, entryCell } from '../../src/zone/cache-table.ts'
import { CacheZone } from '../../src/zone/cache-zone.ts'
import { KEY, KIB, makeZones, OTHER, START, START_MS, storeKey } from './cache-keys.ts'

describe('CacheZone.reclaim', () => {
  it('gives back what a dead worker fetches, and nobody else’s', () => {
    const { buffer, zones } = makeZones(64 * KIB, 2)
    const [dead, alive] = zones as [CacheZone, CacheZone]
    const lost = dead.use(KEY, KEY[0]!, START)
    const kept = alive.use(OTHER, OTHER[0]!, START)
    dead.lock(lost, START_MS, 5000)
    alive.lock(kept, START_MS, 5000)
    new CacheZone(buffer, -1).reclaim(0)
    assert.ok(!alive.isLocked(lost))
    assert.ok(alive.isLocked(kept))
  })

  it('opens a bucket whose holder died', () => {
    const { buffer, zones } = makeZones(KIB, 2)
    new CacheTable(buffer, 0).lock(1)
    assert.notEqual(zones[1]!.cells[BUCKETS_AT], 0)
    new CacheZone(buffer, -1).reclaim(0)
    assert.ok(storeKey(zones[1]!, KEY, 1) > 0)
  })

  for (const [name, change] of [
    ['before it changed anything', () => {}],
    [
      'when its file was taken out already',
      (cells: Int32Array, slot: number) => {
        cells[entryCell(slot) + CACHE_ENTRY.state] = 0
      },
    ],
    [
      'when its tag was gone already',
      (cells: Int32Array, slot: number) => {
        cells[BUCKETS_AT + slot] = 0
      },
    ],
  ] as const) {
    it(`counts a slot as it is when its holder died ${name}`, () => {
      const { buffer, zones } = makeZones(KIB, 2)
      const zone = zones[1]!
      storeKey(zone, OTHER, 7)
      const table = new CacheTable(buffer, 0)
      const slot = storeKey(zone, KEY, 10)
      table.lock(slot)
      table.begin(slot)
      change(zone.cells, slot)
      const main = new CacheZone(buffer, -1)
      assert.ok(!main.read(slot, new SlotRecord()), 'nobody reads it meanwhile')
      main.reclaim(0)
      const isThere = zone.find(KEY, KEY[0]!) !== -1
      const isStored = isThere && zone.isStored(slot)
      assert.equal(zone.slotCount, isThere ? 2 : 1)
      assert.equal(zone.entryCount, isStored ? 2 : 1)
      assert.equal(zone.bytes, isStored ? 17 : 7)
      assert.equal(main.read(slot, new SlotRecord()), isThere)
      assert.equal(storeKey(zone, KEY, 20), slot)
      assert.equal(zone.bytes, 27)
    })
  }
})
