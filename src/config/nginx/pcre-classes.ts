// The parts of a PCRE pattern that stand for one character: escapes, classes in brackets, POSIX names, properties of
// Unicode. Each becomes a set; where JavaScript writes it alike, also the text, so that patterns stay readable.
// https://www.pcre.org/current/doc/html/pcre2pattern.html

import {
  BYTE_MAX,
  type CharSet,
  classMembers,
  foldSet,
  isBeyondAscii,
  isCased,
  negate,
  POINT_MAX,
  propertySet,
  setPattern,
  unite,
  utf8Pattern,
} from './char-set.ts'
import type { RegexNode } from './pcre-tree.ts'

/**
 * What a character of the subject is: a byte, a byte of UTF-8 that the pattern takes for code points (`(*UTF8)`), or a
 * character of a text that was decoded before.
 */
export type SubjectKind = 'bytes' | 'utf8' | 'text'

/** The last character of a subject. */
export function charMax(subject: SubjectKind): number {
  return subject === 'bytes' ? BYTE_MAX : POINT_MAX
}

/** A member of a class, or a class of its own. */
export interface ClassPart {
  readonly set: CharSet
  /** Inside of brackets, as JavaScript writes it; null where only the set says it. */
  readonly text: string | null
  /** It means the same characters whatever is said of case. */
  readonly isFixed: boolean
}

const DIGITS: CharSet = [[0x30, 0x39]]
const WORD: CharSet = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
]
const SPACES: CharSet = [
  [9, 13],
  [32, 32],
]
const BLANKS: CharSet = [
  [9, 9],
  [32, 32],
  [0xa0, 0xa0],
]
const LINES: CharSet = [
  [10, 13],
  [0x85, 0x85],
]
const WIDE_BLANKS: CharSet = unite(BLANKS, [
  [0x1680, 0x1680],
  [0x180e, 0x180e],
  [0x2000, 0x200a],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
])
const WIDE_LINES: CharSet = unite(LINES, [[0x2028, 0x2029]])

const SHORTHANDS: Readonly<Record<string, { readonly set: CharSet; readonly text: string }>> = {
  d: { set: DIGITS, text: '\\d' },
  w: { set: WORD, text: '\\w' },
  s: { set: SPACES, text: '\\t-\\r ' },
  h: { set: BLANKS, text: '\\t \\xa0' },
  v: { set: LINES, text: '\\n-\\r\\x85' },
}

/** `\d` and its kin, also the negated ones; null for other letters. */
export function shorthand(letter: string, subject: SubjectKind): ClassPart | null {
  const lower = letter.toLowerCase()
  const known = SHORTHANDS[lower]
  if (known === undefined) return null
  let { set } = known
  if (subject !== 'bytes' && lower === 'h') set = WIDE_BLANKS
  if (subject !== 'bytes' && lower === 'v') set = WIDE_LINES
  const isNegated = letter !== lower
  const isAlike = lower === 'd' || lower === 'w'
  const text = set === known.set && !isNegated ? known.text : isAlike ? `\\${letter}` : null
  return { set: isNegated ? negate(set, charMax(subject)) : set, text, isFixed: true }
}

/** What `\R` takes beside CR LF. */
export function lineSet(subject: SubjectKind): CharSet {
  return subject === 'bytes' ? LINES : WIDE_LINES
}

const POSIX: Readonly<Record<string, ClassPart>> = {
  alpha: posix('a-zA-Z', [0x41, 0x5a], [0x61, 0x7a]),
  digit: posix('0-9', [0x30, 0x39]),
  alnum: posix('a-zA-Z0-9', [0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a]),
  upper: posix('A-Z', [0x41, 0x5a]),
  lower: posix('a-z', [0x61, 0x7a]),
  space: posix('\\t-\\r ', [9, 13], [32, 32]),
  blank: posix('\\t ', [9, 9], [32, 32]),
  punct: posix('!-\\/:-@\\[-`{-~', [0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e]),
  xdigit: posix('0-9a-fA-F', [0x30, 0x39], [0x41, 0x46], [0x61, 0x66]),
  word: posix('\\w', ...WORD),
  print: posix(' -~', [0x20, 0x7e]),
  graph: posix('!-~', [0x21, 0x7e]),
  cntrl: posix('\\x00-\\x1f\\x7f', [0, 0x1f], [0x7f, 0x7f]),
  ascii: posix('\\x00-\\x7f', [0, 0x7f]),
}

