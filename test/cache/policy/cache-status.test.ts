// The Cache-Status field: RFC 9211 §2, written as RFC 9651 §4.1 says.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CacheOutcome, cacheStatusLine } from '../../../src/cache/policy/cache-status.ts'

const HIT: CacheOutcome = {
  cache: 'headgate',
  forward: null,
  forwardStatus: 0,
  ttlSeconds: null,
  isStored: false,
  isCollapsed: false,
  key: '',
  detail: '',
}

const ROWS: readonly (readonly [found: Partial<CacheOutcome>, text: string])[] = [
  [{}, 'headgate; hit'],
  [{ ttlSeconds: 376.9 }, 'headgate; hit; ttl=376'],
  [{ ttlSeconds: -412 }, 'headgate; hit; ttl=-412'],
  [{ forward: 'uri-miss' }, 'headgate; fwd=uri-miss'],
  [{ forward: 'miss', isStored: true }, 'headgate; fwd=miss; stored'],
  [{ forward: 'uri-miss', isCollapsed: true }, 'headgate; fwd=uri-miss; collapsed'],
  [{ forward: 'stale', forwardStatus: 304 }, 'headgate; fwd=stale; fwd-status=304'],
  [{ isStored: true, isCollapsed: true }, 'headgate; hit'],
  [{ cache: 'my cache' }, '"my cache"; hit'],
  [{ key: 'a"b\\c' }, 'headgate; hit; key="a\\"b\\\\c"'],
  [{ key: 'a\xe9\r\nb' }, 'headgate; hit; key="a???b"'],
  [{ detail: 'LOCKED' }, 'headgate; hit; detail=LOCKED'],
  [{ detail: 'no room' }, 'headgate; hit; detail="no room"'],
]

describe('cacheStatusLine', () => {
  for (const [found, text] of ROWS) {
    it(`is ${text}`, () => {
      assert.equal(cacheStatusLine({ ...HIT, ...found }), `Cache-Status: ${text}\r\n`)
    })
  }
})
