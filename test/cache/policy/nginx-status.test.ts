// The words of the cache status, and what a request does with a stale entry.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  CACHE_STATUSES,
  decideStaleStep,
  statusWord,
} from '../../../src/cache/policy/nginx-status.ts'

describe('statusWord', () => {
  it('shows every word but one as it is', () => {
    const words = CACHE_STATUSES.map(statusWord)
    assert.deepEqual(words, [
      'MISS',
      'BYPASS',
      'EXPIRED',
      'STALE',
      'UPDATING',
      'REVALIDATED',
      'HIT',
      'MISS',
    ])
  })
})

describe('decideStaleStep', () => {
  for (const [reuse, isUpdating, isBackground, want] of [
    ['fresh', false, false, 'HIT'],
    ['fresh', true, true, 'HIT'],
    ['validate', false, false, 'EXPIRED'],
    ['validate', false, true, 'EXPIRED'],
    ['validate', true, true, 'EXPIRED'],
    ['stale-while-updating', true, false, 'UPDATING'],
    ['stale-while-updating', true, true, 'UPDATING'],
    ['stale-while-updating', false, true, 'STALE'],
    ['stale-while-updating', false, false, 'EXPIRED'],
  ] as const) {
    const who = isUpdating ? 'while another updates' : 'alone'
    it(`says ${want} for ${reuse}, ${who}, background ${isBackground}`, () => {
      assert.equal(decideStaleStep(reuse, isUpdating, isBackground), want)
    })
  }
})
