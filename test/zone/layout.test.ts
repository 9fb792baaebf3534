// The tables of the zones: a field that shares its cell with another would corrupt silently.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { GROUP, HEADER, HEALTH, LINE_CELLS, PEER, PEER_STATE } from '../../src/zone/layout.ts'

describe('layout', () => {
  for (const [name, table] of Object.entries({ HEADER, GROUP, PEER, HEALTH })) {
    it(`gives each field of ${name} its own cell inside one line`, () => {
      const offsets = Object.values(table)
      assert.equal(new Set(offsets).size, offsets.length)
      for (const offset of offsets) assert.ok(offset >= 0 && offset < LINE_CELLS)
    })
  }

  it('fits a line into one cache line of 64 bytes', () => {
    assert.equal(LINE_CELLS * Int32Array.BYTES_PER_ELEMENT, 64)
  })

  it('gives each peer state its own bit', () => {
    const bits = Object.values(PEER_STATE)
    assert.equal(
      bits.reduce((sum, bit) => sum | bit, 0),
      bits.reduce((sum, bit) => sum + bit, 0),
    )
  })
})
