// The syntax of Cache-Control (RFC 9111 §5.2): a list of `token [ "=" ( token / quoted-string ) ]`. Nothing is refused: a
// member that is not well formed is told apart, so that what forbids still counts and what allows does not.

import { TOKEN_LOWER } from '../../http/tokens.ts'

/** One member of the list. */
export interface Directive {
  /** Lower case. */
  readonly name: string
  /** Without its quotes; null = there is none. */
  readonly value: string | null
  /** The member is what the grammar says: no white space at `=`, nothing behind the value, the quote closed. */
  readonly isWellFormed: boolean
}

/** Appends the directives of one field line; members without a name are left out. */
export function parseDirectives(line: string, directives: Directive[]): void {
  let at = 0
  while (at < line.length) {
    at = skipBlanks(line, at)
    const nameEnd = tokenEnd(line, at)
    const name = line.slice(at, nameEnd).toLowerCase()
    at = nameEnd
    if (name === '') {
      at = nextMember(line, at)
      continue
    }
    const equals = skipBlanks(line, at)
    if (line.charCodeAt(equals) !== EQUALS) {
      const isWellFormed = equals === line.length || line.charCodeAt(equals) === COMMA
      directives.push({ name, value: null, isWellFormed })
      at = nextMember(line, equals)
      continue
    }
    const valueStart = skipBlanks(line, equals + 1)
    const isTight = equals === at && valueStart === equals + 1
    const isQuoted = line.charCodeAt(valueStart) === QUOTE
    const valueEnd = isQuoted ? quoteEnd(line, valueStart) : tokenEnd(line, valueStart)
    // A quote that nobody closes is none: what follows its comma is read.
    const isClosed = valueEnd !== -1
    const memberEnd = isClosed ? skipBlanks(line, valueEnd) : valueStart + 1
    const endsThere = memberEnd === line.length || line.charCodeAt(memberEnd) === COMMA
    const isWellFormed = isTight && isClosed && endsThere && valueEnd > valueStart
    directives.push({
      name,
      value: isClosed ? valueText(line, valueStart, valueEnd, isQuoted) : null,
      isWellFormed,
    })
    at = nextMember(line, memberEnd)
  }
}

const COMMA = 0x2c
const EQUALS = 0x3d
const QUOTE = 0x22
const BACKSLASH = 0x5c

function valueText(line: string, start: number, end: number, isQuoted: boolean): string {
  if (!isQuoted) return line.slice(start, end)
  const inner = line.slice(start + 1, end - 1)
  return inner.includes('\\') ? inner.replace(/\\(.)/g, '$1') : inner
}

function skipBlanks(line: string, from: number): number {
  let at = from
  while (at < line.length && (line.charCodeAt(at) === 0x20 || line.charCodeAt(at) === 0x09)) at++
  return at
}

function tokenEnd(line: string, from: number): number {
  let at = from
  while (at < line.length) {
    const code = line.charCodeAt(at)
    if (code > 0x7f || TOKEN_LOWER[code] === 0) break
    at++
  }
  return at
}

/** Index after the closing quote, -1 when there is none. */
function quoteEnd(line: string, from: number): number {
  for (let at = from + 1; at < line.length; at++) {
    const code = line.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at + 1
  }
  return -1
}

/** Index after the comma that ends a member; commas in closed quotes do not. */
function nextMember(line: string, from: number): number {
  for (let at = from; at < line.length; at++) {
    const code = line.charCodeAt(at)
    if (code === COMMA) return at + 1
    if (code !== QUOTE) continue
    const end = quoteEnd(line, at)
    if (end !== -1) at = end - 1
  }
  return line.length
}
