// Where a message's body ends (RFC 9112 §6.3), judged after all fields are read. Only what every
// program reads the same way passes: one decimal Content-Length, or one `chunked`, never both; the
// rest is how requests are smuggled.

import { FIELD, type FieldList } from './field-list.ts'

/** Neither Content-Length nor Transfer-Encoding. */
export const FRAMING_NONE = 0
/** Content-Length, also of 0. */
export const FRAMING_LENGTH = 1
export const FRAMING_CHUNKED = 2
/** Only in responses: the body ends with the connection. */
export const FRAMING_CLOSE = 3

/** `bodyBytes` of a chunked body. */
export const BODY_CHUNKED = -1
/** `bodyBytes` of a body that ends with the connection. */
export const BODY_UNTIL_CLOSE = -2

// What `judgeFraming` returns besides a byte count and BODY_CHUNKED.
export const NO_FRAMING = -3
export const BAD_LENGTH = -4
export const BAD_CODING = -5
export const UNKNOWN_CODING = -6
export const BOTH_FRAMINGS = -7

const CHUNKED = Buffer.from('chunked')

/**
 * Judges Content-Length and Transfer-Encoding.
 *
 * @param base the index in `bytes` from which the spans of `fields` count
 * @param minor the message's HTTP/1 minor version: 1.0 knows no Transfer-Encoding
 * @returns the byte count, BODY_CHUNKED, NO_FRAMING, or what is wrong
 */
export function judgeFraming(
  bytes: Buffer,
  base: number,
  fields: FieldList,
  minor: number,
): number {
  const lengthIndex = fields.findId(FIELD.content_length)
  const codingIndex = fields.findId(FIELD.transfer_encoding)
  if (codingIndex >= 0) {
    if (lengthIndex >= 0) return BOTH_FRAMINGS
    if (minor === 0) return BAD_CODING
    if (fields.findId(FIELD.transfer_encoding, codingIndex + 1) >= 0) return BAD_CODING
    return judgeCoding(bytes, base, fields, codingIndex)
  }
  if (lengthIndex < 0) return NO_FRAMING
  if (fields.findId(FIELD.content_length, lengthIndex + 1) >= 0) return BAD_LENGTH
  const from = base + fields.valueStart(lengthIndex)
  return parseLength(bytes, from, base + fields.valueEnd(lengthIndex))
}

/** Reads digits only, up to 2^53 - 1; BAD_LENGTH for anything else. */
export function parseLength(bytes: Buffer, from: number, to: number): number {
  if (from === to) return BAD_LENGTH
  let length = 0
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - 0x30
    if (digit < 0 || digit > 9) return BAD_LENGTH
    if (length > (Number.MAX_SAFE_INTEGER - digit) / 10) return BAD_LENGTH
    length = length * 10 + digit
  }
  return length
}

function judgeCoding(bytes: Buffer, base: number, fields: FieldList, index: number): number {
  const from = base + fields.valueStart(index)
  const to = base + fields.valueEnd(index)
  // Tabs around the coding are white space by the grammar, but some programs do not see it that
  // way.
  for (let i = base + fields.nameEnd(index) + 1; i < from; i++) {
    if (bytes[i] !== 0x20) return BAD_CODING
  }
  for (let i = to; bytes[i] !== 0x0d && bytes[i] !== 0x0a; i++) {
    if (bytes[i] !== 0x20) return BAD_CODING
  }
  let isKnown = to - from === CHUNKED.length
  for (let i = from; i < to; i++) {
    const lower = bytes[i]! | 0x20
    if (isKnown && lower !== CHUNKED[i - from]) isKnown = false
  }
  if (isKnown) return BODY_CHUNKED
  return isOneCoding(bytes, from, to) ? UNKNOWN_CODING : BAD_CODING
}

/** Says whether the value is a single name of letters and digits, such as `gzip`. */
function isOneCoding(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!
    const isLetter = (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
    const isDigit = byte >= 0x30 && byte <= 0x39
    if (!isLetter && !isDigit && byte !== 0x2d /* - */) return false
  }
  return to > from
}
