// Byte classes of HTTP/1.1 (RFC 9110 §5.5, §5.6.2; RFC 3986 §2) as tables of 256, and the list
// syntax of §5.6.1. Every byte is looked at one by one: scanners that take a word at a time have
// let NUL and DEL pass in the middle of long values.

/**
 * Set in a `TOKEN_LOWER` entry when the byte is a token character but no letter, digit or hyphen.
 */
export const TOKEN_UNUSUAL = 0x80

/**
 * Per byte: 0 when it is no token character, else the byte in lower case, with `TOKEN_UNUSUAL`
 * where it applies.
 */
export const TOKEN_LOWER = buildTokenTable()

/**
 * Per byte: 1 when it may stand in a field value or reason: tab, space, visible, and 0x80 and
 * above.
 */
export const VALUE_BYTE = buildTable(byte => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f))

/** Per byte: 1 when it may stand in a request target: visible ASCII without `#`. */
export const TARGET_BYTE = buildTable(byte => byte > 0x20 && byte < 0x7f && byte !== 0x23 /* # */)

/** Says whether `text` is a token: a method, a field name, a coding name. */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f || TOKEN_LOWER[code] === 0) return false
  }
  return text.length > 0
}

/**
 * Says whether `text` may be sent as a field value: no control byte but tab, nothing above 0xff.
 */
export function isFieldValue(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0xff || VALUE_BYTE[code] === 0) return false
  }
  return true
}

/**
 * Compares two texts, the second already in lower case, without regard to the case of ASCII
 * letters.
 */
export function equalsIgnoreCase(text: string, lower: string): boolean {
  return text.length === lower.length && startsWithIgnoreCase(text, lower, 0)
}

/**
 * Says whether `lower` (in lower case) stands in `text` at `from`, without regard to the case of
 * ASCII letters.
 */
export function startsWithIgnoreCase(text: string, lower: string, from: number): boolean {
  if (from + lower.length > text.length) return false
  for (let i = 0; i < lower.length; i++) {
    let code = text.charCodeAt(from + i)
    if (code >= 0x41 /* A */ && code <= 0x5a /* Z */) code |= 0x20
    if (code !== lower.charCodeAt(i)) return false
  }
  return true
}

/**
 * Says whether a comma-separated list has the member `lower` (in lower case), without regard to
 * case. Parameters after `;` belong to the member and are not compared. Makes no strings.
 */
export function hasListMember(list: string, lower: string): boolean {
  let from = 0
  while (from <= list.length) {
    const to = memberEnd(list, from)
    let start = from
    while (start < to && isBlank(list.charCodeAt(start))) start++
    let end = start
    while (end < to && list.charCodeAt(end) !== 0x3b /* ; */) end++
    while (end > start && isBlank(list.charCodeAt(end - 1))) end--
    if (end - start === lower.length && startsWithIgnoreCase(list, lower, start)) return true
    from = to + 1
  }
  return false
}

/**
 * Splits a comma-separated list; commas in quoted strings do not split, empty members are left out.
 */
export function splitList(list: string): string[] {
  const members: string[] = []
  let from = 0
  while (from <= list.length) {
    const to = memberEnd(list, from)
    let start = from
    let end = to
    while (start < end && isBlank(list.charCodeAt(start))) start++
    while (end > start && isBlank(list.charCodeAt(end - 1))) end--
    if (end > start) members.push(list.slice(start, end))
    from = to + 1
  }
  return members
}

/** Index of the comma that ends the member at `from`, or the list's length. */
function memberEnd(list: string, from: number): number {
  let isQuoted = false
  for (let i = from; i < list.length; i++) {
    const code = list.charCodeAt(i)
    if (code === 0x22 /* " */) isQuoted = !isQuoted
    else if (isQuoted && code === 0x5c /* \ */) i++
    else if (!isQuoted && code === 0x2c /* , */) return i
  }
  return list.length
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function buildTable(isMember: (byte: number) => boolean): Uint8Array {
  const table = new Uint8Array(256)
  for (let byte = 0; byte < 256; byte++) if (isMember(byte)) table[byte] = 1
  return table
}

function buildTokenTable(): Uint8Array {
  const table = new Uint8Array(256)
  for (const char of "!#$%&'*+.^_`|~")
    table[char.charCodeAt(0)] = char.charCodeAt(0) | TOKEN_UNUSUAL
  for (const char of '-0123456789abcdefghijklmnopqrstuvwxyz') {
    table[char.charCodeAt(0)] = char.charCodeAt(0)
    table[char.toUpperCase().charCodeAt(0)] = char.charCodeAt(0)
  }
  return table
}
