import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { findArrival, readAsked } from '../../../src/control/explain/asked.ts'
import { addressText, type ListenAddress } from '../../../src/model/listener.ts'

const tcp = (host: string, port: number): ListenAddress => ({ kind: 'tcp', host, port })
const LISTENS: readonly ListenAddress[] = [
  tcp('0.0.0.0', 8080),
  tcp('127.0.0.1', 80),
  tcp('0.0.0.0', 80),
  tcp('::1', 81),
  { kind: 'unix', path: '/run/a.sock' },
]

describe('readAsked', () => {
  const rows = [
    { url: 'http://a.test/x?y=1#z', text: 'GET /x?y=1 HTTP/1.1\r\nHost: a.test\r\n\r\n' },
    { url: 'http://a.test', text: 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n' },
    { url: 'a.test:81/x', text: 'GET /x HTTP/1.1\r\nHost: a.test:81\r\n\r\n' },
    { url: '/x', text: 'GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n' },
    { url: 'http://a.test?y', text: 'GET /?y HTTP/1.1\r\nHost: a.test\r\n\r\n' },
    { url: 'http://[::1]:81/', text: 'GET / HTTP/1.1\r\nHost: [::1]:81\r\n\r\n' },
    { url: 'http://a/é', text: 'GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n' },
  ]
  for (const { url, text } of rows) {
    it(`makes a request of ${url}`, () => {
      const asked = readAsked({ url })
      assert.ok(typeof asked !== 'string', String(asked))
      assert.equal(asked.text, text)
    })
  }

  it('takes method, fields and client, and a Host of its own', () => {
    const fields = ['Host: other', 'X-A: 1']
    const asked = readAsked({ url: 'http://a/', method: 'POST', fields, client: '2001:db8::1' })
    assert.ok(typeof asked !== 'string')
    assert.equal(asked.text, 'POST / HTTP/1.1\r\nHost: other\r\nX-A: 1\r\n\r\n')
    assert.equal(asked.client, '2001:db8::1')
    assert.equal(asked.isClientAssumed, false)
  })

  const mistakes = [
    { words: { url: '' }, is: null },
    { words: { url: 'ftp://a/' }, is: /is no URL/ },
    { words: { url: 'https://a/' }, is: /TLS is not served yet/ },
    { words: { url: 'http://a/', method: 'G T' }, is: /"G T" is no method/ },
    { words: { url: 'http://a/', fields: ['nothing'] }, is: /"nothing" is no field/ },
    { words: { url: 'http://a/', client: 'somewhere' }, is: /is no address of a client/ },
  ]
  for (const { words, is } of mistakes) {
    it(`${is === null ? 'takes' : 'refuses'} ${JSON.stringify(words)}`, () => {
      const asked = readAsked(words)
      if (is === null) assert.ok(typeof asked !== 'string')
      else assert.match(String(asked), is)
    })
  }
})

describe('findArrival', () => {
  const rows = [
    { url: 'http://a.test:8080/', address: '0.0.0.0:8080' },
    { url: 'http://127.0.0.1/', address: '127.0.0.1:80' },
    { url: 'http://a.test/', address: '0.0.0.0:80' },
    { url: 'http://[::1]:81/', address: '[::1]:81' },
    { url: 'http://a.test:81/', address: '[::1]:81' },
    { url: 'http://a.test/', listen: 'unix:/run/a.sock', address: 'unix:/run/a.sock' },
    { url: 'http://a.test/', listen: '8080', address: '0.0.0.0:8080' },
    { url: 'http://a.test:99/', problem: /nothing listens on port 99; there is 0\.0\.0\.0:8080/ },
    { url: 'http://a.test/', listen: '99', problem: /nothing listens on "99"/ },
  ]
  for (const { url, listen, address, problem } of rows) {
    it(`finds ${address ?? 'nothing'} for ${url}${listen === undefined ? '' : ` at ${listen}`}`, () => {
      const asked = readAsked({ url })
      assert.ok(typeof asked !== 'string')
      const found = findArrival(asked, LISTENS, listen)
      if (problem !== undefined) assert.match(String(found), problem)
      else assert.equal(typeof found === 'string' ? found : addressText(found.address), address)
    })
  }

  it('takes the first address where nobody said a port and nothing has the usual one', () => {
    const asked = readAsked({ url: 'http://a.test/' })
    assert.ok(typeof asked !== 'string')
    const found = findArrival(asked, [tcp('0.0.0.0', 8080)], undefined)
    assert.ok(typeof found !== 'string')
    assert.match(found.reason, /nothing listens on port 80/)
  })
})
