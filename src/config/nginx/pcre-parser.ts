// Reads a pattern as PCRE2 does (https://www.pcre.org/current/doc/html/pcre2pattern.html) into a tree. What JavaScript has
// nothing equal to is refused here, at its place in the pattern.

import { PcreClassReader } from './pcre-class-reader.ts'
import {
  anyButLineFeed,
  anyChar,
  charPart,
  type SubjectKind,
  setNode,
  shorthand,
  unicodeProperty,
} from './pcre-classes.ts'
import { PcreCursor } from './pcre-cursor.ts'
import { type RegexFlags, simpleEscape, startFlags, switchFlags } from './pcre-escapes.ts'
import { fixedWidth, NOTHING, type RegexNode, type RegexProblem } from './pcre-tree.ts'

/** A pattern that was read. */
export interface ParsedRegex {
  readonly root: RegexNode
  /** Capturing groups. */
  readonly groupCount: number
  /** Of groups, lower case. */
  readonly names: readonly string[]
  readonly subject: SubjectKind
}

/** A line break before it, or nothing at all. */
const LINE_START = '(?:^|(?<=\\n)(?=[^]))'
const LINE_END = '(?=\\n|$)'
const REPEAT_MAX = 65_535
const DEPTH_MAX = 250

/** Reads a pattern. */
export function parsePcre(
  pattern: string,
  isCaseInsensitive: boolean,
  subject: SubjectKind,
): ParsedRegex | RegexProblem {
  return new PcreParser(pattern, isCaseInsensitive, subject).parse()
}

