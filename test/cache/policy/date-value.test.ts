// Dates of response fields (RFC 9110 §5.6.7): the three formats to the letter, and the century of a year of two digits.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { dateOf, originSeconds, parseDateAt } from '../../../src/cache/policy/date-value.ts'
import { FIELD } from '../../../src/http/field-list.ts'
import { NOW_MS, NOW_SECONDS, response } from './policy-heads.ts'

const NO_DATES: readonly string[] = [
  'Sun, 06 Nov 1994 08:49:37 UTC',
  'Sun, 06 Nov 1994 08:49:37 AEST',
  'Sun, 06 Nov 1994 08:49:37 +0000',
  'Sun, 06 Nov 1994 08:49:37',
  'Sun, 06 Nov 94 08:49:37 GMT',
  'Sun, 06-Nov-1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 8:49:37 GMT',
  'Sun, 6 Nov 1994 08:49:37 GMT',
  'Sun 06 Nov 1994 08:49:37 GMT',
  'Sun, 06  Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 08.49.37 GMT',
  'sun, 06 Nov 1994 08:49:37 GMT',
  'Sun, 06 nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 08:49:37 gmt',
  'Sun, 31 Nov 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 24:00:00 GMT',
  '0',
  '-1',
  '',
  '784111777',
]

describe('parseDateAt', () => {
  for (const text of [
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
  ]) {
    it(`reads ${text}`, () => assert.equal(parseDateAt(text, NOW_MS), NOW_SECONDS))
  }

  for (const text of NO_DATES) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseDateAt(text, NOW_MS), Number.NaN))
  }

  const YEARS: readonly (readonly [now: number, short: string, year: number])[] = [
    [1994, '94', 1994],
    [1994, '44', 2044],
    [1994, '45', 1945],
    [2026, '26', 2026],
    [2026, '76', 2076],
    [2026, '77', 1977],
    [2026, '00', 2000],
    [2099, '00', 2100],
  ]
  for (const [now, short, year] of YEARS) {
    it(`takes the year ${short} for ${year} in ${now}`, () => {
      const seconds = parseDateAt(`Sunday, 06-Jan-${short} 08:49:37 GMT`, Date.UTC(now, 6))
      assert.equal(new Date(seconds * 1000).getUTCFullYear(), year)
    })
  }
})

describe('dateOf', () => {
  it('takes two dates for none, on one line or on two', () => {
    const date = 'Sun, 06 Nov 1994 08:49:37 GMT'
    assert.equal(dateOf(response([`Expires: ${date}`]).fields, FIELD.expires, NOW_MS), NOW_SECONDS)
    for (const lines of [[`Expires: ${date}, ${date}`], [`Expires: ${date}`, `Expires: ${date}`]]) {
      assert.equal(dateOf(response(lines).fields, FIELD.expires, NOW_MS), Number.NaN)
    }
  })
})

describe('originSeconds', () => {
  it('is Date, and where that is none the time that the response came', () => {
    const seconds = (line: string) => originSeconds(response([line]).fields, NOW_MS + 5999)
    assert.equal(seconds('Date: Sun, 06 Nov 1994 08:49:37 GMT'), NOW_SECONDS)
    assert.equal(seconds('Date: yesterday'), NOW_SECONDS + 5)
  })
})
