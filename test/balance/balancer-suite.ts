// What every balancing method must hold to, whatever its order: only eligible peers, each once per
// request, every eligible peer found, shares by weight where nothing else decides. Run by
// methods.test.ts against each row.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { TriedSet } from '../../src/balance/tried.ts'
import type { Method } from '../../src/model/upstream.ts'
import { GroupFixture } from './group-fixture.ts'

/** Registers the suite for one method. */
export function balancerSuite(method: Method): void {
  describe(`method ${method}`, () => {
    it('picks only peers that are eligible', () => {
      const peer = fc.record({
        weight: fc.integer({ min: 1, max: 5 }),
        isDown: fc.boolean(),
        maxConns: fc.constantFrom(0, 1),
      })
      fc.assert(
        fc.property(fc.array(peer, { minLength: 2, maxLength: 10 }), peers => {
          const fixture = new GroupFixture(peers, method)
          for (let i = 0; i < 20; i++) {
            const letter = fixture.pick()
            if (letter === '-') break
            const picked = peers[letter.charCodeAt(0) - 0x41 /* A */]!
            assert.equal(picked.isDown, false)
            if (picked.maxConns > 0) assert.equal(fixture.status(letter).conns, 1)
          }
        }),
      )
    })

    it('finds every eligible peer for one request, each once, and then nobody', () => {
      for (const count of [2, 3, 10, 40]) {
        const fixture = new GroupFixture(
          Array.from({ length: count }, (_, peer) => ({ weight: 1 + (peer % 3) })),
          method,
        )
        const tried = new TriedSet()
        const picked = new Set<string>()
        for (let i = 0; i < count; i++) picked.add(fixture.pick(tried))
        assert.equal(picked.size, count)
        assert.ok(!picked.has('-'))
        assert.equal(fixture.pick(tried), '-')
      }
    })

    it('finds the one peer that is left', () => {
      const fixture = new GroupFixture([{ isDown: true }, {}, { isDown: true }], method)
      assert.equal(fixture.sequence(3), 'BBB')
    })

    it('finds nobody when nobody is left, and changes nothing by asking', () => {
      const fixture = new GroupFixture([{}, {}], method)
      fixture.main.setState(0, 'down', true)
      fixture.main.setState(1, 'down', true)
      assert.equal(fixture.sequence(5), '-----')
      assert.equal(fixture.status('A').requests + fixture.status('B').requests, 0)
      fixture.main.setState(0, 'down', false)
      fixture.main.setState(1, 'down', false)
      assert.notEqual(fixture.pick(), '-')
    })

    it('counts every pick in flight and takes it back at the end', () => {
      const fixture = new GroupFixture([{}, {}, {}], method)
      const picked = Array.from({ length: 12 }, () => fixture.pick())
      const inFlight = () => ['A', 'B', 'C'].reduce((sum, l) => sum + fixture.status(l).conns, 0)
      assert.equal(inFlight(), 12)
      for (const letter of picked) fixture.release(letter, 'neutral')
      assert.equal(inFlight(), 0)
    })
  })
}
