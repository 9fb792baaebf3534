import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseNetmask } from '../../src/config/netmask.ts'

const ROWS: readonly (readonly [text: string, bitsMax: 32 | 128, bits: number | null])[] = [
  ['24', 32, 24],
  ['1', 32, 1],
  ['32', 32, 32],
  ['33', 32, null],
  ['0', 32, null],
  ['64', 128, 64],
  ['128', 128, 128],
  ['129', 128, null],
  ['255.255.255.255', 32, 32],
  ['255.255.255.0', 32, 24],
  ['255.255.240.0', 32, 20],
  ['128.0.0.0', 32, 1],
  ['0.0.0.0', 32, null],
  ['255.0.255.0', 32, null],
  ['255.255.255.256', 32, null],
  ['255.255.255', 32, null],
  ['255.255.255.0', 128, null],
  ['-1', 32, null],
  ['2.5', 32, null],
  ['', 32, null],
  ['/24', 32, null],
]

describe('parseNetmask', () => {
  for (const [text, bitsMax, bits] of ROWS) {
    it(`${bits === null ? 'refuses' : 'takes'} "${text}" of ${bitsMax}`, () => {
      assert.equal(parseNetmask(text, bitsMax), bits)
    })
  }
})
