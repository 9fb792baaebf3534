// The head of requests against RFC 9112 §2-3, §6 and RFC 9110 §5, §7: one row per rule, good and
// bad.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FIELD } from '../../src/http/field-list.ts'
import {
  checkPartialHead,
  findHeadEnd,
  parseRequestHead,
  RequestHead,
  skipEmptyLine,
} from '../../src/http/request-parser.ts'
import { feedRequest, goodRequest, kindOf, LIMITS, parseRequest } from './parse-text.ts'

describe('parseRequestHead reads', () => {
  it('a plain request', () => {
    const head = goodRequest('GET /a?b=c HTTP/1.1\r\nHost: Example.COM:8080\r\n\r\n')
    assert.equal(head.method, 'GET')
    assert.equal(head.target, '/a?b=c')
    assert.equal(head.minor, 1)
    assert.equal(head.authority, 'Example.COM:8080')
    assert.equal(head.host, 'example.com')
    assert.equal(head.requestLine, 'GET /a?b=c HTTP/1.1')
    assert.deepEqual([head.hasBody, head.hasLength, head.bodyBytes], [false, false, 0])
    assert.deepEqual([head.isKeepAlive, head.isAbsolute, head.isCanonical], [true, false, true])
    assert.equal(head.headBytes, 'GET /a?b=c HTTP/1.1\r\nHost: Example.COM:8080\r\n\r\n'.length)
  })

  it('any token as a method, with its case kept', () => {
    for (const method of ['get', 'G', 'PROPFIND', 'M-SEARCH', "!#$%&'*+-.^_`|~", 'GETX', 'POS']) {
      assert.equal(goodRequest(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).method, method)
    }
  })

  it('higher minor versions as 1.1, which cannot be copied', () => {
    const head = goodRequest('GET / HTTP/1.7\r\nHost: a\r\n\r\n')
    assert.equal(head.minor, 1)
    assert.equal(head.isCanonical, false)
  })

  it('HTTP/1.0 without Host, closing unless asked', () => {
    const head = goodRequest('GET / HTTP/1.0\r\n\r\n')
    assert.deepEqual([head.authority, head.host, head.isKeepAlive], ['', '', false])
    assert.equal(goodRequest('GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n').isKeepAlive, true)
  })

  it('lines that end with LF alone', () => {
    const head = goodRequest('GET / HTTP/1.1\nHost: a\nX: y\n\n')
    assert.equal(head.fields.value(1), 'y')
    assert.equal(head.isCanonical, false)
  })

  const targets: readonly (readonly [string, string, string, string])[] = [
    ['GET http://Example.com/a?b', '/a?b', 'Example.com', 'example.com'],
    ['GET http://example.com', '/', 'example.com', 'example.com'],
    ['GET http://example.com?a=/', '/?a=/', 'example.com', 'example.com'],
    ['GET HTTPS://example.com:8443/', '/', 'example.com:8443', 'example.com'],
    ['GET http://[::1]:80/x', '/x', '[::1]:80', '[::1]'],
    ['OPTIONS http://example.com', '*', 'example.com', 'example.com'],
    ['OPTIONS http://example.com/', '/', 'example.com', 'example.com'],
    ['OPTIONS *', '*', 'b:1', 'b'],
    ['CONNECT example.com:443', 'example.com:443', 'example.com:443', 'example.com'],
    ['GET //a//b', '//a//b', 'b:1', 'b'],
    ['GET /%zz\\"<>{}|^`', '/%zz\\"<>{}|^`', 'b:1', 'b'],
  ]
  for (const [line, target, authority, host] of targets) {
    it(`the target of ${line}`, () => {
      const head = goodRequest(`${line} HTTP/1.1\r\nHost: b:1\r\n\r\n`)
      assert.deepEqual([head.target, head.authority, head.host], [target, authority, host])
      assert.equal(head.isAbsolute, line.includes('://'))
    })
  }

  it('lengths up to 2^53 - 1, also with leading zeros', () => {
    for (const [text, bytes] of [
      ['0', 0],
      ['5', 5],
      ['0005', 5],
      ['9007199254740991', 9007199254740991],
    ] as const) {
      const head = goodRequest(`GET / HTTP/1.1\r\nHost: a\r\nContent-Length: ${text}\r\n\r\n`)
      assert.deepEqual([head.bodyBytes, head.hasBody, head.hasLength], [bytes, bytes > 0, true])
    }
  })

  it('chunked in any case', () => {
    const head = goodRequest('DELETE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ChunKED \r\n\r\n')
    assert.deepEqual([head.bodyBytes, head.hasBody, head.hasLength], [-1, true, false])
  })

  it('100-continue only with a body and in HTTP/1.1', () => {
    const expects = (line: string, more: string) =>
      goodRequest(`${line}\r\nHost: a\r\nExpect: 100-CONTINUE\r\n${more}\r\n`).expectsContinue
    assert.equal(expects('PUT / HTTP/1.1', 'Content-Length: 5\r\n'), true)
    assert.equal(expects('PUT / HTTP/1.1', 'Transfer-Encoding: chunked\r\n'), true)
    assert.equal(expects('PUT / HTTP/1.1', 'Content-Length: 0\r\n'), false)
    assert.equal(expects('GET / HTTP/1.1', ''), false)
    assert.equal(expects('PUT / HTTP/1.0', 'Content-Length: 5\r\n'), false)
  })

  it('upgrade only when Connection names it and in HTTP/1.1', () => {
    const upgrade = (version: string, connection: string) =>
      goodRequest(`GET / ${version}\r\nHost: a\r\n${connection}Upgrade: websocket\r\n\r\n`).upgrade
    assert.equal(upgrade('HTTP/1.1', 'Connection: keep-alive, Upgrade\r\n'), 'websocket')
    assert.equal(upgrade('HTTP/1.1', ''), '')
    assert.equal(upgrade('HTTP/1.0', 'Connection: Upgrade\r\n'), '')
  })

  it('whether trailers are wanted', () => {
    const wants = (te: string) =>
      goodRequest(`GET / HTTP/1.1\r\nHost: a\r\nTE: ${te}\r\n\r\n`).wantsTrailers
    assert.equal(wants('trailers'), true)
    assert.equal(wants('gzip;q=0.5, Trailers'), true)
    assert.equal(wants('gzip'), false)
  })

  it('the next head into the same object without anything of the last', () => {
    const first =
      'POST http://b/ HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\n'
    const second = 'GET / HTTP/1.1\r\nHost: c\r\n\r\n'
    const head = new RequestHead()
    for (const text of [first, second]) {
      assert.equal(parseRequestHead(Buffer.from(text), 0, text.length, head, LIMITS), null)
    }
    assert.deepEqual(head, goodRequest(second))
    head.reset()
    assert.deepEqual(head, new RequestHead())
  })
})

