// Validators of stored responses: RFC 9110 §8.8.2.2, §8.8.3, §13.1.5; RFC 9111 §3.4, §4.3.1.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  hasValidator,
  ifRangeLine,
  isSameRepresentation,
  validatingLines,
} from '../../../src/cache/policy/validators.ts'
import { dateAfter, NOW_MS, response } from './policy-heads.ts'

const TAG = 'ETag: "a"'
const WEAK = 'ETag: W/"a"'
const MODIFIED = `Last-Modified: ${dateAfter(-60)}`
const SINCE = `If-Modified-Since: ${dateAfter(-60)}\r\n`

const ROWS: readonly (readonly [lines: readonly string[], asks: string, range: string])[] = [
  [[], '', ''],
  [[TAG], 'If-None-Match: "a"\r\n', 'If-Range: "a"\r\n'],
  [[WEAK], 'If-None-Match: W/"a"\r\n', ''],
  [[MODIFIED], SINCE, `If-Range: ${dateAfter(-60)}\r\n`],
  [[TAG, MODIFIED], `If-None-Match: "a"\r\n${SINCE}`, 'If-Range: "a"\r\n'],
  [[WEAK, MODIFIED], `If-None-Match: W/"a"\r\n${SINCE}`, ''],
  [[`Last-Modified: ${dateAfter(0)}`], `If-Modified-Since: ${dateAfter(0)}\r\n`, ''],
  [['ETag: a', 'Last-Modified: x'], '', ''],
  [['ETag: "a"', 'ETag: "b"'], '', ''],
]

describe('validatingLines and ifRangeLine', () => {
  for (const [lines, asks, range] of ROWS) {
    it(`are made of ${lines.join(' and ') || 'nothing'}`, () => {
      const { fields } = response(lines)
      assert.equal(validatingLines(fields, NOW_MS), asks)
      assert.equal(ifRangeLine(fields, NOW_MS), range)
      assert.equal(hasValidator(fields, NOW_MS), asks !== '')
    })
  }
})

describe('isSameRepresentation', () => {
  const same = (left: readonly string[], right: readonly string[]) =>
    isSameRepresentation(response(left).fields, response(right).fields, NOW_MS)

  it('holds for the same strong tag, whatever the dates', () => {
    assert.equal(same([TAG, MODIFIED], [TAG]), true)
  })
  it('holds for the same date well before Date', () =>
    assert.equal(same([MODIFIED], [MODIFIED]), true))
  for (const [name, left, right] of [
    ['nothing', [], []],
    ['another tag', [TAG], ['ETag: "b"']],
    ['a weak tag', [WEAK], [WEAK]],
    ['a weak tag and the date', [WEAK, MODIFIED], [WEAK, MODIFIED]],
    ['a tag on one side', [TAG, MODIFIED], [MODIFIED]],
    ['another date', [MODIFIED], [`Last-Modified: ${dateAfter(-61)}`]],
    [
      'a date of the same second',
      [`Last-Modified: ${dateAfter(0)}`],
      [`Last-Modified: ${dateAfter(0)}`],
    ],
  ] as const) {
    it(`does not hold for ${name}`, () => assert.equal(same(left, right), false))
  }
})
