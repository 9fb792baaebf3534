// Ranges and conditions as RFC 9110 §13 and §14 have them, with nginx's choices where those leave one; the same
// requests run beside the real nginx in test/system/files-beside-nginx.test.ts.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { judgeConditions, rangeHolds } from '../../src/proxy/file-conditions.ts'
import { contentRange, parseRanges } from '../../src/proxy/file-range.ts'
import { mediaType } from '../../src/proxy/media-type.ts'
import { makeExchange } from './exchange-fixture.ts'

describe('parseRanges', () => {
  const rows: readonly [string, number, string][] = [
    ['bytes=0-0', 10, '0-1'],
    ['bytes=0-9', 10, '0-10'],
    ['bytes=0-', 10, '0-10'],
    ['bytes=9-', 10, '9-10'],
    ['bytes=5-100', 10, '5-10'],
    ['bytes=-3', 10, '7-10'],
    ['bytes=-10', 10, '0-10'],
    ['bytes=-11', 10, '0-10'],
    ['Bytes=1-2', 10, '1-3'],
    ['bytes= 1 - 2 , 4-4', 10, '1-3 4-5'],
    ['bytes=1-2,20-30', 10, '1-3'],
    ['bytes=3-4,1-2,0-0', 10, '3-5 1-3 0-1'],
    ['bytes=0-5,4-9', 10, 'whole'],
    ['bytes=0-4,5-9', 10, '0-5 5-10'],
    ['bytes=0-', 0, 'whole'],
    ['bytes=-1', 0, 'whole'],
    ['bytes', 10, 'whole'],
    ['bytes=', 10, 'whole'],
    ['items=0-1', 10, 'whole'],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=10-20,30-40', 10, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=5-4', 10, 'unsatisfiable'],
    ['bytes=-', 10, 'unsatisfiable'],
    ['bytes=a-', 10, 'unsatisfiable'],
    ['bytes=0-1,', 10, 'unsatisfiable'],
    ['bytes=,0-1', 10, 'unsatisfiable'],
    ['bytes=0-1;', 10, 'unsatisfiable'],
    ['bytes=- 1', 10, 'unsatisfiable'],
    ['bytes=--1', 10, 'unsatisfiable'],
    ['bytes=0x1-2', 10, 'unsatisfiable'],
    ['bytes=1-99999999999999999999', 10, 'unsatisfiable'],
  ]
  for (const [value, length, expected] of rows) {
    it(`finds ${expected} of ${length} bytes in "${value}"`, () => {
      const ranges = parseRanges(value, length)
      const text = Array.isArray(ranges)
        ? ranges.map(({ start, end }) => `${start}-${end}`).join(' ')
        : (ranges ?? 'whole')
      assert.equal(text, expected)
    })
  }

  it('is written with the last byte, not the one after it', () => {
    assert.equal(contentRange({ start: 5, end: 10 }, 100), 'bytes 5-9/100')
  })
})

const VALIDATORS = { etag: '"3b9aca00-3e8"', modified: 1_000_000_000 }
const DATE = 'Sun, 09 Sep 2001 01:46:40 GMT'
const LATER = 'Sun, 09 Sep 2001 01:46:41 GMT'
const EARLIER = 'Sun, 09 Sep 2001 01:46:39 GMT'

function fieldsOf(lines: readonly string[]) {
  return makeExchange(['GET / HTTP/1.1', 'Host: h', ...lines]).head.fields
}

describe('judgeConditions', () => {
  const rows: readonly [number, ...string[]][] = [
    [0],
    [304, `If-Modified-Since: ${DATE}`],
    [304, 'If-Modified-Since: Sunday, 09-Sep-01 01:46:40 GMT'],
    [0, `If-Modified-Since: ${LATER}`],
    [0, `If-Modified-Since: ${EARLIER}`],
    [0, 'If-Modified-Since: x'],
    [304, 'If-None-Match: "3b9aca00-3e8"'],
    [304, 'If-None-Match: W/"3b9aca00-3e8"'],
    [304, 'If-None-Match: "x" , "3b9aca00-3e8"'],
    [304, 'If-None-Match: *'],
    [0, 'If-None-Match: "3b9aca00-3e8'],
    [0, 'If-None-Match: "3b9aca00-3e8"x'],
    [0, 'If-None-Match: "x"'],
    [0, 'If-None-Match: "x"', `If-Modified-Since: ${DATE}`],
    [0, 'If-None-Match: *', `If-Modified-Since: ${LATER}`],
    [304, 'If-None-Match: *', `If-Modified-Since: ${DATE}`],
    [0, 'If-Match: "3b9aca00-3e8"'],
    [0, 'If-Match: *'],
    [412, 'If-Match: W/"3b9aca00-3e8"'],
    [412, 'If-Match: "x"'],
    [0, `If-Unmodified-Since: ${DATE}`],
    [0, `If-Unmodified-Since: ${LATER}`],
    [412, `If-Unmodified-Since: ${EARLIER}`],
    [412, 'If-Unmodified-Since: x'],
    [412, 'If-Match: "x"', 'If-None-Match: *'],
  ]
  for (const [status, ...lines] of rows) {
    it(`gives ${status} for ${lines.join(', ') || 'no condition'}`, () => {
      assert.equal(judgeConditions(fieldsOf(lines), VALIDATORS), status)
    })
  }
})

describe('rangeHolds', () => {
  const rows: readonly [boolean, ...string[]][] = [
    [true],
    [true, 'If-Range: "3b9aca00-3e8"'],
    [true, `If-Range: ${DATE}`],
    [false, 'If-Range: W/"3b9aca00-3e8"'],
    [false, 'If-Range: "x"'],
    [false, `If-Range: ${LATER}`],
    [false, 'If-Range: x'],
  ]
  for (const [expected, ...lines] of rows) {
    it(`is ${expected} for ${lines.join(', ') || 'no If-Range'}`, () => {
      assert.equal(rangeHolds(fieldsOf(lines), VALIDATORS), expected)
    })
  }
})

describe('mediaType', () => {
  const types = { html: 'text/html', gif: 'image/gif', 'tar.gz': 'never', none: '' }
  const files = {
    root: [],
    isAlias: false,
    index: [],
    defaultType: 'text/plain',
    types,
    modifiedSince: 'exact' as const,
    hasEtag: true,
    rangesMax: null,
    symlinks: null,
    hasAutoindex: false,
    autoindexFormat: 'html' as const,
    autoindexExact: true,
    autoindexLocal: false,
  }
  const rows: readonly [string, string][] = [
    ['/a.html', 'text/html'],
    ['/a.b.HTML', 'text/html'],
    ['/a.html/b', 'text/plain'],
    ['/.html', 'text/plain'],
    ['/a/.gif', 'text/plain'],
    ['/a', 'text/plain'],
    ['/a.', 'text/plain'],
    ['/a.tar.gz', 'text/plain'],
    ['/a.toString', 'text/plain'],
    ['/', 'text/plain'],
  ]
  for (const [path, expected] of rows) {
    it(`of ${path} is ${expected}`, () => assert.equal(mediaType(path, files), expected))
  }
})
