// The bytes of the PROXY protocol, from the text of the protocol (haproxy.org, proxy-protocol.txt §2.1 and §2.2).

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Endpoint, makeProxyHeader } from '../../src/upstream/proxy-header.ts'

const SIGNATURE = '0d0a0d0a000d0a515549540a'

function at(address: string, port: number): Endpoint {
  return { address, port }
}

interface Row {
  readonly name: string
  readonly from: Endpoint
  readonly to: Endpoint
  readonly text: string
  /** What follows the signature, in hexadecimal. */
  readonly binary: string
}

const ROWS: readonly Row[] = [
  {
    name: 'IPv4',
    from: at('192.168.0.1', 56_324),
    to: at('192.168.0.11', 443),
    text: 'PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n',
    binary: '21 11 000c c0a80001 c0a8000b dc04 01bb',
  },
  {
    name: 'the largest IPv4 addresses and ports',
    from: at('255.255.255.255', 65_535),
    to: at('255.255.255.255', 65_535),
    text: 'PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n',
    binary: '21 11 000c ffffffff ffffffff ffff ffff',
  },
  {
    name: 'IPv6',
    from: at('2001:db8::1', 4_000),
    to: at('::1', 80),
    text: 'PROXY TCP6 2001:db8::1 ::1 4000 80\r\n',
    binary:
      '21 21 0024 20010db8000000000000000000000001 00000000000000000000000000000001 0fa0 0050',
  },
  {
    name: 'a whole IPv6 address',
    from: at('ffff:eeee:dddd:cccc:bbbb:aaaa:9999:8888', 1),
    to: at('1:2:3:4:5:6:7:8', 2),
    text: 'PROXY TCP6 ffff:eeee:dddd:cccc:bbbb:aaaa:9999:8888 1:2:3:4:5:6:7:8 1 2\r\n',
    binary:
      '21 21 0024 ffffeeeeddddccccbbbbaaaa99998888 00010002000300040005000600070008 0001 0002',
  },
  {
    name: 'IPv4 that a dual-stack socket shows as IPv6',
    from: at('::ffff:10.0.0.2', 4_000),
    to: at('::ffff:10.0.0.1', 80),
    text: 'PROXY TCP4 10.0.0.2 10.0.0.1 4000 80\r\n',
    binary: '21 11 000c 0a000002 0a000001 0fa0 0050',
  },
  {
    name: 'IPv4 on one side only',
    from: at('10.0.0.2', 4_000),
    to: at('2001:db8::1', 80),
    text: 'PROXY TCP6 ::ffff:10.0.0.2 2001:db8::1 4000 80\r\n',
    binary:
      '21 21 0024 00000000000000000000ffff0a000002 20010db8000000000000000000000001 0fa0 0050',
  },
  {
    name: 'a link-local address without its zone',
    from: at('fe80::1%eth0', 4_000),
    to: at('fe80::2%eth0', 80),
    text: 'PROXY TCP6 fe80::1 fe80::2 4000 80\r\n',
    binary:
      '21 21 0024 fe800000000000000000000000000001 fe800000000000000000000000000002 0fa0 0050',
  },
  {
    name: 'a unix socket',
    from: at('unix:', 0),
    to: at('unix:/run/a.sock', 0),
    text: 'PROXY UNKNOWN\r\n',
    binary: '20 00 0000',
  },
  {
    name: 'a client that is gone and has no address any more',
    from: at('10.0.0.2', 4_000),
    to: at('', 0),
    text: 'PROXY UNKNOWN\r\n',
    binary: '20 00 0000',
  },
]

describe('makeProxyHeader', () => {
  for (const { name, from, to, text, binary } of ROWS) {
    it(`tells ${name} as text`, () => {
      assert.equal(makeProxyHeader('v1', from, to).toString('latin1'), text)
    })

    it(`tells ${name} as binary`, () => {
      const header = makeProxyHeader('v2', from, to)
      assert.equal(header.toString('hex'), SIGNATURE + binary.replaceAll(' ', ''))
      assert.equal(header.readUInt16BE(14), header.length - 16)
    })
  }

  it('never makes a line longer than the 107 bytes that receivers have room for', () => {
    const longest = at('ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 65_535)
    assert.ok(makeProxyHeader('v1', longest, longest).length <= 107)
  })
})
