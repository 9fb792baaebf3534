// What is refused in the head of a request (RFC 9112 §2-3, §6, RFC 9110 §5, §7): one row per rule,
// and the same answer in every split of the bytes.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RequestHead } from '../../src/http/request-parser.ts'
import { feedRequest, kindOf, parseRequest } from './parse-text.ts'

const long = 'a'.repeat(2000)

/** Request lines that are refused, with their kind; a good Host follows each. */
const BAD_LINES: readonly (readonly [name: string, line: string, kind: string])[] = [
  ['two spaces before the target', 'GET  / HTTP/1.1', 'bad_request_line'],
  ['two spaces before the version', 'GET /  HTTP/1.1', 'bad_request_line'],
  ['a space at the end', 'GET / HTTP/1.1 ', 'bad_request_line'],
  ['a space at the start', ' GET / HTTP/1.1', 'bad_request_line'],
  ['a tab for a space', 'GET\t/ HTTP/1.1', 'bad_method'],
  ['a tab before the version', 'GET /\tHTTP/1.1', 'bad_target'],
  ['no target', 'GET HTTP/1.1', 'bad_request_line'],
  ['method alone', 'GET', 'bad_request_line'],
  ['HTTP/0.9', 'GET /', 'bad_request_line'],
  ['a delimiter in the method', 'GE(T / HTTP/1.1', 'bad_method'],
  ['a colon in the method', 'GET: / HTTP/1.1', 'bad_method'],
  ['NUL in the method', 'GE\0T / HTTP/1.1', 'bad_method'],
  ['non-ASCII in the method', 'G\xc9T / HTTP/1.1', 'bad_method'],
  ['a TLS handshake', '\x16\x03\x01\x02', 'bad_request_line'],
  ['a fragment', 'GET /a#b HTTP/1.1', 'bad_target'],
  ['NUL in the target', 'GET /a\0b HTTP/1.1', 'bad_target'],
  ['DEL in the target', 'GET /a\x7fb HTTP/1.1', 'bad_target'],
  ['a control in the target', 'GET /a\x01b HTTP/1.1', 'bad_target'],
  ['non-ASCII in the target', 'GET /caf\xe9 HTTP/1.1', 'bad_target'],
  ['NUL deep in a long target', `GET /${long}\0${long} HTTP/1.1`, 'bad_target'],
  ['DEL deep in a long target', `GET /${long}\x7f${long} HTTP/1.1`, 'bad_target'],
  ['a space in the target', 'GET /a b HTTP/1.1', 'bad_request_line'],
  ['a bare CR in the target', 'GET /a\rb HTTP/1.1', 'bad_request_line'],
  ['a bare CR after the version', 'GET / HTTP/1.1\rX: y', 'bad_request_line'],
  ['two CR before LF', 'GET / HTTP/1.1\r', 'bad_request_line'],
  ['lower-case protocol', 'GET / http/1.1', 'bad_request_line'],
  ['another protocol', 'GET / FTP/1.1', 'bad_request_line'],
  ['no minor version', 'GET / HTTP/1', 'bad_request_line'],
  ['two digits of minor version', 'GET / HTTP/1.10', 'bad_request_line'],
  ['two digits of major version', 'GET / HTTP/11.1', 'bad_request_line'],
  ['a zero before the major version', 'GET / HTTP/01.1', 'bad_request_line'],
  ['a comma for the dot', 'GET / HTTP/1,1', 'bad_request_line'],
  ['HTTP/2.0', 'GET / HTTP/2.0', 'bad_version'],
  ['HTTP/3.0', 'GET / HTTP/3.0', 'bad_version'],
  ['HTTP/0.9 by name', 'GET / HTTP/0.9', 'bad_version'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0', 'bad_version'],
  ['no slash', 'GET index.html HTTP/1.1', 'bad_target'],
  ['a query alone', 'GET ?a=1 HTTP/1.1', 'bad_target'],
  ['* with GET', 'GET * HTTP/1.1', 'bad_target'],
  ['more than *', 'OPTIONS *a HTTP/1.1', 'bad_target'],
  ['authority form with GET', 'GET example.com:80 HTTP/1.1', 'bad_target'],
  ['a scheme of others', 'GET ftp://example.com/ HTTP/1.1', 'bad_target'],
  ['one slash after the scheme', 'GET http:/example.com/ HTTP/1.1', 'bad_target'],
  ['no authority', 'GET http:///path HTTP/1.1', 'bad_target'],
  ['nothing after the scheme', 'GET http:// HTTP/1.1', 'bad_target'],
  ['userinfo', 'GET http://user@example.com/ HTTP/1.1', 'bad_target'],
  ['a port over 65535', 'GET http://example.com:65536/ HTTP/1.1', 'bad_target'],
  ['a backslash in the authority', 'GET http://example.com\\/ HTTP/1.1', 'bad_target'],
  ['CONNECT with a path', 'CONNECT / HTTP/1.1', 'bad_target'],
  ['CONNECT without a port', 'CONNECT example.com HTTP/1.1', 'bad_target'],
  ['CONNECT with an empty port', 'CONNECT example.com: HTTP/1.1', 'bad_target'],
  ['CONNECT with a path after', 'CONNECT example.com:443/a HTTP/1.1', 'bad_target'],
  ['CONNECT in absolute form', 'CONNECT http://example.com:443 HTTP/1.1', 'bad_target'],
]

/** Lines after a good request line, with the kind of failure. */
const BAD_FIELDS: readonly (readonly [name: string, lines: string, kind: string])[] = [
  ['no Host', 'A: b', 'bad_host'],
  ['two Hosts', 'Host: a\r\nHost: b', 'bad_host'],
  ['two equal Hosts', 'Host: a\r\nHost: a', 'bad_host'],
  ['two Hosts in different case', 'Host: a\r\nhOST: a', 'bad_host'],
  ['a list of hosts', 'Host: a, b', 'bad_host'],
  ['a list without space', 'Host: a,b', 'bad_host'],
  ['an empty Host', 'Host:', 'bad_host'],
  ['a Host of blanks', 'Host: \t ', 'bad_host'],
  ['a fold', 'Host: a\r\nX: y\r\n z', 'bad_field'],
  ['a fold with a tab', 'Host: a\r\nX: y\r\n\tz', 'bad_field'],
  ['a fold of the first line', ' X: y\r\nHost: a', 'bad_field'],
  ['no colon', 'Host: a\r\nX', 'bad_field'],
  ['no name', 'Host: a\r\n: y', 'bad_field'],
  ['a space before the colon', 'Host: a\r\nX : y', 'bad_field'],
  ['a tab before the colon', 'Host: a\r\nX\t: y', 'bad_field'],
  ['a space in the name', 'Host: a\r\nX Y: z', 'bad_field'],
  ['NUL in the name', 'Host: a\r\nX\0: y', 'bad_field'],
  ['a control in the name', 'Host: a\r\nX\x01: y', 'bad_field'],
  ['non-ASCII in the name', 'Host: a\r\nX\xe9: y', 'bad_field'],
  ['a delimiter in the name', 'Host: a\r\nX(Y): z', 'bad_field'],
  ['NUL in the value', 'Host: a\r\nX: a\0b', 'bad_field'],
  ['NUL deep in a long value', `Host: a\r\nX: ${long}\0${long}`, 'bad_field'],
  ['DEL deep in a long value', `Host: a\r\nX: ${long}\x7f${long}`, 'bad_field'],
  ['a bare CR in the value', 'Host: a\r\nX: a\rb', 'bad_field'],
  ['a bare CR before a name', 'Host: a\r\nX: a\rContent-Length: 5', 'bad_field'],
  ['two CR before LF', 'Host: a\r\nX: a\r', 'bad_field'],
  ['a vertical tab in the value', 'Host: a\r\nX: a\x0bb', 'bad_field'],
  ['length: empty', 'Host: a\r\nContent-Length:', 'bad_content_length'],
  ['length: plus', 'Host: a\r\nContent-Length: +5', 'bad_content_length'],
  ['length: minus', 'Host: a\r\nContent-Length: -5', 'bad_content_length'],
  ['length: hex', 'Host: a\r\nContent-Length: 0x5', 'bad_content_length'],
  ['length: decimal point', 'Host: a\r\nContent-Length: 5.0', 'bad_content_length'],
  ['length: space inside', 'Host: a\r\nContent-Length: 5 0', 'bad_content_length'],
  ['length: underscore', 'Host: a\r\nContent-Length: 5_0', 'bad_content_length'],
  ['length: exponent', 'Host: a\r\nContent-Length: 5e1', 'bad_content_length'],
  ['length: quoted', 'Host: a\r\nContent-Length: "5"', 'bad_content_length'],
  ['length: 2^53', 'Host: a\r\nContent-Length: 9007199254740992', 'bad_content_length'],
  ['length: 2^64 + 3', 'Host: a\r\nContent-Length: 18446744073709551619', 'bad_content_length'],
  ['length: a list', 'Host: a\r\nContent-Length: 5, 5', 'bad_content_length'],
  ['length: twice', 'Host: a\r\nContent-Length: 5\r\nContent-Length: 6', 'bad_content_length'],
  [
    'length: twice, equal',
    'Host: a\r\nContent-Length: 5\r\ncontent-length: 5',
    'bad_content_length',
  ],
  [
    'length and coding',
    'Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked',
    'bad_content_length',
  ],
  [
    'coding and length',
    'Host: a\r\ntransfer-encoding: chunked\r\nCONTENT-LENGTH: 5',
    'bad_content_length',
  ],
  ['coding: empty', 'Host: a\r\nTransfer-Encoding:', 'bad_transfer_encoding'],
  [
    'coding: twice in a list',
    'Host: a\r\nTransfer-Encoding: chunked, chunked',
    'bad_transfer_encoding',
  ],
  [
    'coding: two lines',
    'Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
    'bad_transfer_encoding',
  ],
  [
    'coding: identity line before',
    'Host: a\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked',
    'bad_transfer_encoding',
  ],
  ['coding: an empty member', 'Host: a\r\nTransfer-Encoding: chunked,', 'bad_transfer_encoding'],
  ['coding: a list', 'Host: a\r\nTransfer-Encoding: gzip, chunked', 'bad_transfer_encoding'],
  ['coding: quoted', 'Host: a\r\nTransfer-Encoding: "chunked"', 'bad_transfer_encoding'],
  ['coding: a parameter', 'Host: a\r\nTransfer-Encoding: chunked;a=b', 'bad_transfer_encoding'],
  ['coding: tab before', 'Host: a\r\nTransfer-Encoding:\tchunked', 'bad_transfer_encoding'],
  ['coding: tab after', 'Host: a\r\nTransfer-Encoding: chunked\t', 'bad_transfer_encoding'],
  ['coding: vertical tab', 'Host: a\r\nTransfer-Encoding: \x0bchunked', 'bad_field'],
  ['coding: gzip', 'Host: a\r\nTransfer-Encoding: gzip', 'unknown_transfer_coding'],
  ['coding: identity', 'Host: a\r\nTransfer-Encoding: identity', 'unknown_transfer_coding'],
  ['coding: xchunked', 'Host: a\r\nTransfer-Encoding: xchunked', 'unknown_transfer_coding'],
  ['expect: another', 'Host: a\r\nExpect: 200-ok', 'bad_expect'],
  ['expect: a list', 'Host: a\r\nExpect: 100-continue, x', 'bad_expect'],
  ['expect: one good, one bad', 'Host: a\r\nExpect: 100-continue\r\nExpect: x', 'bad_expect'],
  [
    'upgrade with a body',
    'Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1',
    'bad_upgrade',
  ],
  [
    'upgrade with chunks',
    'Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked',
    'bad_upgrade',
  ],
  [
    'more Connection members than are looked at',
    `Host: a\r\nConnection: ${'x,'.repeat(100)}y`,
    'bad_field',
  ],
]

describe('parseRequestHead refuses', () => {
  for (const [name, line, kind] of BAD_LINES) {
    it(`a request line with ${name}`, () => {
      assert.equal(kindOf(parseRequest(`${line}\r\nHost: a\r\n\r\n`)), kind)
    })
  }
  for (const [name, lines, kind] of BAD_FIELDS) {
    it(`fields: ${name}`, () => {
      assert.equal(kindOf(parseRequest(`POST / HTTP/1.1\r\n${lines}\r\n\r\n`)), kind)
    })
  }

  it('Transfer-Encoding in HTTP/1.0', () => {
    const head = parseRequest('POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n')
    assert.equal(kindOf(head), 'bad_transfer_encoding')
  })

  it('a bad or empty Host also beside an absolute target, and none at all', () => {
    for (const lines of ['Host: a@b\r\n', 'Host:\r\n', '', 'Host: a\r\nHost: a\r\n']) {
      const head = parseRequest(`GET http://example.com/ HTTP/1.1\r\n${lines}\r\n`)
      assert.equal(kindOf(head), 'bad_host', lines)
    }
  })

  it('two Hosts also in HTTP/1.0', () => {
    assert.equal(kindOf(parseRequest('GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n')), 'bad_host')
  })

  it('never puts the bytes of the client into a detail', () => {
    const result = parseRequest('GET /\x1b[31m HTTP/1.1\r\n\r\n')
    assert.ok('failure' in result)
    assert.match(result.detail, /^byte 0x1b at 5$/)
  })
})

describe('every split of the bytes', () => {
  it('gives the same head or the same kind of failure', () => {
    const texts = [
      ...BAD_LINES.map(([, line]) => `${line}\r\nHost: a\r\n\r\n`),
      ...BAD_FIELDS.map(([, lines]) => `POST / HTTP/1.1\r\n${lines}\r\n\r\n`),
      '\r\nPOST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
      '\nGET / HTTP/1.1\nHost: a\n\nGET / HTTP/1.1\n\n',
    ]
    for (const text of texts) {
      if (text.length > 1000) continue
      const bytes = Buffer.from(text, 'latin1')
      const whole = feedRequest(bytes, [])
      assert.ok(whole !== 'waiting')
      for (let cut = 1; cut < bytes.length; cut++) {
        const split = feedRequest(bytes, [cut])
        assert.ok(split !== 'waiting')
        assert.equal(kindOf(split), kindOf(whole), `${JSON.stringify(text)} cut at ${cut}`)
        if (split instanceof RequestHead) assert.deepEqual(split, whole)
      }
      const everyByte = feedRequest(
        bytes,
        Array.from(bytes, (_, index) => index + 1),
      )
      assert.ok(everyByte !== 'waiting')
      assert.equal(kindOf(everyByte), kindOf(whole))
    }
  })
})
