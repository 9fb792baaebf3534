// What stays known of a head that was refused. Expected values are those that nginx logs for the same bytes; the system
// tests beside a real nginx prove the most of them.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { type FailureKind, fail } from '../../src/base/failure.ts'
import { RequestHead } from '../../src/http/request-parser.ts'
import { defaultSettings } from '../../src/model/defaults.ts'
import { type Refusal, readRefused } from '../../src/proxy/refused-head.ts'

const { client } = defaultSettings('nginx/1.30', '/prefix')
const small = {
  ...client,
  headerBufferBytes: 100,
  largeHeaderBuffers: { count: 2, bytes: 100 },
}

function refuse(
  text: string,
  kind: FailureKind,
  detail = '',
  settings = client,
): { head: RequestHead; refusal: Refusal } {
  const head = new RequestHead()
  head.fields.text = text
  const refusal = readRefused(head, fail(kind, detail), settings)
  return { head, refusal }
}

const LINE = 'GET /x HTTP/1.1\r\n'
const HOST = 'Host: A.test:80\r\n'

describe('readRefused', () => {
  const LINES: readonly [string, string, FailureKind, string][] = [
    ['a TLS handshake', '\x16\x03\x01\x02', 'bad_request_line', 'client sent invalid method'],
    ['no target', 'GET\r\n\r\n', 'bad_request_line', 'client sent invalid method'],
    ['HTTP/0.9', 'GET /x\r\n\r\n', 'bad_request_line', 'client sent invalid request'],
    ['a strange method', 'G@T /x HTTP/1.1\r\n', 'bad_method', 'client sent invalid method'],
    ['HTTP/2', `GET /x HTTP/2.0\r\n${HOST}\r\n`, 'bad_version', 'client sent invalid version'],
    ['a bad target', `GET x HTTP/1.1\r\n${HOST}\r\n`, 'bad_target', 'client sent invalid request'],
  ]
  for (const [name, text, kind, words] of LINES) {
    it(`knows nothing but the first line of ${name}`, () => {
      const { head, refusal } = refuse(text, kind, 'why')
      assert.deepEqual(refusal, {
        text: `${words} while reading client request line`,
        reason: 'why',
        bytes: 0,
      })
      assert.equal(head.fields.text, /^[^\r\n]*/.exec(text)![0])
      assert.deepEqual([head.method, head.target, head.host, head.lineBytes], ['', '', '', 0])
    })
  }

  it('shows of a line that is too long what a buffer holds', () => {
    const line = `GET /${'a'.repeat(500)} HTTP/1.1`
    const { head, refusal } = refuse(`${line}\r\n`, 'target_too_long', '', small)
    assert.equal(head.fields.text, line.slice(0, 100))
    assert.equal(refusal.text, 'client sent too long URI while reading client request line')
  })

  it('counts the first line alone of a path that cannot be read', () => {
    const line = 'GET /../x HTTP/1.1\r\n'
    const { head, refusal } = refuse(`${line}${HOST}\r\n`, 'bad_path', 'leaves the root')
    assert.equal(refusal.text, 'client sent invalid request while reading client request line')
    assert.equal(refusal.bytes, line.length)
    assert.deepEqual([head.method, head.target, head.host], ['GET', '', ''])
    assert.equal(head.requestLine, 'GET /../x HTTP/1.1')
    assert.equal(head.fields.count, 0)
  })

  const BAD_LINES: readonly [string, string, string][] = [
    ['a space in a name', 'bad line\r\n', 'bad\\x20'],
    ['no name', ': v\r\n', '\\x3a'],
    ['a folded line', ' v\r\n', '\\x20'],
    ['a NUL in a value', 'X: a\0b\r\n', 'X: a\\x00'],
    ['a bare CR', 'X: a\rb\r\n', 'X: a\\x0d'],
    ['no colon', 'abc\r\n', 'abc\\x0d'],
  ]
  for (const [name, line, shown] of BAD_LINES) {
    it(`reads up to a field line with ${name}`, () => {
      const { head, refusal } = refuse(`${LINE}${HOST}${line}X-After: 1\r\n\r\n`, 'bad_field')
      const words = `client sent invalid header line: "${shown}..."`
      assert.equal(refusal.text, `${words} while reading client request headers`)
      assert.equal(refusal.bytes, LINE.length + HOST.length)
      assert.deepEqual(
        [head.method, head.target, head.host, head.authority],
        ['GET', '/x', 'a.test', 'A.test:80'],
      )
      assert.equal(head.fields.count, 1)
      assert.equal(head.fields.value(0), 'A.test:80')
    })
  }

  it('knows no host that comes after the line that was bad', () => {
    const { head } = refuse(`${LINE}bad line\r\n${HOST}\r\n`, 'bad_field')
    assert.deepEqual([head.host, head.fields.count], ['', 0])
  })

  it('names both of two Hosts and keeps the first', () => {
    const { head, refusal } = refuse(`${LINE}${HOST}host: b\r\nX: 1\r\n\r\n`, 'bad_host')
    const words = 'client sent duplicate host header: "host: b", previous value: "Host: A.test:80"'
    assert.equal(refusal.text, `${words} while reading client request headers`)
    assert.equal(refusal.bytes, LINE.length + HOST.length + 9)
    assert.deepEqual([head.host, head.fields.count], ['a.test', 1])
  })

  const HOSTS: readonly [string, string, string][] = [
    ['a bad Host', 'Host: a/b\r\n', 'client sent invalid host header'],
    ['an empty Host', 'Host:\r\n', 'client sent invalid host header'],
    ['no Host', 'X: 1\r\n', 'client sent HTTP/1.1 request without "Host" header'],
  ]
  for (const [name, line, words] of HOSTS) {
    it(`routes by nothing after ${name}, and can still show it`, () => {
      const { head, refusal } = refuse(`${LINE}${line}\r\n`, 'bad_host')
      assert.equal(refusal.text, `${words} while reading client request headers`)
      assert.deepEqual([head.host, head.fields.count], ['', 1])
    })
  }

  const FRAMINGS: readonly [FailureKind, string, string, string][] = [
    [
      'bad_content_length',
      '1.1',
      'Content-Length: 1\r\ncontent-length: 2\r\n',
      'client sent duplicate header line: "content-length: 2", previous value: "Content-Length: 1"',
    ],
    [
      'bad_content_length',
      '1.1',
      'Content-Length: x\r\n',
      'client sent invalid "Content-Length" header',
    ],
    [
      'bad_content_length',
      '1.1',
      'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n',
      'client sent "Content-Length" and "Transfer-Encoding" headers at the same time',
    ],
    [
      'unknown_transfer_coding',
      '1.1',
      'Transfer-Encoding: gzip\r\n',
      'client sent unknown "Transfer-Encoding": "gzip"',
    ],
    [
      'bad_transfer_encoding',
      '1.0',
      'Transfer-Encoding: chunked\r\n',
      'client sent HTTP/1.0 request with "Transfer-Encoding" header',
    ],
  ]
  for (const [kind, version, lines, words] of FRAMINGS) {
    it(`says "${words}"`, () => {
      const { refusal } = refuse(`POST / HTTP/${version}\r\n${HOST}${lines}\r\n`, kind)
      assert.equal(refusal.text, `${words} while reading client request headers`)
    })
  }

  it('reads up to a field line that is too long', () => {
    const { head, refusal } = refuse(
      `${LINE}${HOST}X: ${'b'.repeat(200)}\r\n\r\n`,
      'head_too_large',
      '',
      small,
    )
    const words = `client sent too long header line: "X: ${'b'.repeat(200)}..."`
    assert.equal(refusal.text, `${words} while reading client request headers`)
    assert.deepEqual([head.host, head.fields.count], ['a.test', 1])
  })

  it('says of a head that stayed away how far it came', () => {
    const line = refuse('GET /x HT', 'client_timeout')
    assert.match(line.refusal.text, /^client timed out \(.*\) while reading client request line$/)
    assert.equal(line.head.fields.text, 'GET /x HT')
    const fields = refuse(`${LINE}${HOST}X-Half: 1`, 'client_timeout')
    assert.match(
      fields.refusal.text,
      /^client timed out \(.*\) while reading client request headers$/,
    )
    assert.equal(fields.refusal.bytes, LINE.length + HOST.length)
    assert.deepEqual([fields.head.host, fields.head.fields.count], ['a.test', 1])
    const reset = refuse(`${LINE}${HOST}`, 'client_gone', 'ECONNRESET')
    assert.match(
      reset.refusal.text,
      /^recv\(\) failed \(.*\) while reading client request headers$/,
    )
    const early = refuse('GET /x', 'client_gone', 'ECONNRESET')
    assert.match(early.refusal.text, /^recv\(\) failed \(.*\) while reading client request line$/)
    const cut = refuse(`${LINE}${HOST}`, 'client_gone')
    assert.equal(
      cut.refusal.text,
      'client prematurely closed connection while reading client request headers',
    )
  })

  it('routes an absolute target by its authority', () => {
    const text = `GET http://B.test:8080?q HTTP/1.1\r\n${HOST}bad line\r\n\r\n`
    const { head } = refuse(text, 'bad_field')
    assert.deepEqual([head.host, head.authority, head.target], ['b.test', 'B.test:8080', '/?q'])
  })
})
