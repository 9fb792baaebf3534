// Dictionaries of structured fields (RFC 9651 §4.2.2, which has RFC 8941's and two more types), as targeted cache
// control is written in. Parsing is strict: one wrong byte, and the whole field does not count. Parameters are checked and
// left out, and so are the members of inner lists: nothing here has a use for them.

import { isUtf8 } from 'node:buffer'

/** A value with its type; `list` is an inner list. */
export type MemberValue =
  | { readonly type: 'integer' | 'decimal' | 'date'; readonly value: number }
  | { readonly type: 'string' | 'token' | 'bytes' | 'display'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'list' }

/**
 * Reads a dictionary.
 *
 * @param text the field's lines, joined by `, `
 * @returns the last value of each key; empty for an empty field; null when it is no dictionary
 */
export function parseDictionary(text: string): ReadonlyMap<string, MemberValue> | null {
  const reader = new Reader(text)
  const members = new Map<string, MemberValue>()
  reader.skipSpaces()
  while (!reader.isAtEnd) {
    const key = reader.readKey()
    if (key === null) return null
    const value = reader.readMember()
    if (value === null) return null
    // A key that comes again takes the place of the first.
    members.delete(key)
    members.set(key, value)
    reader.skipOws()
    if (reader.isAtEnd) return members
    if (!reader.take(',')) return null
    reader.skipOws()
    if (reader.isAtEnd) return null
  }
  return members
}

const TRUE: MemberValue = { type: 'boolean', value: true }
const LIST: MemberValue = { type: 'list' }

const KEY = /[a-z*][a-z0-9_\-.*]*/y
const NUMBER = /-?(\d+)(?:\.(\d*))?/y
const STRING = /"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y
const TOKEN = /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/y
const BYTES = /:([A-Za-z0-9+/]*={0,2}):/y
const DISPLAY = /%"((?:[\x20-\x21\x23-\x24\x26-\x7e]|%[0-9a-f]{2})*)"/y
const BOOLEAN = /\?([01])/y

/** A place in the text; each `read` moves it behind what it read. */
class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    // Spaces at the end belong to nothing.
    this.#text = text.replace(/ +$/, '')
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  skipSpaces(): void {
    while (this.#text[this.#at] === ' ') this.#at++
  }

  skipOws(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++
  }

  take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  readKey(): string | null {
    return this.#match(KEY)?.[0] ?? null
  }

  /** What stands behind a key: `=value`, or nothing, which is true; and parameters. */
  readMember(): MemberValue | null {
    const value = this.take('=') ? this.#readItem() : TRUE
    return value !== null && this.#skipParameters() ? value : null
  }

  #readItem(): MemberValue | null {
    return this.#text[this.#at] === '(' ? this.#readList() : this.#readBareItem()
  }

  #readList(): MemberValue | null {
    this.#at++
    for (;;) {
      this.skipSpaces()
      if (this.take(')')) return LIST
      if (this.#readBareItem() === null || !this.#skipParameters()) return null
      const next = this.#text[this.#at]
      if (next !== ' ' && next !== ')') return null
    }
  }

  #readBareItem(): MemberValue | null {
    const first = this.#text[this.#at] ?? ''
    if (first === '-' || (first >= '0' && first <= '9')) return this.#readNumber()
    if (first === '"') return textItem('string', this.#match(STRING)?.[1], /\\(.)/g)
    if (first === ':') return textItem('bytes', this.#match(BYTES)?.[1])
    if (first === '?') {
      const bit = this.#match(BOOLEAN)?.[1]
      return bit === undefined ? null : { type: 'boolean', value: bit === '1' }
    }
    if (first === '@') {
      this.#at++
      const date = this.#readNumber()
      return date?.type === 'integer' ? { type: 'date', value: date.value } : null
    }
    if (first === '%') return this.#readDisplay()
    return textItem('token', this.#match(TOKEN)?.[0])
  }

  /** Integers have up to 15 digits, decimals up to 12 before the point and 1 to 3 behind it. */
  #readNumber(): MemberValue | null {
    const match = this.#match(NUMBER)
    if (match === null) return null
    const [text, whole = '', fraction] = match
    if (fraction === undefined) {
      return whole.length > 15 ? null : { type: 'integer', value: Number(text) }
    }
    if (whole.length > 12 || fraction.length < 1 || fraction.length > 3) return null
    return { type: 'decimal', value: Number(text) }
  }

  #readDisplay(): MemberValue | null {
    const escaped = this.#match(DISPLAY)?.[1]
    if (escaped === undefined) return null
    const bytes = Buffer.from(
      escaped.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      'latin1',
    )
    return isUtf8(bytes) ? { type: 'display', value: bytes.toString('utf8') } : null
  }

  #skipParameters(): boolean {
    while (this.take(';')) {
      this.skipSpaces()
      if (this.readKey() === null) return false
      if (this.take('=') && this.#readBareItem() === null) return false
    }
    return true
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match !== null) this.#at = pattern.lastIndex
    return match
  }
}

function textItem(
  type: 'string' | 'token' | 'bytes',
  value: string | undefined,
  escapes: RegExp | null = null,
): MemberValue | null {
  if (value === undefined) return null
  return { type, value: escapes === null ? value : value.replace(escapes, '$1') }
}
