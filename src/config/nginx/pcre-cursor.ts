// A place in a pattern of PCRE that moves on: the characters of the pattern as PCRE sees them, which are bytes unless it
// was told otherwise, and where each of them was written.

import type { SubjectKind } from './pcre-classes.ts'
import { charMax } from './pcre-classes.ts'
import type { RegexProblem } from './pcre-tree.ts'

/** How often something repeats, as it was written. */
export interface Quantifier {
  readonly min: number
  readonly max: number
  readonly how: string
  readonly at: number
}

const ESCAPED: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 }

export class PcreCursor {
  /** The rest is empty once there is a problem. */
  at = 0
  problem: RegexProblem | null = null
  subject: SubjectKind
  readonly #pattern: string
  /** One character for each that PCRE sees. */
  #text: string
  /** For each of them its place in the pattern; null where that is the same. */
  #places: readonly number[] | null = null

  constructor(pattern: string, subject: SubjectKind) {
    this.#pattern = pattern
    this.subject = subject
    this.#text = pattern
    if (subject === 'bytes' && /[^\x00-\x7f]/.test(pattern)) this.#useBytes()
  }

  #useBytes(): void {
    const places: number[] = []
    let text = ''
    let index = 0
    for (const character of this.#pattern) {
      const bytes = Buffer.from(character, 'utf8').toString('latin1')
      text += bytes
      for (const _ of bytes) places.push(index)
      index += character.length
    }
    this.#text = text
    this.#places = places
  }

  /** From here on characters are code points; only before any other was read. */
  useCodePoints(): void {
    this.subject = this.subject === 'text' ? 'text' : 'utf8'
    this.#text = this.#pattern
    this.#places = null
  }

  get rest(): string {
    return this.problem === null ? this.#text.slice(this.at) : ''
  }

  get isAtEnd(): boolean {
    return this.problem !== null || this.at >= this.#text.length
  }

  get end(): number {
    return this.#text.length
  }

  /** Where a character was written. */
  place(at: number): number {
    return at >= this.#text.length ? this.#pattern.length : (this.#places?.[at] ?? at)
  }

  skip(count: number): void {
    this.at += count
  }

  back(count: number): void {
    this.at -= count
  }

  /** Goes on behind what matches here. */
  take(regex: RegExp): RegExpExecArray | null {
    const found = regex.exec(this.rest)
    if (found !== null) this.at += found[0].length
    return found
  }

  takeText(text: string): boolean {
    if (!this.rest.startsWith(text)) return false
    this.at += text.length
    return true
  }

  /** The next character's number. */
  next(): number {
    const code = this.rest.codePointAt(0) ?? 0
    this.at += code > 0xffff ? 2 : 1
    return code
  }

  /** Keeps the first problem. @param isUnknown it is JavaScript that has no such thing */
  refuse(problem: string, start: number, end: number, isUnknown = false): void {
    const from = this.place(start)
    this.problem ??= {
      problem: isUnknown
        ? `Cannot use ${problem} in a regular expression: JavaScript has nothing equal`
        : problem,
      start: from,
      end: Math.min(Math.max(from + 1, this.place(end)), this.#pattern.length),
    }
  }

  /** `*`, `+?`, `{2,3}+` … */
  quantifier(): Quantifier | null {
    const at = this.at
    const found = this.take(/^(?:([*+?])|\{(\d{1,5})(,(\d{0,5}))?\})([+?]?)/)
    if (found === null) return null
    const [, sign, least, comma, most, how = ''] = found
    if (sign !== undefined) {
      const max = sign === '?' ? 1 : Number.POSITIVE_INFINITY
      return { min: sign === '+' ? 1 : 0, max, how, at }
    }
    const min = Number(least)
    const max = comma === undefined ? min : most === '' ? Number.POSITIVE_INFINITY : Number(most)
    return { min, max, how, at }
  }

  /** `\pL`, `\p{^Lu}`, `\P{Greek}` */
  property(): { readonly name: string; readonly isNegated: boolean } | null {
    const found = this.take(/^\\([pP])(?:\{(\^?)\s*([\w&]+)\s*\}|([A-Z]))/)
    if (found === null) return null
    const [, letter, caret = '', long, short] = found
    return { name: long ?? short!, isNegated: (letter === 'P') !== (caret === '^') }
  }

  /** An escape that stands for one character; null after a problem. */
  charEscape(): number | null {
    const start = this.at
    const letter = this.rest[1]
    if (letter === undefined) {
      this.refuse('\\ at end of pattern', start, start + 1)
      return null
    }
    if (/^\\[xo]\{\}/.test(this.rest)) {
      this.refuse('digits missing in \\x{} or \\o{}', start, start + 4)
      return null
    }
    const hex = this.take(/^\\x(?:\{([0-9A-Fa-f]{1,8})\}|([0-9A-Fa-f]{0,2}))/)
    if (hex !== null) return this.#checked(Number.parseInt(hex[1] ?? (hex[2] || '0'), 16), start)
    const octal = this.take(/^\\(?:o\{([0-7]{1,8})\}|([0-7]{1,3}))/)
    if (octal !== null) {
      return this.#checked(Number.parseInt(octal[1] ?? octal[2]!, 8), start)
    }
    const control = this.take(/^\\c([\x20-\x7e])/)
    if (control !== null) return control[1]!.toUpperCase().charCodeAt(0) ^ 0x40
    const known = ESCAPED[letter]
    if (known !== undefined) {
      this.at += 2
      return known
    }
    if (!/[A-Za-z0-9]/.test(letter)) {
      this.at += 1
      return this.next()
    }
    this.refuse(`"\\${letter}"`, start, start + 2, true)
    return null
  }

  #checked(code: number, start: number): number | null {
    if (code <= charMax(this.subject)) return code
    const problem = 'character code point value in \\x{} or \\o{} is too large'
    this.refuse(problem, start, this.at)
    return null
  }
}
