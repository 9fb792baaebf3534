// One line for what goes wrong in all workers at once.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { CacheTrouble } from '../../src/zone/cache-trouble.ts'
import { CacheZone, createCacheZone } from '../../src/zone/cache-zone.ts'

const NOW = 1_795_000_000

function troubles(kind: 'read' | 'write' = 'read') {
  const memory = createCacheZone(1024 * 1024)
  return [0, 1].map(worker => new CacheTrouble(new CacheZone(memory, worker).cells, kind))
}

describe('CacheTrouble.claim', () => {
  it('lets one worker say it, and the next one only later, with what was not said', () => {
    const [one, two] = troubles()
    assert.equal(one!.claim(NOW, 10), 0)
    for (const each of [one, two, two]) assert.equal(each!.claim(NOW + 9, 10), -1)
    assert.equal(two!.claim(NOW + 10, 10), 3)
    assert.equal(one!.claim(NOW + 19, 10), -1)
    assert.equal(one!.claim(NOW + 20, 10), 1)
    assert.equal(one!.claim(NOW + 40, 10), 0)
  })

  it('counts kinds for themselves', () => {
    const memory = createCacheZone(1024 * 1024)
    const { cells } = new CacheZone(memory, 0)
    assert.equal(new CacheTrouble(cells, 'read').claim(NOW, 10), 0)
    assert.equal(new CacheTrouble(cells, 'write').claim(NOW, 10), 0)
    assert.equal(new CacheTrouble(cells, 'read').claim(NOW, 10), -1)
  })

  it('is not quiet for long when the clock is set back', () => {
    const [one] = troubles('write')
    assert.equal(one!.claim(NOW, 10), 0)
    assert.equal(one!.claim(NOW - 3600, 10), 0)
    assert.equal(one!.claim(NOW - 3600, 10), -1)
  })
})
