import assert from 'node:assert/strict'
import { isIPv6 } from 'node:net'
import { describe, it } from 'node:test'

import fc from 'fast-check'
import { IpAddress, ipv4Text, ipv6Text, parseIpv4, readIpv6 } from '../../src/base/ip-address.ts'

describe('parseIpv4', () => {
  const rows: readonly (readonly [text: string, value: number])[] = [
    ['0.0.0.0', 0],
    ['127.0.0.1', 0x7f00_0001],
    ['255.255.255.255', 0xffff_ffff],
    ['010.1.2.3', 0x0a01_0203],
    ['10..2.3', 0x0a00_0203],
    ['...', 0],
    ['256.1.1.1', -1],
    ['1.2.3', -1],
    ['1.2.3.4.5', -1],
    ['1.2.3.4 ', -1],
    ['::1', -1],
    ['', -1],
  ]
  for (const [text, value] of rows) {
    it(`reads "${text}"`, () => assert.equal(parseIpv4(text), value))
  }

  it('reads what ipv4Text writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), value => {
        assert.equal(parseIpv4(ipv4Text(value)), value)
      }),
    )
  })
})

describe('readIpv6', () => {
  const words = new Uint32Array(4)

  it('takes what the platform takes, and nothing else', () => {
    const piece = fc.constantFrom(
      '0',
      '1',
      'ff',
      'FFFF',
      '12345',
      ':',
      '::',
      ':',
      'g',
      '1.2.3.4',
      '',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
        const text = pieces.join('')
        // A number of IPv4 may begin with zeros, as in nginx.
        fc.pre(!/(?:^|\D)0\d+\./.test(text))
        assert.equal(readIpv6(text, words), isIPv6(text), text)
      }),
      { numRuns: 3000 },
    )
  })

  it('reads what ipv6Text writes', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff_ffff }))
    fc.assert(
      fc.property(fc.array(group, { minLength: 4, maxLength: 4 }), written => {
        const text = ipv6Text(written)
        assert.equal(isIPv6(text), true, text)
        assert.equal(readIpv6(text, words), true, text)
        assert.deepEqual([...words], written)
      }),
    )
  })
})

describe('ipv6Text', () => {
  const rows: readonly (readonly [words: readonly number[], text: string])[] = [
    [[0, 0, 0, 0], '::'],
    [[0, 0, 0, 1], '::1'],
    [[0x2001_0db8, 0, 0, 7], '2001:db8::7'],
    [[0x0001_0000, 0x0000_0002, 0, 0x0000_0003], '1:0:0:2::3'],
    [[0, 0, 0x0000_ffff, 0xc000_0209], '::ffff:192.0.2.9'],
    [[0, 0, 0, 0xc000_0209], '::192.0.2.9'],
    [[0x0001_0000, 0x0002_0003, 0x0004_0005, 0x0006_0007], '1:0:2:3:4:5:6:7'],
    [[0x2001_0db8, 0, 0, 0], '2001:db8::'],
  ]
  for (const [words, text] of rows) {
    it(`writes ${text}`, () => assert.equal(ipv6Text(words), text))
  }
})

describe('IpAddress', () => {
  const address = new IpAddress()

  it('takes IPv4 within IPv6 for IPv4', () => {
    assert.equal(address.read('::ffff:10.0.0.1').family, 4)
    assert.equal(address.value, 0x0a00_0001)
  })

  it('leaves the zone out', () => {
    assert.equal(address.read('fe80::1%lo').family, 6)
    assert.deepEqual([...address.words], [0xfe80_0000, 0, 0, 1])
  })

  it('says when it is none, also after one', () => {
    assert.equal(address.read('::1').family, 6)
    for (const text of ['', 'unix:', 'word', '1.2.3', '[::1]', '::1:']) {
      assert.equal(address.read(text).family, 0, text)
    }
  })
})
