// Memory that sockets read into: who owns which buffer, and which one is next.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  giveReadBuffer,
  HEADROOM_BYTES,
  READ_BYTES_MAX,
  ReadBuffer,
  SHARED_READ_BUFFER,
  setNextReadBuffer,
  takeNextReadBuffer,
  takeReadBuffer,
} from '../../src/base/read-buffers.ts'

describe('ReadBuffer', () => {
  it('has room for a head before what is read', () => {
    const { memory, view } = new ReadBuffer()
    assert.equal(memory.length, HEADROOM_BYTES + READ_BYTES_MAX)
    assert.equal(view.length, READ_BYTES_MAX)
    view[7] = 42
    assert.equal(memory[HEADROOM_BYTES + 7], 42)
  })

  it('shares its memory with no other, nor with the pool of small buffers', () => {
    const [one, other] = [new ReadBuffer(), new ReadBuffer()]
    assert.notEqual(one.memory.buffer, other.memory.buffer)
    assert.equal(one.memory.buffer.byteLength, one.memory.length)
    assert.notEqual(one.memory.buffer, SHARED_READ_BUFFER.buffer)
  })
})

describe('takeReadBuffer', () => {
  it('gives the one that was given back last', () => {
    const [one, other] = [takeReadBuffer(), takeReadBuffer()]
    assert.notEqual(one, other)
    giveReadBuffer(one)
    giveReadBuffer(other)
    assert.equal(takeReadBuffer(), other)
    assert.equal(takeReadBuffer(), one)
  })

  it('gives no buffer to two takers', () => {
    const taken = Array.from({ length: 20 }, takeReadBuffer)
    assert.equal(new Set(taken).size, 20)
    for (const buffer of taken) giveReadBuffer(buffer)
    const again = Array.from({ length: 20 }, takeReadBuffer)
    assert.deepEqual(new Set(again), new Set(taken))
    assert.equal(new Set(again).size, 20)
  })

  it('keeps a limited number of those that came back', () => {
    const many = Array.from({ length: 200 }, takeReadBuffer)
    for (const buffer of many) giveReadBuffer(buffer)
    const known = new Set(many)
    const kept = Array.from({ length: 200 }, takeReadBuffer).filter(buffer => known.has(buffer))
    assert.equal(kept.length, 128)
  })
})

describe('takeNextReadBuffer', () => {
  it('is the shared one unless somebody asked for another', () => {
    assert.equal(takeNextReadBuffer(), SHARED_READ_BUFFER)
    const { view } = new ReadBuffer()
    setNextReadBuffer(view)
    assert.equal(takeNextReadBuffer(), view)
    assert.equal(takeNextReadBuffer(), SHARED_READ_BUFFER)
  })
})
