// The head of a request (RFC 9112 §2-3, RFC 9110 §5): found, checked byte by byte and read into one
// object that is used again for the next request. Whatever two programs could read differently is
// refused here, before a byte of it goes to a peer. No input or output, no clock, no exceptions:
// bytes in, a head or a `Failure` out.

import { type Failure, fail } from '../base/failure.ts'
import * as framing from './body-framing.ts'
import { FIELD, FieldList } from './field-list.ts'
import { type FieldRules, parseFieldLines } from './field-parser.ts'
import {
  hideHopByHop,
  OPTION_CLOSE,
  OPTION_KEEP_ALIVE,
  OPTION_UPGRADE,
  OPTIONS_TOO_MANY,
} from './hop-by-hop.ts'
import { latin1Text } from './latin1.ts'
import * as line from './request-line.ts'
import { readTarget } from './request-target.ts'
import { equalsIgnoreCase, hasListMember, TOKEN_LOWER } from './tokens.ts'

/** How large a head may be and which field names pass. */
export interface HeadLimits {
  /** Longest first line in bytes, without its line end. */
  readonly lineBytesMax: number
  /** Longest head in bytes, with the empty line. */
  readonly headBytesMax: number
  readonly fieldsMax: number
  /** Longest field line in bytes, with its line end. */
  readonly fieldLineBytesMax: number
  /** Request names with `_` are good (nginx `underscores_in_headers`). */
  readonly allowUnderscores: boolean
  /**
   * Request names with token characters other than letters, digits and hyphen are dropped; else
   * they are refused (nginx `ignore_invalid_headers`).
   */
  readonly ignoreInvalidFields: boolean
}

/** A request's head, as parsed. Strings are slices of `fields.text`. */
export class RequestHead {
  readonly fields = new FieldList()
  /** As sent: methods are case-sensitive. */
  method = ''
  /**
   * Origin form as sent; the absolute form's path and query (`/` when empty); `*`; authority with
   * CONNECT.
   */
  target = ''
  isAbsolute = false
  /** The minor version of HTTP/1; higher ones count as 1. */
  minor: 0 | 1 = 1
  /** From the absolute target, else Host as sent; empty in HTTP/1.0 without Host. */
  authority = ''
  /** Lower case, without port and trailing dot; an IPv6 address keeps its brackets. */
  host = ''
  /** One of FRAMING_NONE, FRAMING_LENGTH, FRAMING_CHUNKED. */
  framing = framing.FRAMING_NONE
  /** Content-Length was sent, also of 0. */
  hasLength = false
  /** At least one byte, or chunks, follow the head. */
  hasBody = false
  /** Content-Length, or BODY_CHUNKED (-1). */
  bodyBytes = 0
  isKeepAlive = true
  /** The client waits for 100 before it sends the body. */
  expectsContinue = false
  /** Upgrade as sent when Connection names it, else empty. */
  upgrade = ''
  /** TE has `trailers`. */
  wantsTrailers = false
  /** The request line and all lines not hidden may be copied as they are. */
  isCanonical = false
  headBytes = 0
  /** Length of the first line without its line end. */
  lineBytes = 0
  /** These very bytes came before on this connection. */
  isRepeated = false
  /** What the layer above found out about a head that repeats itself; forgotten with the next other one. */
  memo: unknown = null

  /** The first line without its line end, as sent. */
  get requestLine(): string {
    return this.fields.text.slice(0, this.lineBytes)
  }

  /** A head like this one that is nobody else's: this one will be used again for another request. */
  copy(): RequestHead {
    const copy = new RequestHead()
    copy.fields.copyFrom(this.fields)
    copy.method = this.method
    copy.target = this.target
    copy.isAbsolute = this.isAbsolute
    copy.minor = this.minor
    copy.authority = this.authority
    copy.host = this.host
    copy.framing = this.framing
    copy.hasLength = this.hasLength
    copy.hasBody = this.hasBody
    copy.bodyBytes = this.bodyBytes
    copy.isKeepAlive = this.isKeepAlive
    copy.expectsContinue = this.expectsContinue
    copy.upgrade = this.upgrade
    copy.wantsTrailers = this.wantsTrailers
    copy.isCanonical = this.isCanonical
    copy.headBytes = this.headBytes
    copy.lineBytes = this.lineBytes
    return copy
  }

