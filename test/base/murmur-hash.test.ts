import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { murmurHash2 } from '../../src/base/murmur-hash.ts'

/** The algorithm word for word over bytes, with arithmetic of any size. */
function reference(bytes: Buffer): number {
  const mask = 0xffff_ffffn
  const multiplier = 0x5bd1e995n
  const times = (a: bigint): bigint => (a * multiplier) & mask
  let hash = BigInt(bytes.length)
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) {
    let word = times(BigInt(bytes.readUInt32LE(at)))
    word = times(word ^ (word >> 24n))
    hash = times(hash) ^ word
  }
  const tail = bytes.subarray(at)
  if (tail.length > 0) {
    let word = 0n
    tail.forEach((byte, index) => {
      word |= BigInt(byte) << BigInt(8 * index)
    })
    hash = times(hash ^ word)
  }
  hash = times(hash ^ (hash >> 13n))
  return Number(hash ^ (hash >> 15n))
}

describe('murmurHash2', () => {
  it('is the algorithm, for texts of every length', () => {
    for (let length = 0; length < 70; length++) {
      const bytes = Buffer.from(
        Array.from({ length }, (_, index) => (index * 89 + length * 31) & 0xff),
      )
      assert.equal(murmurHash2(bytes.toString('latin1')), reference(bytes), `length ${length}`)
    }
  })

  it('gives 0 for nothing', () => assert.equal(murmurHash2(''), 0))
})
