// Percentiles of what came, against the exact ones of the same numbers.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { UsualTimes } from '../../src/proxy/usual-times.ts'

describe('UsualTimes', () => {
  it('knows nothing of few answers', () => {
    const times = new UsualTimes()
    for (let i = 0; i < 49; i++) times.add(10)
    assert.equal(times.percentile(95), -1)
    times.add(10)
    assert.ok(times.percentile(95) >= 10)
  })

  it('is within an eighth of the exact percentile, and not below it', () => {
    const times = new UsualTimes()
    const all = Array.from({ length: 1_000 }, (_, i) => 1 + ((i * 7919) % 1000))
    for (const each of all) times.add(each)
    const sorted = all.toSorted((a, b) => a - b)
    for (const percent of [10, 50, 90, 95, 99]) {
      const exact = sorted[Math.ceil((sorted.length * percent) / 100) - 1]!
      const found = times.percentile(percent)
      assert.ok(
        found >= exact && found <= exact * 1.125 + 1,
        `${percent} %: ${found}, not ${exact}`,
      )
    }
  })

  it('forgets what was long ago', () => {
    const times = new UsualTimes()
    for (let i = 0; i < 1_000; i++) times.add(1_000)
    for (let i = 0; i < 30_000; i++) times.add(10)
    assert.ok(times.percentile(99) < 15)
  })

  it('takes times of nothing and of hours', () => {
    const times = new UsualTimes()
    for (let i = 0; i < 100; i++) times.add(i < 50 ? 0 : 1e9)
    assert.equal(times.percentile(50), 2)
    assert.equal(times.percentile(100), 2 ** 20)
  })
})
