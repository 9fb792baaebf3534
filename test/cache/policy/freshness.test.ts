// How long responses are fresh: RFC 9111 §4.2.1, §4.2.2, §5.2.2, §5.3, RFC 5861, RFC 9213 §2.2.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  explicitLifetime,
  freshnessOf,
  guessedLifetime,
} from '../../../src/cache/policy/freshness.ts'
import { HEURISTIC_STATUSES } from '../../../src/cache/policy/status-rules.ts'
import { DEFAULT_TARGETS, directivesOf } from '../../../src/cache/policy/targeted.ts'
import { dateAfter, NOW_MS, response } from './policy-heads.ts'

function explicit(lines: readonly string[]): number {
  const { fields } = response(lines)
  return explicitLifetime(directivesOf(fields, DEFAULT_TARGETS), fields, NOW_MS)
}

function guessed(lines: readonly string[], status = 200): number {
  const { fields } = response(lines, status)
  return guessedLifetime(directivesOf(fields, DEFAULT_TARGETS), status, fields, NOW_MS)
}

const LIFETIMES: readonly (readonly [name: string, lines: string[], seconds: number])[] = [
  ['nothing', [], -1],
  ['max-age', ['Cache-Control: max-age=60'], 60],
  ['max-age of 0', ['Cache-Control: max-age=0'], 0],
  ['s-maxage before max-age', ['Cache-Control: max-age=60, s-maxage=30'], 30],
  ['a bad s-maxage before max-age', ['Cache-Control: max-age=60, s-maxage=x'], 0],
  ['max-age before Expires', ['Cache-Control: max-age=60', `Expires: ${dateAfter(90)}`], 60],
  ['a bad max-age before Expires', ['Cache-Control: max-age=x', `Expires: ${dateAfter(90)}`], 0],
  ['Expires after Date', [`Expires: ${dateAfter(90)}`], 90],
  ['Expires after a Date of before', [`Date: ${dateAfter(-30)}`, `Expires: ${dateAfter(90)}`], 120],
  ['Expires before Date', [`Expires: ${dateAfter(-90)}`], 0],
  ['Expires with a Date that is none', ['Date: x', `Expires: ${dateAfter(90)}`], 90],
  ['Expires of 0', ['Expires: 0'], 0],
  ['Expires that is empty', ['Expires:'], 0],
  ['Expires of another zone', [`Expires: ${dateAfter(90).replace('GMT', 'UTC')}`], 0],
  ['two Expires', [`Expires: ${dateAfter(90)}`, `Expires: ${dateAfter(90)}`], 0],
  ['Expires in RFC 850 format', ['Expires: Sunday, 06-Nov-94 08:51:07 GMT'], 90],
  ['Expires in the format of asctime', ['Expires: Sun Nov  6 08:51:07 1994'], 90],
  [
    'a targeted max-age before all',
    [
      'CDN-Cache-Control: max-age=1',
      'Cache-Control: max-age=60, s-maxage=30',
      `Expires: ${dateAfter(90)}`,
    ],
    1,
  ],
  [
    'a targeted field without a time: Expires does not count',
    ['CDN-Cache-Control: public', 'Cache-Control: max-age=60', `Expires: ${dateAfter(90)}`],
    -1,
  ],
]

describe('explicitLifetime', () => {
  for (const [name, lines, seconds] of LIFETIMES) {
    it(`goes by ${name}`, () => assert.equal(explicit(lines), seconds))
  }
})

describe('guessedLifetime', () => {
  const hourAgo = `Last-Modified: ${dateAfter(-3600)}`

  it('is a tenth of the time since the last change', () => assert.equal(guessed([hourAgo]), 360))
  it('counts that time to Date', () => {
    assert.equal(guessed([hourAgo, `Date: ${dateAfter(-600)}`]), 300)
  })
  it('is none without Last-Modified', () => assert.equal(guessed([]), 0))
  it('is none for a change after Date', () => {
    assert.equal(guessed([`Last-Modified: ${dateAfter(1)}`]), 0)
  })
  it('is none for a Last-Modified that is no date', () => {
    assert.equal(guessed(['Last-Modified: x']), 0)
  })
  it('is never more than a day', () => {
    assert.equal(guessed(['Last-Modified: Sun, 06 Nov 1904 08:49:37 GMT']), 86_400)
  })

  for (const status of [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]) {
    it(`is there for ${status}`, () => assert.equal(guessed([hourAgo], status), 360))
  }
  for (const status of [201, 202, 299, 302, 303, 307, 400, 403, 418, 500, 502, 503, 504, 599]) {
    it(`is there for ${status} only with public`, () => {
      assert.equal(guessed([hourAgo], status), 0)
      assert.equal(guessed([hourAgo, 'Cache-Control: public'], status), 360)
    })
  }
})

describe('HEURISTIC_STATUSES', () => {
  it('has those of RFC 9110 §15.1', () => {
    const all = [200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501]
    assert.deepEqual([...HEURISTIC_STATUSES], all)
  })
})

describe('freshnessOf', () => {
  const of = (cacheControl: string, age = 0) => {
    const rules = directivesOf(response([`Cache-Control: ${cacheControl}`]).fields, [])
    return freshnessOf(rules, 60, age, NOW_MS)
  }
  const stale = 'stale-while-revalidate=5, stale-if-error=7'

  it('ends when the lifetime is over, counted from the age that came', () => {
    assert.equal(of('max-age=60').freshUntilMs, NOW_MS + 60_000)
    assert.equal(of('max-age=60', 10.5).freshUntilMs, NOW_MS + 49_500)
    assert.equal(of('max-age=60', 100).freshUntilMs, NOW_MS - 40_000)
  })

  it('has the two times of RFC 5861', () => {
    const { staleWhileMs, staleErrorMs } = of(stale)
    assert.deepEqual([staleWhileMs, staleErrorMs], [5000, 7000])
  })

  for (const forbids of ['must-revalidate', 'proxy-revalidate', 's-maxage=60']) {
    it(`has neither with ${forbids}, and must be asked about`, () => {
      const { staleWhileMs, staleErrorMs, mustRevalidate } = of(`${stale}, ${forbids}`)
      assert.deepEqual([staleWhileMs, staleErrorMs, mustRevalidate], [0, 0, true])
    })
  }

  it('has neither with no-cache, and must always be asked about', () => {
    const { staleWhileMs, staleErrorMs, isAlwaysValidated } = of(`${stale}, no-cache`)
    assert.deepEqual([staleWhileMs, staleErrorMs, isAlwaysValidated], [0, 0, true])
  })

  it('need not always be asked about with no-cache of some fields', () => {
    assert.equal(of('no-cache="a"').isAlwaysValidated, false)
  })

  it('ends earlier, by so much, for a response that came older', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e6), (age, more) => {
        const earlier = of('max-age=60', age + more).freshUntilMs
        assert.equal(of('max-age=60', age).freshUntilMs - earlier, more * 1000)
      }),
    )
  })
})
