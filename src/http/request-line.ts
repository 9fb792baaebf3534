// The first line of a request (RFC 9112 §3): `method SP target SP HTTP/1.x`, exactly one space
// each, every byte checked. Works on the bytes alone, so that a head still incomplete is refused by
// the same rules as a whole one.

import { type Failure, fail } from '../base/failure.ts'
import { describeByte } from './field-parser.ts'
import { TARGET_BYTE, TOKEN_LOWER } from './tokens.ts'

/** `/path?query` */
export const FORM_ORIGIN = 0
/** `http://authority/path?query` */
export const FORM_ABSOLUTE = 1
/** `*` of OPTIONS */
export const FORM_ASTERISK = 2
/** `host:port` of CONNECT */
export const FORM_AUTHORITY = 3

/** Places in a request line, filled by `scanRequestLine`; one object is used for all of them. */
export class RequestLine {
  methodEnd = 0
  targetStart = 0
  targetEnd = 0
  /** The end without CR and LF. */
  contentEnd = 0
  /** The index after the LF. */
  lineEnd = 0
  /** The digit after `HTTP/1.` as it was sent. */
  minorDigit = 0
  form = FORM_ORIGIN
  /** In the absolute form: the index of the authority. */
  authorityStart = 0
}

const LF = 0x0a
const CR = 0x0d
const SP = 0x20

/**
 * Reads the line that starts at `start`. Its LF must be among the bytes.
 *
 * Fails with `bad_request_line`, `bad_method`, `bad_target` or `bad_version`.
 */
export function scanRequestLine(bytes: Buffer, start: number, line: RequestLine): Failure | null {
  let at = start
  while (TOKEN_LOWER[bytes[at]!] !== 0) at++
  if (at === start) return refuseFirstByte(bytes[at]!)
  if (bytes[at] !== SP) return refuseMethod(bytes[at]!, at - start)
  line.methodEnd = at
  at++
  line.targetStart = at
  while (TARGET_BYTE[bytes[at]!] === 1) at++
  line.targetEnd = at
  const byte = bytes[at]!
  if (byte !== SP || at === line.targetStart) return refuseTarget(byte, at - start, line, start)
  at++
  const versionFailure = scanVersion(bytes, at, line)
  if (versionFailure !== null) return versionFailure
  at += 8
  line.contentEnd = at
  if (bytes[at] === CR) at++
  if (bytes[at] !== LF) return fail('bad_request_line', 'something after the version')
  line.lineEnd = at + 1
  return decideForm(bytes, start, line)
}

/** Refuses a request by its first byte, which must be a token character. */
export function refuseFirstByte(byte: number): Failure {
  if (byte === 0x16) return fail('bad_request_line', 'a TLS handshake on a plain port')
  return fail('bad_request_line', describeByte(byte, 0))
}

function refuseMethod(byte: number, at: number): Failure {
  if (byte === LF || byte === CR) return fail('bad_request_line', 'no target')
  return fail('bad_method', describeByte(byte, at))
}

function refuseTarget(byte: number, at: number, line: RequestLine, start: number): Failure {
  if (byte === LF || byte === CR) {
    const isEmpty = line.targetEnd === line.targetStart
    return fail('bad_request_line', isEmpty ? 'no target' : 'no version, as in HTTP/0.9')
  }
  if (at === line.targetStart - start && byte === SP) return fail('bad_request_line', 'two spaces')
  return fail('bad_target', byte === 0x23 /* # */ ? 'a fragment' : describeByte(byte, at))
}

/** Reads `HTTP/1.x` at `at`. */
function scanVersion(bytes: Buffer, at: number, line: RequestLine): Failure | null {
  if (
    bytes[at] !== 0x48 /* H */ ||
    bytes[at + 1] !== 0x54 /* T */ ||
    bytes[at + 2] !== 0x54 /* T */ ||
    bytes[at + 3] !== 0x50 /* P */ ||
    bytes[at + 4] !== 0x2f /* / */ ||
    !isDigit(bytes[at + 5]!) ||
    bytes[at + 6] !== 0x2e /* . */ ||
    !isDigit(bytes[at + 7]!)
  ) {
    return fail('bad_request_line', 'no HTTP version after the target')
  }
  if (bytes[at + 5] !== 0x31 /* 1 */) {
    const after = bytes[at + 8]
    if (after !== CR && after !== LF) return fail('bad_request_line', 'something after the version')
    return fail('bad_version', `HTTP/${bytes[at + 5]! - 0x30}.${bytes[at + 7]! - 0x30}`)
  }
  line.minorDigit = bytes[at + 7]! - 0x30
  return null
}

/**
 * Decides which of the four forms the target has, and whether its method may have it (RFC 9112
 * §3.2).
 */
function decideForm(bytes: Buffer, start: number, line: RequestLine): Failure | null {
  const first = bytes[line.targetStart]
  const isConnect = isMethod(bytes, start, line.methodEnd, CONNECT)
  if (isConnect) {
    line.form = FORM_AUTHORITY
    line.authorityStart = line.targetStart
    return null
  }
  if (first === 0x2f /* / */) {
    line.form = FORM_ORIGIN
    return null
  }
  if (first === 0x2a /* * */ && line.targetEnd - line.targetStart === 1) {
    line.form = FORM_ASTERISK
    if (isMethod(bytes, start, line.methodEnd, OPTIONS)) return null
    return fail('bad_target', '* with a method other than OPTIONS')
  }
  const schemeEnd = scanScheme(bytes, line.targetStart)
  if (schemeEnd < 0 || schemeEnd >= line.targetEnd) return fail('bad_target', 'no path')
  line.form = FORM_ABSOLUTE
  line.authorityStart = schemeEnd
  return null
}

const CONNECT = Buffer.from('CONNECT')
const OPTIONS = Buffer.from('OPTIONS')

function isMethod(bytes: Buffer, start: number, end: number, method: Buffer): boolean {
  if (end - start !== method.length) return false
  for (let i = 0; i < method.length; i++) if (bytes[start + i] !== method[i]) return false
  return true
}

const SCHEME = Buffer.from('http')

/** Index after `http://` or `https://` in any case, or -1. */
function scanScheme(bytes: Buffer, from: number): number {
  let at = from
  for (let i = 0; i < SCHEME.length; i++, at++) if ((bytes[at]! | 0x20) !== SCHEME[i]) return -1
  if ((bytes[at]! | 0x20) === 0x73 /* s */) at++
  if (bytes[at] !== 0x3a /* : */ || bytes[at + 1] !== 0x2f || bytes[at + 2] !== 0x2f) return -1
  return at + 3
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}
