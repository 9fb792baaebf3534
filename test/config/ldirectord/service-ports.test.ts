// Names of ports, with and without the machine's file of them.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { portOf } from '../../../src/config/ldirectord/service-ports.ts'

const FILE = `# comment
http		80/tcp		www		# WorldWideWeb HTTP
tftp		69/udp
sunrpc		111/tcp		portmapper
sunrpc		111/udp		portmapper
broken		x/tcp
`

describe('portOf', () => {
  for (const [text, port] of [
    ['80', 80],
    ['65535', 65_535],
    ['http', 80],
    ['portmapper', 111],
    ['sunrpc', 111],
    ['0', null],
    ['65536', null],
    ['tftp', null],
    ['broken', null],
    ['nosuch', null],
    ['toString', null],
    ['', null],
  ] as const) {
    it(`says ${port} to "${text}"`, () =>
      assert.equal(
        portOf(text, () => FILE),
        port,
      ))
  }

  it('knows the usual names on a machine without the file', () => {
    const names = ['http', 'www', 'https', 'http-alt']
    assert.deepEqual(
      names.map(name => portOf(name, () => '')),
      [80, 80, 443, 8080],
    )
  })

  it('does not open the file for a number', () => {
    assert.equal(
      portOf('8080', () => assert.fail('opened')),
      8080,
    )
  })
})
