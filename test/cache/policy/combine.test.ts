// Parts put together: RFC 9110 §15.3.7.3, RFC 9111 §3.3, §3.4.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type BodyPart, type CacheEntry, holdsRange } from '../../../src/cache/entry.ts'
import {
  addPart,
  combineParts,
  completingLines,
  layOut,
  PARTS_MAX,
} from '../../../src/cache/policy/combine.ts'
import { makeStandardPolicy, STANDARD_OPTIONS } from '../../../src/cache/policy/standard-policy.ts'
import { AT_ONCE, dateAfter, entryOf, linesOf, NOW_MS, request, response } from './policy-heads.ts'

const policy = makeStandardPolicy()
const FRESH = 'Cache-Control: max-age=60'
const TAG = 'ETag: "a"'
const LATER = { requestMs: NOW_MS + 5000, responseMs: NOW_MS + 5000 }

function part(range: string, lines: readonly string[] = [FRESH, TAG]): CacheEntry {
  const asked = request(['Range: bytes=0-'])
  const first = response([`Content-Range: bytes ${range}`, ...lines], 206)
  return entryOf(policy.plan(asked, 'GET', first, AT_ONCE)!, policy, asked)
}

function combine(entry: CacheEntry, range: string, lines: readonly string[] = [FRESH, TAG]) {
  const answer = response([`Date: ${dateAfter(5)}`, `Content-Range: bytes ${range}`, ...lines], 206)
  return combineParts(entry, request(['Range: bytes=0-']), answer, LATER, STANDARD_OPTIONS)
}

/** `0-4 5-9n`: first and last bytes, `n` for those of the new response. */
const textOf = (parts: readonly (BodyPart & { isNew?: boolean })[] | null) =>
  parts?.map(({ start, end, isNew }) => `${start}-${end - 1}${isNew ? 'n' : ''}`).join(' ') ?? null

describe('combineParts', () => {
  const ROWS: readonly (readonly [
    first: string,
    second: string,
    parts: string | null,
    segments: string,
  ])[] = [
    ['0-4/10', '5-9/10', null, '0-4 5-9n'],
    ['5-9/10', '0-4/10', null, '0-4n 5-9'],
    ['0-4/10', '3-9/10', null, '0-2 3-9n'],
    ['0-4/10', '0-9/10', null, '0-9n'],
    ['0-2/10', '6-9/10', '0-2 6-9', '0-2 6-9n'],
    ['2-7/10', '4-5/10', '2-7', '2-3 4-5n 6-7'],
    ['0-4/*', '5-9/10', null, '0-4 5-9n'],
    ['0-4/10', '5-9/*', null, '0-4 5-9n'],
    ['0-4/*', '5-9/*', '0-9', '0-4 5-9n'],
  ]
  for (const [first, second, parts, segments] of ROWS) {
    it(`makes ${parts ?? 'the whole'} of ${first} and ${second}`, () => {
      const found = combine(part(first), second)
      assert.equal(textOf(found!.meta.parts), parts)
      assert.equal(textOf(found!.segments), segments)
    })
  }

  it('has fields of the later response, the length of the whole, and a freshness of its own', () => {
    const found = combine(part('0-4/*', [FRESH, TAG, 'X-A: 1', 'X-B: 1']), '5-9/10', [
      FRESH,
      TAG,
      'X-A: 2',
    ])
    assert.deepEqual(linesOf(found!.meta.head), [
      'X-B: 1',
      FRESH,
      TAG,
      'X-A: 2',
      'Content-Length: 10',
      `Date: ${dateAfter(5)}`,
    ])
    assert.equal(found!.meta.freshness.freshUntilMs, LATER.responseMs + 60_000)
    assert.equal(found!.meta.length, 10)
  })

  const REFUSED: readonly (readonly [name: string, second: string, lines: string[]])[] = [
    ['another tag', '5-9/10', [FRESH, 'ETag: "b"']],
    ['a weak tag', '5-9/10', [FRESH, 'ETag: W/"a"']],
    ['no tag', '5-9/10', [FRESH]],
    ['another length', '5-9/11', [FRESH, TAG]],
    ['no-store', '5-9/10', ['Cache-Control: no-store', TAG]],
    ['a body of another length', '5-9/10', [FRESH, TAG, 'Content-Length: 4']],
  ]
  for (const [name, second, lines] of REFUSED) {
    it(`takes no part with ${name}`, () => {
      assert.equal(combine(part('0-4/10'), second, lines), null)
    })
  }

  it('takes no part without a strong validator on either side', () => {
    assert.equal(combine(part('0-4/10', [FRESH]), '5-9/10', [FRESH]), null)
    const weak = [FRESH, 'ETag: W/"a"']
    assert.equal(combine(part('0-4/10', weak), '5-9/10', weak), null)
  })

  it('takes no part for an entry that is whole', () => {
    const whole = entryOf(policy.plan(request(), 'GET', response([FRESH, TAG]), AT_ONCE)!, policy)
    assert.equal(combine(whole, '5-9/100'), null)
  })

  it('takes no response but 206', () => {
    const answer = response([FRESH, TAG, 'Content-Range: bytes 5-9/10'])
    const options = STANDARD_OPTIONS
    assert.equal(combineParts(part('0-4/10'), request(), answer, LATER, options), null)
  })

  it('has at most so many runs', () => {
    const entry = part('0-0/1000')
    const runs = Array.from({ length: PARTS_MAX }, (_, i) => ({ start: i * 2, end: i * 2 + 1 }))
    const full = { ...entry, meta: { ...entry.meta, parts: runs } }
    assert.equal(combine(full, '500-501/1000'), null)
    assert.notEqual(combine(full, '1-1/1000'), null)
  })
})