function posix(text: string, ...set: CharSet): ClassPart {
  // Without regard to case, `upper` and `lower` are any letters.
  return { set, text, isFixed: false }
}

/** `[:alpha:]`, `[:^alpha:]`; null for an unknown name. */
export function posixClass(
  name: string,
  isNegated: boolean,
  subject: SubjectKind,
): ClassPart | null {
  const known = Object.hasOwn(POSIX, name) ? POSIX[name]! : null
  if (known === null || !isNegated) return known
  return { set: negate(known.set, charMax(subject)), text: null, isFixed: true }
}

const OWN_PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  Any: ['Any'],
  'L&': ['LC'],
  Xan: ['L', 'N'],
  Xwd: ['L', 'N', 'Pc'],
  Xsp: ['White_Space'],
  Xps: ['White_Space'],
}

/** `\p{Lu}`, `\p{Greek}`; null for an unknown name. */
export function unicodeProperty(
  name: string,
  isNegated: boolean,
  subject: SubjectKind,
): ClassPart | null {
  const max = charMax(subject)
  const isScript = /^[A-Z][a-z]{2,}(?:_[A-Za-z]+)*$/.test(name)
  const own = Object.hasOwn(OWN_PROPERTIES, name) ? OWN_PROPERTIES[name]! : null
  const names = own ?? [isScript ? `Script_Extensions=${name}` : name]
  const sets = names.map(each => propertySet(each, max))
  if (sets.includes(null)) return null
  const set = unite(...sets.map(each => each!))
  return { set: isNegated ? negate(set, max) : set, text: null, isFixed: true }
}

/** Makes the node of some members of a class, or of one alone. */
export function setNode(
  parts: readonly ClassPart[],
  isNegated: boolean,
  isAnyCase: boolean,
  subject: SubjectKind,
): RegexNode {
  const max = charMax(subject)
  const written = unite(...parts.map(part => part.set))
  const folded = isAnyCase
    ? unite(...parts.map(part => (part.isFixed ? part.set : foldSet(part.set, max))))
    : written
  const set = isNegated ? negate(folded, max) : folded
  if (subject === 'utf8') return { kind: 'set', set, need: 'exact', text: utf8Pattern(set) }
  const texts = parts.map(part => part.text)
  // What JavaScript would fold and PCRE does not is written out: letters beyond ASCII, and properties.
  const isSpoken = !texts.includes(null) && !(subject === 'bytes' && isLatinCased(written))
  const need = !isSpoken ? 'exact' : !isCased(written) ? 'none' : isAnyCase ? 'any' : 'exact'
  return { kind: 'set', set, need, text: isSpoken ? bracketed(parts, isNegated) : setPattern(set) }
}

function bracketed(parts: readonly ClassPart[], isNegated: boolean): string {
  const [first] = parts
  const text = parts.map(part => part.text).join('')
  if (isNegated || parts.length !== 1) return `[${isNegated ? '^' : ''}${text}]`
  if (/^\\[dwDW]$/.test(text)) return text
  const { set } = first!
  return set.length === 1 && set[0]![0] === set[0]![1] ? setPattern(set) : `[${text}]`
}

/** Tells whether a set has letters of latin-1 that it does not have in both cases. */
function isLatinCased(set: CharSet): boolean {
  if (!isBeyondAscii(set)) return false
  const has = (code: number) => set.some(([from, to]) => from <= code && code <= to)
  for (let code = 0xc0; code <= 0xde; code++) {
    if (code !== 0xd7 && has(code) !== has(code + 0x20)) return true
  }
  return false
}

/** Any character whatever. */
export function anyChar(subject: SubjectKind): RegexNode {
  const set = negate([], charMax(subject))
  const text = subject === 'utf8' ? utf8Pattern(set) : '[^]'
  return { kind: 'set', set, need: subject === 'utf8' ? 'exact' : 'none', text }
}

/** Any character that does not end a line. */
export function anyButLineFeed(subject: SubjectKind): RegexNode {
  return setNode([charPart(10)], true, false, subject)
}

/** A member that is one character. */
export function charPart(code: number): ClassPart {
  return { set: [[code, code]], text: classMembers([[code, code]]), isFixed: false }
}

/** A member that is a range. */
export function rangePart(from: number, to: number): ClassPart {
  const text = `${classMembers([[from, from]])}-${classMembers([[to, to]])}`
  return { set: [[from, to]], text, isFixed: false }
}
