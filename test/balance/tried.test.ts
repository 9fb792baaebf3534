// The set of tried peers against the language's own set, below and above one word.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { TriedSet } from '../../src/balance/tried.ts'

describe('TriedSet', () => {
  it('holds what was added and nothing else', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300)), peers => {
        const tried = new TriedSet()
        for (const peer of peers) tried.add(peer)
        for (let peer = 0; peer <= 330; peer++) assert.equal(tried.has(peer), peers.includes(peer))
      }),
    )
  })

  for (const peer of [0, 31, 32, 63, 64, 65_535]) {
    it(`takes peer ${peer} and forgets it when cleared`, () => {
      const tried = new TriedSet()
      tried.add(peer)
      assert.equal(tried.has(peer), true)
      tried.clear()
      assert.equal(tried.has(peer), false)
    })
  }

  it('is empty after the switch to the backups, and remembers the switch until cleared', () => {
    const tried = new TriedSet()
    tried.add(1)
    tried.add(40)
    tried.switchToBackups()
    assert.deepEqual([tried.has(1), tried.has(40), tried.isOnBackups], [false, false, true])
    tried.clear()
    assert.equal(tried.isOnBackups, false)
  })
})
