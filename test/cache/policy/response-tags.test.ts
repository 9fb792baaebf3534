// Tags from the three fields that caches know.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { tagsOf } from '../../../src/cache/policy/response-tags.ts'
import { responseOf } from './nginx-predicted.ts'

describe('tagsOf', () => {
  for (const [name, lines, want] of [
    ['none', ['ETag: "a"'], []],
    ['commas', ['Cache-Tag: a,b, c'], ['a', 'b', 'c']],
    ['spaces', ['Surrogate-Key: a  b'], ['a', 'b']],
    ['another case of the name', ['XKEY: a'], ['a']],
    ['several lines and fields', ['xkey: a', 'Cache-Tag: b', 'xkey: c'], ['b', 'a', 'c']],
    ['one twice', ['Cache-Tag: a, b, a', 'xkey: b'], ['a', 'b']],
    ['nothing in it', ['Cache-Tag: , ,', 'xkey:'], []],
    ['case of the tag', ['Cache-Tag: a, A'], ['a', 'A']],
  ] as const) {
    it(`reads ${name}`, () => assert.deepEqual(tagsOf(responseOf(200, lines).fields), want))
  }

  it('keeps 256 of many', () => {
    const many = Array.from({ length: 1000 }, (_, i) => `t${i}`).join(' ')
    assert.equal(tagsOf(responseOf(200, [`xkey: ${many}`]).fields).length, 256)
  })
})