describe('parseRequestHead keeps limits', () => {
  const limits = {
    ...LIMITS,
    lineBytesMax: 30,
    headBytesMax: 100,
    fieldsMax: 3,
    fieldLineBytesMax: 40,
  }
  const rows: readonly (readonly [string, string, string])[] = [
    ['a line of the limit', `GET /${'a'.repeat(16)} HTTP/1.1\r\nHost: a\r\n\r\n`, 'good'],
    ['a line over it', `GET /${'a'.repeat(17)} HTTP/1.1\r\nHost: a\r\n\r\n`, 'target_too_long'],
    [
      'a line over it, ended by LF',
      `GET /${'a'.repeat(17)} HTTP/1.1\nHost: a\n\n`,
      'target_too_long',
    ],
    ['as many fields', 'GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\n\r\n', 'good'],
    ['a field more', 'GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\nE: f\r\n\r\n', 'head_too_large'],
    [
      'a field line of the limit',
      `GET / HTTP/1.1\r\nHost: a\r\nA: ${'b'.repeat(35)}\r\n\r\n`,
      'good',
    ],
    [
      'a field line over it',
      `GET / HTTP/1.1\r\nHost: a\r\nA: ${'b'.repeat(36)}\r\n\r\n`,
      'head_too_large',
    ],
    [
      'a head of the limit',
      `GET / HTTP/1.1\r\nHost: a\r\nA: ${'b'.repeat(30)}\r\nC: ${'d'.repeat(33)}\r\n\r\n`,
      'good',
    ],
    [
      'a head over it',
      `GET / HTTP/1.1\r\nHost: a\r\nA: ${'b'.repeat(30)}\r\nC: ${'d'.repeat(34)}\r\n\r\n`,
      'head_too_large',
    ],
  ]
  for (const [name, text, kind] of rows) {
    it(name, () => assert.equal(kindOf(parseRequest(text, limits)), kind))
  }

  it('and says the same for every split of the bytes', () => {
    for (const [name, text, kind] of rows) {
      const bytes = Buffer.from(text, 'latin1')
      for (let cut = 1; cut < bytes.length; cut++) {
        const result = feedRequest(bytes, [cut], limits)
        assert.ok(result !== 'waiting')
        assert.equal(kindOf(result), kind, `${name}, cut at ${cut}`)
      }
    }
  })
})

describe('names with unusual characters', () => {
  const text = 'GET / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\nX.Y: z\r\nA: b\r\n\r\n'

  it('are dropped as if never sent', () => {
    const { fields, isCanonical } = goodRequest(text)
    assert.deepEqual(
      [fields.isHidden(1), fields.isHidden(2), fields.isHidden(3)],
      [true, true, false],
    )
    assert.equal(fields.findName('content_length', fields.hash(1)), -1)
    assert.equal(isCanonical, true)
  })

  it('pass with an underscore where that is allowed', () => {
    const { fields } = goodRequest(text, { ...LIMITS, allowUnderscores: true })
    assert.deepEqual([fields.isHidden(1), fields.isHidden(2)], [false, true])
    assert.equal(fields.findName('content_length', fields.hash(1)), 1)
  })

  it('are refused where invalid fields are not ignored', () => {
    const strict = { ...LIMITS, ignoreInvalidFields: false }
    assert.equal(kindOf(parseRequest(text, strict)), 'bad_field')
    const underscore = 'GET / HTTP/1.1\r\nHost: a\r\nA_B: c\r\n\r\n'
    assert.equal(kindOf(parseRequest(underscore, strict)), 'bad_field')
    assert.equal(kindOf(parseRequest(underscore, { ...strict, allowUnderscores: true })), 'good')
  })
})

