// Who may fetch a response: one at a time, for a time, whatever the clocks do.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CACHE_THREAD } from '../../src/zone/cache-layout.ts'
import { CacheZone } from '../../src/zone/cache-zone.ts'
import { KEY, KIB, keyOf, makeZone, makeZones, START, START_MS } from './cache-keys.ts'

describe('CacheZone.lock', () => {
  it('is one worker’s until it is given back', () => {
    const { zones } = makeZones(64 * KIB, 2)
    const [a, b] = zones as [CacheZone, CacheZone]
    const slot = a.use(KEY, KEY[0]!, START)
    const token = a.lock(slot, START_MS, 5000)
    assert.notEqual(token, 0)
    assert.ok(b.isLocked(slot))
    assert.equal(b.lock(slot, START_MS, 5000), 0)
    assert.equal(a.lock(slot, START_MS + 4900, 5000), 0)
    a.unlock(slot, token)
    assert.ok(!b.isLocked(slot))
    assert.notEqual(b.lock(slot, START_MS, 5000), 0)
  })

  it('is another one’s after its age, and the late one cannot give that back', () => {
    const { zones } = makeZones(64 * KIB, 2)
    const [a, b] = zones as [CacheZone, CacheZone]
    const slot = a.use(KEY, KEY[0]!, START)
    const late = a.lock(slot, START_MS, 5000)
    const token = b.lock(slot, START_MS + 5016, 5000)
    assert.notEqual(token, 0)
    a.unlock(slot, late)
    assert.ok(a.isLocked(slot))
    b.unlock(slot, token)
    assert.ok(!a.isLocked(slot))
  })

  it('tells two requests of one worker apart', () => {
    const zone = makeZone()
    const slot = zone.use(KEY, KEY[0]!, START)
    const first = zone.lock(slot, START_MS, 0)
    const second = zone.lock(slot, START_MS, 0)
    assert.notEqual(second, 0)
    zone.unlock(slot, first)
    assert.ok(zone.isLocked(slot))
    zone.unlock(slot, second)
    assert.ok(!zone.isLocked(slot))
  })

  it('holds although another thread’s clock is a little behind', () => {
    const zone = makeZone()
    const slot = zone.use(KEY, KEY[0]!, START)
    zone.lock(slot, START_MS, 5000)
    assert.equal(zone.lock(slot, START_MS - 500, 5000), 0)
  })

  it('is not stuck when the clock jumps back', () => {
    const zone = makeZone()
    const slot = zone.use(KEY, KEY[0]!, START)
    zone.lock(slot, START_MS, 5000)
    assert.notEqual(zone.lock(slot, START_MS - 3_600_000, 5000), 0)
  })

  it('holds where its moments wrap', () => {
    const zone = makeZone()
    const slot = zone.use(KEY, KEY[0]!, START)
    const turn = 2 ** 23 * 16
    const wrap = Math.ceil(START_MS / turn) * turn
    assert.notEqual(zone.lock(slot, wrap - 100, 5000), 0)
    assert.equal(zone.lock(slot, wrap + 100, 5000), 0)
    assert.notEqual(zone.lock(slot, wrap + 5000, 5000), 0)
  })

  it('can be held by any thread', () => {
    const { buffer } = makeZones(64 * KIB)
    for (const thread of [-1, 0, 255, CACHE_THREAD]) {
      const zone = new CacheZone(buffer, thread)
      const slot = zone.use(keyOf(thread), keyOf(thread)[0]!, START)
      const token = zone.lock(slot, START_MS, 5000)
      assert.equal(new CacheZone(buffer, 7).lock(slot, START_MS, 5000), 0)
      zone.unlock(slot, token)
      assert.ok(!zone.isLocked(slot))
    }
  })
})
