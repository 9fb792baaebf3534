// The checksum in pieces against the one of zlib over the whole.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import {
  CRC_START,
  crcByte,
  crcDecimal,
  crcEnd,
  crcText,
  crcWord,
} from '../../src/balance/crc32.ts'

describe('crc32', () => {
  it('is that of zlib for text, bytes, words and digits one after another', () => {
    const text = fc.array(fc.nat(255)).map(codes => String.fromCharCode(...codes))
    fc.assert(
      fc.property(text, fc.nat(255), fc.nat(2 ** 32 - 1), fc.nat(100_000), (key, byte, word, n) => {
        const number = Buffer.alloc(4)
        number.writeUInt32LE(word)
        const whole = [Buffer.from(key, 'latin1'), Buffer.from([byte]), number, Buffer.from(`${n}`)]
        const state = crcDecimal(crcWord(crcByte(crcText(CRC_START, key), byte), word), n)
        assert.equal(crcEnd(state) >>> 0, crc32(Buffer.concat(whole)))
      }),
    )
  })
})
