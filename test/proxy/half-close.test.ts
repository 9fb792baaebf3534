// How long a client is believed to wait that closed its sending side, as rows.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { patienceMs } from '../../src/proxy/half-close.ts'

describe('patienceMs', () => {
  const rows: readonly (readonly [string, number, boolean, number | null])[] = [
    ['with the request', 0, false, null],
    ['a moment after it', 20, false, null],
    ['later', 21, false, 1_000],
    ['much later', 50_000, false, 1_000],
    ['with the request, as in nginx', 0, true, 0],
    ['later, as in nginx', 500, true, 0],
  ]
  it('has none for who waits in a queue, unless it closes with the request', () => {
    assert.equal(patienceMs(21, false, true), 0)
    assert.equal(patienceMs(20, false, true), null)
  })

  for (const [name, sinceMs, isStrict, expected] of rows) {
    it(`${expected === null ? 'has no end' : `is ${expected} ms`} for who closes ${name}`, () => {
      assert.equal(patienceMs(sinceMs, isStrict), expected)
    })
  }
})
