// What is stored: RFC 9111 §3, §3.1, §3.3, §3.5, §5.2.2; RFC 9110 §9.3.3, §14.4, §15.3.7.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { planStore } from '../../../src/cache/policy/plan.ts'
import type { StorePlan } from '../../../src/cache/policy/policy.ts'
import { STANDARD_OPTIONS } from '../../../src/cache/policy/standard-policy.ts'
import { AT_ONCE, dateAfter, linesOf, NOW_MS, request, response } from './policy-heads.ts'

interface Case {
  readonly asked?: readonly string[]
  readonly line?: string
  readonly status?: number
  readonly lines: readonly string[]
}

function plan({ asked = [], line = 'GET /a?b', status = 200, lines }: Case): StorePlan | null {
  const method = line.split(' ')[0]!
  const answer = response(lines, status, method)
  return planStore(request(asked, line), method, answer, AT_ONCE, STANDARD_OPTIONS)
}

const FRESH = 'Cache-Control: max-age=60'
const TAG = 'ETag: "a"'
const SECRET = ['Authorization: Basic YTpi']
const PART = ['Range: bytes=0-4']

const STORED: readonly (readonly [name: string, found: Case])[] = [
  ['a fresh response', { lines: [FRESH] }],
  ['a fresh response with Expires', { lines: [`Expires: ${dateAfter(60)}`] }],
  ['a response that is fresh by guess', { lines: [`Last-Modified: ${dateAfter(-3600)}`] }],
  ['a stale response with a tag', { lines: ['Cache-Control: max-age=0', TAG] }],
  ['a stale response with a date', { lines: ['Expires: 0', `Last-Modified: ${dateAfter(-9)}`] }],
  ['no-cache with a tag', { lines: ['Cache-Control: no-cache', TAG] }],
  ['what may be used stale', { lines: ['Cache-Control: max-age=0, stale-if-error=9'] }],
  ['Set-Cookie', { lines: [FRESH, 'Set-Cookie: a=b'] }],
  ['an unknown status that is fresh', { status: 299, lines: [FRESH] }],
  ['a server error that is fresh', { status: 503, lines: [FRESH] }],
  [
    'an unknown status with public and a date',
    {
      status: 299,
      lines: ['Cache-Control: public', `Last-Modified: ${dateAfter(-3600)}`],
    },
  ],
  [
    'no-store for other caches',
    { lines: ['Cache-Control: no-store', 'CDN-Cache-Control: max-age=60'] },
  ],
  [
    'private for other caches',
    { lines: ['Cache-Control: private', 'CDN-Cache-Control: max-age=60'] },
  ],
  ['private of one field', { lines: ['Cache-Control: max-age=60, private="a"'] }],
  [
    'no-store with must-understand',
    { lines: ['Cache-Control: no-store, must-understand, max-age=60'] },
  ],
  ['Pragma in a response', { lines: [FRESH, 'Pragma: no-cache'] }],
  ['Authorization with public', { asked: SECRET, lines: ['Cache-Control: public, max-age=60'] }],
  [
    'Authorization with must-revalidate',
    {
      asked: SECRET,
      lines: ['Cache-Control: must-revalidate, max-age=60'],
    },
  ],
  ['Authorization with s-maxage', { asked: SECRET, lines: ['Cache-Control: s-maxage=60'] }],
  [
    'POST with a time and its own address',
    {
      line: 'POST /a?b',
      lines: [FRESH, 'Content-Location: /a?b'],
    },
  ],
  [
    'POST with its whole address',
    {
      line: 'POST /a?b',
      lines: [FRESH, 'Content-Location: http://example.com:80/a?b'],
    },
  ],
  ['Content-Range of what is no part', { lines: [FRESH, 'Content-Range: bytes 0-4/10'] }],
  ['one part', { asked: PART, status: 206, lines: [FRESH, 'Content-Range: bytes 0-4/10'] }],
  ['304 never, but 200 to a condition', { asked: ['If-None-Match: "a"'], lines: [FRESH] }],
]

