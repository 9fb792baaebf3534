// Sizes, times and numbers as nginx reads them. Rows marked in the acceptance test were tried with
// a real nginx.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  countHint,
  parseCount,
  parseFlag,
  parseOffset,
  parseSize,
  parseTimeMs,
  parseTimeSeconds,
  portHint,
  sizeHint,
  timeHint,
} from '../../../src/config/nginx/values.ts'

const KIB = 1024
const HOUR = 3_600_000

type Row = readonly [text: string, value: number | boolean | null]

function table(parse: (text: string) => number | boolean | null, rows: readonly Row[]): void {
  for (const [text, value] of rows) {
    it(value === null ? `refuses "${text}"` : `reads "${text}" as ${value}`, () => {
      assert.equal(parse(text), value)
    })
  }
}

describe('parseSize', () => {
  table(parseSize, [
    ['0', 0],
    ['512', 512],
    ['4k', 4 * KIB],
    ['4K', 4 * KIB],
    ['2m', 2 * KIB * KIB],
    ['2M', 2 * KIB * KIB],
    ['1g', null],
    ['', null],
    ['k', null],
    ['-1', null],
    ['1.5k', null],
    ['4kb', null],
    ['4 k', null],
    ['99999999999999999999', null],
  ])
})

describe('parseOffset', () => {
  table(parseOffset, [
    ['300m', 300 * KIB * KIB],
    ['1g', KIB ** 3],
    ['1G', KIB ** 3],
    ['1t', null],
    ['', null],
  ])
})

describe('parseTimeMs', () => {
  table(parseTimeMs, [
    ['0', 0],
    ['90', 90_000],
    ['90s', 90_000],
    ['1500ms', 1500],
    ['1m', 60_000],
    ['1h', HOUR],
    ['1d', 24 * HOUR],
    ['1w', 7 * 24 * HOUR],
    ['1M', 30 * 24 * HOUR],
    ['1y', 365 * 24 * HOUR],
    ['1h30m', 1.5 * HOUR],
    ['1h 30m', 1.5 * HOUR],
    ['1h 30', HOUR + 30_000],
    ['1h30 ', HOUR + 30_000],
    ['30 ', 30_000],
    ['1s30', 31_000],
    ['1ms3', 3001],
    ['5 6', 11_000],
    [
      '1y2M3w4d5h6m7s8ms',
      365 * 24 * HOUR + 60 * 24 * HOUR + 21 * 24 * HOUR + 4 * 24 * HOUR + 5 * HOUR + 367_008,
    ],
    ['30m1h', null],
    ['1s1s', null],
    ['1s 1 ', null],
    ['', null],
    ['s', null],
    ['-1', null],
    ['1.5', null],
    ['1x', null],
    [' 1', 1000],
    ['h1', 1000],
    ['100y', null],
  ])
})

describe('parseTimeSeconds', () => {
  table(parseTimeSeconds, [
    ['30', 30],
    ['1m30s', 90],
    ['10ms', null],
    ['soon', null],
  ])
})

describe('parseCount', () => {
  table(parseCount, [
    ['0', 0],
    ['007', 7],
    ['-1', null],
    ['1k', null],
    ['', null],
    ['99999999999999999999', null],
  ])
})

describe('parseFlag', () => {
  table(parseFlag, [
    ['on', true],
    ['OFF', false],
    ['yes', null],
    ['', null],
  ])
})

describe('the hints to values that were refused', () => {
  const TOO_LONG = 'too large: a time is at most 68 years'
  const rows: readonly (readonly [what: string, hint: string, expected: string])[] = [
    ['a time with digits before many years', timeHint('99999999999999y', 'write'), TOO_LONG],
    ['a time just past the limit', timeHint('2147483648', 'write'), TOO_LONG],
    ['a time at the limit', timeHint('2147483647', 'write'), 'write'],
    ['no time', timeHint('soon', 'write'), 'write'],
    [
      'a count past exact numbers',
      countHint('9007199254740992', ''),
      'too large: at most 9007199254740991',
    ],
    ['a count past a limit', countHint('11', 'write', 10), 'too large: at most 10'],
    ['a count at a limit', countHint('10', 'write', 10), 'write'],
    ['no count', countHint('-99999999999999999999', 'write', 10), 'write'],
    ['a size past its limit', sizeHint('33k', 'write', '32k'), 'too large: at most 32k'],
    ['a size at its limit', sizeHint('32k', 'write', '32k'), 'write'],
    [
      'a size in a unit that only offsets have',
      sizeHint('1g', 'write', '2048m'),
      'write; "g" is for the sizes of bodies only',
    ],
    [
      'a size past exact numbers',
      sizeHint('9999999999999999999g', 'write', '32k'),
      'too large: at most 32k',
    ],
    ['no size', sizeHint('large', 'write', '32k'), 'write'],
    ['a port past the last', portHint('10.0.0.1:65536'), 'too large: a port goes from 1 to 65535'],
    ['a port before the first', portHint('[::1]:0'), 'a port goes from 1 to 65535'],
    ['no port', portHint('10.0.0.1:8o'), 'a port goes from 1 to 65535'],
  ]
  for (const [what, hint, expected] of rows) {
    it(`fit ${what}`, () => {
      assert.equal(hint, expected)
    })
  }
})
