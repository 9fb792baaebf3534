import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { GeoRanges } from '../../../src/config/nginx/geo-ranges.ts'

describe('GeoRanges', () => {
  it('lets a later range lie inside one, at either end or between', () => {
    const ranges = new GeoRanges()
    ranges.add(0, 99, 'a')
    ranges.add(10, 19, 'b')
    ranges.add(0, 4, 'c')
    ranges.add(90, 99, 'd')
    const found = ranges.list().map(({ first, last, value }) => `${first}-${last} ${value}`)
    assert.deepEqual(found, ['0-4 c', '5-9 a', '10-19 b', '20-89 a', '90-99 d'])
  })

  it('refuses one that lies across an end, and one around another', () => {
    const ranges = new GeoRanges()
    ranges.add(10, 19, 'a')
    assert.deepEqual(ranges.add(15, 25, 'b'), { kind: 'overlap', with: '0.0.0.10-0.0.0.19' })
    assert.deepEqual(ranges.add(5, 25, 'b'), { kind: 'overlap', with: '0.0.0.10-0.0.0.19' })
    assert.deepEqual(ranges.list(), [{ first: 10, last: 19, value: 'a' }])
  })

  it('compares block by block, as nginx keeps them', () => {
    const ranges = new GeoRanges()
    ranges.add(0, 0x2_ffff, 'a')
    assert.deepEqual(ranges.add(0x1_0000, 0x3_ffff, 'b'), { kind: 'duplicate', old: 'a' })
    assert.deepEqual(ranges.list(), [
      { first: 0, last: 0xffff, value: 'a' },
      { first: 0x1_0000, last: 0x3_ffff, value: 'b' },
    ])
  })

  it('takes out only what stands there', () => {
    const ranges = new GeoRanges()
    ranges.add(0, 0x1_ffff, 'a')
    assert.equal(ranges.remove(0, 0xfffe), false)
    assert.equal(ranges.remove(0, 0x2_0000), false)
    assert.deepEqual(ranges.list(), [])
    assert.equal(ranges.remove(0, 1), false)
  })

  it('joins neighbours of one value', () => {
    const ranges = new GeoRanges()
    ranges.add(10, 19, 'a')
    ranges.add(0, 9, 'a')
    ranges.add(20, 29, 'b')
    assert.deepEqual(
      ranges.list().map(({ first, last }) => [first, last]),
      [
        [0, 19],
        [20, 29],
      ],
    )
  })
})
