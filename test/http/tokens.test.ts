// Byte classes of RFC 9110 §5.5, §5.6.2 for all 256 bytes, and lists of §5.6.1.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  equalsIgnoreCase,
  hasListMember,
  isFieldValue,
  isToken,
  splitList,
  startsWithIgnoreCase,
  TARGET_BYTE,
  TOKEN_LOWER,
  TOKEN_UNUSUAL,
  VALUE_BYTE,
} from '../../src/http/tokens.ts'

describe('the byte tables', () => {
  it('class every byte as the RFC does', () => {
    for (let byte = 0; byte < 256; byte++) {
      const char = String.fromCharCode(byte)
      const isTokenByte = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(char)
      assert.equal(TOKEN_LOWER[byte] !== 0, isTokenByte, `token 0x${byte.toString(16)}`)
      if (isTokenByte) assert.equal(TOKEN_LOWER[byte]! & 0x7f, char.toLowerCase().charCodeAt(0))
      const isUnusual = isTokenByte && !/[0-9A-Za-z-]/.test(char)
      assert.equal((TOKEN_LOWER[byte]! & TOKEN_UNUSUAL) !== 0, isUnusual)
      assert.equal(VALUE_BYTE[byte] === 1, /[\t\x20-\x7e\x80-\xff]/.test(char))
      assert.equal(TARGET_BYTE[byte] === 1, /[\x21\x22\x24-\x7e]/.test(char))
      assert.equal(isToken(char), isTokenByte)
      assert.equal(isFieldValue(char), VALUE_BYTE[byte] === 1)
    }
  })

  it('hold no character above 0xff', () => {
    assert.equal(isToken('a\u0161'), false)
    assert.equal(isFieldValue('\u0161'), false)
    assert.equal(isToken(''), false)
    assert.equal(isFieldValue(''), true)
  })
})

describe('equalsIgnoreCase', () => {
  it('compares ASCII letters only', () => {
    assert.ok(equalsIgnoreCase('ChunKED', 'chunked'))
    assert.ok(!equalsIgnoreCase('chunkedx', 'chunked'))
    assert.ok(!equalsIgnoreCase('[', '{'))
    assert.ok(!equalsIgnoreCase('\u212a', 'k'))
    assert.ok(startsWithIgnoreCase('a X-Y', 'x-', 2))
    assert.ok(!startsWithIgnoreCase('ab', 'abc', 0))
  })
})

describe('hasListMember', () => {
  for (const [list, member, has] of [
    ['trailers', 'trailers', true],
    ['gzip ,\tTrailers', 'trailers', true],
    ['gzip;q=1, trailers;q=0.5', 'trailers', true],
    ['trailersx', 'trailers', false],
    ['a="x, trailers"', 'trailers', false],
    ['"a\\", trailers", b', 'trailers', false],
    ['', 'a', false],
    [',,a', 'a', true],
  ] as const) {
    it(`${has ? 'finds' : 'does not find'} ${member} in ${JSON.stringify(list)}`, () => {
      assert.equal(hasListMember(list, member), has)
    })
  }
})

describe('splitList', () => {
  it('splits at commas outside of quotes and leaves empty members out', () => {
    assert.deepEqual(splitList(' a ,, b="c, d" ,\te;f , '), ['a', 'b="c, d"', 'e;f'])
    assert.deepEqual(splitList('"a\\"b, c", d'), ['"a\\"b, c"', 'd'])
    assert.deepEqual(splitList(''), [])
  })
})