describe('findHeadEnd', () => {
  const rows: readonly (readonly [string, number])[] = [
    ['', -1],
    ['\n', -1],
    ['\n\n', 2],
    ['a\n\n', 3],
    ['\n\r\n', 3],
    ['a\n\r\n', 4],
    ['a\r\n\r\n', 5],
    ['ab\r\n\r\nGET', 6],
    ['a\r\n\n', 4],
    ['a\r\r\n\r', -1],
    ['a\n\r\r\n', -1],
    ['\r\n', -1],
    ['a\r\n\t\r\n\r\n', 8],
    ['aaaaaaaaaaaaaaaaaaa\nb\n\n\n\n', 23],
  ]
  for (const [text, end] of rows) {
    it(`of ${JSON.stringify(text)} is ${end}`, () => {
      for (let shift = 0; shift < 9; shift++) {
        const bytes = Buffer.from(`${'\n'.repeat(shift)}${text}\n\n`, 'latin1')
        const found = findHeadEnd(bytes, shift, shift + text.length)
        assert.equal(found, end < 0 ? -1 : end + shift, `shift ${shift}`)
      }
    })
  }

  it('is the same wherever the reads are cut', () => {
    for (const text of [
      'GET / HTTP/1.1\r\nHost: a\r\n\r\nX\r\n\r\n',
      'GET / HTTP/1.0\nA: b\n\nX\n\n',
    ]) {
      const bytes = Buffer.from(text, 'latin1')
      const whole = findHeadEnd(bytes, 0, bytes.length)
      for (let cut = 0; cut <= bytes.length; cut++) {
        let found = findHeadEnd(bytes, 0, cut)
        if (found < 0) found = findHeadEnd(bytes, Math.max(0, cut - 3), bytes.length)
        assert.equal(found, whole, `cut at ${cut}`)
      }
    }
  })
})

describe('skipEmptyLine', () => {
  for (const [text, index] of [
    ['GET', 0],
    ['\r\nGET', 2],
    ['\nGET', 1],
    ['\r', -1],
    ['\rGET', 0],
    ['\r\n\r\nGET', 2],
    ['', 0],
  ] as const) {
    it(`of ${JSON.stringify(text)} is ${index}`, () => {
      assert.equal(skipEmptyLine(Buffer.from(text), 0, text.length), index)
    })
  }

  it('skips one line only: after a second nothing is a request', () => {
    const result = feedRequest(Buffer.from('\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'), [])
    assert.ok(result !== 'waiting')
    assert.equal(kindOf(result), 'bad_request_line')
  })
})

describe('checkPartialHead', () => {
  const check = (text: string, limits = LIMITS) => {
    const bytes = Buffer.from(text, 'latin1')
    return checkPartialHead(bytes, 0, bytes.length, limits)?.failure ?? null
  }

  it('refuses what can become no request', () => {
    assert.equal(check('\x16\x03\x01'), 'bad_request_line')
    assert.equal(check('\0'), 'bad_request_line')
    assert.equal(check('GET /\r\n'), 'bad_request_line')
    assert.equal(check('PRI * HTTP/2.0\r\n'), 'bad_version')
    assert.equal(check('GET /\x7f HTTP/1.1\r\n'), 'bad_target')
    assert.equal(check('a'.repeat(8194)), 'target_too_long')
    const head = `GET / HTTP/1.1\r\nX: ${'a'.repeat(100)}`
    assert.equal(check(head, { ...LIMITS, headBytesMax: head.length }), 'head_too_large')
  })

  it('waits for what may', () => {
    for (const text of ['', 'G', 'GET / HTT', 'a'.repeat(8192), 'GET / HTTP/1.1\r\nHost: a\r\n']) {
      assert.equal(check(text), null)
    }
  })

  it('does not look beyond the bytes that have arrived', () => {
    const bytes = Buffer.from('GET /\r\n\0\0')
    assert.equal(checkPartialHead(bytes, 0, 5, LIMITS), null)
  })
})

describe('fields of a request', () => {
  it('keep order, case, duplicates and bytes above 0x7f', () => {
    const { fields } = goodRequest(
      'GET / HTTP/1.1\r\nHost: a\r\nX-B: 1\r\nx-a:  \xff\xfe\t \r\nX-B: 2\r\nE:\r\n\r\n',
    )
    const lines = Array.from({ length: fields.count }, (_, i) => [fields.name(i), fields.value(i)])
    assert.deepEqual(lines, [
      ['Host', 'a'],
      ['X-B', '1'],
      ['x-a', '\xff\xfe'],
      ['X-B', '2'],
      ['E', ''],
    ])
    const canonical = Array.from({ length: fields.count }, (_, i) => fields.isCanonical(i))
    assert.deepEqual(canonical, [true, true, false, true, false])
    assert.equal(fields.id(0), FIELD.host)
    assert.equal(fields.id(1), 0)
  })
})
