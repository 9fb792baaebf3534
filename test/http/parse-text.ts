// Heads as text for the tests of the codec: parsed in one piece, or fed byte by byte as a
// connection would feed them. `\r` and `\n` are written out in the tests, as the line ends are what
// is tested.

import assert from 'node:assert/strict'
import type { Failure } from '../../src/base/failure.ts'
import type { FieldList } from '../../src/http/field-list.ts'
import {
  checkPartialHead,
  findHeadEnd,
  type HeadLimits,
  parseRequestHead,
  RequestHead,
  skipEmptyLine,
} from '../../src/http/request-parser.ts'
import { parseResponseHead, ResponseHead } from '../../src/http/response-parser.ts'

export const LIMITS: HeadLimits = {
  lineBytesMax: 8192,
  headBytesMax: 32_768,
  fieldsMax: 100,
  fieldLineBytesMax: 8192,
  allowUnderscores: false,
  ignoreInvalidFields: true,
}

/** Parses a whole request head that lies in the middle of other bytes. */
export function parseRequest(text: string, limits = LIMITS): RequestHead | Failure {
  const bytes = Buffer.from(`\n\r\n${text}\r\n\r\n`, 'latin1')
  const end = findHeadEnd(bytes, 3, bytes.length)
  assert.equal(end, 3 + text.length, 'the head ends with its first empty line')
  const head = new RequestHead()
  return parseRequestHead(bytes, 3, end, head, limits) ?? head
}

/** Parses a request head that must be good. */
export function goodRequest(text: string, limits = LIMITS): RequestHead {
  const head = parseRequest(text, limits)
  assert.ok(head instanceof RequestHead, `refused: ${JSON.stringify(head)} ${JSON.stringify(text)}`)
  return head
}

/** Parses a whole response head. */
export function parseResponse(
  text: string,
  method = 'GET',
  limits = LIMITS,
): ResponseHead | Failure {
  const bytes = Buffer.from(`\n\r\n${text}\r\n\r\n`, 'latin1')
  const end = findHeadEnd(bytes, 3, bytes.length)
  assert.equal(end, 3 + text.length, 'the head ends with its first empty line')
  const head = new ResponseHead()
  return parseResponseHead(bytes, 3, end, head, method, limits) ?? head
}

/** Parses a response head that must be good. */
export function goodResponse(text: string, method = 'GET'): ResponseHead {
  const head = parseResponse(text, method)
  assert.ok(
    head instanceof ResponseHead,
    `refused: ${JSON.stringify(head)} ${JSON.stringify(text)}`,
  )
  return head
}

/**
 * What a connection comes to that reads `bytes` in pieces ending at `cuts`: a head, a failure, or
 * waiting.
 */
export function feedRequest(
  bytes: Buffer,
  cuts: readonly number[],
  limits = LIMITS,
): RequestHead | Failure | 'waiting' {
  let start = 0
  let searched = 0
  for (const end of [...cuts, bytes.length]) {
    if (start === 0) {
      const skipped = skipEmptyLine(bytes, 0, end)
      if (skipped < 0) continue
      start = skipped
    }
    const headEnd = findHeadEnd(bytes, Math.max(start, searched - 3), end)
    searched = end
    if (headEnd >= 0) {
      const head = new RequestHead()
      return parseRequestHead(bytes, start, headEnd, head, limits) ?? head
    }
    const failure = checkPartialHead(bytes, start, end, limits)
    if (failure !== null) return failure
  }
  return 'waiting'
}

/** The visible fields as `name: value` lines. */
export function visibleFields(fields: FieldList): string[] {
  const lines: string[] = []
  for (let i = 0; i < fields.count; i++) {
    if (!fields.isHidden(i)) lines.push(`${fields.name(i)}: ${fields.value(i)}`)
  }
  return lines
}

/** The kind of a failure, or `good`. */
export function kindOf(result: RequestHead | ResponseHead | Failure): string {
  return 'failure' in result ? result.failure : 'good'
}
