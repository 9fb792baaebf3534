// Zones over reloads: what is as before keeps its own.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { CacheMemories, cacheNotices } from '../../../src/control/cache/cache-memories.ts'
import type { CachePath } from '../../../src/model/cache.ts'
import { makeCachePath } from './cache-fixture.ts'

const PAGES = makeCachePath({ path: '/var/cache/pages' })

const ROWS: { name: string; change: Partial<CachePath>; isKept: boolean; says: string }[] = [
  { name: 'nothing', change: {}, isKept: true, says: '' },
  {
    name: 'what may change while it serves',
    change: { inactiveMs: 1, bytesMax: 1, freeBytesMin: 1, memoryBytes: 0, usesTempPath: true },
    isKept: true,
    says: '',
  },
  {
    name: 'its directory',
    change: { path: '/srv/pages' },
    isKept: false,
    says: 'the directory was "/var/cache/pages"',
  },
  { name: 'its levels', change: { levels: [2] }, isKept: false, says: 'the levels were others' },
  {
    name: 'the size of its zone',
    change: { zoneBytes: 2 * 1024 * 1024 },
    isKept: false,
    says: 'the zone had 1048576 bytes',
  },
]

describe('CacheMemories', () => {
  for (const { name, change, isKept } of ROWS) {
    it(`${isKept ? 'keeps' : 'replaces'} a zone when a reload changes ${name}`, () => {
      const memories = new CacheMemories()
      const [before] = memories.take(1, [PAGES])
      const [after] = memories.take(2, [{ ...PAGES, ...change }])
      assert.equal(after === before, isKept)
      const [first] = memories.of(1)
      const [second] = memories.of(2)
      assert.equal(first!.id === second!.id, isKept)
      assert.deepEqual(second!.path, { ...PAGES, ...change })
    })
  }

  it('gives the memories in the order of the configuration', () => {
    const memories = new CacheMemories()
    const other = makeCachePath({ path: '/srv/images', name: 'images' })
    const [pages, images] = memories.take(1, [PAGES, other])
    assert.deepEqual(memories.take(2, [other, PAGES]), [images, pages])
    assert.equal(pages!.run, images!.run)
    assert.match(pages!.run, /^[0-9a-z]{1,32}$/)
  })

  it('forgets a zone with the last generation that has it', () => {
    const memories = new CacheMemories()
    const [before] = memories.take(1, [PAGES])
    memories.take(2, [])
    memories.release(1)
    assert.deepEqual(memories.of(1), [])
    const [after] = memories.take(3, [PAGES])
    assert.notEqual(after!.zone, before!.zone)
  })
})

describe('cacheNotices', () => {
  for (const { name, change, says } of ROWS) {
    it(`says ${says === '' ? 'nothing' : 'it'} of a change of ${name}`, () => {
      const expected = says === '' ? [] : [`cache "pages" begins anew from its directory: ${says}`]
      assert.deepEqual(
        cacheNotices({ caches: [PAGES] }, { caches: [{ ...PAGES, ...change }] }),
        expected,
      )
    })
  }

  it('says nothing of caches that come and go', () => {
    assert.deepEqual(cacheNotices({ caches: [] }, { caches: [PAGES] }), [])
    assert.deepEqual(cacheNotices({ caches: [PAGES] }, { caches: [] }), [])
  })
})
