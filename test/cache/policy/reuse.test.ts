// When stored responses are answered: RFC 9111 §4, §4.2.4, §5.2.1; RFC 5861.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CacheEntry } from '../../../src/cache/entry.ts'
import { PLAIN_DEMAND, type RequestDemand } from '../../../src/cache/policy/policy.ts'
import { decideOnError, decideReuse } from '../../../src/cache/policy/reuse.ts'
import { makeStandardPolicy } from '../../../src/cache/policy/standard-policy.ts'
import type { StaleCondition } from '../../../src/model/cache.ts'
import { AT_ONCE, entryOf, NOW_MS, request, response } from './policy-heads.ts'

const policy = makeStandardPolicy()

/** Fresh for 60 seconds, and 10 seconds old when it came. */
function stored(more = ''): CacheEntry {
  const lines = [`Cache-Control: max-age=70${more}`, 'Age: 10', 'ETag: "a"']
  return entryOf(policy.plan(request(), 'GET', response(lines), AT_ONCE)!, policy)
}

function reuse(seconds: number, more = '', demand: Partial<RequestDemand> = {}): string {
  return decideReuse(stored(more), { ...PLAIN_DEMAND, ...demand }, NOW_MS + seconds * 1000, [])
}

type Row = readonly [
  name: string,
  seconds: number,
  more: string,
  demand: Partial<RequestDemand>,
  found: string,
]

const ROWS: readonly Row[] = [
  ['in its first second', 0, '', {}, 'fresh'],
  ['in its last millisecond', 59.999, '', {}, 'fresh'],
  ['at its end', 60, '', {}, 'validate'],
  ['with no-cache', 0, ', no-cache', {}, 'validate'],
  ['with no-cache of a field', 0, ', no-cache="a"', {}, 'fresh'],
  ['with must-revalidate, fresh', 0, ', must-revalidate', {}, 'fresh'],
  ['for no-cache', 0, '', { isValidated: true }, 'validate'],
  ['for a max-age above its age', 5, '', { maxAge: 16 }, 'fresh'],
  ['for a max-age of its age', 5, '', { maxAge: 15 }, 'fresh'],
  ['for a max-age below its age', 5, '', { maxAge: 14 }, 'validate'],
  ['for max-age=0', 0, '', { maxAge: 0 }, 'validate'],
  ['for a min-fresh that it has', 50, '', { minFresh: 10 }, 'fresh'],
  ['for a min-fresh that it has not', 50, '', { minFresh: 11 }, 'validate'],
  ['for any max-stale', 1e6, '', { maxStale: Number.POSITIVE_INFINITY }, 'fresh'],
  ['for a max-stale that covers it', 65, '', { maxStale: 5 }, 'fresh'],
  ['for a max-stale that does not', 66, '', { maxStale: 5 }, 'validate'],
  ['for max-stale with a max-age below its age', 65, '', { maxStale: 5, maxAge: 70 }, 'validate'],
  ['for max-stale with must-revalidate', 65, ', must-revalidate', { maxStale: 5 }, 'validate'],
  ['for max-stale with proxy-revalidate', 65, ', proxy-revalidate', { maxStale: 5 }, 'validate'],
  ['for max-stale with s-maxage', 65, ', s-maxage=70', { maxStale: 5 }, 'validate'],
  [
    'in the time of stale-while-revalidate',
    62,
    ', stale-while-revalidate=3',
    {},
    'stale-while-updating',
  ],
  ['after that time', 63, ', stale-while-revalidate=3', {}, 'validate'],
  ['in that time, for a max-age', 62, ', stale-while-revalidate=3', { maxAge: 1 }, 'validate'],
  ['in that time, for a min-fresh', 62, ', stale-while-revalidate=3', { minFresh: 1 }, 'validate'],
  [
    'in that time, with must-revalidate',
    62,
    ', stale-while-revalidate=3, must-revalidate',
    {},
    'validate',
  ],
  ['in that time, with s-maxage', 62, ', stale-while-revalidate=3, s-maxage=70', {}, 'validate'],
  ['in the time of stale-if-error', 62, ', stale-if-error=3', {}, 'validate'],
  ['by a clock that is a little behind', -5, '', {}, 'fresh'],
  ['by a clock that was set back', -3600, '', {}, 'validate'],
]

