// An origin that has one large representation and gives ranges of it, as RFC 9110 §14 has it, or in wrong ways that a test
// asks for.

import type { TestContext } from 'node:test'
import { type Origin, startOrigin } from './origin.ts'
import { fieldOf, type RawMessage } from './raw-message.ts'

/** Text whose every place tells where it is. */
export function numbered(length: number): string {
  let text = ''
  for (let i = 0; text.length < length; i++) text += `${i}.`
  return text.slice(0, length)
}

export interface RangeOrigin {
  readonly origin: Origin
  /** The Range fields that came, `''` for a request without; in order. */
  readonly ranges: string[]
  /** What it has now. */
  body: string
  /** With the quotes. */
  etag: string
  /** Field lines of every answer. */
  lines: readonly string[]
  /** Answers a request otherwise; null = as it should. */
  twist: ((range: string, index: number) => string | null) | null
}

/** Writes an answer. */
export function answerText(status: string, body: string, ...lines: readonly string[]): string {
  const head = [`HTTP/1.1 ${status}`, ...lines, `Content-Length: ${body.length}`]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

export async function startRangeOrigin(t: TestContext, body: string): Promise<RangeOrigin> {
  const origin = await startOrigin(t)
  const it: RangeOrigin = {
    origin,
    ranges: [],
    body,
    etag: '"one"',
    lines: ['Cache-Control: max-age=100'],
    twist: null,
  }
  origin.answerWith(message => {
    const range = fieldOf(message, 'range') ?? ''
    it.ranges.push(range)
    return it.twist?.(range, it.ranges.length - 1) ?? answerRange(it, message, range)
  })
  return it
}

function answerRange(it: RangeOrigin, message: RawMessage, range: string): string {
  const { body, etag } = it
  const lines = [...it.lines, `ETag: ${etag}`, 'Accept-Ranges: bytes']
  const condition = fieldOf(message, 'if-range')
  const match = /^bytes=(\d*)-(\d*)$/.exec(range)
  if (match === null || (condition !== null && condition !== etag))
    return answerText('200 OK', body, ...lines)
  const [, first = '', last = ''] = match
  const start = first === '' ? Math.max(0, body.length - Number(last)) : Number(first)
  const end = first === '' || last === '' ? body.length : Math.min(body.length, Number(last) + 1)
  if (start >= end) {
    const place = `Content-Range: bytes */${body.length}`
    return answerText('416 Range Not Satisfiable', '', ...lines, place)
  }
  const place = `Content-Range: bytes ${start}-${end - 1}/${body.length}`
  return answerText('206 Partial Content', body.slice(start, end), ...lines, place)
}
