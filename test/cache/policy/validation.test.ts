// Stored responses after a 304 or a HEAD: RFC 9111 §3.2, §4.3.4, §4.3.5.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EntryMeta } from '../../../src/cache/entry.ts'
import { makeStandardPolicy, STANDARD_OPTIONS } from '../../../src/cache/policy/standard-policy.ts'
import { freshenMeta } from '../../../src/cache/policy/validation.ts'
import { AT_ONCE, dateAfter, entryOf, linesOf, NOW_MS, request, response } from './policy-heads.ts'

const policy = makeStandardPolicy()
const LATER = { requestMs: NOW_MS + 99_000, responseMs: NOW_MS + 100_000 }
const FRESH = 'Cache-Control: max-age=60'
const TAG = 'ETag: "a"'
const MODIFIED = `Last-Modified: ${dateAfter(-3600)}`

function freshen(
  stored: readonly string[],
  update: readonly string[],
  status = 304,
  { asked = request(), length = 100 } = {},
): EntryMeta | null {
  const first = response(stored)
  const entry = entryOf(policy.plan(request(), 'GET', first, AT_ONCE)!, policy, request(), {
    length,
  })
  const answer = response([`Date: ${dateAfter(100)}`, ...update], status, 'HEAD')
  return freshenMeta(entry, asked, answer, LATER, STANDARD_OPTIONS)
}

const ABOUT: readonly (readonly [
  name: string,
  stored: string[],
  update: string[],
  status?: number,
])[] = [
  ['the same tag', [FRESH, TAG], [TAG]],
  [
    'the same tag with another date',
    [FRESH, TAG, MODIFIED],
    [TAG, `Last-Modified: ${dateAfter(-9)}`],
  ],
  ['a weak tag for a strong one', [FRESH, TAG], ['ETag: W/"a"']],
  ['the same weak tag', [FRESH, 'ETag: W/"a"'], ['ETag: W/"a"']],
  ['the same date', [FRESH, MODIFIED], [MODIFIED]],
  ['the same date without the tag', [FRESH, TAG, MODIFIED], [MODIFIED]],
  ['no validator, to what was asked about', [FRESH, TAG], []],
  ['the 200 of a HEAD with the same tag', [FRESH, TAG], [TAG], 200],
  ['the 200 of a HEAD with the same length', [FRESH, TAG], ['Content-Length: 100'], 200],
]

const NOT_ABOUT: readonly (readonly [
  name: string,
  stored: string[],
  update: string[],
  status?: number,
])[] = [
  ['another tag', [FRESH, TAG], ['ETag: "b"']],
  ['another tag with the same date', [FRESH, TAG, MODIFIED], ['ETag: "b"', MODIFIED]],
  ['a strong tag for a weak one', [FRESH, 'ETag: W/"a"'], [TAG]],
  ['a tag for what has none', [FRESH], [TAG]],
  ['another date', [FRESH, MODIFIED], [`Last-Modified: ${dateAfter(-9)}`]],
  ['a tag that is none', [FRESH, TAG], ['ETag: a']],
  ['the 200 of a HEAD with another tag', [FRESH, TAG], ['ETag: "b"'], 200],
  ['the 200 of a HEAD with a weak tag for a strong one', [FRESH, TAG], ['ETag: W/"a"'], 200],
  [
    'the 200 of a HEAD with another date',
    [FRESH, MODIFIED],
    [`Last-Modified: ${dateAfter(-9)}`],
    200,
  ],
  ['the 200 of a HEAD with another length', [FRESH, TAG], [TAG, 'Content-Length: 99'], 200],
  ['the 404 of a HEAD', [FRESH, TAG], [TAG], 404],
]

