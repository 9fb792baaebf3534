// Chunked bodies against RFC 9112 §7.1: one row per rule, each fed whole, in every split, and byte
// by byte.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  CHUNK_EXTENSION_BYTES_MAX,
  ChunkedDecoder,
  TRAILER_BYTES_MAX,
  TRAILER_FIELDS_MAX,
} from '../../src/http/chunked-decoder.ts'
import { visibleFields } from './parse-text.ts'

interface Outcome {
  readonly body: string
  readonly isDone: boolean
  readonly kind: string | null
  readonly trailers: readonly string[] | null
  readonly consumed: number
}

/** Decodes `text`, read in pieces that end at `cuts`. */
function decode(text: string, cuts: readonly number[] = [], side: 'client' | 'peer' = 'client') {
  const decoder = new ChunkedDecoder()
  decoder.reset(side)
  const bytes = Buffer.from(text, 'latin1')
  let body = ''
  let from = 0
  const sink = {
    onChunkData(run: Buffer, start: number, end: number) {
      assert.ok(end > start, 'a run of body bytes is never empty')
      body += run.toString('latin1', start, end)
    },
  }
  for (const to of [...cuts, bytes.length]) {
    const next = decoder.decode(bytes, from, to, sink)
    const isOver = decoder.isDone || decoder.failure !== null
    assert.ok(next === to || isOver, 'all bytes are read until the end')
    from = next
    if (isOver) break
  }
  const trailers = decoder.trailers === null ? null : visibleFields(decoder.trailers)
  const kind = decoder.failure?.failure ?? null
  return { body, isDone: decoder.isDone, kind, trailers, consumed: from } satisfies Outcome
}

const GOOD: readonly (readonly [name: string, text: string, body: string, rest: number])[] = [
  ['no chunk', '0\r\n\r\n', '', 0],
  ['one chunk', '5\r\nhello\r\n0\r\n\r\n', 'hello', 0],
  ['two chunks', '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n', 'hello world', 0],
  ['bytes after the end', '1\r\na\r\n0\r\n\r\nGET /', 'a', 5],
  [
    'hex in both cases',
    'a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n',
    '01234567890123456789a',
    0,
  ],
  ['leading zeros', '0000000000000005\r\nhello\r\n000\r\n\r\n', 'hello', 0],
  ['CRLF in the data', '4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n', 0],
  ['quotes and separators in a quote', '1;a="\\";=\\\\ ";b\r\na\r\n0\r\n\r\n', 'a', 0],
  ['extensions', '1;a=b;c="d"\r\na\r\n0;x\r\n\r\n', 'a', 0],
  ['an extension with bytes above 0x7f', '1;a="\xe9"\r\na\r\n0\r\n\r\n', 'a', 0],
]

