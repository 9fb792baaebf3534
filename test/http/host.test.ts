// Hosts and authorities: RFC 3986 §3.2.2, RFC 9110 §7.2, RFC 4291 §2.2.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isIpv4, isIpv6, parseAuthority } from '../../src/http/host.ts'

const GOOD: readonly (readonly [text: string, host: string, port: number])[] = [
  ['a', 'a', -1],
  ['Example.COM', 'example.com', -1],
  ['example.com.', 'example.com', -1],
  ['example.com.:80', 'example.com', 80],
  ['example.com:0', 'example.com', 0],
  ['example.com:65535', 'example.com', 65535],
  ['example.com:00080', 'example.com', 80],
  ['example.com:', 'example.com', -1],
  ['127.0.0.1:8080', '127.0.0.1', 8080],
  ['a_b-c~d.e', 'a_b-c~d.e', -1],
  ["a!$&'()*+;=", "a!$&'()*+;=", -1],
  ['ex%61mple', 'ex%61mple', -1],
  ['caf%C3%A9', 'caf%c3%a9', -1],
  ['[::1]', '[::1]', -1],
  ['[2001:DB8::1]:443', '[2001:db8::1]', 443],
  ['[::ffff:192.0.2.1]', '[::ffff:192.0.2.1]', -1],
]

const BAD: readonly string[] = [
  '',
  ':80',
  '.',
  '.a',
  'a..b',
  'a..',
  'a b',
  ' a',
  'a ',
  'a\tb',
  'a\0',
  'a\x7f',
  'a,b',
  'user@a',
  'user:pass@a',
  'a/b',
  'a?b',
  'a#b',
  'a\\b',
  'a<b',
  'a"b',
  'a|b',
  'a^b',
  'a`b',
  'a{b',
  'é',
  'a:80:80',
  'a:+80',
  'a:8x',
  'a: 80',
  'a:65536',
  'a:99999999999999999999',
  'a%',
  'a%2',
  'a%zz',
  'a%00',
  'a%0d',
  'a%2f',
  'a%40b',
  'a%2e',
  'a%7f',
  '::1',
  '[',
  '[]',
  '[::1',
  '::1]',
  '[::1]a',
  '[::1]80',
  '[::1].',
  '[:1]',
  '[1:2:3:4:5:6:7]',
  '[1:2:3:4:5:6:7:8:9]',
  '[fe80::1%25eth0]',
  '[v1.a]',
  '[127.0.0.1]',
]

describe('parseAuthority', () => {
  for (const [text, host, port] of GOOD) {
    it(`takes ${text}`, () => {
      assert.deepEqual(parseAuthority(text), { host, port })
    })
  }
  for (const text of BAD) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(parseAuthority(text), null)
    })
  }
})

describe('isIpv6', () => {
  it('takes what RFC 4291 §2.2 allows', () => {
    const good = [
      '::',
      '::1',
      '1::',
      '1:2:3:4:5:6:7:8',
      '1::8',
      'fe80::1:2',
      '::1.2.3.4',
      '1:2:3:4:5:6:1.2.3.4',
    ]
    for (const text of [...good, '1:2:3:4:5:6:7::', '::2:3:4:5:6:7:8'])
      assert.ok(isIpv6(text), text)
  })

  it('refuses the rest', () => {
    const bad = ['', ':', ':::', '1', '1:', ':1', '1::2::3', '12345::', 'g::', '1:2:3:4:5:6:7:8::']
    const more = [
      '::1.2.3',
      '::1.2.3.4:5',
      '1.2.3.4',
      '::256.1.1.1',
      '1:2:3:4:5:6:7:1.2.3.4',
      '1:2:3:4:5:6:7:',
    ]
    for (const text of [...bad, ...more]) assert.ok(!isIpv6(text), text)
  })
})

describe('isIpv4', () => {
  it('takes four numbers up to 255', () => {
    for (const text of ['0.0.0.0', '255.255.255.255', '127.0.0.1']) assert.ok(isIpv4(text), text)
  })

  it('refuses the rest', () => {
    for (const text of [
      '',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '01.2.3.4',
      '1.2.3.',
      '1.2.3.a',
      '1.2.3.-4',
    ]) {
      assert.ok(!isIpv4(text), text)
    }
  })
})
