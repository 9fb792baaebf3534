// Which ranges are too far behind to be fetched with everything before them, alone and beside
// nginx.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { isRangeFarBehind } from '../../../src/cache/policy/nginx-range.ts'
import { withoutNginx } from '../../harness/beside-nginx.ts'
import { CachingNginx } from './caching-nginx.ts'

const RANGES: readonly (readonly [range: string, offsetMax: 0 | 10, want: boolean])[] = [
  ['bytes=0-5', 10, false],
  ['bytes=9-', 10, false],
  ['bytes=10-', 10, true],
  ['bytes=11-20', 10, true],
  ['bytes=0-1,50-60', 10, false],
  ['bytes=50-60,0-1', 10, true],
  ['bytes=-5', 10, true],
  ['bytes= 5-', 10, false],
  ['bytes=  50-', 10, true],
  ['BYTES=50-', 10, true],
  ['bytes=', 10, false],
  ['bytes=x', 10, false],
  ['bytes=,50-', 10, false],
  ['bytes =50-', 10, false],
  ['items=50-', 10, false],
  ['junk', 10, false],
  ['bytes=0-5', 0, true],
  ['junk', 0, true],
]

describe('isRangeFarBehind', () => {
  for (const [range, offsetMax, want] of RANGES) {
    it(`says ${want} for ${JSON.stringify(range)} with ${offsetMax}`, () => {
      assert.equal(isRangeFarBehind(range, offsetMax), want)
    })
  }

  it('says false without a limit', () => assert.equal(isRangeFarBehind('bytes=-5', null), false))
})

describe('isRangeFarBehind beside nginx', { skip: withoutNginx(), timeout: 60_000 }, () => {
  let nginx: CachingNginx
  before(async () => {
    nginx = await CachingNginx.start()
  })
  after(() => nginx.end())

  for (const [range, offsetMax, want] of RANGES) {
    it(`agrees on ${JSON.stringify(range)} with ${offsetMax}`, async () => {
      const seen: boolean[] = []
      const target = nginx.target(`range-${offsetMax}`, head => {
        seen.push(/\r\nRange:/i.test(head))
        return 'HTTP/1.1 200 OK\r\nX-Accel-Expires: 60\r\nConnection: close\r\n\r\n0123456789abcdef'
      })
      await nginx.ask(target, [`Range: ${range}`])
      assert.deepEqual(seen, [want], 'whether the origin sees the range')
      assert.equal((await nginx.ask(target, [`Range: ${range}`])).word, want ? 'MISS' : 'HIT')
    })
  }
})
