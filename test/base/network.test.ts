import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { networkText, parseNetwork, parseRange } from '../../src/base/network.ts'

describe('parseNetwork', () => {
  const rows: readonly (readonly [text: string, plain: string, hasLowBits: boolean])[] = [
    ['10.0.0.0/8', '10.0.0.0/8', false],
    ['10.1.2.3/8', '10.0.0.0/8', true],
    ['10.1.2.3', '10.1.2.3', false],
    ['10.1.2.3/32', '10.1.2.3', false],
    ['0.0.0.0/0', '0.0.0.0/0', false],
    ['1.2.3.4/0', '0.0.0.0/0', true],
    ['255.255.255.255', '255.255.255.255', false],
    ['2001:DB8:0::/32', '2001:db8::/32', false],
    ['2001:db8::1/32', '2001:db8::/32', true],
    ['::1', '::1', false],
    ['::/0', '::/0', false],
    ['::ffff:10.0.0.0/104', '::ffff:10.0.0.0/104', false],
  ]
  for (const [text, plain, hasLowBits] of rows) {
    it(`takes ${text}`, () => {
      const written = parseNetwork(text)
      assert.ok(written !== null)
      assert.equal(networkText(written.network), plain)
      assert.equal(written.hasLowBits, hasLowBits)
    })
  }

  for (const text of [
    '',
    'word',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/x',
    '10.0.0.0/-1',
    '10.0.0/8',
    '255.255.255.255/32',
    'fe80::1%lo',
    '[::1]',
    '10.0.0.0/8/8',
  ]) {
    it(`refuses "${text}"`, () => assert.equal(parseNetwork(text), null))
  }
})

describe('parseRange', () => {
  it('takes two addresses of IPv4', () => {
    const range = parseRange('10.0.0.1-10.0.1.0')
    assert.deepEqual(range, { family: 4, first: 0x0a00_0001, last: 0x0a00_0100 })
    assert.equal(networkText(range!), '10.0.0.1-10.0.1.0')
  })

  it('is a network where it happens to be one', () => {
    assert.equal(networkText(parseRange('10.0.0.0-10.0.0.255')!), '10.0.0.0/24')
  })

  for (const text of [
    '10.0.0.1',
    '10.0.0.2-10.0.0.1',
    '1-2',
    '10.0.0.1-',
    '::1-::2',
    '10.0.0.1-255.255.255.255',
  ]) {
    it(`refuses "${text}"`, () => assert.equal(parseRange(text), null))
  }
})
