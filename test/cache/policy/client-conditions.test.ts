// Conditions of clients: RFC 9110 §13.1, §13.2; RFC 9111 §4.3.2.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { judgeClientConditions } from '../../../src/cache/policy/client-conditions.ts'
import { makeStandardPolicy } from '../../../src/cache/policy/standard-policy.ts'
import { AT_ONCE, dateAfter, entryOf, request, response } from './policy-heads.ts'

const policy = makeStandardPolicy()
const TAG = 'ETag: "a"'
const MODIFIED = `Last-Modified: ${dateAfter(-60)}`
const SINCE = `If-Modified-Since: ${dateAfter(-60)}`

function judge(stored: readonly string[], asked: readonly string[], method = 'GET', status = 200) {
  const first = response(['Cache-Control: max-age=60', ...stored], status)
  const entry = entryOf(policy.plan(request(), 'GET', first, AT_ONCE)!, policy)
  return judgeClientConditions(request(asked, `${method} /a?b`), entry)
}

const ROWS: readonly (readonly [
  name: string,
  stored: string[],
  asked: string[],
  found: 0 | 304,
])[] = [
  ['nothing asked', [TAG, MODIFIED], [], 0],
  ['the tag', [TAG], ['If-None-Match: "a"'], 304],
  ['another tag', [TAG], ['If-None-Match: "b"'], 0],
  ['the tag made weak', [TAG], ['If-None-Match: W/"a"'], 304],
  ['a weak tag, asked as strong', ['ETag: W/"a"'], ['If-None-Match: "a"'], 304],
  ['the tag in a list', [TAG], ['If-None-Match: "b", "a"'], 304],
  ['the tag on another line', [TAG], ['If-None-Match: "b"', 'If-None-Match: "a"'], 304],
  ['the tag inside another', ['ETag: "a,b"'], ['If-None-Match: "a", "b"'], 0],
  ['another case', [TAG], ['If-None-Match: "A"'], 0],
  ['the tag without quotes', [TAG], ['If-None-Match: a'], 0],
  ['the asterisk', [TAG], ['If-None-Match: *'], 304],
  ['the asterisk, without a tag', [], ['If-None-Match: *'], 304],
  ['a tag, without one stored', [MODIFIED], ['If-None-Match: "a"'], 0],
  ['the date', [MODIFIED], [SINCE], 304],
  ['a later date', [MODIFIED], [`If-Modified-Since: ${dateAfter(-59)}`], 304],
  ['an earlier date', [MODIFIED], [`If-Modified-Since: ${dateAfter(-61)}`], 0],
  ['a date of RFC 850', [MODIFIED], ['If-Modified-Since: Sunday, 06-Nov-94 08:48:37 GMT'], 304],
  ['no date', [MODIFIED], ['If-Modified-Since: x'], 0],
  ['two dates', [MODIFIED], [SINCE, SINCE], 0],
  ['Date in place of Last-Modified', [], [`If-Modified-Since: ${dateAfter(0)}`], 304],
  ['before Date in place of Last-Modified', [], [`If-Modified-Since: ${dateAfter(-1)}`], 0],
  [
    'the tag with an earlier date',
    [TAG, MODIFIED],
    ['If-None-Match: "a"', `If-Modified-Since: ${dateAfter(-99)}`],
    304,
  ],
  ['another tag with the date', [TAG, MODIFIED], ['If-None-Match: "b"', SINCE], 0],
  ['a list without tags with the date', [TAG, MODIFIED], ['If-None-Match: b', SINCE], 0],
  ['If-Match of another tag', [TAG], ['If-Match: "b"'], 0],
  ['If-Unmodified-Since of before', [MODIFIED], [`If-Unmodified-Since: ${dateAfter(-99)}`], 0],
]

describe('judgeClientConditions', () => {
  for (const [name, stored, asked, found] of ROWS) {
    it(`gives ${found} for ${name}`, () => assert.equal(judge(stored, asked), found))
  }

  it('judges HEAD as GET, and nothing else', () => {
    assert.equal(judge([TAG], ['If-None-Match: "a"'], 'HEAD'), 304)
    assert.equal(judge([TAG], ['If-None-Match: "a"'], 'POST'), 0)
  })

  it('leaves responses alone that are no success', () => {
    assert.equal(judge([TAG], ['If-None-Match: "a"'], 'GET', 404), 0)
    assert.equal(judge([TAG], ['If-None-Match: *'], 'GET', 301), 0)
    assert.equal(judge([TAG], ['If-None-Match: "a"'], 'GET', 203), 304)
  })
})
