// The first bytes of a body: how many are kept, and that no more than those are.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FirstBytes } from '../../src/probe/first-bytes.ts'

describe('FirstBytes', () => {
  it('keeps what comes in parts, up to its limit', () => {
    const first = new FirstBytes(10)
    first.add(Buffer.from('abc'))
    first.add(Buffer.alloc(0))
    first.add(Buffer.from('defghij'))
    assert.equal(first.isCut, false)
    first.add(Buffer.from('k'))
    assert.equal(first.isCut, true)
    assert.equal(first.bytes.toString(), 'abcdefghij')
  })

  it('keeps the beginning of a part that is too long', () => {
    const first = new FirstBytes(5000)
    first.add(Buffer.alloc(4999, 'x'))
    first.add(Buffer.from('yz'))
    assert.equal(first.length, 5000)
    assert.equal(first.isCut, true)
    assert.equal(first.bytes.toString('latin1', 4998), 'xy')
  })

  it('begins again', () => {
    const first = new FirstBytes(3)
    first.add(Buffer.from('long'))
    first.clear()
    assert.deepEqual([first.length, first.isCut], [0, false])
    first.add(Buffer.from('b'))
    assert.equal(first.bytes.toString(), 'b')
  })

  it('lets go of what a part was read into', () => {
    const first = new FirstBytes(1000)
    const read = Buffer.alloc(65_536, 'x')
    for (let at = 0; at < 1000; at++) first.add(read.subarray(at, at + 1))
    assert.notEqual(first.bytes.buffer, read.buffer)
    assert.ok(first.bytes.buffer.byteLength <= 4096)
  })
})
