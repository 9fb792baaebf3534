// The head of responses against RFC 9112 §4, §6.3 and RFC 9110 §6.4.1, §7.6.1, §15: one row per
// rule.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BODY_CHUNKED, BODY_UNTIL_CLOSE } from '../../src/http/body-framing.ts'
import { checkPartialResponse, ResponseHead } from '../../src/http/response-parser.ts'
import { goodResponse, kindOf, LIMITS, parseResponse, visibleFields } from './parse-text.ts'

const long = 'a'.repeat(2000)

const BAD: readonly (readonly [name: string, text: string, kind: string])[] = [
  ['a lower-case protocol', 'http/1.1 200 OK\r\n\r\n', 'bad_response'],
  ['HTTP/2', 'HTTP/2 200 OK\r\n\r\n', 'bad_response'],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', 'bad_response'],
  ['HTTP/0.9', '<html>\r\n\r\n', 'bad_response'],
  ['a body first', 'a\n\n', 'bad_response'],
  ['another protocol', 'ICY 200 OK\r\n\r\n', 'bad_response'],
  ['two digits of minor version', 'HTTP/1.10 200 OK\r\n\r\n', 'bad_response'],
  ['no status', 'HTTP/1.1\r\n\r\n', 'bad_response'],
  ['an empty status', 'HTTP/1.1 \r\n\r\n', 'bad_response'],
  ['two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'bad_response'],
  ['four digits', 'HTTP/1.1 2000 OK\r\n\r\n', 'bad_response'],
  ['status 000', 'HTTP/1.1 000 X\r\n\r\n', 'bad_response'],
  ['status 099', 'HTTP/1.1 099 X\r\n\r\n', 'bad_response'],
  ['status 600', 'HTTP/1.1 600 X\r\n\r\n', 'bad_response'],
  ['status 999', 'HTTP/1.1 999 X\r\n\r\n', 'bad_response'],
  ['a signed status', 'HTTP/1.1 +20 X\r\n\r\n', 'bad_response'],
  ['a letter in the status', 'HTTP/1.1 2x0 OK\r\n\r\n', 'bad_response'],
  ['two spaces', 'HTTP/1.1  200 OK\r\n\r\n', 'bad_response'],
  ['a tab', 'HTTP/1.1\t200 OK\r\n\r\n', 'bad_response'],
  ['a tab after the status', 'HTTP/1.1 200\tOK\r\n\r\n', 'bad_response'],
  ['a bare CR in the reason', 'HTTP/1.1 200 O\rK\r\n\r\n', 'bad_response'],
  ['NUL in the reason', 'HTTP/1.1 200 O\0K\r\n\r\n', 'bad_response'],
  ['a fold', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', 'bad_response'],
  ['a fold of the status line', 'HTTP/1.1 200 OK\r\n c\r\n\r\n', 'bad_response'],
  ['no name', 'HTTP/1.1 200 OK\r\n: b\r\n\r\n', 'bad_response'],
  ['no colon', 'HTTP/1.1 200 OK\r\nA\r\n\r\n', 'bad_response'],
  ['a space before the colon', 'HTTP/1.1 200 OK\r\nA : b\r\n\r\n', 'bad_response'],
  ['a delimiter in a name', 'HTTP/1.1 200 OK\r\nA(b): c\r\n\r\n', 'bad_response'],
  ['NUL in a value', 'HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n', 'bad_response'],
  ['NUL deep in a value', `HTTP/1.1 200 OK\r\nA: ${long}\0${long}\r\n\r\n`, 'bad_response'],
  ['a bare CR in a value', 'HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n', 'bad_response'],
  ['length and coding', response('Content-Length: 1', 'Transfer-Encoding: chunked'), 'framing'],
  ['coding and length', response('Transfer-Encoding: chunked', 'Content-Length: 1'), 'framing'],
  ['two lengths', response('Content-Length: 1', 'Content-Length: 2'), 'framing'],
  ['a list of lengths', response('Content-Length: 1, 1'), 'framing'],
  ['a signed length', response('Content-Length: +1'), 'framing'],
  ['a minus', response('Content-Length: -1'), 'framing'],
  ['an empty length', response('Content-Length:'), 'framing'],
  ['a length over 2^53 - 1', response('Content-Length: 9007199254740992'), 'framing'],
  ['another coding', response('Transfer-Encoding: gzip'), 'framing'],
  ['identity', response('Transfer-Encoding: identity'), 'framing'],
  ['a list of codings', response('Transfer-Encoding: gzip, chunked'), 'framing'],
  [
    'chunked twice',
    response('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
    'framing',
  ],
  ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'framing'],
]

function response(...lines: string[]): string {
  return `HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\n`
}

describe('parseResponseHead', () => {
  for (const [name, text, kind] of BAD) {
    it(`refuses ${name}`, () => {
      const wanted = kind === 'framing' ? 'bad_response_framing' : kind
      assert.equal(kindOf(parseResponse(text)), wanted)
    })
  }

  it('reads a plain response', () => {
    const head = goodResponse('HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nX_Y: z\r\n\r\n')
    assert.deepEqual([head.status, head.reason, head.minor], [404, 'Not Found', 1])
    assert.equal(head.statusLine, 'HTTP/1.1 404 Not Found')
    assert.deepEqual([head.bodyBytes, head.hasBody, head.hasLength], [5, true, true])
    assert.deepEqual([head.isKeepAlive, head.isCanonical], [true, true])
    assert.deepEqual(visibleFields(head.fields), ['Content-Length: 5', 'X_Y: z'])
  })

  const reasons: readonly (readonly [string, string])[] = [
    ['HTTP/1.1 200', ''],
    ['HTTP/1.1 200 ', ''],
    ['HTTP/1.1 200 All  is\twell \xfc', 'All  is\twell \xfc'],
    ['HTTP/1.9 200 OK', 'OK'],
  ]
  for (const [line, reason] of reasons) {
    it(`reads the reason of ${JSON.stringify(line)}`, () => {
      const head = goodResponse(`${line}\nA: b\n\n`)
      assert.deepEqual([head.status, head.reason, head.fields.value(0)], [200, reason, 'b'])
      assert.equal(head.isCanonical, false)
    })
  }

  const bodies: readonly (readonly [string, number, string, string, number, boolean])[] = [
    ['a length', 200, 'GET', 'Content-Length: 7', 7, true],
    ['a length of 0', 200, 'GET', 'Content-Length: 0', 0, false],
    ['chunks', 200, 'GET', 'Transfer-Encoding: Chunked', BODY_CHUNKED, true],
    ['no framing', 200, 'GET', 'A: b', BODY_UNTIL_CLOSE, true],
    ['HEAD with a length', 200, 'HEAD', 'Content-Length: 7', 0, false],
    ['HEAD with chunks', 200, 'HEAD', 'Transfer-Encoding: chunked', 0, false],
    ['HEAD without framing', 200, 'HEAD', 'A: b', 0, false],
    ['head in lower case', 200, 'head', 'Content-Length: 7', 7, true],
    ['304 with a length', 304, 'GET', 'Content-Length: 7', 0, false],
    ['304 without framing', 304, 'GET', 'A: b', 0, false],
    ['204 with a length', 204, 'GET', 'Content-Length: 7', 0, false],
    ['204 with chunks', 204, 'GET', 'Transfer-Encoding: chunked', 0, false],
    ['100', 100, 'GET', 'A: b', 0, false],
    ['103 with a length', 103, 'GET', 'Content-Length: 7', 0, false],
    ['205 without framing', 205, 'GET', 'A: b', BODY_UNTIL_CLOSE, true],
  ]
  for (const [name, status, method, line, bytes, hasBody] of bodies) {
    it(`decides the body of ${name}`, () => {
      const head = goodResponse(`HTTP/1.1 ${status} X\r\n${line}\r\n\r\n`, method)
      assert.deepEqual([head.bodyBytes, head.hasBody], [bytes, hasBody])
      assert.equal(head.isKeepAlive, bytes !== BODY_UNTIL_CLOSE)
    })
  }

  it('hides Content-Length on 1xx and 204, keeps it on HEAD and 304', () => {
    const isKept = (status: number, method: string) =>
      goodResponse(`HTTP/1.1 ${status} X\r\nContent-Length: 7\r\n\r\n`, method).fields.isHidden(
        0,
      ) === false
    assert.deepEqual(
      [isKept(100, 'GET'), isKept(103, 'GET'), isKept(204, 'GET')],
      [false, false, false],
    )
    assert.deepEqual(
      [isKept(200, 'HEAD'), isKept(304, 'GET'), isKept(200, 'GET')],
      [true, true, true],
    )
  })

  it('refuses broken framing also where there is no body', () => {
    for (const status of [100, 204, 304]) {
      const text = `HTTP/1.1 ${status} X\r\nContent-Length: x\r\n\r\n`
      assert.equal(kindOf(parseResponse(text)), 'bad_response_framing')
    }
  })

  const kept: readonly (readonly [string, string, boolean])[] = [
    ['HTTP/1.1', 'A: b', true],
    ['HTTP/1.1', 'Connection: Close', false],
    ['HTTP/1.1', 'Connection: keep-alive\r\nConnection: x, close', false],
    ['HTTP/1.0', 'A: b', false],
    ['HTTP/1.0', 'Connection: Keep-Alive', true],
    ['HTTP/1.0', 'Connection: keep-alive, close', false],
  ]
  for (const [version, line, isKeepAlive] of kept) {
    it(`of ${version} with ${JSON.stringify(line)} ${isKeepAlive ? 'keeps' : 'closes'}`, () => {
      const head = goodResponse(`${version} 200 OK\r\nContent-Length: 1\r\n${line}\r\n\r\n`)
      assert.equal(head.isKeepAlive, isKeepAlive)
    })
  }

  for (const [value, timeoutMs] of [
    ['timeout=5', 5000],
    ['max=100, Timeout=15', 15_000],
    ['timeout=0', 0],
    ['max=3', 0],
    ['xtimeout=5', 0],
    ['timeout=99999999999999999999', 86_400_000],
  ] as const) {
    it(`reads Keep-Alive: ${value}`, () => {
      assert.equal(goodResponse(response(`Keep-Alive: ${value}`)).keepAliveTimeoutMs, timeoutMs)
    })
  }

  it('reads the protocol of 101', () => {
    const head = goodResponse(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    assert.deepEqual([head.upgrade, head.hasBody, head.status], ['websocket', false, 101])
  })

  it('keeps limits', () => {
    const limits = { ...LIMITS, headBytesMax: 60, fieldsMax: 2, fieldLineBytesMax: 30 }
    const kind = (...lines: string[]) => kindOf(parseResponse(response(...lines), 'GET', limits))
    assert.equal(kind('A: b', 'C: d'), 'good')
    assert.equal(kind('A: b', 'C: d', 'E: f'), 'response_head_too_large')
    assert.equal(kind(`A: ${'b'.repeat(25)}`), 'good')
    assert.equal(kind(`A: ${'b'.repeat(26)}`), 'response_head_too_large')
    assert.equal(kind('A: bbbbbbbbbbbbbbbbbb', 'C: ddddddddddddd'), 'good')
    assert.equal(kind('A: bbbbbbbbbbbbbbbbbb', 'C: dddddddddddddd'), 'response_head_too_large')
  })

  it('leaves nothing of the last response in a head used again', () => {
    const head = goodResponse(response('Connection: close', 'Keep-Alive: timeout=3'))
    head.reset()
    assert.deepEqual(head, new ResponseHead())
  })
})

describe('checkPartialResponse', () => {
  const check = (text: string) => {
    const bytes = Buffer.from(`${text}\n\n`)
    return checkPartialResponse(bytes, 0, text.length, { ...LIMITS, headBytesMax: 50 })?.failure
  }

  it('refuses what can become no response', () => {
    assert.equal(check('h'), 'bad_response')
    assert.equal(check('HTTP/2'), 'bad_response')
    assert.equal(check(`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(40)}`), 'response_head_too_large')
  })

  it('waits for what may', () => {
    for (const text of ['', 'HTT', 'HTTP/1.1 200 OK\r\nA: b']) assert.equal(check(text), undefined)
  })
})
