// Ranges of clients: RFC 9110 §13.1.5, §14.1, §14.2.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  chooseRanges,
  parseByteRanges,
  type RangeChoice,
} from '../../../src/cache/policy/client-ranges.ts'
import { makeStandardPolicy } from '../../../src/cache/policy/standard-policy.ts'
import { AT_ONCE, dateAfter, entryOf, request, response } from './policy-heads.ts'

/** `0-4,6-9`: first and last bytes, both counted. */
function text(choice: RangeChoice): string | null {
  if (choice === null || choice === 'unsatisfiable') return choice
  return choice.map(({ start, end }) => `${start}-${end - 1}`).join(',')
}

const ROWS: readonly (readonly [value: string, length: number, found: string | null])[] = [
  ['bytes=0-4', 10, '0-4'],
  ['Bytes=0-4', 10, '0-4'],
  ['bytes=4-4', 10, '4-4'],
  ['bytes=5-', 10, '5-9'],
  ['bytes=-3', 10, '7-9'],
  ['bytes=-99', 10, '0-9'],
  ['bytes=0-99', 10, '0-9'],
  ['bytes=9-99', 10, '9-9'],
  ['bytes=00-04', 10, '0-4'],
  ['bytes=0-1,4-5', 10, '0-1,4-5'],
  ['bytes= 0-1 ,\t4-5 ,', 10, '0-1,4-5'],
  ['bytes=4-5,0-1', 10, '4-5,0-1'],
  ['bytes=0-1,99-', 10, '0-1'],
  ['bytes=0-99999999999999999999', 10, '0-9'],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=10-20', 10, 'unsatisfiable'],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=10-,-0', 10, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-5', 0, null],
  ['bytes=5-4', 10, null],
  ['bytes=0-1,5-4', 10, null],
  ['bytes=', 10, null],
  ['bytes=,', 10, null],
  ['bytes=-', 10, null],
  ['bytes=a-b', 10, null],
  ['bytes=0-1-2', 10, null],
  ['bytes=1', 10, null],
  ['bytes=+1-2', 10, null],
  ['bytes=0 -1', 10, null],
  ['bytes 0-1', 10, null],
  ['lines=0-1', 10, null],
  ['0-1', 10, null],
  ['bytes=0-9,0-9', 10, null],
  [`bytes=${Array.from({ length: 101 }, (_, i) => `${i}-${i}`).join(',')}`, 1000, null],
  ['bytes=0-4', -1, '0-4'],
  ['bytes=5-', -1, null],
  ['bytes=-5', -1, null],
  ['bytes=5-4', -1, null],
]

describe('parseByteRanges', () => {
  for (const [value, length, found] of ROWS) {
    it(`is ${found} for ${value.slice(0, 40)} of ${length} bytes`, () => {
      assert.equal(text(parseByteRanges(value, length)), found)
    })
  }

  it('never names a byte that is not there, and never more bytes than there are', () => {
    const end = fc.option(fc.nat(40))
    const spec = fc.tuple(end, end).map(([first, last]) => `${first ?? ''}-${last ?? ''}`)
    fc.assert(
      fc.property(fc.array(spec, { minLength: 1 }), fc.nat(30), (specs, length) => {
        const choice = parseByteRanges(`bytes=${specs.join(',')}`, length)
        if (choice === null || choice === 'unsatisfiable') return
        let bytes = 0
        for (const part of choice) {
          assert.ok(part.start >= 0 && part.start < part.end && part.end <= length)
          bytes += part.end - part.start
        }
        assert.ok(choice.length > 0 && bytes <= length)
      }),
    )
  })
})

const policy = makeStandardPolicy()

function choose(stored: readonly string[], asked: readonly string[], method = 'GET', status = 200) {
  const first = response(['Cache-Control: max-age=60', ...stored], status)
  const entry = entryOf(policy.plan(request(), 'GET', first, AT_ONCE)!, policy)
  return text(chooseRanges(request(asked, `${method} /a?b`), entry))
}

describe('chooseRanges', () => {
  const TAG = 'ETag: "a"'
  const MODIFIED = `Last-Modified: ${dateAfter(-60)}`
  const RANGE = 'Range: bytes=0-4'

  const CASES: readonly (readonly [
    name: string,
    stored: string[],
    asked: string[],
    found: string | null,
  ])[] = [
    ['no range', [], [], null],
    ['a range', [], [RANGE], '0-4'],
    ['two lines of Range', [], [RANGE, RANGE], null],
    ['If-Range without Range', [TAG], ['If-Range: "a"'], null],
    ['If-Range of the tag', [TAG], [RANGE, 'If-Range: "a"'], '0-4'],
    ['If-Range of another tag', [TAG], [RANGE, 'If-Range: "b"'], null],
    ['If-Range of the tag made weak', [TAG], [RANGE, 'If-Range: W/"a"'], null],
    ['If-Range of a weak tag', ['ETag: W/"a"'], [RANGE, 'If-Range: W/"a"'], null],
    ['If-Range of a tag, without one stored', [], [RANGE, 'If-Range: "a"'], null],
    ['If-Range of the date', [MODIFIED], [RANGE, `If-Range: ${dateAfter(-60)}`], '0-4'],
    ['If-Range of a later date', [MODIFIED], [RANGE, `If-Range: ${dateAfter(-59)}`], null],
    ['If-Range of an earlier date', [MODIFIED], [RANGE, `If-Range: ${dateAfter(-61)}`], null],
    [
      'If-Range of a date that is not strong',
      [`Last-Modified: ${dateAfter(0)}`],
      [RANGE, `If-Range: ${dateAfter(0)}`],
      null,
    ],
    ['If-Range of what is neither', [TAG], [RANGE, 'If-Range: a'], null],
  ]
  for (const [name, stored, asked, found] of CASES) {
    it(`is ${found ?? 'the whole'} for ${name}`, () => assert.equal(choose(stored, asked), found))
  }

  it('is the whole for methods but GET, and for statuses but 200', () => {
    assert.equal(choose([], [RANGE], 'HEAD'), null)
    assert.equal(choose([], [RANGE], 'GET', 404), null)
  })
})
