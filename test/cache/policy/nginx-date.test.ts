// Dates as nginx reads them; that it reads them so is held against a real nginx with the table of
// responses.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseNginxDate } from '../../../src/cache/policy/nginx-date.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

describe('parseNginxDate', () => {
  for (const [i, name] of MONTHS.entries()) {
    it(`reads ${name}`, () => {
      const want = Date.UTC(2031, i, 5, 6, 7, 8) / 1000
      assert.equal(parseNginxDate(`Mon, 05 ${name} 2031 06:07:08 GMT`), want)
      assert.equal(parseNginxDate(`Monday, 05-${name}-31 06:07:08 GMT`), want)
      assert.equal(parseNginxDate(`Mon ${name}  5 06:07:08 2031`), want)
    })
  }

  for (const [text, want] of [
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Wed, 31 Dec 1969 23:59:59 GMT', -1],
    ['Thu, 29 Feb 2024 00:00:00 GMT', Date.UTC(2024, 1, 29) / 1000],
    ['Thu, 29 Feb 2000 00:00:00 GMT', Date.UTC(2000, 1, 29) / 1000],
    ['Thu, 29 Feb 1900 00:00:00 GMT', Number.NaN],
    ['Thu, 29 Feb 2023 00:00:00 GMT', Number.NaN],
    ['Fri, 31 Dec 9999 23:59:59 GMT', Date.UTC(9999, 11, 31, 23, 59, 59) / 1000],
    ['Thu, 31-Dec-69 00:00:00 GMT', Date.UTC(2069, 11, 31) / 1000],
    ['Thu, 31-Dec-70 00:00:00 GMT', Date.UTC(1970, 11, 31) / 1000],
    ['', Number.NaN],
    ['0', Number.NaN],
    [',', Number.NaN],
    ['Thu, 05 Jan 2031', Number.NaN],
    ['Thu, 05 Jan 2031 06:07', Number.NaN],
    ['x'.repeat(10_000), Number.NaN],
    [`Thu,${' '.repeat(10_000)}`, Number.NaN],
  ] as const) {
    it(`reads ${JSON.stringify(text.slice(0, 40))} as ${want}`, () => {
      assert.equal(parseNginxDate(text), want)
    })
  }
})