const LENGTH = 40
const run = fc
  .tuple(fc.nat(LENGTH - 1), fc.integer({ min: 1, max: 12 }))
  .map(([start, bytes]) => ({ start, end: Math.min(start + bytes, LENGTH) }))
const runs = fc.array(run, { maxLength: 8 }).map(list => list.reduce(addPart, []))

describe('addPart', () => {
  it('has every byte of both, no other, in order and apart', () => {
    fc.assert(
      fc.property(runs, run, (parts, more) => {
        const merged = addPart(parts, more)
        const has = (list: readonly BodyPart[], at: number) =>
          list.some(({ start, end }) => start <= at && at < end)
        for (let at = 0; at < LENGTH; at++) {
          assert.equal(has(merged, at), has(parts, at) || has([more], at))
        }
        for (const [i, { start }] of merged.entries()) {
          if (i > 0) assert.ok(merged[i - 1]!.end < start)
        }
      }),
    )
  })
})

describe('layOut', () => {
  it('takes each byte from where it is, once, and no byte from nowhere', () => {
    fc.assert(
      fc.property(runs, run, (parts, more) => {
        const segments = layOut(parts, more)
        let joined: readonly BodyPart[] = []
        let at = -1
        for (const segment of segments) {
          assert.ok(segment.start >= at && segment.start < segment.end)
          at = segment.end
          const sources = segment.isNew ? [more] : parts
          assert.ok(sources.some(s => s.start <= segment.start && segment.end <= s.end))
          joined = addPart(joined, segment)
        }
        assert.deepEqual(joined, addPart(parts, more))
      }),
    )
  })
})

describe('holdsRange', () => {
  it('is true for what lies in one part', () => {
    const { meta } = part('2-5/10')
    assert.equal(holdsRange(meta, 2, 6), true)
    assert.equal(holdsRange(meta, 3, 4), true)
    assert.equal(holdsRange(meta, 1, 4), false)
    assert.equal(holdsRange(meta, 5, 7), false)
  })
})

describe('completingLines', () => {
  const ROWS: readonly (readonly [range: string, lines: string])[] = [
    ['0-4/10', 'Range: bytes=5-9\r\nIf-Range: "a"\r\n'],
    ['5-9/10', 'Range: bytes=0-4\r\nIf-Range: "a"\r\n'],
    ['2-4/10', ''],
    ['0-4/*', ''],
  ]
  for (const [range, lines] of ROWS) {
    it(`asks for what ${range} lacks`, () => assert.equal(completingLines(part(range)), lines))
  }
  it('asks for nothing without a strong validator', () => {
    assert.equal(completingLines(part('0-4/10', [FRESH, 'ETag: W/"a"'])), '')
  })
})