const NOT_STORED: readonly (readonly [name: string, found: Case])[] = [
  ['what says nothing', { lines: [] }],
  ['what is stale and has nothing to ask with', { lines: ['Cache-Control: max-age=0'] }],
  ['what came as old as it may get', { lines: [FRESH, 'Age: 60'] }],
  ['no-cache with nothing to ask with', { lines: ['Cache-Control: no-cache, max-age=60'] }],
  ['no-store', { lines: ['Cache-Control: no-store, max-age=60', TAG] }],
  ['no-store with garbage', { lines: ['Cache-Control: no-store x, max-age=60', TAG] }],
  ['no-store in upper case', { lines: ['Cache-Control: max-age=60, NO-STORE'] }],
  ['no-store on another line', { lines: [FRESH, 'Cache-Control: no-store'] }],
  ['no-store for us', { lines: [FRESH, 'CDN-Cache-Control: no-store'] }],
  ['private', { lines: ['Cache-Control: private, max-age=60', TAG] }],
  ['private for us', { lines: [FRESH, 'CDN-Cache-Control: private, max-age=60'] }],
  ['private with an unread list', { lines: ['Cache-Control: private="a b", max-age=60'] }],
  [
    'must-understand of an unknown status',
    {
      status: 299,
      lines: ['Cache-Control: must-understand, max-age=60'],
    },
  ],
  ['a request with no-store', { asked: ['Cache-Control: no-store'], lines: [FRESH] }],
  ['Vary: *', { lines: [FRESH, 'Vary: *'] }],
  ['Vary with * in its list', { lines: [FRESH, 'Vary: a, *'] }],
  ['Vary with * on another line', { lines: [FRESH, 'Vary: a', 'Vary: *'] }],
  ['Vary of what is no name', { lines: [FRESH, 'Vary: a b'] }],
  [
    'Vary of 33 names',
    {
      lines: [FRESH, `Vary: ${Array.from({ length: 33 }, (_, i) => `a${i}`).join(',')}`],
    },
  ],
  ['Authorization', { asked: SECRET, lines: [FRESH, TAG] }],
  [
    'Authorization with proxy-revalidate',
    {
      asked: SECRET,
      lines: ['Cache-Control: proxy-revalidate, max-age=60'],
    },
  ],
  ['an unknown status without a time', { status: 299, lines: [TAG] }],
  ['302 without a time', { status: 302, lines: [`Last-Modified: ${dateAfter(-3600)}`] }],
  ['103', { status: 103, lines: [FRESH] }],
  ['304', { status: 304, lines: [FRESH, TAG] }],
  ['412', { status: 412, lines: [FRESH] }],
  ['416', { status: 416, lines: [FRESH] }],
  ['429 (RFC 6585)', { status: 429, lines: [FRESH] }],
  ['HEAD', { line: 'HEAD /a?b', lines: [FRESH] }],
  ['PUT', { line: 'PUT /a?b', lines: [FRESH, 'Content-Location: /a?b'] }],
  ['POST without Content-Location', { line: 'POST /a?b', lines: [FRESH] }],
  ['POST with another address', { line: 'POST /a?b', lines: [FRESH, 'Content-Location: /a'] }],
  [
    'POST with an address elsewhere',
    {
      line: 'POST /a?b',
      lines: [FRESH, 'Content-Location: http://example.org/a?b'],
    },
  ],
  [
    'POST without a time',
    {
      line: 'POST /a?b',
      lines: [`Last-Modified: ${dateAfter(-3600)}`, 'Content-Location: /a?b'],
    },
  ],
  ['a part that nobody asked for', { status: 206, lines: [FRESH, 'Content-Range: bytes 0-4/10'] }],
  ['a part without Content-Range', { asked: PART, status: 206, lines: [FRESH] }],
  [
    'several parts',
    {
      asked: PART,
      status: 206,
      lines: [FRESH, 'Content-Type: multipart/byteranges; boundary=a'],
    },
  ],
  [
    'a part of another length than it says',
    {
      asked: PART,
      status: 206,
      lines: [FRESH, 'Content-Range: bytes 0-4/10', 'Content-Length: 4'],
    },
  ],
  [
    'a part after If-Range, without the fields of the whole',
    {
      asked: [...PART, 'If-Range: "a"'],
      status: 206,
      lines: [FRESH, TAG, 'Content-Range: bytes 0-4/10'],
    },
  ],
]

