// The head of a peer's response (RFC 9112 §4, §6.3), read by the same strict rules as requests: a
// peer may be broken or taken over, and what is ambiguous here poisons caches and the next client's
// answer. Nothing of a bad head is passed on; the failure's kind says whether the syntax or the
// framing was wrong.

import { type Failure, fail } from '../base/failure.ts'
import * as framing from './body-framing.ts'
import { FIELD, FieldList } from './field-list.ts'
import { describeByte, type FieldRules, parseFieldLines } from './field-parser.ts'
import {
  hideHopByHop,
  OPTION_CLOSE,
  OPTION_KEEP_ALIVE,
  OPTION_UPGRADE,
  OPTIONS_TOO_MANY,
} from './hop-by-hop.ts'
import { latin1Text } from './latin1.ts'
import type { HeadLimits } from './request-parser.ts'
import { startsWithIgnoreCase, VALUE_BYTE } from './tokens.ts'

/** A response's head, as parsed. Strings are slices of `fields.text`. */
export class ResponseHead {
  readonly fields = new FieldList()
  /** 100 to 599. */
  status = 0
  /** May be empty. */
  reason = ''
  /** The minor version of HTTP/1; higher ones count as 1. */
  minor: 0 | 1 = 1
  /**
   * One of FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED, FRAMING_CLOSE: what the fields say, also
   * for HEAD.
   */
  framing = framing.FRAMING_NONE
  /** Content-Length was sent and goes on: not with 1xx and 204. */
  hasLength = false
  /** Bytes, or chunks, or the connection's end follow the head. */
  hasBody = false
  /**
   * The body's bytes, 0 or more; BODY_CHUNKED (-1); BODY_UNTIL_CLOSE (-2). 0 when the response has
   * no body.
   */
  bodyBytes = 0
  /** The connection may serve another request after this response. */
  isKeepAlive = true
  /** `timeout` of Keep-Alive, 0 when absent. */
  keepAliveTimeoutMs = 0
  /** `max` of Keep-Alive, -1 when absent. */
  keepAliveMax = -1
  /** Upgrade as sent when Connection names it, else empty. */
  upgrade = ''
  /** The status line and all lines not hidden may be copied as they are. */
  isCanonical = false
  headBytes = 0
  /** Length of the first line without its line end. */
  lineBytes = 0

  /** The first line without its line end, as sent. */
  get statusLine(): string {
    return this.fields.text.slice(0, this.lineBytes)
  }

  /** Back to the state before the first parse; the memory is kept. */
  reset(): void {
    this.fields.reset()
    this.status = 0
    this.reason = ''
    this.minor = 1
    this.framing = framing.FRAMING_NONE
    this.hasLength = false
    this.hasBody = false
    this.bodyBytes = 0
    this.isKeepAlive = true
    this.keepAliveTimeoutMs = 0
    this.keepAliveMax = -1
    this.upgrade = ''
    this.isCanonical = false
    this.headBytes = 0
    this.lineBytes = 0
  }
}

const LF = 0x0a
const CR = 0x0d

/** The largest time that Keep-Alive may name: a day is as good as for ever. */
const KEEP_ALIVE_SECONDS_MAX = 86_400
/** The largest number of requests that it may name: more is as good as any number. */
const KEEP_ALIVE_REQUESTS_MAX = 1_000_000

const RESPONSE_RULES: FieldRules = {
  bad: 'bad_response',
  large: 'response_head_too_large',
  allowAnyToken: true,
}

/**
 * Reads the whole head in `bytes[start, end)`, where `end` is what `findHeadEnd` returned.
 *
 * @param head is filled; it need not be reset before; after a failure only some of it is
 * @param requestMethod the method of the request it answers: HEAD has no body
 * Fails with `bad_response`, `bad_response_framing` or `response_head_too_large`.
 */
export function parseResponseHead(
  bytes: Buffer,
  start: number,
  end: number,
  head: ResponseHead,
  requestMethod: string,
  limits: HeadLimits,
): Failure | null {
  const { fields } = head
  fields.reset()
  head.headBytes = end - start
  head.lineBytes = 0
  if (head.headBytes > limits.headBytesMax) return fail('response_head_too_large')
  if (bytes[end - 1] !== LF) return fail('bad_response', 'no empty line at the end')
  fields.text = latin1Text(bytes, start, end)
  const lineFailure = readStatusLine(bytes, start, head)
  if (lineFailure !== null) return lineFailure
  const isCrlf = bytes[start + head.lineBytes] === CR
  const from = start + head.lineBytes + (isCrlf ? 2 : 1)
  const fieldFailure = parseFieldLines(bytes, start, from, end, fields, limits, RESPONSE_RULES)
  if (fieldFailure !== null) return fieldFailure
  const framingFailure = readFraming(bytes, start, head, requestMethod)
  if (framingFailure !== null) return framingFailure
  const connectionFailure = readConnection(bytes, start, head)
  if (connectionFailure !== null) return connectionFailure
  head.isCanonical = isCrlf && fields.isAllCanonical()
  return null
}

/** Refuses what can be refused before the head is complete; null when more bytes are needed. */
export function checkPartialResponse(
  bytes: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
): Failure | null {
  const known = Math.min(end - start, VERSION.length)
  for (let i = 0; i < known; i++) {
    if (bytes[start + i] !== VERSION[i])
      return fail('bad_response', describeByte(bytes[start + i]!, i))
  }
  return end - start >= limits.headBytesMax ? fail('response_head_too_large') : null
}

const VERSION = Buffer.from('HTTP/1.')