class PcreParser {
  readonly #cursor: PcreCursor
  #flags: RegexFlags
  #groupCount = 0
  #depth = 0
  /** By name as written. */
  readonly #names = new Map<string, number>()
  readonly #references: {
    readonly at: number
    readonly end: number
    readonly name: string | number
  }[] = []
  /** Of text between `\Q` and `\E`. */
  #isQuoting = false

  constructor(pattern: string, isCaseInsensitive: boolean, subject: SubjectKind) {
    this.#cursor = new PcreCursor(pattern, subject)
    this.#flags = startFlags(isCaseInsensitive)
  }

  parse(): ParsedRegex | RegexProblem {
    const cursor = this.#cursor
    this.#verbs()
    const root = this.#choice()
    if (!cursor.isAtEnd) cursor.refuse('unmatched closing parenthesis', cursor.at, cursor.at + 1)
    for (const { name, at, end } of this.#references) {
      const isKnown = typeof name === 'number' ? name <= this.#groupCount : this.#names.has(name)
      if (!isKnown) cursor.refuse('reference to non-existent subpattern', at, end)
    }
    if (cursor.problem !== null) return cursor.problem
    const names = [...this.#names.keys()].map(name => name.toLowerCase())
    return { root, groupCount: this.#groupCount, names, subject: cursor.subject }
  }

  /** `(*UTF8)` and the like at the start. */
  #verbs(): void {
    const cursor = this.#cursor
    for (
      let verb = cursor.take(/^\(\*(\w+)\)/);
      verb !== null;
      verb = cursor.take(/^\(\*(\w+)\)/)
    ) {
      const name = verb[1]!
      if (name === 'UTF8' || name === 'UTF') cursor.useCodePoints()
      else if (
        !/^(?:LF|NO_(?:JIT|START_OPT|AUTO_POSSESS|DOTSTAR_ANCHOR)|BSR_UNICODE)$/.test(name)
      ) {
        cursor.back(verb[0].length)
        return
      }
    }
  }

  #choice(): RegexNode {
    const cursor = this.#cursor
    const branches = [this.#sequence()]
    while (cursor.takeText('|')) branches.push(this.#sequence())
    return branches.length === 1 ? branches[0]! : { kind: 'choice', branches }
  }

  #sequence(): RegexNode {
    const cursor = this.#cursor
    const items: RegexNode[] = []
    while (!cursor.isAtEnd) {
      if (!this.#isQuoting && /^[|)]/.test(cursor.rest)) break
      const start = cursor.at
      const item = this.#item()
      if (item !== null) items.push(this.#repeated(item, start))
    }
    return items.length === 1 ? items[0]! : { kind: 'sequence', items }
  }

  /** The next part without what repeats it; null where there is nothing to match. */
  #item(): RegexNode | null {
    const cursor = this.#cursor
    const start = cursor.at
    if (this.#isQuoting) {
      if (cursor.takeText('\\E')) {
        this.#isQuoting = false
        return null
      }
      return this.#char(cursor.next())
    }
    if (this.#flags.x && cursor.take(/^(?:[\s]+|#[^\n]*\n?)/) !== null) return null
    if (cursor.take(/^\(\?#[^)]*\)/) !== null) return null
    const character = cursor.rest[0]!
    if (character === '\\') return this.#escape()
    if (character === '[') {
      const { i } = this.#flags
      return new PcreClassReader(cursor, i).read()
    }
    if (character === '(') return this.#group()
    const quantifier = cursor.quantifier()
    if (quantifier !== null) {
      cursor.refuse('quantifier does not follow a repeatable item', start, cursor.at)
      return null
    }
    const code = cursor.next()
    switch (character) {
      case '^':
        return { kind: 'assert', text: this.#flags.m ? LINE_START : '^' }
      case '$':
        return this.#flags.m ? { kind: 'assert', text: LINE_END } : { kind: 'end' }
      case '.':
        return this.#flags.s ? anyChar(cursor.subject) : anyButLineFeed(cursor.subject)
      default:
        return this.#char(code)
    }
  }

  #char(code: number): RegexNode {
    return setNode([charPart(code)], false, this.#flags.i, this.#cursor.subject)
  }

  // ── repetition ───────────────────────────────────────────────────────────────────────────────

  #repeated(item: RegexNode, start: number): RegexNode {
    // A second quantifier, or one behind `^`, is left where it stands, and refused there.
    const found = item.kind === 'assert' || item.kind === 'end' ? null : this.#quantifier()
    if (found === null) return item
    const cursor = this.#cursor
    const place = { start: cursor.place(start), end: cursor.place(cursor.at) }
    const { min, max, how } = found
    if (max < min) cursor.refuse('numbers out of order in {} quantifier', found.at, cursor.at)
    if (min > REPEAT_MAX || (max !== Number.POSITIVE_INFINITY && max > REPEAT_MAX)) {
      cursor.refuse('number too big in {} quantifier', found.at, cursor.at)
    }
    if (min === 1 && max === 1 && how !== '+') return item
    const isLazy = how !== '+' && (how === '?') !== this.#flags.U
    const repeat: RegexNode = { kind: 'repeat', min, max, isLazy, body: item, place }
    return how === '+' ? { kind: 'atomic', body: repeat, place } : repeat
  }

  #quantifier() {
    const cursor = this.#cursor
    // What repeats a quoted text repeats its last character.
    if (this.#isQuoting && cursor.takeText('\\E')) this.#isQuoting = false
    if (this.#isQuoting) return null
    if (this.#flags.x) cursor.take(/^(?:[\s]+|#[^\n]*\n?)+/)
    while (cursor.take(/^\(\?#[^)]*\)/) !== null);
    return cursor.quantifier()
  }

  // ── escapes ──────────────────────────────────────────────────────────────────────────────────

  #escape(): RegexNode | null {
    const cursor = this.#cursor
    const { subject } = cursor
    const start = cursor.at
    const letter = cursor.rest[1] ?? ''
    if (cursor.takeText('\\Q')) {
      this.#isQuoting = true
      return null
    }
    const place = { start: cursor.place(start), end: cursor.place(start + 2) }
    const simple = simpleEscape(cursor.rest, subject, place)
    if (simple !== undefined) {
      cursor.skip(2)
      return simple
    }
    const found = shorthand(letter.toLowerCase(), subject)
    if (found !== null) {
      cursor.skip(2)
      return setNode([found], letter !== letter.toLowerCase(), this.#flags.i, subject)
    }
    const property = cursor.property()
    if (property !== null) {
      const part = unicodeProperty(property.name, property.isNegated, subject)
      if (part !== null) return setNode([part], false, this.#flags.i, subject)
      cursor.refuse('unknown property after \\P or \\p', start, cursor.at)
      return null
    }
    if (letter === 'k' || letter === 'g' || /[1-9]/.test(letter)) {
      const back = this.#reference(start)
      if (back !== null) return back
    }
    const code = cursor.charEscape()
    return code === null ? null : this.#char(code)
  }

  /** `\1`, `\g{-1}`, `\k<name>`; null where it is none, or the digits are a character's. */
  #reference(start: number): RegexNode | null {
    const cursor = this.#cursor
    const named = cursor.take(/^\\(?:k<(\w+)>|k'(\w+)'|k\{(\w+)\}|g\{([A-Za-z_]\w*)\})/)
    if (named !== null) {
      return this.#backTo(named[1] ?? named[2] ?? named[3] ?? named[4]!, start)
    }
    const numbered = cursor.take(/^\\g(?:\{([+-]?\d{1,3})\}|([+-]?\d{1,3}))/)
    if (numbered !== null) {
      const digits = numbered[1] ?? numbered[2]!
      const number = Number(digits)
      if (digits.startsWith('-')) return this.#backTo(this.#groupCount + 1 + number, start)
      return this.#backTo(digits.startsWith('+') ? this.#groupCount + number : number, start)
    }
    const plain = /^\\([1-9]\d{0,2})/.exec(cursor.rest)
    if (plain === null) return null
    const number = Number(plain[1])
    // From 10 on it depends on how many groups there were (pcre2pattern, "Backslash").
    if (number >= 10 && number > this.#groupCount && !/^\\[89]/.test(cursor.rest)) return null
    cursor.skip(plain[0].length)
    return this.#backTo(number, start)
  }

  #backTo(target: number | string, start: number): RegexNode {
    const cursor = this.#cursor
    this.#references.push({ at: start, end: cursor.at, name: target })
    const number = typeof target === 'number' ? target : (this.#names.get(target) ?? 0)
    if (number < 1) cursor.refuse('reference to non-existent subpattern', start, cursor.at)
    const place = { start: cursor.place(start), end: cursor.place(cursor.at) }
    return { kind: 'back', number, need: this.#flags.i ? 'any' : 'exact', place }
  }

  // ── groups ───────────────────────────────────────────────────────────────────────────────────

  #group(): RegexNode | null {
    const cursor = this.#cursor
    const start = cursor.at
    const named = cursor.take(/^\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/)
    if (named !== null) return this.#capture(start, named[1] ?? named[2]!)
    const back = cursor.take(/^\(\?P=(\w+)\)/)
    if (back !== null) return this.#backTo(back[1]!, start)
    if (cursor.take(/^\(\?:/) !== null) {
      // In brackets of its own even `^` may be repeated.
      return { kind: 'sequence', items: [this.#inside(start, this.#flags)] }
    }
    if (cursor.take(/^\(\?>/) !== null) {
      const body = this.#inside(start, this.#flags)
      const place = { start: cursor.place(start), end: cursor.place(cursor.at) }
      return { kind: 'atomic', body, place }
    }
    const look = cursor.take(/^\(\?(<?[=!])/)
    if (look !== null) return this.#look(start, look[1]!)
    const flags = cursor.take(/^\(\?(\^?(?!.{0,8}xx)[imsxnU]*)(?:-([imsxnU]*))?([:)])/)
    if (flags !== null) return this.#setFlags(start, flags[1]!, flags[2] ?? '', flags[3]!)
    if (cursor.take(/^\(\*(?:F|FAIL)\)/) !== null) return { kind: 'assert', text: '(?!)' }
    if (/^\([?*]/.test(cursor.rest)) {
      const shown = /^\([?*][^)]{0,8}/.exec(cursor.rest)![0]
      cursor.refuse(`"${shown}"`, start, start + shown.length, true)
      return null
    }
    cursor.skip(1)
    return this.#flags.n ? this.#inside(start, this.#flags) : this.#capture(start, null)
  }

  #capture(start: number, name: string | null): RegexNode {
    const number = ++this.#groupCount
    if (name !== null) {
      if (this.#names.has(name)) {
        const { at } = this.#cursor
        this.#cursor.refuse('two named subpatterns have the same name', start, at)
      }
      this.#names.set(name, number)
    }
    return {
      kind: 'group',
      number,
      name: name?.toLowerCase() ?? null,
      body: this.#inside(start, this.#flags),
    }
  }

  #look(start: number, sign: string): RegexNode {
    const cursor = this.#cursor
    const body = this.#inside(start, this.#flags)
    const branches = body.kind === 'choice' ? body.branches : [body]
    if (sign.startsWith('<') && branches.some(branch => fixedWidth(branch) === null)) {
      cursor.refuse('lookbehind assertion is not fixed length', start, cursor.at)
    }
    return { kind: 'look', opening: `(?${sign}`, body }
  }

  /** `(?i)` holds to the end of its group, also in the branches behind it; `(?i:…)` in its own. */
  #setFlags(start: number, on: string, off: string, end: string): RegexNode | null {
    const now = switchFlags(this.#flags, on, off)
    if (end === ':') return { kind: 'sequence', items: [this.#inside(start, now)] }
    this.#flags = now
    return null
  }

  /** What stands up to the closing bracket. */
  #inside(start: number, flags: RegexFlags): RegexNode {
    const cursor = this.#cursor
    const outer = this.#flags
    this.#flags = flags
    if (++this.#depth > DEPTH_MAX)
      cursor.refuse('parentheses are too deeply nested', start, cursor.at)
    const body = cursor.problem === null ? this.#choice() : NOTHING
    this.#depth--
    this.#flags = outer
    if (cursor.problem === null && !cursor.takeText(')')) {
      cursor.refuse('missing closing parenthesis', start, cursor.end)
    }
    return body
  }
}
