import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AgeHistogram } from '../../src/zone/cache-ages.ts'
import { CACHE_COUNTER } from '../../src/zone/cache-counters.ts'
import { CACHE_ENTRY, CACHE_THREAD } from '../../src/zone/cache-layout.ts'
import { SlotRecord } from '../../src/zone/cache-slot.ts'
import { entryCell } from '../../src/zone/cache-table.ts'
import { CacheZone, createCacheZone, USES_MAX } from '../../src/zone/cache-zone.ts'
import {
  factsOf,
  KEY,
  KIB,
  keyOf,
  makeFull,
  makeZone,
  makeZones,
  OTHER,
  START,
  START_MS,
  storeKey,
} from './cache-keys.ts'

describe('createCacheZone', () => {
  it('has room for more keys than the 8,000 to the megabyte that nginx promises', () => {
    assert.ok(new CacheZone(createCacheZone(KIB * KIB), 0).capacity >= 8_000)
  })

  it('makes a zone also of less than a bucket', () => {
    assert.equal(new CacheZone(createCacheZone(1), 0).capacity, 15)
  })
})

describe('CacheZone.use', () => {
  it('makes a slot once, and every thread finds it', () => {
    const { buffer, zones } = makeZones(64 * KIB, 2)
    assert.equal(zones[0]!.find(KEY, KEY[0]!), -1)
    const slot = zones[0]!.use(KEY, KEY[0]!, START)
    assert.ok(slot > 0)
    for (const thread of [-1, 1, 255, CACHE_THREAD]) {
      assert.equal(new CacheZone(buffer, thread).find(KEY, KEY[0]!), slot)
    }
    assert.equal(zones[1]!.use(KEY, KEY[0]!, START), slot)
    assert.equal(zones[1]!.slotCount, 1)
  })

  it('counts requests over all workers, and stops counting at some time', () => {
    const { zones } = makeZones(64 * KIB, 2)
    const slot = zones[0]!.use(KEY, KEY[0]!, START)
    assert.equal(zones[0]!.uses(slot), 1)
    zones[1]!.use(KEY, KEY[0]!, START)
    assert.equal(zones[0]!.uses(slot), 2)
    zones[0]!.cells[entryCell(slot) + CACHE_ENTRY.uses] = USES_MAX
    zones[0]!.use(KEY, KEY[0]!, START)
    assert.equal(zones[0]!.uses(slot), USES_MAX)
  })

  it('tells keys with equal tags apart, and a key whose tag word says free', () => {
    const zone = makeZone()
    const a = keyOf(1)
    const b = keyOf(2)
    b.set(a.subarray(0, 2))
    const c = keyOf(3)
    c.set([a[0]!, 0])
    const d = keyOf(4)
    d.set([a[0]!, 1])
    const slots = [a, b, c, d].map(key => zone.use(key, key[0]!, START))
    assert.equal(new Set(slots).size, 4)
    assert.deepEqual(
      [a, b, c, d].map(key => zone.find(key, key[0]!)),
      slots,
    )
    const e = Int32Array.from([a[0]!, a[1]!, a[2]!, a[3]! ^ 1])
    assert.equal(zone.find(e, e[0]!), -1)
  })

  it('does not take the slot of a removed key for that key', () => {
    const zone = makeZone()
    const slot = storeKey(zone, KEY, 5)
    assert.ok(zone.drop(slot, KEY))
    assert.equal(zone.find(KEY, KEY[0]!), -1)
    assert.ok(!zone.isHash(slot, KEY))
    assert.equal(zone.slotCount, 0)
  })

  it('drops the least recently used key of a full bucket and says whose file has to go', () => {
    const zone = makeFull()
    zone.touch(zone.find(keyOf(0), keyOf(0)[0]!), START + 99)
    const fresh = keyOf(99)
    assert.notEqual(zone.use(fresh, fresh[0]!, START + 100), -1)
    assert.deepEqual(zone.takeDropped(), keyOf(1))
    assert.equal(zone.takeDropped(), null)
    assert.equal(zone.find(keyOf(1), keyOf(1)[0]!), -1)
    assert.notEqual(zone.find(keyOf(0), keyOf(0)[0]!), -1)
    assert.equal(zone.slotCount, zone.capacity)
    assert.equal(zone.entryCount, zone.capacity - 1)
    assert.equal(zone.bytes, (zone.capacity - 1) * 100)
    assert.equal(zone.counters.totals().evictions, 1)
  })

  it('would rather drop a key without a file', () => {
    const zone = makeFull()
    const last = keyOf(zone.capacity - 1)
    assert.ok(zone.remove(zone.find(last, last[0]!), last))
    zone.use(keyOf(99), keyOf(99)[0]!, START + 100)
    assert.equal(zone.takeDropped(), null)
    assert.equal(zone.find(last, last[0]!), -1)
    assert.equal(zone.counters.totals().evictions, 0)
  })

  it('never drops a key that is being fetched, and has no room when all are', () => {
    const zone = makeFull()
    const oldest = zone.find(keyOf(0), keyOf(0)[0]!)
    assert.notEqual(zone.lock(oldest, START_MS, 5000), 0)
    zone.use(keyOf(98), keyOf(98)[0]!, START + 100)
    assert.deepEqual(zone.takeDropped(), keyOf(1))
    for (let slot = 1; slot < zone.slotsEnd; slot++) {
      if (slot !== oldest) zone.lock(slot, START_MS, 5000)
    }
    assert.equal(zone.use(keyOf(99), keyOf(99)[0]!, START + 100), -1)
    assert.equal(zone.takeDropped(), null)
    assert.equal(zone.find(keyOf(0), keyOf(0)[0]!), oldest)
  })
})

