// Targeted cache control against RFC 9213 §2.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Directives, NO_DIRECTIVES } from '../../../src/cache/policy/cache-control.ts'
import { DEFAULT_TARGETS, directivesOf, parseTargeted } from '../../../src/cache/policy/targeted.ts'
import { response } from './policy-heads.ts'

const GOOD: readonly (readonly [name: string, lines: string[], found: Partial<Directives>])[] = [
  ['a time', ['max-age=60'], { maxAge: 60 }],
  ['several lines', ['max-age=60', 'must-revalidate'], { maxAge: 60, mustRevalidate: true }],
  ['parameters', ['max-age=60;a=b'], { maxAge: 60 }],
  ['the last of two times', ['max-age=60, max-age=1'], { maxAge: 1 }],
  ['a negative time as none', ['max-age=-1'], { maxAge: 0 }],
  ['a time above 2^31', ['max-age=99999999999'], { maxAge: 2_147_483_648 }],
  ['unknown directives of any type', ['a=1.5, b=(1 2), c="d", max-age=1'], { maxAge: 1 }],
  [
    'flags',
    ['no-store, public, proxy-revalidate, must-understand'],
    {
      isNoStore: true,
      isPublic: true,
      proxyRevalidate: true,
      mustUnderstand: true,
    },
  ],
  ['a flag that is false', ['no-store=?0, max-age=1'], { maxAge: 1 }],
  ['no-cache and private', ['no-cache, private'], { isNoCache: true, isPrivate: true }],
  ['no-cache with names', ['no-cache="Set-Cookie, a"'], { noCacheFields: ['set-cookie', 'a'] }],
  ['private with a token', ['private=a'], { privateFields: ['a'] }],
  ['private with what is no name', ['private="a b"'], { isPrivate: true }],
  [
    's-maxage and the stale times',
    ['s-maxage=1, stale-while-revalidate=2, stale-if-error=3'],
    {
      sharedMaxAge: 1,
      staleWhileRevalidate: 2,
      staleIfError: 3,
    },
  ],
]

const BAD: readonly (readonly [name: string, lines: string[]])[] = [
  ['an empty field', ['']],
  ['an unknown type', ['max-age=60, &&&&&']],
  ['a string for a time', ['max-age="60"']],
  ['a decimal for a time', ['max-age=60.0']],
  ['a time without a value', ['max-age']],
  ['an integer for a flag', ['no-store=1']],
  ['a list for names', ['no-cache=("a")']],
  ['upper case', ['Max-Age=60']],
  ['an empty member', ['max-age=60,,no-store']],
]

describe('parseTargeted', () => {
  for (const [name, lines, found] of GOOD) {
    it(`reads ${name}`, () => {
      assert.deepEqual(parseTargeted(lines), { ...NO_DIRECTIVES, ...found })
    })
  }
  for (const [name, lines] of BAD) {
    it(`does not count ${name}`, () => assert.equal(parseTargeted(lines), null))
  }
})

describe('directivesOf', () => {
  const of = (lines: readonly string[], targets = DEFAULT_TARGETS) => {
    const { directives, isTargeted } = directivesOf(response(lines).fields, targets)
    return [directives.maxAge, directives.isNoStore, isTargeted]
  }

  it('takes CDN-Cache-Control in place of Cache-Control', () => {
    assert.deepEqual(of(['CDN-Cache-Control: max-age=60', 'Cache-Control: no-store']), [
      60,
      false,
      true,
    ])
  })

  it('takes Cache-Control where the targeted field is no dictionary', () => {
    const lines = ['CDN-Cache-Control: max-age=60, &', 'Cache-Control: max-age=1']
    assert.deepEqual(of(lines), [1, false, false])
  })

  it('takes Cache-Control where the targeted field is empty', () => {
    assert.deepEqual(of(['CDN-Cache-Control:', 'Cache-Control: max-age=1']), [1, false, false])
  })

  it('takes the first good field of the list, whatever their order in the response', () => {
    const lines = ['CDN-Cache-Control: max-age=2', 'Our-Cache-Control: max-age=1']
    assert.deepEqual(of(lines, ['our-cache-control', 'cdn-cache-control']), [1, false, true])
    assert.deepEqual(of(lines, ['cdn-cache-control', 'our-cache-control']), [2, false, true])
    assert.deepEqual(of(lines, ['other', 'our-cache-control']), [1, false, true])
  })

  it('takes nothing targeted with an empty list', () => {
    const lines = ['CDN-Cache-Control: max-age=2', 'Cache-Control: max-age=1']
    assert.deepEqual(of(lines, []), [1, false, false])
  })

  it('does not see a field that Connection names', () => {
    const lines = ['CDN-Cache-Control: max-age=2', 'Connection: CDN-Cache-Control']
    assert.deepEqual(of(lines), [-1, false, false])
  })
})
