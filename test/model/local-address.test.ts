// Which texts `proxy_bind` takes for an address of this machine; compared with a real nginx in test/system.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseLocalAddress } from '../../src/model/local-address.ts'

const TAKEN: readonly (readonly [name: string, text: string, host: string, port: number])[] = [
  ['an IPv4 address', '10.0.0.1', '10.0.0.1', 0],
  ['an IPv4 address with a port', '10.0.0.1:4000', '10.0.0.1', 4000],
  ['a port with zeros in front', '10.0.0.1:00080', '10.0.0.1', 80],
  ['the highest port', '10.0.0.1:65535', '10.0.0.1', 65_535],
  ['an IPv6 address', '2001:db8::1', '2001:db8::1', 0],
  ['an IPv6 address with a port', '[::1]:4000', '::1', 4000],
  ['IPv4 in brackets, with a port', '[10.0.0.1]:80', '10.0.0.1', 80],
]

const REFUSED: readonly (readonly [name: string, text: string])[] = [
  ['nothing', ''],
  ['a name', 'localhost'],
  ['half an address', '10.0.0'],
  ['port 0', '10.0.0.1:0'],
  ['a port that is too high', '10.0.0.1:65536'],
  ['no port behind the colon', '10.0.0.1:'],
  ['a port alone', ':80'],
  ['IPv6 in brackets without a port', '[::1]'],
  ['an unclosed bracket', '[::1:80'],
  ['a unix socket', 'unix:/run/a.sock'],
  ['any address', '*'],
  ['a space behind it', '10.0.0.1 '],
]

describe('parseLocalAddress', () => {
  for (const [name, text, host, port] of TAKEN) {
    it(`takes ${name}`, () => {
      assert.deepEqual(parseLocalAddress(text), { text, host, port })
    })
  }

  for (const [name, text] of REFUSED) {
    it(`refuses ${name}`, () => {
      assert.equal(parseLocalAddress(text), null)
    })
  }
})
