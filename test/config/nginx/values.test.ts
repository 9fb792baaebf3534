// Sizes, times and numbers as nginx reads them. Rows marked in the acceptance test were tried with
// a real nginx.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  parseCount,
  parseFlag,
  parseOffset,
  parseSize,
  parseTimeMs,
  parseTimeSeconds,
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
