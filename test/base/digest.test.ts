import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { digestHex, digestOf, isSameDigest, parseDigestHex } from '../../src/base/digest.ts'

const TEXTS = ['', 'a', '/group1/M00/00/00/x.jpg', '\xe4\xf6\xfc\xff', 'k'.repeat(70_000)]

describe('digestOf', () => {
  it('is the MD5 of the latin-1 bytes', () => {
    // RFC 1321 A.5.
    assert.equal(digestHex(digestOf('abc')), '900150983cd24fb0d6963f7d28e17f72')
    for (const text of TEXTS) {
      const expected = createHash('md5').update(text, 'latin1').digest('hex')
      assert.equal(digestHex(digestOf(text)), expected)
    }
  })

  it('is four little endian numbers', () => {
    assert.equal(digestOf('abc')[0]! >>> 0, 0x98500190)
  })
})

describe('isSameDigest', () => {
  it('compares all sixteen bytes', () => {
    for (let cell = 0; cell < 4; cell++) {
      const other = digestOf('abc')
      assert.ok(isSameDigest(other, digestOf('abc')))
      other[cell]! ^= 1 << 31
      assert.ok(!isSameDigest(other, digestOf('abc')))
    }
  })
})

describe('parseDigestHex', () => {
  it('reads what digestHex writes', () => {
    for (const text of TEXTS) {
      assert.deepEqual(parseDigestHex(digestHex(digestOf(text))), digestOf(text))
    }
  })

  for (const [name, hex] of [
    ['empty text', ''],
    ['one digit too few', '0'.repeat(31)],
    ['one digit too many', '0'.repeat(33)],
    ['upper case, as no file of a cache is named', 'A'.repeat(32)],
    ['a letter past f', `${'0'.repeat(31)}g`],
    ['a line end after it', `${'0'.repeat(32)}\n`],
  ] as const) {
    it(`refuses ${name}`, () => assert.equal(parseDigestHex(hex), null))
  }
})
