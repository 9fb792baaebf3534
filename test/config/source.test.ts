// Offsets to lines and columns.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { lineText, makeSource, originAt } from '../../src/config/source.ts'

describe('makeSource', () => {
  it('drops a byte order mark', () => {
    const source = makeSource('f', '\ufeffab')
    assert.equal(source.text, 'ab')
    assert.equal(originAt(source, 0, 1).column, 1)
  })
})

describe('originAt', () => {
  const source = makeSource('f', 'ab\r\ncd\n\nx')
  const rows: readonly (readonly [name: string, start: number, end: number, place: string])[] = [
    ['the first character', 0, 1, '1:1-2'],
    ['the second line', 4, 6, '2:1-3'],
    ['an empty line', 7, 8, '3:1-2'],
    ['the last line', 8, 9, '4:1-2'],
    ['what spans lines, up to the end of its first', 1, 6, '1:2-3'],
    ['an empty span', 4, 4, '2:1-2'],
    ['an offset behind the end', 99, 120, '4:2-3'],
    ['an offset before the start', -5, 1, '1:1-2'],
  ]
  for (const [name, start, end, place] of rows) {
    it(`places ${name}`, () => {
      const origin = originAt(source, start, end)
      assert.equal(`${origin.line}:${origin.column}-${origin.endColumn}`, place)
      assert.equal(origin.file, 'f')
    })
  }
})

describe('lineText', () => {
  it('gives lines without their ends', () => {
    const source = makeSource('f', 'ab\r\ncd\n')
    assert.deepEqual(
      [0, 1, 2, 3, 4].map(line => lineText(source, line)),
      ['', 'ab', 'cd', '', ''],
    )
  })
})
