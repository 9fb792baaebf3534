// What goes no further than one hop, RFC 9110 §7.6.1, and what a client must not be able to take
// away.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FIELD, hashName } from '../../src/http/field-list.ts'
import { goodRequest, goodResponse, visibleFields } from './parse-text.ts'

function visible(...lines: string[]): string[] {
  return visibleFields(
    goodRequest(`GET / HTTP/1.1\r\nHost: a\r\n${lines.join('\r\n')}\r\n\r\n`).fields,
  )
}

describe('hideHopByHop', () => {
  it('hides the fields that are about the connection', () => {
    const lines = [
      'Connection: keep-alive',
      'keep-alive: timeout=5',
      'Proxy-Connection: keep-alive',
      'TE: trailers',
      'Upgrade: websocket',
      'HTTP2-Settings: AAMAAABk',
      'Expect: 100-continue',
      'Transfer-Encoding: chunked',
    ]
    assert.deepEqual(visible(...lines), ['Host: a'])
  })

  it('leaves Proxy-Authorization, Trailer, Via and Content-Length', () => {
    const lines = ['Proxy-Authorization: b', 'Trailer: c', 'Via: d', 'Content-Length: 0']
    assert.deepEqual(visible(...lines), ['Host: a', ...lines])
  })

  it('hides what Connection names, in any case, over several lines, before and after it', () => {
    const lines = [
      'X-Early: 1',
      'Connection: x-early ,, X-LATE',
      'connection:\tX-Last',
      'x-late: 2',
    ]
    assert.deepEqual(visible(...lines, 'X-Late: 3', 'x-last: 4', 'X-Later: 5'), [
      'Host: a',
      'X-Later: 5',
    ])
  })

  it('does not let Connection take away what others rely on', () => {
    const kept = [
      'Content-Length: 0',
      'X-Forwarded-For: 1',
      'X-Forwarded-Proto: 2',
      'X-Forwarded-Anything: 3',
      'X-Real-IP: 4',
      'Forwarded: for=5',
      'Authorization: 6',
      'Cookie: 7',
    ]
    const names = kept.map(line => line.slice(0, line.indexOf(':')))
    assert.deepEqual(visible(...kept, `Connection: host, ${names.join(', ')}`), [
      'Host: a',
      ...kept,
    ])
  })

  it('does not read the body differently when Connection names its framing', () => {
    const chunked = goodRequest(
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: transfer-encoding\r\n' +
        'Transfer-Encoding: chunked\r\n\r\n',
    )
    assert.equal(chunked.bodyBytes, -1)
    const sized = goodRequest(
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: 3\r\n\r\n',
    )
    assert.equal(sized.bodyBytes, 3)
  })

  it('takes no member that is no token for a name', () => {
    assert.deepEqual(visible('X: 1', 'Connection: X y, "X", X;q=1, \xe9'), ['Host: a', 'X: 1'])
  })

  it('keeps hidden fields findable', () => {
    const { fields } = goodRequest(
      'GET / HTTP/1.1\r\nHost: a\r\nConnection: x-y\r\nTE: trailers\r\nX-Y: 1\r\n\r\n',
    )
    assert.equal(fields.findId(FIELD.te), 2)
    assert.equal(fields.findName('x-y', hashName('x-y')), 3)
    assert.equal(fields.isHidden(3), true)
  })

  it('works on responses too', () => {
    const { fields } = goodResponse(
      'HTTP/1.1 200 OK\r\nConnection: X-A, content-length, set-cookie\r\nX-A: 1\r\n' +
        'Keep-Alive: timeout=1\r\n' +
        'Content-Length: 3\r\nSet-Cookie: a=b\r\n\r\n',
    )
    assert.deepEqual(visibleFields(fields), ['Content-Length: 3', 'Set-Cookie: a=b'])
  })
})
