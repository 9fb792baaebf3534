// What requests demand of caches: RFC 9111 §5.2.1, §5.4; RFC 5861 §4.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readDemand } from '../../../src/cache/policy/demand.ts'
import { PLAIN_DEMAND, type RequestDemand } from '../../../src/cache/policy/policy.ts'
import { request } from './policy-heads.ts'

const ROWS: readonly (readonly [name: string, lines: string[], found: Partial<RequestDemand>])[] = [
  ['nothing', [], {}],
  ['an empty field', ['Cache-Control:'], {}],
  ['no-cache', ['Cache-Control: no-cache'], { isValidated: true }],
  ['no-cache with a name', ['Cache-Control: no-cache="a"'], { isValidated: true }],
  ['no-store', ['Cache-Control: No-Store'], { isNotStored: true }],
  ['only-if-cached', ['Cache-Control: only-if-cached'], { onlyIfCached: true }],
  [
    'the three times',
    ['Cache-Control: max-age=1, min-fresh=2, max-stale=3'],
    {
      maxAge: 1,
      minFresh: 2,
      maxStale: 3,
    },
  ],
  ['max-stale alone', ['Cache-Control: max-stale'], { maxStale: Number.POSITIVE_INFINITY }],
  ['stale-if-error', ['Cache-Control: stale-if-error=4'], { staleIfError: 4 }],
  [
    'several lines',
    ['Cache-Control: max-age=1', 'Cache-Control: no-store'],
    {
      maxAge: 1,
      isNotStored: true,
    },
  ],
  ['a max-age that is no number', ['Cache-Control: max-age=a'], { maxAge: 0 }],
  ['a min-fresh that is no number', ['Cache-Control: min-fresh=a'], {}],
  ['directives of responses', ['Cache-Control: private, must-revalidate, public'], {}],
  ['unknown directives', ['Cache-Control: a, b="no-cache"'], {}],
  ['Pragma', ['Pragma: no-cache'], { isValidated: true }],
  ['Pragma in a list', ['Pragma: a, No-Cache'], { isValidated: true }],
  ['another Pragma', ['Pragma: no-store'], {}],
  ['Pragma with Cache-Control', ['Pragma: no-cache', 'Cache-Control: max-age=1'], { maxAge: 1 }],
  ['Authorization alone', ['Authorization: a'], {}],
]

describe('readDemand', () => {
  for (const [name, lines, found] of ROWS) {
    it(`reads ${name}`, () => {
      const demand = { ...PLAIN_DEMAND, ...found }
      assert.deepEqual(readDemand(request(lines)), demand)
      assert.deepEqual(readDemand(request(lines)), demand, 'the second time too')
    })
  }

  it('makes nothing for a request that demands nothing', () => {
    assert.equal(readDemand(request()), PLAIN_DEMAND)
  })
})
