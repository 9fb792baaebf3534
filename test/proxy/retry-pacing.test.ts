// The budget and the waits of further tries, as rows.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { DEFAULT_COMPAT, defaultSettings } from '../../src/model/defaults.ts'
import { backoffMs, retriesMax, retryAfterMs } from '../../src/proxy/retry-pacing.ts'

const RULES = defaultSettings(DEFAULT_COMPAT, '/').proxy.retry

describe('retriesMax', () => {
  const rows: readonly (readonly [string, number, object, number])[] = [
    ['no budget', 1, {}, Number.POSITIVE_INFINITY],
    ['fewer requests than the least needs', 10, { budgetPercent: 20, budgetMin: 3 }, 3],
    ['more', 100, { budgetPercent: 20, budgetMin: 3 }, 20],
    ['a share that is not whole', 19, { budgetPercent: 20, budgetMin: 0 }, 3],
    ['a least of none', 4, { budgetPercent: 20, budgetMin: 0 }, 0],
  ]
  for (const [name, requests, rules, expected] of rows) {
    it(`is ${expected} with ${name}`, () => {
      assert.equal(retriesMax(requests, { ...RULES, ...rules }), expected)
    })
  }
})

describe('backoffMs', () => {
  const rules = { ...RULES, backoffMs: 25, backoffMaxMs: 250 }
  const rows: readonly (readonly [string, number, number, number, number])[] = [
    ['the least wait', 0, 0, 0, 0],
    ['the first', 0, 0, 0.999, 24],
    ['the second', 1, 0, 0.999, 49],
    ['the fourth', 3, 0, 0.5, 100],
    ['the longest', 9, 0, 0.999, 249],
    ['a number of tries beyond all sense', 5000, 0, 0.999, 249],
    ['a peer that asks for more', 0, 100, 0.5, 100],
    ['a peer that asks for too much', 0, 60_000, 0.5, 250],
  ]
  for (const [name, retries, asked, random, expected] of rows) {
    it(`is right for ${name}`, () => {
      assert.equal(backoffMs(rules, retries, asked, random), expected)
    })
  }

  it('is nothing where no back-off is set, whatever the peer asks for', () => {
    assert.equal(backoffMs(RULES, 3, 5000, 0.9), 0)
  })
})

describe('retryAfterMs', () => {
  it('reads seconds, and nothing else', () => {
    const rows = [
      ['2', 2000],
      ['0', 0],
      ['', 0],
      ['-1', 0],
      ['1.5', 0],
      ['Sat, 21 Nov 2026 00:00:00 GMT', 0],
      ['9999999999', 0],
    ] as const
    for (const [value, expected] of rows) assert.equal(retryAfterMs(value), expected, value)
  })
})
