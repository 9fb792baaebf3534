// The kept bytes: known again only where every byte is the same, wherever the difference lies.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KeptBytes } from '../../src/base/kept-bytes.ts'
import { SHARED_READ_BUFFER } from '../../src/base/read-buffers.ts'

function put(text: string): number {
  return SHARED_READ_BUFFER.write(text, 0, 'latin1')
}

describe('KeptBytes', () => {
  it('knows what it keeps, of any length, whatever follows', () => {
    for (let length = 1; length <= 300; length++) {
      const text = Array.from({ length }, (_, i) => String.fromCharCode(33 + (i % 90))).join('')
      const kept = new KeptBytes()
      kept.keep(SHARED_READ_BUFFER, 0, put(`${text}abcd`) - 4)
      assert.equal(kept.length, length)
      for (const rest of ['', 'x', 'xy', 'xyz', 'wxyz']) {
        const to = put(`${text}${rest}~~~~`) - 4
        assert.equal(kept.isStartOf(SHARED_READ_BUFFER, 0, to), true, `${length} and "${rest}"`)
      }
    }
  })

  it('does not know bytes of which one differs, whichever', () => {
    for (const length of [1, 2, 3, 4, 5, 63, 64, 65, 257]) {
      const kept = new KeptBytes()
      kept.keep(SHARED_READ_BUFFER, 0, put('a'.repeat(length)))
      for (let at = 0; at < length; at++) {
        const to = put(`${'a'.repeat(at)}b${'a'.repeat(length - at - 1)}`)
        assert.equal(kept.isStartOf(SHARED_READ_BUFFER, 0, to), false, `${at} of ${length}`)
      }
    }
  })

  it('does not know fewer bytes, also when the memory behind them still holds the rest', () => {
    const kept = new KeptBytes()
    const to = put('GET / HTTP/1.1\r\n\r\n')
    kept.keep(SHARED_READ_BUFFER, 0, to)
    assert.equal(kept.isStartOf(SHARED_READ_BUFFER, 0, to - 1), false)
    assert.equal(kept.isStartOf(SHARED_READ_BUFFER, 0, 0), false)
  })

  it('keeps nothing from elsewhere, nothing too long, and nothing after clear', () => {
    const kept = new KeptBytes()
    const to = put('x'.repeat(5000))
    const other = Buffer.from('x'.repeat(100))
    const rows: [string, () => void][] = [
      ['not at the start', () => kept.keep(SHARED_READ_BUFFER, 1, 100)],
      ['another buffer', () => kept.keep(other, 0, 100)],
      ['too long', () => kept.keep(SHARED_READ_BUFFER, 0, 4097)],
      ['cleared', () => kept.clear()],
    ]
    for (const [name, change] of rows) {
      kept.keep(SHARED_READ_BUFFER, 0, 100)
      assert.equal(kept.isStartOf(SHARED_READ_BUFFER, 0, to), true)
      change()
      assert.equal(kept.length, 0, name)
      assert.equal(kept.isStartOf(SHARED_READ_BUFFER, 0, to), false, name)
    }
    kept.keep(SHARED_READ_BUFFER, 0, 100)
    assert.equal(kept.isStartOf(other, 0, 100), false)
    assert.equal(kept.isStartOf(SHARED_READ_BUFFER, 1, 101), false)
  })
})
