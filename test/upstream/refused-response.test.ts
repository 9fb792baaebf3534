// What the log shows of a refused response head; test/system/error-log-beside-nginx compares the quotes with those of a
// real nginx.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fail } from '../../src/base/failure.ts'
import { parseResponseHead, ResponseHead } from '../../src/http/response-parser.ts'
import { withQuote } from '../../src/upstream/refused-response.ts'

const LIMITS = {
  lineBytesMax: 8_192,
  headBytesMax: 8_192,
  fieldsMax: 100,
  fieldLineBytesMax: 8_192,
  allowUnderscores: true,
  ignoreInvalidFields: true,
}

/** The quote of a head of these lines, which the parser refuses. */
function quoteOf(lines: readonly string[]): string | undefined {
  const bytes = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  const head = new ResponseHead()
  const failure = parseResponseHead(bytes, 0, bytes.length, head, 'GET', LIMITS)
  assert.ok(failure !== null, 'the head is refused')
  return withQuote(failure, head.fields.text).quote
}

describe('withQuote', () => {
  const rows: readonly (readonly [string, readonly string[], string | undefined])[] = [
    ['a line without a colon', ['X-A: a', 'word'], 'word\\x0d'],
    ['a space in the name', ['X-A: a', 'X B: b'], 'X\\x20'],
    ['a space before the colon', ['X-A : a'], 'X-A\\x20'],
    ['no name', [': a'], '\\x3a'],
    ['a fold', ['X-A: a', ' b'], '\\x20'],
    ['a control byte in the value', ['X-A: a\x07b'], 'X-A: a\\x07'],
    ['an escape sequence', ['X-A: \x1b[2J'], 'X-A: \\x1b'],
    ['a bare CR', ['X-A: a\rb'], 'X-A: a\\x0d'],
    ['a length that is none', ['X-A: a', 'Content-Length: 1x'], 'Content-Length: 1x'],
    ['an unknown coding', ['Transfer-Encoding: zip'], 'zip'],
    ['both framings', ['Content-Length: 1', 'Transfer-Encoding: chunked'], undefined],
    ['too long a line', [`X-A: ${'a'.repeat(9_000)}`], undefined],
  ]
  for (const [name, lines, expected] of rows) {
    it(`is right for ${name}`, () => {
      assert.equal(quoteOf(['HTTP/1.1 200 OK', ...lines]), expected)
    })
  }

  it('quotes nothing of a status line', () => {
    assert.equal(quoteOf(['HTTP/1.1 999 No']), undefined)
    assert.equal(quoteOf(['SMTP ready']), undefined)
  })

  it('bounds what it shows', () => {
    const quote = quoteOf(['HTTP/1.1 200 OK', `X-A: ${'a'.repeat(5_000)}\0`])
    assert.equal(quote?.length, 1_024 + '...\\x00'.length)
  })

  it('leaves other failures as they are', () => {
    const failure = fail('peer_closed')
    assert.equal(withQuote(failure, 'HTTP/1.1 200 OK\r\nX A: b\r\n\r\n'), failure)
  })
})