describe('planStore', () => {
  for (const [name, found] of STORED) {
    it(`stores ${name}`, () => assert.notEqual(plan(found), null))
  }
  for (const [name, found] of NOT_STORED) {
    it(`does not store ${name}`, () => assert.equal(plan(found), null))
  }

  it('does not store Set-Cookie where it is told so', () => {
    const answer = response([FRESH, 'Set-Cookie: a=b'])
    const options = { ...STANDARD_OPTIONS, storesSetCookie: false }
    assert.equal(planStore(request(), 'GET', answer, AT_ONCE, options), null)
  })

  it('never stores a response with no-store, whatever else it has', () => {
    const other = fc.constantFrom<string>(
      'max-age=9',
      's-maxage=9',
      'public',
      'private="a"',
      'x="y,z"',
      'immutable',
    )
    fc.assert(
      fc.property(
        fc.array(other),
        fc.nat(5),
        fc.integer({ min: 200, max: 599 }),
        (list, at, status) => {
          const members = list.toSpliced(at, 0, 'no-store')
          assert.equal(plan({ status, lines: [`Cache-Control: ${members.join(', ')}`, TAG] }), null)
        },
      ),
    )
  })

  it('keeps all fields but those of the connection, of proxies, and private ones', () => {
    const found = plan({
      lines: [
        'Cache-Control: max-age=60, private="x-a"',
        'Connection: x-b, keep-alive',
        'Keep-Alive: timeout=5',
        'Proxy-Authenticate: a',
        'Proxy-Authentication-Info: a',
        'Age: 3',
        'X-A: 1',
        'X-B: 2',
        'X-C: 3',
        'x-C:   4',
        'Set-Cookie: a=b',
        'Content-Length: 5',
      ],
    })
    assert.deepEqual(linesOf(found!.head), [
      `Date: ${dateAfter(0)}`,
      'Cache-Control: max-age=60, private="x-a"',
      'X-C: 3',
      'x-C: 4',
      'Set-Cookie: a=b',
      'Content-Length: 5',
    ])
    assert.ok(found!.head.startsWith('HTTP/1.1 200 \r\n') && found!.head.endsWith('\r\n\r\n'))
  })

  it('has a Date of its own in place of one that is none (RFC 9110 §6.6.1)', () => {
    const found = plan({ lines: ['Date: yesterday', FRESH] })
    assert.deepEqual(linesOf(found!.head), [FRESH, `Date: ${dateAfter(0)}`])
  })

  it('keeps a part under the head of the whole', () => {
    const found = plan({
      asked: PART,
      status: 206,
      lines: [FRESH, 'Content-Range: bytes 0-4/10', 'Content-Length: 5'],
    })
    assert.deepEqual(found!.part, { start: 0, end: 5, length: 10 })
    assert.ok(found!.head.startsWith('HTTP/1.1 200 OK\r\n'))
    assert.deepEqual(linesOf(found!.head), [`Date: ${dateAfter(0)}`, FRESH, 'Content-Length: 10'])
  })

  it('keeps a part of what nobody knows the length of', () => {
    const found = plan({ asked: PART, status: 206, lines: [FRESH, 'Content-Range: bytes 0-4/*'] })
    assert.deepEqual(found!.part, { start: 0, end: 5, length: -1 })
    assert.deepEqual(linesOf(found!.head), [`Date: ${dateAfter(0)}`, FRESH])
  })

  it('takes a part with all bytes for the whole', () => {
    const found = plan({ asked: PART, status: 206, lines: [FRESH, 'Content-Range: bytes 0-9/10'] })
    assert.equal(found!.part, null)
  })

  it('says how old the response was, by what it varies, and its tags', () => {
    const found = plan({ lines: [FRESH, 'Age: 7', 'Vary: B, a', 'Cache-Tag: x, y'] })
    assert.equal(found!.initialAgeSeconds, 7)
    assert.equal(found!.vary, 'a,b')
    assert.deepEqual(found!.tags, ['x', 'y'])
    assert.equal(found!.freshness.freshUntilMs, NOW_MS + 53_000)
  })
})