describe('CacheZone.findAll', () => {
  it('finds a key and its variants in one look, and nothing else', () => {
    const zone = makeZone()
    const variants = [7, 8, 9].map(number => keyOf(number))
    const slots = [KEY, ...variants].map(key => zone.use(key, KEY[0]!, START))
    for (let i = 100; i < 300; i++) zone.use(keyOf(i), keyOf(i)[0]!, START)
    assert.deepEqual(zone.findAll(KEY[0]!).sort(), slots.sort())
    assert.deepEqual(zone.findAll(OTHER[0]!), [])
  })

  it('keeps a key with endless variants from driving out many others', () => {
    const zone = makeZone()
    for (let i = 0; i < 300; i++) storeKey(zone, keyOf(i), 1)
    for (let i = 1000; i < 3000; i++) zone.use(keyOf(i), KEY[0]!, START + i)
    assert.ok(zone.entryCount >= 270, `${zone.entryCount} of 300 are left`)
  })
})

describe('CacheZone.load', () => {
  it('takes a file in without counting a request, and only once', () => {
    const zone = makeZone()
    assert.equal(zone.load(KEY, KEY[0]!, START, factsOf(10)), 'taken')
    const slot = zone.find(KEY, KEY[0]!)
    assert.deepEqual([zone.uses(slot), zone.bytes], [0, 10])
    assert.equal(zone.load(KEY, KEY[0]!, START, factsOf(20)), 'known')
    assert.equal(zone.bytes, 10)
  })

  it('takes the slot that a request made before it', () => {
    const zone = makeZone()
    const slot = zone.use(KEY, KEY[0]!, START)
    assert.equal(zone.load(KEY, KEY[0]!, START - 100, factsOf(10)), 'taken')
    assert.ok(zone.isStored(slot))
    assert.equal(zone.ageSeconds(slot, START), 0)
  })

  it('drives out an older key and not a younger one', () => {
    const zone = makeFull()
    assert.equal(zone.load(keyOf(98), keyOf(98)[0]!, START - 1, factsOf(1)), 'full')
    assert.equal(zone.takeDropped(), null)
    assert.equal(zone.load(keyOf(99), keyOf(99)[0]!, START + 1, factsOf(1)), 'taken')
    assert.deepEqual(zone.takeDropped(), keyOf(0))
  })
})

