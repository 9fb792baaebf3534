// Which octets of a client's address `ip_hash` looks at (nginx.org, `ip_hash`): three of IPv4, all
// of IPv6, zeros of a unix socket.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ClientOctets } from '../../src/balance/client-octets.ts'

const ROWS = [
  { address: '127.0.0.1', octets: '7f0000' },
  { address: '192.168.3.21', octets: 'c0a803' },
  { address: '255.254.253.252', octets: 'fffefd' },
  { address: '::', octets: '00000000000000000000000000000000' },
  { address: '::1', octets: '00000000000000000000000000000001' },
  { address: 'fe80::', octets: 'fe800000000000000000000000000000' },
  { address: '2001:db8::8a2e:370:7334', octets: '20010db80000000000008a2e03707334' },
  { address: '1:2:3:4:5:6:7:8', octets: '00010002000300040005000600070008' },
  { address: 'ABCD::EF', octets: 'abcd00000000000000000000000000ef' },
  { address: '::ffff:10.1.2.3', octets: '00000000000000000000ffff0a010203' },
  { address: 'unix:', octets: '000000' },
  { address: '', octets: '000000' },
]

describe('ClientOctets', () => {
  for (const { address, octets } of ROWS) {
    it(`takes ${octets} of "${address}"`, () => {
      const client = new ClientOctets()
      client.read('fedc:ba98:7654:3210:fedc:ba98:7654:3210')
      client.read(address)
      const found = Buffer.from(client.bytes.subarray(0, client.length)).toString('hex')
      assert.equal(found, octets)
    })
  }
})
