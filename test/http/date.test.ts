// Dates of RFC 9110 §5.6.7.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatHttpDate, parseHttpDate } from '../../src/http/date.ts'

const SECONDS = 784_111_777

describe('formatHttpDate', () => {
  it('writes IMF-fixdate', () => {
    assert.equal(formatHttpDate(SECONDS), 'Sun, 06 Nov 1994 08:49:37 GMT')
    assert.equal(formatHttpDate(SECONDS), 'Sun, 06 Nov 1994 08:49:37 GMT')
    assert.equal(formatHttpDate(0), 'Thu, 01 Jan 1970 00:00:00 GMT')
    assert.equal(formatHttpDate(4_102_444_799), 'Thu, 31 Dec 2099 23:59:59 GMT')
  })
})

describe('parseHttpDate', () => {
  const good: readonly (readonly [string, number])[] = [
    ['Sun, 06 Nov 1994 08:49:37 GMT', SECONDS],
    ['Sunday, 06-Nov-94 08:49:37 GMT', SECONDS],
    ['Sun Nov  6 08:49:37 1994', SECONDS],
    ['Sun Nov 16 08:49:37 1994', SECONDS + 10 * 86_400],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Wednesday, 01-Jan-69 00:00:00 GMT', Date.UTC(2069, 0, 1) / 1000],
    ['Thu, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29) / 1000],
    ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2016, 11, 31, 23, 59, 59) / 1000],
    ['Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59) / 1000],
  ]
  for (const [text, seconds] of good) {
    it(`reads ${text}`, () => assert.equal(parseHttpDate(text), seconds))
  }

  const bad: readonly string[] = [
    '',
    '0',
    '784111777',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 08:49:37 +0000',
    'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 94 08:49:37 GMT',
    'Sun,  06 Nov 1994 8:49:37 GMT',
    'Sun, 06 nov 1994 08:49:37 GMT',
    'Sun, 06 anF 1994 08:49:37 GMT',
    'Xxx, 06 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 06 Nov 1994 08:60:00 GMT',
    'Sun, 06 Nov 1994 08:49:61 GMT',
    'Sun, 06 Nov 1994 08.49.37 GMT',
    'Sun, 00 Nov 1994 08:49:37 GMT',
    'Sun, 31 Nov 1994 08:49:37 GMT',
    'Sun, 29 Feb 1994 08:49:37 GMT',
    'Sun, 29 Feb 1900 08:49:37 GMT',
    'Sun, -6 Nov 1994 08:49:37 GMT',
    'Sun, 06-Nov-94 08:49:37 GMT',
    'Sunday, 06-Nov-1994 08:49:37 GMT',
    'Sunday, 06 Nov 94 08:49:37 GMT',
    'Sun Nov 6 08:49:37 1994',
    'Sun Nov  6 08:49:37 1994 GMT',
  ]
  for (const text of bad) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.ok(Number.isNaN(parseHttpDate(text))))
  }

  it('reads back every day of a leap year and the one after', () => {
    for (let day = 0; day < 731; day++) {
      const seconds = Date.UTC(2024, 0, 1) / 1000 + day * 86_400 + day
      assert.equal(parseHttpDate(formatHttpDate(seconds)), seconds)
    }
  })
})
