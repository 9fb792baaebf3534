// What Cache-Control's directives come to: RFC 9111 §1.2.2, §4.2.1, §5.2, RFC 5861.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type Directives,
  NO_DIRECTIVES,
  parseCacheControl,
  parseDeltaSeconds,
  parseFieldNames,
} from '../../../src/cache/policy/cache-control.ts'

const ROWS: readonly (readonly [name: string, lines: string[], found: Partial<Directives>])[] = [
  ['nothing', [], {}],
  [
    'every flag',
    ['no-store, no-cache, private, public, must-revalidate'],
    {
      isNoStore: true,
      isNoCache: true,
      isPrivate: true,
      isPublic: true,
      mustRevalidate: true,
    },
  ],
  [
    'more flags',
    ['proxy-revalidate, must-understand, only-if-cached'],
    {
      proxyRevalidate: true,
      mustUnderstand: true,
      onlyIfCached: true,
    },
  ],
  [
    'every number',
    [
      'max-age=1, s-maxage=2, stale-while-revalidate=3',
      'stale-if-error=4, min-fresh=5, max-stale=6',
    ],
    {
      maxAge: 1,
      sharedMaxAge: 2,
      staleWhileRevalidate: 3,
      staleIfError: 4,
      minFresh: 5,
      maxStale: 6,
    },
  ],
  ['several lines', ['max-age=1', 'no-store'], { maxAge: 1, isNoStore: true }],
  ['any case', ['MAX-age=1, No-Store'], { maxAge: 1, isNoStore: true }],
  ['a quoted number', ['max-age="60"'], { maxAge: 60 }],
  ['leading zeros', ['max-age=0060'], { maxAge: 60 }],
  ['a number above 2^31', ['max-age=2147483649'], { maxAge: 2_147_483_648 }],
  ['a number above 2^64', ['max-age=99999999999999999999999'], { maxAge: 2_147_483_648 }],
  ['the first of two max-age', ['max-age=1, max-age=2'], { maxAge: 1 }],
  ['the first of two max-age, the larger one', ['max-age=2', 'max-age=1'], { maxAge: 2 }],
  ['no number', ['max-age=abc'], { maxAge: 0 }],
  ['no number first', ['max-age=abc, max-age=60'], { maxAge: 0 }],
  ['a letter behind the number', ['max-age=60a'], { maxAge: 0 }],
  ['a letter before the number', ['max-age=a60'], { maxAge: 0 }],
  ['a negative number', ['max-age=-60'], { maxAge: 0 }],
  ['a sign', ['max-age=+60'], { maxAge: 0 }],
  ['a fraction', ['max-age=60.0'], { maxAge: 0 }],
  ['single quotes', ["max-age='60'"], { maxAge: 0 }],
  ['no value', ['max-age'], { maxAge: 0 }],
  ['an empty value', ['max-age='], { maxAge: 0 }],
  ['white space before =', ['max-age =60'], { maxAge: 0 }],
  ['white space behind =', ['max-age= 60'], { maxAge: 0 }],
  ['s-maxage that is no number', ['s-maxage=x, max-age=60'], { sharedMaxAge: 0, maxAge: 60 }],
  ['max-age in another directive', ['extension="max-age=60"'], {}],
  ['no-store in another directive', ['extension="no-store, private"'], {}],
  ['unknown directives', ['a, b=c, d="e", max-age=1'], { maxAge: 1 }],
  ['names that begin alike', ['max-agex=1, no-stores, xno-store'], {}],
  ['no-store with an argument', ['no-store=1'], { isNoStore: true }],
  ['no-store with garbage behind', ['no-store x'], { isNoStore: true }],
  ['public with an argument', ['public=1'], {}],
  ['public with garbage behind', ['public x'], {}],
  ['max-stale without a number', ['max-stale'], { maxStale: Number.POSITIVE_INFINITY }],
  ['max-stale that is no number', ['max-stale=x'], {}],
  ['no-cache with names', ['no-cache="Set-Cookie, A"'], { noCacheFields: ['set-cookie', 'a'] }],
  ['no-cache with one token', ['no-cache=A'], { noCacheFields: ['a'] }],
  [
    'no-cache with and without names',
    ['no-cache="a", no-cache'],
    {
      isNoCache: true,
      noCacheFields: ['a'],
    },
  ],
  ['no-cache with an empty list', ['no-cache=""'], { isNoCache: true }],
  ['no-cache with what is no name', ['no-cache="a b"'], { isNoCache: true }],
  ['no-cache with an open quote', ['no-cache="a, max-age=1'], { isNoCache: true, maxAge: 1 }],
  ['private with names', ['private="A", private="b"'], { privateFields: ['a', 'b'] }],
  ['private with what is no name', ['private="a;b"'], { isPrivate: true }],
  ['stale-if-error that is no number', ['stale-if-error=x'], { staleIfError: 0 }],
]

describe('parseCacheControl', () => {
  for (const [name, lines, found] of ROWS) {
    it(`reads ${name}`, () => {
      assert.deepEqual(parseCacheControl(lines), { ...NO_DIRECTIVES, ...found })
    })
  }

  it('is not changed by directives that nobody knows (RFC 9111 §5.2.3)', () => {
    const known = fc
      .constantFrom(...ROWS.flatMap(([, lines]) => lines))
      .filter(l => !/".*[^"]$/.test(l))
    const unknown = fc.stringMatching(/^x-[a-z]{1,8}(=([a-z0-9]{1,5}|"[a-z,= ]{0,10}"))?$/)
    fc.assert(
      fc.property(known, unknown, unknown, (line, before, behind) => {
        const plain = parseCacheControl([line])
        assert.deepEqual(parseCacheControl([`${before}, ${line}, ${behind}`]), plain)
        assert.deepEqual(parseCacheControl([before, line, behind]), plain)
      }),
    )
  })

  it('is the same for one line and for several', () => {
    const member = fc.constantFrom(
      'max-age=1',
      'max-age=2',
      's-maxage="3"',
      'no-store',
      'public',
      'private="a"',
    )
    fc.assert(
      fc.property(fc.array(member), members => {
        assert.deepEqual(parseCacheControl([members.join(', ')]), parseCacheControl(members))
      }),
    )
  })
})

describe('parseDeltaSeconds', () => {
  it('never gives more than 2^31, and gives every number below it', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 1n << 80n }), value => {
        const most = 2n ** 31n
        assert.equal(BigInt(parseDeltaSeconds(String(value))), value < most ? value : most)
      }),
    )
  })

  for (const text of [null, '', ' ', '1 ', '1,2', '0x1', '1e3', '٣']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseDeltaSeconds(text), -1))
  }
})

describe('parseFieldNames', () => {
  it('leaves empty members out', () => assert.deepEqual(parseFieldNames(' a,,B '), ['a', 'b']))
  it('refuses what is no name', () => assert.equal(parseFieldNames('a, b:'), null))
})
