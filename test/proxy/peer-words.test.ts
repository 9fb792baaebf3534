// Small rules about what peers say and clients are: paths of X-Accel-Redirect, X-Accel-Buffering, browsers that cannot
// keep a connection, ranges that are cut out of what passes.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defaultSettings } from '../../src/model/defaults.ts'
import type { OldBrowser } from '../../src/model/settings.ts'
import { parseUri } from '../../src/proxy/accel.ts'
import { forcedRange, RangeCut } from '../../src/proxy/forced-range.ts'
import { isTooOld } from '../../src/proxy/old-browsers.ts'
import { isBuffered } from '../../src/proxy/peer-buffering.ts'
import { makeExchange, setResponse } from './exchange-fixture.ts'

describe('parseUri', () => {
  for (const [text, path, args = ''] of [
    ['/a', '/a'],
    ['/a?b=c?d', '/a', 'b=c?d'],
    ['/a%20b%3fc', '/a b?c'],
    ['/a%zzb', '/azzb'],
    ['/a%2', '/a'],
    ['/a..b/..c', '/a..b/..c'],
    ['relative', 'relative'],
  ] as const) {
    it(`takes ${text}`, () => assert.deepEqual(parseUri(text), { path, args }))
  }

  for (const text of [
    '',
    '?a',
    '..',
    '../a',
    '/a/..',
    '/a/../b',
    '/a/%2e%2e/b',
    '/a%2f..',
    '/%00',
  ]) {
    it(`refuses "${text}"`, () => assert.equal(parseUri(text), null))
  }
})

describe('isBuffered', () => {
  const { proxy } = defaultSettings('nginx/1.30', '/')
  for (const [lines, isBuffering, expected] of [
    [[], true, true],
    [['X-Accel-Buffering: no'], true, false],
    [['X-Accel-Buffering: YES'], false, true],
    [['X-Accel-Buffering: perhaps'], false, false],
    [['X-Accel-Buffering: no', 'X-Accel-Buffering: yes'], true, true],
  ] as const) {
    it(`is ${expected} with [${lines}] where the location says ${isBuffering}`, () => {
      const exchange = makeExchange(['GET / HTTP/1.1', 'Host: a'])
      setResponse(exchange, ['HTTP/1.1 200 OK', ...lines])
      assert.equal(isBuffered(exchange.responseHead, { ...proxy, isBuffering }), expected)
      const ignoring = { isBuffering, ignoreFields: ['x-accel-buffering'] as const }
      assert.equal(isBuffered(exchange.responseHead, ignoring), isBuffering)
    })
  }
})

describe('isTooOld', () => {
  const ROWS: readonly (readonly [string, string, readonly OldBrowser[], boolean])[] = [
    ['POST', 'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)', ['msie6'], true],
    ['POST', 'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)', ['msie6'], false],
    ['POST', 'Mozilla/4.0 (compatible; MSIE 5.01; Windows NT)', ['msie6'], true],
    ['POST', 'Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.0)', ['msie6'], false],
    ['POST', 'Mozilla/4.0 (compatible; MSIE 6.0; X) Opera 8.0', ['msie6'], false],
    ['GET', 'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)', ['msie6'], false],
    ['POST', 'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)', ['safari'], false],
    ['GET', 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_6) Safari/533', ['safari'], true],
    ['GET', 'Mozilla/5.0 (Macintosh; Intel Mac OS X) Chrome/90 Safari/537', ['safari'], false],
    ['GET', 'Mozilla/5.0 (Windows NT 10.0) Safari/533', ['safari'], false],
  ]
  for (const [method, agent, disabled, expected] of ROWS) {
    it(`is ${expected} of ${method} by ${agent} with ${disabled}`, () => {
      const { head } = makeExchange([`${method} / HTTP/1.1`, 'Host: a', `User-Agent: ${agent}`])
      assert.equal(isTooOld(head, disabled), expected)
    })
  }

  it('is false without a name', () => {
    const { head } = makeExchange(['POST / HTTP/1.1', 'Host: a'])
    assert.equal(isTooOld(head, ['msie6', 'safari']), false)
  })
})

describe('forcedRange', () => {
  const WHOLE = ['HTTP/1.1 200 OK', 'ETag: "e"', 'Content-Length: 10']
  for (const [range, expected, lines = WHOLE] of [
    ['bytes=2-4', { start: 2, end: 5 }],
    ['bytes=-3', { start: 7, end: 10 }],
    ['bytes=20-', 'unsatisfiable'],
    ['bytes=1-2,4-5', null],
    ['items=1-2', null],
    ['bytes=2-4', null, ['HTTP/1.1 404 No', 'Content-Length: 10']],
    ['bytes=2-4', null, ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked']],
  ] as const) {
    it(`makes ${JSON.stringify(expected)} of ${range} and ${lines[0]}`, () => {
      const exchange = makeExchange(['GET / HTTP/1.1', 'Host: a', `Range: ${range}`])
      setResponse(exchange, [...lines])
      assert.deepEqual(forcedRange(exchange, exchange.responseHead!), expected)
    })
  }

  it('holds for the state that If-Range names', () => {
    for (const [tag, expected] of [
      ['"e"', { start: 0, end: 2 }],
      ['"f"', null],
    ] as const) {
      const exchange = makeExchange([
        'GET / HTTP/1.1',
        'Host: a',
        'Range: bytes=0-1',
        `If-Range: ${tag}`,
      ])
      setResponse(exchange, WHOLE)
      assert.deepEqual(forcedRange(exchange, exchange.responseHead!), expected)
    }
  })
})

describe('RangeCut', () => {
  it('passes what lies in the range, whatever the pieces', () => {
    const body = '0123456789'
    for (const size of [1, 2, 3, 4, 7, 10]) {
      for (const [start, end] of [
        [0, 1],
        [0, 10],
        [3, 8],
        [9, 10],
      ] as const) {
        const cut = new RangeCut({ start, end })
        let passed = ''
        for (let at = 0; at < body.length; at += size) {
          const to = Math.min(body.length, at + size)
          const first = cut.start(at)
          const last = cut.end(at, to)
          if (first < last) passed += body.slice(first, last)
        }
        assert.equal(passed, body.slice(start, end), `${start}-${end} in pieces of ${size}`)
      }
    }
  })
})