  /** Back to the state before the first parse; the memory is kept. */
  reset(): void {
    this.fields.reset()
    this.method = ''
    this.target = ''
    this.isAbsolute = false
    this.minor = 1
    this.authority = ''
    this.host = ''
    this.framing = framing.FRAMING_NONE
    this.hasLength = false
    this.hasBody = false
    this.bodyBytes = 0
    this.isKeepAlive = true
    this.expectsContinue = false
    this.upgrade = ''
    this.wantsTrailers = false
    this.isCanonical = false
    this.headBytes = 0
    this.lineBytes = 0
    this.isRepeated = false
    this.memo = null
  }
}

const LF = 0x0a
const CR = 0x0d

const REQUEST_RULES: FieldRules = {
  bad: 'bad_field',
  large: 'head_too_large',
  allowAnyToken: false,
}

/**
 * The places of the line being read: parsing never yields, so one object is enough for all heads.
 */
const places = new line.RequestLine()

/**
 * Finds the end of a head: the first empty line, ended by LF or CRLF.
 *
 * @param from where to look from: the head's start, or 3 bytes before the end of what was searched
 * already
 * @returns the index after the empty line, or -1 when it is not there yet
 */
export function findHeadEnd(bytes: Uint8Array, from: number, end: number): number {
  // Of LF LF and of LF CR LF at least one byte lies on every second place.
  let i = from
  const fourEnd = end - 6
  for (;;) {
    while (
      i < fourEnd &&
      bytes[i]! > CR &&
      bytes[i + 2]! > CR &&
      bytes[i + 4]! > CR &&
      bytes[i + 6]! > CR
    ) {
      i += 8
    }
    while (i < end && bytes[i]! > CR) i += 2
    if (i >= end) return -1
    const headEnd = emptyLineAround(bytes, i, from, end)
    if (headEnd >= 0) return headEnd
    i += 2
  }
}

