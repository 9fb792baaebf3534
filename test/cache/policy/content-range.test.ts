// Content-Range against RFC 9110 §14.4.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { contentRangeOf } from '../../../src/cache/policy/content-range.ts'
import { response } from './policy-heads.ts'

const of = (...values: readonly string[]) =>
  contentRangeOf(response(values.map(value => `Content-Range: ${value}`)).fields)

describe('contentRangeOf', () => {
  it('reads a range of a known length', () => {
    assert.deepEqual(of('bytes 2-4/10'), { start: 2, end: 5, length: 10 })
  })
  it('reads a range of an unknown length', () => {
    assert.deepEqual(of('Bytes 2-4/*'), { start: 2, end: 5, length: -1 })
  })
  for (const value of [
    'bytes */10',
    'bytes 4-2/10',
    'bytes 2-10/10',
    'bytes 2-4',
    'bytes 2-/10',
    'bytes=2-4/10',
    'lines 2-4/10',
    'bytes 2-4/10, 5-6/10',
    'bytes -1-4/10',
    'bytes 0-9007199254740992/*',
    '',
  ]) {
    it(`refuses ${value}`, () => assert.equal(of(value), null))
  }
  it('refuses two of them', () => assert.equal(of('bytes 2-4/10', 'bytes 2-4/10'), null))
  it('is null where there is none', () => assert.equal(of(), null))
})