describe('decideReuse', () => {
  for (const [name, seconds, more, demand, found] of ROWS) {
    it(`is ${found} ${name}`, () => assert.equal(reuse(seconds, more, demand), found))
  }

  it('updates beside a stale answer where that is configured, unless it is forbidden', () => {
    const at = (more: string) =>
      decideReuse(stored(more), PLAIN_DEMAND, NOW_MS + 61_000, ['updating'])
    assert.equal(at(''), 'stale-while-updating')
    assert.equal(at(', must-revalidate'), 'validate')
  })

  it('is never fresh again', () => {
    fc.assert(
      fc.property(fc.nat(200_000), fc.nat(200_000), (at, later) => {
        const before = reuse(at / 1000, ', stale-while-revalidate=20')
        const behind = reuse((at + later) / 1000, ', stale-while-revalidate=20')
        const order = ['fresh', 'stale-while-updating', 'validate']
        assert.ok(order.indexOf(behind) >= order.indexOf(before))
      }),
    )
  })

  it('asks for no less for a request that demands more', () => {
    const demand = fc.record({
      maxAge: fc.integer({ min: -1, max: 100 }),
      minFresh: fc.integer({ min: -1, max: 100 }),
    })
    fc.assert(
      fc.property(fc.nat(150), demand, (seconds, more) => {
        if (reuse(seconds) === 'validate') assert.equal(reuse(seconds, '', more), 'validate')
      }),
    )
  })
})

function onError(
  condition: StaleCondition,
  seconds: number,
  more = '',
  demand: Partial<RequestDemand> = {},
  useStale: readonly StaleCondition[] = [],
): boolean {
  const all = { ...PLAIN_DEMAND, ...demand }
  return decideOnError(stored(more), all, NOW_MS + seconds * 1000, condition, useStale)
}

describe('decideOnError', () => {
  const ERRORS = [
    'error',
    'timeout',
    'invalid_header',
    'http_500',
    'http_502',
    'http_503',
    'http_504',
  ] as const

  for (const condition of ERRORS) {
    it(`keeps to stale-if-error after ${condition}`, () => {
      assert.equal(onError(condition, 64, ', stale-if-error=5'), true)
      assert.equal(onError(condition, 65, ', stale-if-error=5'), false)
      assert.equal(onError(condition, 61), false)
    })
  }
  for (const condition of ['http_403', 'http_404', 'http_429', 'updating'] as const) {
    it(`is not about ${condition}`, () => {
      assert.equal(onError(condition, 61, ', stale-if-error=5'), false)
    })
  }
  for (const forbids of ['must-revalidate', 'proxy-revalidate', 's-maxage=70', 'no-cache']) {
    it(`gives nothing stale with ${forbids}`, () => {
      const more = `, stale-if-error=5, ${forbids}`
      assert.equal(onError('error', 61, more, { maxStale: 99, staleIfError: 99 }, ['error']), false)
    })
  }

  it('gives what is fresh, though the request would have liked it fresher', () => {
    assert.equal(onError('error', 30, '', { maxAge: 1 }), true)
    assert.equal(onError('error', 30, ', must-revalidate', { maxAge: 1 }), true)
  })
  it('gives nothing to a request with no-cache', () => {
    assert.equal(onError('error', 30, ', stale-if-error=99', { isValidated: true }), false)
  })
  it('takes stale-if-error of the request too (RFC 5861 §4)', () => {
    assert.equal(onError('error', 64, '', { staleIfError: 5 }), true)
    assert.equal(onError('error', 65, '', { staleIfError: 5 }), false)
  })
  it('takes max-stale of the request', () => {
    assert.equal(onError('error', 65, '', { maxStale: 5 }), true)
    assert.equal(onError('error', 66, '', { maxStale: 5 }), false)
  })
  it('takes what is configured, for that failure alone', () => {
    assert.equal(onError('http_404', 1e6, '', {}, ['http_404']), true)
    assert.equal(onError('http_403', 1e6, '', {}, ['http_404']), false)
  })
})