/** The index after the empty line of which `at` is a part, or -1. */
function emptyLineAround(bytes: Uint8Array, at: number, from: number, end: number): number {
  if (bytes[at] === LF) {
    if (at > from && bytes[at - 1] === LF) return at + 1
    if (at + 1 < end && bytes[at + 1] === LF) return at + 2
    if (at + 2 < end && bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3
  } else if (bytes[at] === CR && at > from && bytes[at - 1] === LF) {
    if (at + 1 < end && bytes[at + 1] === LF) return at + 2
  }
  return -1
}

/**
 * Index after at most one empty line before a request (RFC 9112 §2.2); -1 when only its CR has
 * arrived.
 */
export function skipEmptyLine(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return start
  if (bytes[start] === LF) return start + 1
  if (bytes[start] !== CR) return start
  if (start + 1 >= end) return -1
  return bytes[start + 1] === LF ? start + 2 : start
}

/** Refuses what can be refused before the head is complete; null when more bytes are needed. */
export function checkPartialHead(
  bytes: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
): Failure | null {
  if (start >= end) return null
  if (TOKEN_LOWER[bytes[start]!] === 0) return line.refuseFirstByte(bytes[start]!)
  const lineFeed = bytes.indexOf(LF, start)
  if (lineFeed < 0 || lineFeed >= end) {
    if (end - start > limits.lineBytesMax + 1) return fail('target_too_long')
    return null
  }
  const failure = scanLine(bytes, start, end, limits)
  if (failure !== null) return failure
  return end - start >= limits.headBytesMax ? fail('head_too_large') : null
}

/**
 * Reads the whole head in `bytes[start, end)`, where `end` is what `findHeadEnd` returned.
 *
 * @param head is filled; it need not be reset before; after a failure only some of it is
 */
export function parseRequestHead(
  bytes: Buffer,
  start: number,
  end: number,
  head: RequestHead,
  limits: HeadLimits,
): Failure | null {
  const { fields } = head
  fields.reset()
  fields.text = latin1Text(bytes, start, end)
  head.headBytes = end - start
  head.lineBytes = 0
  head.isRepeated = false
  head.memo = null
  const lineFailure = scanLine(bytes, start, end, limits)
  if (lineFailure !== null) return lineFailure
  const lineEnd = places.lineEnd
  const isLineCanonical =
    places.form === line.FORM_ORIGIN && places.minorDigit < 2 && lineEnd - places.contentEnd === 2
  head.lineBytes = places.contentEnd - start
  head.minor = places.minorDigit === 0 ? 0 : 1
  head.method = methodText(bytes, start, fields.text)
  if (head.headBytes > limits.headBytesMax) return fail('head_too_large')

  const fieldFailure = parseFieldLines(bytes, start, lineEnd, end, fields, limits, REQUEST_RULES)
  if (fieldFailure !== null) return fieldFailure
  const targetFailure = readTarget(bytes, start, head, places)
  if (targetFailure !== null) return targetFailure
  const framingFailure = readFraming(bytes, start, head)
  if (framingFailure !== null) return framingFailure
  const connectionFailure = readConnection(bytes, start, head)
  if (connectionFailure !== null) return connectionFailure
  head.isCanonical = isLineCanonical && fields.isAllCanonical()
  return null
}

function scanLine(bytes: Buffer, start: number, end: number, limits: HeadLimits): Failure | null {
  if (TOKEN_LOWER[bytes[start]!] === 0) return line.refuseFirstByte(bytes[start]!)
  if (end - start > limits.lineBytesMax) {
    const lineFeed = bytes.indexOf(LF, start)
    const contentEnd = lineFeed > start && bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed
    if (contentEnd - start > limits.lineBytesMax) return fail('target_too_long')
  }
  return line.scanRequestLine(bytes, start, places)
}

function readFraming(bytes: Buffer, start: number, head: RequestHead): Failure | null {
  const judged = framing.judgeFraming(bytes, start, head.fields, head.minor)
  head.framing = framing.FRAMING_NONE
  head.hasLength = false
  head.hasBody = false
  head.bodyBytes = 0
  if (judged === framing.NO_FRAMING) return null
  if (judged >= 0) {
    head.framing = framing.FRAMING_LENGTH
    head.hasLength = true
    head.hasBody = judged > 0
    head.bodyBytes = judged
    return null
  }
  switch (judged) {
    case framing.BODY_CHUNKED:
      head.framing = framing.FRAMING_CHUNKED
      head.hasBody = true
      head.bodyBytes = framing.BODY_CHUNKED
      return null
    case framing.BOTH_FRAMINGS:
      return fail('bad_content_length', 'Content-Length with Transfer-Encoding')
    case framing.UNKNOWN_CODING:
      return fail('unknown_transfer_coding')
    case framing.BAD_CODING:
      return fail('bad_transfer_encoding', head.minor === 0 ? 'in HTTP/1.0' : '')
    default:
      return fail('bad_content_length')
  }
}

/** Reads Connection, Upgrade, Expect and TE, and hides what goes no further. */
function readConnection(bytes: Buffer, start: number, head: RequestHead): Failure | null {
  const { fields } = head
  const options = hideHopByHop(bytes, start, fields)
  if ((options & OPTIONS_TOO_MANY) !== 0) return fail('bad_field', 'too many Connection members')
  const isClosing = (options & OPTION_CLOSE) !== 0
  head.isKeepAlive = !isClosing && (head.minor === 1 || (options & OPTION_KEEP_ALIVE) !== 0)
  head.expectsContinue = false
  head.upgrade = ''
  head.wantsTrailers = false
  // HTTP/1.0 has none of the three (RFC 9110 §7.8, §10.1.1, §10.1.4).
  if (head.minor === 0) return null
  for (let i = fields.findId(FIELD.expect); i >= 0; i = fields.findId(FIELD.expect, i + 1)) {
    if (!equalsIgnoreCase(fields.value(i), '100-continue')) return fail('bad_expect')
    head.expectsContinue = head.hasBody
  }
  for (let i = fields.findId(FIELD.te); i >= 0; i = fields.findId(FIELD.te, i + 1)) {
    if (hasListMember(fields.value(i), 'trailers')) head.wantsTrailers = true
  }
  if ((options & OPTION_UPGRADE) === 0) return null
  for (let i = fields.findId(FIELD.upgrade); i >= 0; i = fields.findId(FIELD.upgrade, i + 1)) {
    const value = fields.value(i)
    head.upgrade = head.upgrade === '' ? value : `${head.upgrade}, ${value}`
  }
  return head.upgrade !== '' && head.hasBody ? fail('bad_upgrade') : null
}

/** The method as a string, made once for the most common. */
function methodText(bytes: Buffer, start: number, text: string): string {
  const length = places.methodEnd - start
  const first = bytes[start]
  if (
    length === 3 &&
    first === 0x47 /* G */ &&
    bytes[start + 1] === 0x45 &&
    bytes[start + 2] === 0x54
  ) {
    return 'GET'
  }
  if (length === 4 && first === 0x50 /* P */ && text.startsWith('POST')) return 'POST'
  if (length === 4 && first === 0x48 /* H */ && text.startsWith('HEAD')) return 'HEAD'
  return text.slice(0, length)
}