/** Reads `HTTP/1.x SP status [SP reason]`. */
function readStatusLine(bytes: Buffer, start: number, head: ResponseHead): Failure | null {
  for (let i = 0; i < VERSION.length; i++) {
    if (bytes[start + i] !== VERSION[i]) return fail('bad_response', 'no HTTP/1 status line')
  }
  const minor = bytes[start + 7]! - 0x30
  if (minor < 0 || minor > 9 || bytes[start + 8] !== 0x20) {
    return fail('bad_response', 'no HTTP/1 status line')
  }
  head.minor = minor === 0 ? 0 : 1
  const hundreds = bytes[start + 9]! - 0x30
  const tens = bytes[start + 10]! - 0x30
  const ones = bytes[start + 11]! - 0x30
  if (hundreds < 1 || hundreds > 5 || tens < 0 || tens > 9 || ones < 0 || ones > 9) {
    return fail('bad_response', 'status is not 100 to 599')
  }
  head.status = hundreds * 100 + tens * 10 + ones
  let at = start + 12
  let reasonStart = at
  if (bytes[at] === 0x20) {
    reasonStart = ++at
    while (VALUE_BYTE[bytes[at]!] === 1) at++
  }
  head.lineBytes = at - start
  head.reason = head.fields.text.slice(reasonStart - start, at - start)
  if (bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF)) return null
  return fail('bad_response', `${describeByte(bytes[at]!, at - start)} in the status line`)
}

/** Decides how the body ends (RFC 9112 §6.3). */
function readFraming(
  bytes: Buffer,
  start: number,
  head: ResponseHead,
  requestMethod: string,
): Failure | null {
  const { fields, status } = head
  const judged = framing.judgeFraming(bytes, start, fields, head.minor)
  head.hasLength = false
  head.bodyBytes = 0
  if (judged >= 0) {
    head.framing = framing.FRAMING_LENGTH
    head.hasLength = true
  } else if (judged === framing.BODY_CHUNKED) {
    head.framing = framing.FRAMING_CHUNKED
  } else if (judged === framing.NO_FRAMING) {
    head.framing = framing.FRAMING_CLOSE
  } else {
    return fail('bad_response_framing', FRAMING_DETAILS[-judged] ?? '')
  }
  const isEmpty = status < 200 || status === 204
  head.hasBody = !isEmpty && status !== 304 && requestMethod !== 'HEAD' && judged !== 0
  if (isEmpty) {
    head.hasLength = false
    head.framing = framing.FRAMING_NONE
    const lengthIndex = fields.findId(FIELD.content_length)
    if (lengthIndex >= 0) fields.hide(lengthIndex)
  } else if (!head.hasBody && head.framing === framing.FRAMING_CLOSE) {
    head.framing = framing.FRAMING_NONE
  }
  if (head.hasBody) {
    head.bodyBytes = judged === framing.NO_FRAMING ? framing.BODY_UNTIL_CLOSE : judged
  }
  return null
}

const FRAMING_DETAILS: Readonly<Record<number, string>> = {
  [-framing.BAD_LENGTH]: 'Content-Length is not one decimal number',
  [-framing.BAD_CODING]: 'Transfer-Encoding is not one chunked in HTTP/1.1',
  [-framing.UNKNOWN_CODING]: 'unknown transfer coding',
  [-framing.BOTH_FRAMINGS]: 'Content-Length with Transfer-Encoding',
}

/** Reads Connection, Keep-Alive and Upgrade, and hides what goes no further. */
function readConnection(bytes: Buffer, start: number, head: ResponseHead): Failure | null {
  const { fields } = head
  const options = hideHopByHop(bytes, start, fields)
  if ((options & OPTIONS_TOO_MANY) !== 0) return fail('bad_response', 'too many Connection members')
  const isClosing = (options & OPTION_CLOSE) !== 0 || head.bodyBytes === framing.BODY_UNTIL_CLOSE
  head.isKeepAlive = !isClosing && (head.minor === 1 || (options & OPTION_KEEP_ALIVE) !== 0)
  head.keepAliveTimeoutMs = 0
  head.keepAliveMax = -1
  head.upgrade = ''
  const keepAliveIndex = fields.findId(FIELD.keep_alive)
  if (keepAliveIndex >= 0) readKeepAlive(fields.value(keepAliveIndex), head)
  if ((options & OPTION_UPGRADE) === 0) return null
  for (let i = fields.findId(FIELD.upgrade); i >= 0; i = fields.findId(FIELD.upgrade, i + 1)) {
    const value = fields.value(i)
    head.upgrade = head.upgrade === '' ? value : `${head.upgrade}, ${value}`
  }
  return null
}

function readKeepAlive(value: string, head: ResponseHead): void {
  const seconds = readNumber(value, 'timeout=', KEEP_ALIVE_SECONDS_MAX)
  head.keepAliveTimeoutMs = Math.max(0, seconds) * 1000
  head.keepAliveMax = readNumber(value, 'max=', KEEP_ALIVE_REQUESTS_MAX)
}

/**
 * The number behind `name` in a Keep-Alive value, -1 when there is none.
 *
 * @param name in lower case, with its equals sign
 */
function readNumber(value: string, name: string, most: number): number {
  for (let at = 0; at < value.length; at++) {
    const isAtMember = at === 0 || !isNameCode(value.charCodeAt(at - 1))
    if (!isAtMember || !startsWithIgnoreCase(value, name, at)) continue
    let number = -1
    for (let i = at + name.length; i < value.length; i++) {
      const digit = value.charCodeAt(i) - 0x30
      if (digit < 0 || digit > 9) break
      number = Math.min(Math.max(0, number) * 10 + digit, most)
    }
    return number
  }
  return -1
}

function isNameCode(code: number): boolean {
  return code !== 0x20 && code !== 0x09 && code !== 0x2c /* , */
}
