// Age against RFC 9111 §4.2.3 and §5.1.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ageLine, currentAge, initialAge, parseAge } from '../../../src/cache/policy/age.ts'
import { makeStandardPolicy } from '../../../src/cache/policy/standard-policy.ts'
import { AT_ONCE, dateAfter, entryOf, NOW_MS, request, response } from './policy-heads.ts'

const VALUES: readonly (readonly [value: string | null, seconds: number])[] = [
  [null, 0],
  ['0', 0],
  ['7200', 7200],
  ['007200', 7200],
  ['7200, 0', 7200],
  ['0, 7200', 0],
  ['7200,', 7200],
  ['2147483648', 2_147_483_648],
  ['99999999999999999999', 2_147_483_648],
  ['abc', 0],
  ['-7200', 0],
  ['+7200', 0],
  ['7200.0', 0],
  ['7200;a=b', 0],
  ['"7200"', 0],
  ['', 0],
]

describe('parseAge', () => {
  for (const [value, seconds] of VALUES) {
    it(`takes ${value === null ? 'no field' : JSON.stringify(value)} for ${seconds}`, () => {
      assert.equal(parseAge(value), seconds)
    })
  }
})

describe('initialAge', () => {
  const of = (lines: readonly string[], requestMs = NOW_MS, responseMs = NOW_MS) =>
    initialAge(response(lines).fields, { requestMs, responseMs })

  it('is the Age that came', () => assert.equal(of(['Age: 20']), 20))
  it('is the first of two lines of Age', () => assert.equal(of(['Age: 20', 'Age: 99']), 20))
  it('has the time in it that asking took', () => {
    assert.equal(of(['Age: 20'], NOW_MS, NOW_MS + 1500), 21.5)
  })
  it('is what Date says where that is more', () => {
    assert.equal(of(['Age: 20', `Date: ${dateAfter(-30)}`]), 30)
  })
  it('is no less for a Date in the future', () => {
    assert.equal(of(['Age: 20', `Date: ${dateAfter(30)}`]), 20)
  })
  it('is no less for a clock that was set back while asking', () => {
    assert.equal(of(['Age: 20', `Date: ${dateAfter(0)}`], NOW_MS, NOW_MS - 5000), 20)
  })
})

describe('currentAge', () => {
  const policy = makeStandardPolicy()
  const plan = policy.plan(
    request(),
    'GET',
    response(['Cache-Control: max-age=60', 'Age: 7']),
    AT_ONCE,
  )
  const entry = entryOf(plan!, policy)

  it('never decreases', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.nat(1e9), (at, later) => {
        const before = currentAge(entry.meta, NOW_MS + at)
        assert.ok(currentAge(entry.meta, NOW_MS + at + later) >= before)
        assert.ok(before >= 7)
      }),
    )
  })

  it('is told in whole seconds, as many as have gone by', () => {
    const lines = [0, 999, 1000, 3000, 3999].map(ms => ageLine(entry.meta, NOW_MS + ms))
    assert.deepEqual(
      lines,
      [7, 7, 8, 10, 10].map(age => `Age: ${age}\r\n`),
    )
  })
})
