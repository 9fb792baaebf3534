// Reads a class of PCRE: what stands between `[` and `]`.
// https://www.pcre.org/current/doc/html/pcre2pattern.html#SEC9

import { negate } from './char-set.ts'
import {
  type ClassPart,
  charMax,
  charPart,
  posixClass,
  rangePart,
  setNode,
  shorthand,
  unicodeProperty,
} from './pcre-classes.ts'
import type { PcreCursor } from './pcre-cursor.ts'
import type { RegexNode } from './pcre-tree.ts'

/** A member: one character, which may begin a range, or a class. */
type Member = number | ClassPart

export class PcreClassReader {
  readonly #cursor: PcreCursor
  readonly #isAnyCase: boolean
  readonly #parts: ClassPart[] = []
  #isQuoting = false

  constructor(cursor: PcreCursor, isAnyCase: boolean) {
    this.#cursor = cursor
    this.#isAnyCase = isAnyCase
  }

  /** Reads from the opening bracket; null after a problem. */
  read(): RegexNode | null {
    const cursor = this.#cursor
    const start = cursor.at
    if (/^\[([:.=])(?:(?!\1\])[^\]\\])*\1\]/.test(cursor.rest)) {
      const problem = 'POSIX named classes are supported only within a class'
      cursor.refuse(problem, start, start + cursor.rest.indexOf(']') + 1)
      return null
    }
    cursor.skip(1)
    const isNegated = cursor.takeText('^')
    for (let isFirst = true; ; isFirst = false) {
      if (cursor.isAtEnd) {
        cursor.refuse('missing terminating ] for character class', start, cursor.end)
        return null
      }
      if (!isFirst && !this.#isQuoting && cursor.takeText(']')) break
      const from = cursor.at
      const member = this.#member()
      if (typeof member === 'number') this.#maybeRange(member, from)
      else if (member !== null) this.#parts.push(member)
    }
    return setNode(this.#parts, isNegated, this.#isAnyCase, cursor.subject)
  }

  #maybeRange(first: number, start: number): void {
    const cursor = this.#cursor
    const isRange = !this.#isQuoting && /^-(?!\])./s.test(cursor.rest)
    if (!isRange) {
      this.#parts.push(charPart(first))
      return
    }
    cursor.skip(1)
    const last = this.#member()
    if (typeof last !== 'number') {
      // Before a class a hyphen is one.
      this.#parts.push(charPart(first), charPart(0x2d /* - */))
      if (last !== null) this.#parts.push(last)
    } else if (last < first) {
      cursor.refuse('range out of order in character class', start, cursor.at)
    } else {
      this.#parts.push(rangePart(first, last))
    }
  }

  /** Null where there is none: `\E`, or after a problem. */
  #member(): Member | null {
    const cursor = this.#cursor
    const start = cursor.at
    if (cursor.takeText('\\E')) {
      this.#isQuoting = false
      return null
    }
    if (this.#isQuoting) return cursor.next()
    if (cursor.takeText('\\Q')) {
      this.#isQuoting = true
      return null
    }
    if (cursor.rest.startsWith('[')) return this.#posix(start)
    if (!cursor.rest.startsWith('\\')) return cursor.next()
    return this.#escape(start)
  }

  #posix(start: number): Member | null {
    const cursor = this.#cursor
    const posix = cursor.take(/^\[:(\^?)(\w+):\]/)
    if (posix !== null) {
      const isLetters = this.#isAnyCase && /^(?:upper|lower)$/.test(posix[2]!)
      const name = isLetters ? 'alpha' : posix[2]!
      const part = posixClass(name, posix[1] === '^', cursor.subject)
      if (part === null) cursor.refuse('unknown POSIX class name', start, cursor.at)
      return part
    }
    if (/^\[([.=])[^\]]*?\1\]/.test(cursor.rest)) {
      cursor.refuse('POSIX collating elements are not supported', start, start + 2)
      return null
    }
    return cursor.next()
  }

  #escape(start: number): Member | null {
    const cursor = this.#cursor
    const { subject } = cursor
    const letter = cursor.rest[1] ?? ''
    const found = shorthand(letter, subject)
    if (found !== null) {
      cursor.skip(2)
      return found
    }
    const property = cursor.property()
    if (property !== null) {
      const part = unicodeProperty(property.name, property.isNegated, subject)
      if (part === null) cursor.refuse('unknown property after \\P or \\p', start, cursor.at)
      return part
    }
    if (letter === 'b') {
      cursor.skip(2)
      return 8
    }
    if (letter === 'B' || letter === 'R' || letter === 'X') {
      const problem = `escape sequence is invalid in character class`
      cursor.refuse(problem, start, start + 2)
      return null
    }
    if (letter === 'N') {
      cursor.refuse('escape sequence is invalid in character class', start, start + 2)
      return { set: negate([[10, 10]], charMax(subject)), text: null, isFixed: true }
    }
    return cursor.charEscape()
  }
}
