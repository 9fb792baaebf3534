import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CACHE_ROW } from '../../src/zone/cache-layout.ts'
import { CacheTable } from '../../src/zone/cache-table.ts'
import { createCacheZone } from '../../src/zone/cache-zone.ts'
import { KEY, KIB, keyOf } from './cache-keys.ts'

describe('CacheTable.add', () => {
  it('gives a key that another thread made meanwhile its one slot', () => {
    const buffer = createCacheZone(64 * KIB)
    const [a, b] = [new CacheTable(buffer, 0), new CacheTable(buffer, 1)]
    const slot = a.add(KEY, KEY[0]!, 5, false)
    assert.equal(b.add(KEY, KEY[0]!, 5, false), slot)
    assert.deepEqual(a.findAll(KEY[0]!), [slot])
  })

  for (const [part, lostMax] of [
    [0.8, 0],
    [0.9, 0.001],
    [1, 0.03],
  ] as const) {
    it(`loses at most ${lostMax * 100} % of the keys when they are ${part * 100} % of its room`, () => {
      const table = new CacheTable(createCacheZone(1024 * KIB), 0)
      const keys = Array.from({ length: Math.floor(table.capacity * part) }, (_, i) => keyOf(i))
      for (const key of keys) table.add(key, key[0]!, 5, false)
      const lost = keys.filter(key => table.find(key, key[0]!) === -1)
      assert.ok(lost.length <= lostMax * keys.length, `${lost.length} of ${keys.length}`)
    })
  }

  it('uses all of the table', () => {
    const table = new CacheTable(createCacheZone(16 * KIB), 0)
    for (let i = 0; i < 10 * table.capacity; i++) table.add(keyOf(i), keyOf(i)[0]!, i, false)
    let taken = 0
    for (let slot = 0; slot < table.slotsEnd; slot++) if (table.isTaken(slot)) taken++
    assert.equal(taken, table.capacity)
  })
})

describe('CacheTable.begin', () => {
  it('leaves the sums as they are until the slot is settled', () => {
    const buffer = createCacheZone(KIB)
    const table = new CacheTable(buffer, 0)
    const slot = table.add(KEY, KEY[0]!, 5, false)
    const numbers = new Float64Array(buffer)
    const row = numbers.indexOf(1)
    assert.ok(row !== -1)
    table.lock(slot)
    table.begin(slot)
    assert.equal(numbers[row], 1)
    assert.equal(numbers[row - CACHE_ROW.slots + CACHE_ROW.slotsBefore], 0)
    table.settle(slot)
    table.unlock(slot)
    assert.equal(numbers[row], 1)
  })
})
