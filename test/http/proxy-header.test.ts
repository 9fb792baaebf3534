import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { readProxyHeader } from '../../src/http/proxy-header.ts'
import { findTlv, findTlvInSsl, verifyOf } from '../../src/http/proxy-header-tlvs.ts'
import { makeProxyHeader } from '../../src/upstream/proxy-header.ts'

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n'
const IPV4 = '\xcb\x00\x71\x01\xc0\x00\x02\x07\x10\x92\x01\xbb'

function binary(command: number, family: number, rest: string, length = rest.length): Buffer {
  const head = `${SIGNATURE}${String.fromCharCode(command, family, length >> 8, length & 0xff)}`
  return Buffer.from(head + rest, 'latin1')
}

function read(bytes: Buffer) {
  return readProxyHeader(bytes, 0, bytes.length)
}

const client = { address: '203.0.113.1', port: 4242 }
const server = { address: '192.0.2.7', port: 443 }

describe('readProxyHeader', () => {
  const ends = [
    [client, server],
    [
      { address: '2001:db8::1', port: 1 },
      { address: '::1', port: 65_535 },
    ],
  ] as const
  for (const version of ['v1', 'v2'] as const) {
    for (const [source, destination] of ends) {
      const header = makeProxyHeader(version, source, destination)
      const name = `${version} for ${source.address}`

      it(`reads ${name}, and not what follows`, () => {
        const bytes = Buffer.concat([
          Buffer.from('xx'),
          header,
          Buffer.from('GET / HTTP/1.1\r\n\r\n'),
        ])
        const found = readProxyHeader(bytes, 2, bytes.length)
        const whole = {
          kind: 'whole',
          end: 2 + header.length,
          header: { source, destination, tlvs: '' },
        }
        assert.deepEqual(found, whole)
      })

      it(`waits for the rest of ${name} after every byte`, () => {
        for (let count = 1; count < header.length; count++) {
          // What lies behind the bytes that have come is of another time.
          const bytes = Buffer.concat([header.subarray(0, count), Buffer.from('\r\n\r\n')])
          assert.deepEqual(readProxyHeader(bytes, 0, count), { kind: 'incomplete' }, `${count}`)
        }
      })
    }
  }

  const unknown: Readonly<Record<string, Buffer>> = {
    'a line that knows nothing': Buffer.from('PROXY UNKNOWN\r\n'),
    'a line that knows nothing of its addresses': Buffer.from('PROXY UNKNOWN a b 1 2\r\n'),
    'a check of version 2': binary(0x20, 0x00, ''),
    'a check with addresses': binary(0x20, 0x11, IPV4),
    'a datagram': binary(0x21, 0x12, IPV4),
    'a UNIX socket': binary(0x21, 0x31, 'x'.repeat(216)),
    'no family': binary(0x21, 0x01, ''),
  }
  for (const [name, bytes] of Object.entries(unknown)) {
    it(`takes ${name} for a connection as it is`, () => {
      assert.deepEqual(read(bytes), { kind: 'whole', end: bytes.length, header: null })
    })
  }

  const line = (text: string) => Buffer.from(`PROXY ${text}\r\n`, 'latin1')
  const bad: Readonly<Record<string, Buffer>> = {
    'another word': Buffer.from('GET / HTTP/1.1\r\n'),
    'a word in lower case': Buffer.from('proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n'),
    'another protocol': line('TCP5 1.2.3.4 1.2.3.4 1 2'),
    'an unknown word like the known one': line('UNKNOWNS'),
    'no ports': line('TCP4 1.2.3.4 1.2.3.4'),
    'a port too large': line('TCP4 1.2.3.4 1.2.3.4 65536 2'),
    'a port with a zero in front': line('TCP4 1.2.3.4 1.2.3.4 01 2'),
    'two blanks': line('TCP4 1.2.3.4  1.2.3.4 1 2'),
    'a blank at the end': line('TCP4 1.2.3.4 1.2.3.4 1 2 '),
    'an address that is none': line('TCP4 1.2.3.256 1.2.3.4 1 2'),
    'an address of the other kind': line('TCP4 ::1 1.2.3.4 1 2'),
    'an address with a zone': line('TCP6 fe80::1%lo ::1 1 2'),
    'a line feed without a return': Buffer.from(
      `PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n${'x'.repeat(107)}`,
    ),
    'a line without an end': Buffer.from(`PROXY UNKNOWN ${'x'.repeat(107)}`),
    'a line that ends too late': Buffer.from(`PROXY UNKNOWN ${'x'.repeat(107)}\r\n`),
    'version 1 in binary': binary(0x11, 0x11, IPV4),
    'an unknown command': binary(0x22, 0x11, IPV4),
    'too few bytes for the addresses': binary(0x21, 0x11, IPV4.slice(0, 11)),
    'more than anybody needs': binary(0x21, 0x11, '', 5000),
  }
  for (const [name, bytes] of Object.entries(bad)) {
    it(`refuses ${name}`, () => assert.equal(read(bytes).kind, 'broken'))
  }

  it('quotes the bad line alone', () => {
    const found = read(Buffer.from('GET /secret HTTP/1.1\r\nCookie: a\r\n\r\n'))
    assert.deepEqual(found, { kind: 'broken', text: 'broken header: "GET /secret HTTP/1.1"' })
  })
})

describe('findTlv', () => {
  const ssl = '\x05\x00\x00\x00\x07\x21\x00\x07TLSv1.3\x22\x00\x02me'
  const tlvs = `\x01\x00\x02h2\x20\x00${String.fromCharCode(ssl.length)}${ssl}\xe2\x00\x00`

  it('finds values by type', () => {
    assert.equal(findTlv(tlvs, 1), 'h2')
    assert.equal(findTlv(tlvs, 0xe2), '')
    assert.equal(findTlv(tlvs, 2), null)
    assert.equal(findTlv(undefined, 1), null)
  })

  it('finds values within that of TLS', () => {
    assert.equal(findTlvInSsl(tlvs, 0x21), 'TLSv1.3')
    assert.equal(findTlvInSsl(tlvs, 0x22), 'me')
    assert.equal(findTlvInSsl(tlvs, 0x23), null)
    assert.equal(verifyOf(tlvs), '7')
    assert.equal(verifyOf('\x01\x00\x02h2'), null)
  })

  it('gives up where a value is longer than what is left', () => {
    assert.equal(findTlv('\x01\x00\x09h2', 1), null)
    assert.equal(findTlv('\x05\x00\x09h2\x01\x00\x02h2', 1), null)
    assert.equal(findTlv('\x01\x00', 1), null)
    assert.equal(verifyOf('\x20\x00\x02ab'), null)
  })
})
