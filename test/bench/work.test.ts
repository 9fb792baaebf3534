/**
 * Tests of the table of work and of the bodies made for it.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { makeBody, WORK } from '../../bench/macro/work.ts'

describe('WORK', () => {
  it('has a row in the document for each kind of work', () => {
    const text = readFileSync(join(import.meta.dirname, '../../docs/benchmark.md'), 'utf8')
    const named = Array.from(text.matchAll(/^\| `([^`]+)` \|/gm), match => match[1])
    assert.deepEqual(
      named,
      WORK.map(item => item.name),
    )
  })
})

describe('makeBody', () => {
  it('is the same each time and of the length asked for', () => {
    assert.equal(makeBody(1000).length, 1000)
    assert.deepEqual(makeBody(1000), makeBody(1000))
    assert.equal(makeBody(0).length, 0)
  })

  it('does not repeat at the sizes buffers have', () => {
    const body = makeBody(256 * 1024)
    for (const stride of [1024, 4096, 16_384, 65_536]) {
      const first = body.subarray(0, stride)
      assert.notDeepEqual(first, body.subarray(stride, 2 * stride))
    }
  })

  it('holds nothing that a configuration or a script would read as its own', () => {
    assert.match(makeBody(10_000).toString('latin1'), /^[a-z]+$/)
  })
})