const BAD: readonly (readonly [name: string, text: string])[] = [
  ['an empty size', '\r\n'],
  ['a sign', '+5\r\nhello\r\n0\r\n\r\n'],
  ['a minus', '-5\r\n'],
  ['0x', '0x5\r\nhello\r\n0\r\n\r\n'],
  ['a space before', ' 5\r\nhello\r\n0\r\n\r\n'],
  ['a space after', '5 \r\nhello\r\n0\r\n\r\n'],
  ['a tab after', '5\t\r\nhello\r\n0\r\n\r\n'],
  ['a space before the extension', '5 ;a\r\nhello\r\n0\r\n\r\n'],
  ['an underscore', '1_0\r\n'],
  ['a letter that is no hex digit', 'g\r\n'],
  ['17 digits', '00000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['2^53', '20000000000000\r\n'],
  ['2^64 - 1', 'ffffffffffffffff\r\n'],
  ['LF alone after the size', '5\nhello\r\n0\r\n\r\n'],
  ['CR alone after the size', '5\rhello\r\n0\r\n\r\n'],
  ['LF alone after an extension', '5;a\nhello\r\n0\r\n\r\n'],
  ['CR alone in an extension', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
  ['an extension without a name', '5;\r\nhello\r\n0\r\n\r\n'],
  ['an extension without a name before another', '5;;a\r\nhello\r\n0\r\n\r\n'],
  ['an extension without a value', '5;a=\r\nhello\r\n0\r\n\r\n'],
  ['an extension with two values', '5;a=b=c\r\nhello\r\n0\r\n\r\n'],
  ['an extension with an open quote', '5;a="b\r\nhello\r\n0\r\n\r\n'],
  ['something after a quote', '5;a="b"c\r\nhello\r\n0\r\n\r\n'],
  ['a tab in a quote', '5;a="\t"\r\nhello\r\n0\r\n\r\n'],
  ['CRLF after a backslash in a quote', '5;a="\\\r\nhello\r\n0\r\n\r\n'],
  ['a space in an extension', '5;a b\r\nhello\r\n0\r\n\r\n'],
  ['NUL in an extension', '5;a\0\r\nhello\r\n0\r\n\r\n'],
  ['DEL in an extension', '5;a\x7f\r\nhello\r\n0\r\n\r\n'],
  ['LF alone after the data', '5\r\nhello\n0\r\n\r\n'],
  ['nothing after the data', '5\r\nhello0\r\n\r\n'],
  ['more data than the size', '5\r\nhello!\r\n0\r\n\r\n'],
  ['LF alone at the end', '0\r\n\n'],
  ['LF alone after the last size', '0\n\r\n'],
  ['CR and another byte at the end', '0\r\n\rX'],
  ['a trailer line ended by LF', '0\r\nA: b\n\r\n'],
  ['an empty trailer line ended by LF', '0\r\nA: b\r\n\n'],
  ['a trailer without a colon', '0\r\nA\r\n\r\n'],
  ['a trailer with a space before the colon', '0\r\nA : b\r\n\r\n'],
  ['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n'],
  ['NUL in a trailer', '0\r\nA: b\0\r\n\r\n'],
  ['a bare CR in a trailer', '0\r\nA: b\rC: d\r\n\r\n'],
  ['extensions without end', `5;${'a'.repeat(CHUNK_EXTENSION_BYTES_MAX + 1)}\r\n`],
  ['extensions too long in all', `${`1;${'a'.repeat(1000)}\r\nx\r\n`.repeat(5)}0\r\n\r\n`],
  ['trailers too long', `0\r\nA: ${'b'.repeat(TRAILER_BYTES_MAX)}\r\n\r\n`],
  ['too many trailers', `0\r\n${'A: b\r\n'.repeat(TRAILER_FIELDS_MAX + 1)}\r\n`],
]

describe('ChunkedDecoder', () => {
  for (const [name, text, body, rest] of GOOD) {
    it(`reads ${name}`, () => {
      const outcome = decode(text)
      assert.deepEqual([outcome.body, outcome.isDone, outcome.kind], [body, true, null])
      assert.equal(text.length - outcome.consumed, rest)
      assert.equal(outcome.trailers, null)
    })
  }

  for (const [name, text] of BAD) {
    it(`refuses ${name}`, () => {
      const outcome = decode(text)
      assert.deepEqual([outcome.isDone, outcome.kind], [false, 'bad_chunk'])
      assert.equal(decode(text, [], 'peer').kind, 'bad_response_framing')
    })
  }

  it('gives the same for every split of the bytes', () => {
    for (const [name, text] of [...GOOD, ...BAD]) {
      const whole = decode(text)
      const step = text.length > 500 ? 97 : 1
      for (let cut = 1; cut < text.length; cut += step) {
        assert.deepEqual(decode(text, [cut]), whole, `${name}, cut at ${cut}`)
      }
      const everyByte = Array.from({ length: text.length }, (_, index) => index + 1)
      assert.deepEqual(decode(text, everyByte), whole, `${name}, byte by byte`)
    }
  })

  it('is not done before the last empty line', () => {
    const text = '5\r\nhello\r\n0\r\n\r\n'
    for (let length = 0; length < text.length; length++) {
      const outcome = decode(text.slice(0, length))
      assert.deepEqual([outcome.isDone, outcome.kind], [false, null])
    }
  })

  it('reads extensions up to the limit', () => {
    const outcome = decode(`1;${'a'.repeat(CHUNK_EXTENSION_BYTES_MAX)}\r\nx\r\n0\r\n\r\n`)
    assert.equal(outcome.isDone, true)
  })

  it('takes the largest size without reading as much', () => {
    const outcome = decode('1fffffffffffff\r\nabc')
    assert.deepEqual([outcome.body, outcome.kind, outcome.isDone], ['abc', null, false])
  })

  it('keeps trailers, but none that is about framing, routing or authentication', () => {
    const section = [
      'X-Checksum: 1',
      'Content-Length: 5',
      'transfer-encoding: chunked',
      'Host: b',
      'X-Forwarded-For: c',
      'x-forwarded-whatever: c',
      'Authorization: d',
      'Cookie: e',
      'Set-Cookie: e',
      'Connection: close',
      'Trailer: f',
      'Content-Type: g',
      'X_Y: h',
      'Server-Timing: i',
    ].join('\r\n')
    const { trailers } = decode(`0\r\n${section}\r\n\r\n`)
    assert.deepEqual(trailers, ['X-Checksum: 1', 'Server-Timing: i'])
  })

  it('keeps a name with an underscore in the trailers of a peer', () => {
    assert.deepEqual(decode('0\r\nX_Y: h\r\n\r\n', [], 'peer').trailers, ['X_Y: h'])
  })

  it('is as new after reset, after a failure and after trailers', () => {
    const decoder = new ChunkedDecoder()
    let body = ''
    const sink = {
      onChunkData(run: Buffer, start: number, end: number) {
        body += run.toString('latin1', start, end)
      },
    }
    for (const text of ['5;x\r\nhel', '5\r\nhello!', '0\r\nA: b\r\n\r\n', '0\r\nA: b\r\nC']) {
      decoder.reset('peer')
      decoder.decode(Buffer.from(text), 0, text.length, sink)
      decoder.reset('client')
      body = ''
      const good = Buffer.from('2\r\nok\r\n0\r\n\r\n')
      assert.equal(decoder.decode(good, 0, good.length, sink), good.length)
      assert.deepEqual([body, decoder.isDone, decoder.trailers], ['ok', true, null])
    }
  })

  it('reads nothing more after a failure', () => {
    const decoder = new ChunkedDecoder()
    decoder.reset('client')
    const bytes = Buffer.from('x0\r\n\r\n')
    const sink = { onChunkData: () => assert.fail('no data') }
    assert.equal(decoder.decode(bytes, 0, bytes.length, sink), 0)
    assert.equal(decoder.decode(bytes, 1, bytes.length, sink), 1)
    assert.equal(decoder.isDone, false)
  })
})