describe('CacheZone.read', () => {
  it('reads all of a slot', () => {
    const zone = makeZone()
    const record = new SlotRecord()
    const slot = zone.use(KEY, 77, START)
    const facts = { bytes: 2 ** 33 + 1, freshUntilSeconds: START + 9, tagBloom: 5 }
    zone.store(slot, KEY, facts, zone.purgeMark(slot))
    zone.lock(slot, START_MS, 1000)
    assert.ok(zone.read(slot, record))
    assert.deepEqual(
      { ...record },
      {
        ...facts,
        hash: KEY,
        mainWord: 77,
        version: zone.version(slot),
        isStored: true,
        isExpired: false,
        isLocked: true,
        usedAtSeconds: START,
        uses: 1,
      },
    )
  })

  it('walks over each key once', () => {
    const zone = makeZone()
    for (let i = 0; i < 100; i++) zone.use(keyOf(i), keyOf(i)[0]!, START)
    const record = new SlotRecord()
    const seen = new Set<string>()
    for (let slot = 0; slot < zone.slotsEnd; slot++) {
      if (zone.read(slot, record)) seen.add(record.hash.join())
    }
    assert.equal(seen.size, 100)
  })

  for (const [name, seconds, expected] of [
    ['long ago', 0, 946_684_800],
    ['never', Number.POSITIVE_INFINITY, 946_684_800 + 0x7fff_ffff],
    ['in the year 9999', 253_402_300_799, 946_684_800 + 0x7fff_ffff],
  ] as const) {
    it(`keeps to its 32 bits for what is stale ${name}`, () => {
      const zone = makeZone()
      const slot = zone.use(KEY, KEY[0]!, START)
      zone.store(slot, KEY, factsOf(1, seconds), zone.purgeMark(slot))
      const record = new SlotRecord()
      zone.read(slot, record)
      assert.equal(record.freshUntilSeconds, expected)
    })
  }
})

describe('CacheZone.ageSeconds', () => {
  it('counts from the last use', () => {
    const zone = makeZone()
    const slot = zone.use(KEY, KEY[0]!, START)
    assert.equal(zone.ageSeconds(slot, START + 600), 600)
    zone.touch(slot, START + 600)
    assert.equal(zone.ageSeconds(slot, START + 600), 0)
  })

  it('lets a key used in the future grow old from now on', () => {
    const zone = makeZone()
    const slot = zone.use(KEY, KEY[0]!, START + 86_400)
    assert.equal(zone.ageSeconds(slot, START), 0)
    assert.equal(zone.ageSeconds(slot, START + 60), 60)
  })
})

describe('CacheZone.countAges', () => {
  it('counts what is stored, and no more than the slots that it was asked about', () => {
    const zone = makeZone(16 * KIB)
    for (let i = 0; i < 10; i++) storeKey(zone, keyOf(i), 100, START - i)
    zone.use(keyOf(99), keyOf(99)[0]!, START - 1000)
    const ages = new AgeHistogram()
    zone.countAges(ages, 0, Number.POSITIVE_INFINITY, START)
    assert.equal(ages.ageFor(250, 0), 7)
    assert.equal(ages.ageFor(1000, 10), 0)
    ages.clear()
    const middle = zone.slotsEnd >> 1
    zone.countAges(ages, 0, middle, START)
    zone.countAges(ages, middle, zone.slotsEnd, START)
    assert.equal(ages.ageFor(250, 0), 7)
  })
})

describe('CacheZone.counters', () => {
  it('adds up over all threads, and survives one that dies', () => {
    const { buffer, zones } = makeZones(64 * KIB, 3)
    const all = [...zones, new CacheZone(buffer, CACHE_THREAD), new CacheZone(buffer, 255)]
    for (const zone of all) zone.counters.add(CACHE_COUNTER.hitBytes, 2 ** 40)
    new CacheZone(buffer, -1).reclaim(1)
    new CacheZone(buffer, 1).counters.add(CACHE_COUNTER.hitBytes, 1)
    assert.equal(zones[0]!.counters.totals().hitBytes, 5 * 2 ** 40 + 1)
    assert.equal(zones[0]!.counters.totals().misses, 0)
  })
})

describe('CacheZone.setLoaderState', () => {
  it('is seen by all', () => {
    const { zones } = makeZones(KIB, 2)
    assert.equal(zones[0]!.loaderState, 'waiting')
    zones[0]!.setLoaderState('done')
    assert.equal(zones[1]!.loaderState, 'done')
  })
})