describe('freshenMeta', () => {
  for (const [name, stored, update, status] of ABOUT) {
    it(`takes ${name}`, () => assert.notEqual(freshen(stored, update, status), null))
  }
  for (const [name, stored, update, status] of NOT_ABOUT) {
    it(`does not take ${name}`, () => assert.equal(freshen(stored, update, status), null))
  }

  it('puts new fields in the place of old ones, and lets the others be', () => {
    const meta = freshen(
      [FRESH, TAG, 'X-A: 1', 'X-A: 2', 'X-B: 3', 'Content-Type: text/a', 'Content-Length: 100'],
      ['x-a: 4', 'X-C: 5', 'Content-Type: text/b', 'Cache-Control: max-age=90', TAG],
    )
    assert.deepEqual(linesOf(meta!.head), [
      'X-B: 3',
      'Content-Length: 100',
      'x-a: 4',
      'X-C: 5',
      'Content-Type: text/b',
      'Cache-Control: max-age=90',
      TAG,
      `Date: ${dateAfter(100)}`,
    ])
    assert.equal(meta!.freshness.freshUntilMs, LATER.responseMs + 89_000)
  })

  it('keeps the fields that are about the stored bytes', () => {
    const body = [
      'Content-Length: 100',
      'Content-Encoding: gzip',
      'Content-MD5: a',
      'Content-Digest: a',
    ]
    const other = [
      'Content-Length: 0',
      'Content-Encoding: br',
      'Content-MD5: b',
      'Content-Digest: b',
    ]
    const meta = freshen([FRESH, TAG, ...body], [TAG, ...other, 'Content-Range: bytes 0-1/2'])
    assert.deepEqual(linesOf(meta!.head), [FRESH, ...body, TAG, `Date: ${dateAfter(100)}`])
  })

  it('takes nothing of the connection, nor what is private', () => {
    const update = [TAG, 'Connection: x-a', 'X-A: 2', 'X-B: 2', 'Cache-Control: private="x-b"']
    const meta = freshen([FRESH, TAG, 'X-A: 1'], update)
    assert.deepEqual(linesOf(meta!.head), [
      'X-A: 1',
      TAG,
      'Cache-Control: private="x-b"',
      `Date: ${dateAfter(100)}`,
    ])
  })

  it('is as old as the 304 says', () => {
    assert.equal(freshen([FRESH, TAG, 'Age: 30'], [TAG])!.initialAgeSeconds, 1)
    assert.equal(freshen([FRESH, TAG, 'Age: 30'], [TAG, 'Age: 5'])!.initialAgeSeconds, 6)
  })

  it('is fresh for as long as the stored fields say, counted anew', () => {
    const meta = freshen([FRESH, TAG], [])
    assert.equal(meta!.freshness.freshUntilMs, LATER.responseMs + 59_000)
    assert.deepEqual([meta!.requestMs, meta!.responseMs], [LATER.requestMs, LATER.responseMs])
  })

  it('is not fresh by an Expires of before', () => {
    const meta = freshen([`Expires: ${dateAfter(60)}`, TAG], [TAG])
    assert.ok(meta!.freshness.freshUntilMs <= LATER.responseMs)
  })

  it('has its Date from when it came, where the 304 has none', () => {
    const meta = freshen([FRESH, TAG], ['Date: x'])
    assert.ok(linesOf(meta!.head).includes(`Date: ${dateAfter(100)}`))
  })

  for (const line of ['Cache-Control: no-store', 'Cache-Control: private', 'Vary: *']) {
    it(`is nothing to keep with ${line}`, () =>
      assert.equal(freshen([FRESH, TAG], [TAG, line]), null))
  }

  it('is nothing to keep after a request with Authorization, unless that is allowed', () => {
    const asked = request(['Authorization: a'])
    assert.equal(freshen([FRESH, TAG], [TAG], 304, { asked }), null)
    const meta = freshen(['Cache-Control: public, max-age=60', TAG], [TAG], 304, { asked })
    assert.notEqual(meta, null)
  })

  it('varies by what the 304 says', () => {
    const asked = request(['Foo: 1'])
    const meta = freshen([FRESH, TAG], [TAG, 'Vary: foo'], 304, { asked })
    assert.deepEqual([meta!.vary, meta!.variant], ['foo', '+1\n'])
  })

  it('leaves key, length, parts and trailers as they are', () => {
    const meta = freshen([FRESH, TAG], [TAG])!
    const { key, url, length, parts, trailers, family } = meta
    assert.deepEqual(
      { key, url, length, parts, trailers, family },
      {
        key: '/a?b',
        url: 'http://example.com/a?b',
        length: 100,
        parts: null,
        trailers: '',
        family: 'f',
      },
    )
  })
})
