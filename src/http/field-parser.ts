// Reads the field lines of a head or of a trailer section (RFC 9112 §5) in one loop over the bytes:
// every byte is checked against a table, the name's hash rolls in the same pass. What the fields
// mean is judged by others, after all lines are read, so that their order and case cannot matter.

import { type Failure, type FailureKind, fail } from '../base/failure.ts'
import {
  type FieldList,
  FLAG_CANONICAL,
  FLAG_DROPPED,
  FLAG_HIDDEN,
  lookupFieldBytes,
} from './field-list.ts'
import type { HeadLimits } from './request-parser.ts'
import { TOKEN_LOWER, TOKEN_UNUSUAL, VALUE_BYTE } from './tokens.ts'

/** Which failures a section of fields leads to, and whether unusual names pass. */
export interface FieldRules {
  readonly bad: FailureKind
  readonly large: FailureKind
  /** Any token is a good name, as in responses. */
  readonly allowAnyToken: boolean
}

const LF = 0x0a
const CR = 0x0d

/**
 * Reads field lines up to and with the empty line.
 *
 * @param bytes the section; `bytes[end - 1]` is the LF of its empty line
 * @param base the index of the head's first byte: spans count from there
 * @param from the index of the first field line
 * @param fields is appended to; its `text` is left to the caller
 */
export function parseFieldLines(
  bytes: Buffer,
  base: number,
  from: number,
  end: number,
  fields: FieldList,
  limits: HeadLimits,
  rules: FieldRules,
): Failure | null {
  if (bytes[end - 1] !== LF) return fail(rules.bad, 'no empty line at the end')
  let at = from
  while (at < end) {
    const lineStart = at
    let byte = bytes[at]!
    if (byte === LF || (byte === CR && bytes[at + 1] === LF)) return null
    let hash = 0
    let seen = 0
    let lower = TOKEN_LOWER[byte]!
    // The last byte is LF, which is in neither table: no loop below runs past `end`.
    while (lower !== 0) {
      hash = (Math.imul(hash, 31) + lower) | 0
      seen |= lower
      byte = bytes[++at]!
      lower = TOKEN_LOWER[byte]!
    }
    const nameEnd = at
    if (byte !== 0x3a /* : */ || nameEnd === lineStart)
      return badName(byte, at, lineStart, base, rules)
    byte = bytes[++at]!
    while (byte === 0x20 || byte === 0x09) byte = bytes[++at]!
    const valueStart = at
    while (VALUE_BYTE[byte] === 1) byte = bytes[++at]!
    let valueEnd = at
    if (byte === CR) byte = bytes[++at]!
    if (byte !== LF) return badByte(valueEnd, bytes, base, rules)
    at++
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1]!)) valueEnd--
    if (at - lineStart > limits.fieldLineBytesMax) return fail(rules.large, 'field line too long')
    if (fields.count === limits.fieldsMax) return fail(rules.large, 'too many fields')

    let flags = 0
    if (valueStart - nameEnd === 2 && at - valueEnd === 2 && bytes[nameEnd + 1] === 0x20) {
      flags = FLAG_CANONICAL
    }
    if ((seen & TOKEN_UNUSUAL) !== 0 && !rules.allowAnyToken) {
      if (!isAllowedName(bytes, lineStart, nameEnd, limits)) {
        if (!limits.ignoreInvalidFields) return fail(rules.bad, 'name with unusual characters')
        flags |= FLAG_HIDDEN | FLAG_DROPPED
      }
    }
    const id = lookupFieldBytes(bytes, lineStart, nameEnd, hash)
    fields.add(
      lineStart - base,
      nameEnd - base,
      valueStart - base,
      valueEnd - base,
      at - base,
      hash,
      id,
      flags,
    )
  }
  return fail(rules.bad, 'no empty line at the end')
}

/**
 * Says in a failure's detail which byte it was: never the byte itself, a terminal might obey it.
 */
export function describeByte(byte: number, at: number): string {
  return `byte 0x${byte.toString(16).padStart(2, '0')} at ${at}`
}

function isAllowedName(bytes: Buffer, start: number, end: number, limits: HeadLimits): boolean {
  if (!limits.allowUnderscores) return false
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (byte !== 0x5f /* _ */ && (TOKEN_LOWER[byte]! & TOKEN_UNUSUAL) !== 0) return false
  }
  return true
}

function badName(
  byte: number,
  at: number,
  lineStart: number,
  base: number,
  rules: FieldRules,
): Failure {
  if (at === lineStart && isBlank(byte)) return fail(rules.bad, 'folded line')
  if (at === lineStart && byte === 0x3a) return fail(rules.bad, 'field without a name')
  if (byte === LF || byte === CR) return fail(rules.bad, 'line without a colon')
  if (isBlank(byte)) return fail(rules.bad, 'space in or after the name')
  return fail(rules.bad, `${describeByte(byte, at - base)} in a name`)
}

function badByte(at: number, bytes: Buffer, base: number, rules: FieldRules): Failure {
  const byte = bytes[at]!
  return fail(rules.bad, `${byte === CR ? 'bare CR' : describeByte(byte, at - base)} in a value`)
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09
}
