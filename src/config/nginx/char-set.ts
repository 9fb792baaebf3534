// Sets of characters as ranges of their numbers: what a regex's classes come to, so that they can be compared, negated,
// folded, and written for an engine that sees one byte of a UTF-8 text at a time.

/** Ranges from … to, both included, in rising order, without overlaps. */
export type CharSet = readonly (readonly [from: number, to: number])[]

/** The last byte. */
export const BYTE_MAX = 0xff
/** The last code point. */
export const POINT_MAX = 0x10ffff

/** Puts ranges in order and joins those that touch. */
export function unite(...sets: readonly CharSet[]): CharSet {
  const sorted = sets.flat().sort((a, b) => a[0] - b[0])
  const united: [number, number][] = []
  for (const [from, to] of sorted) {
    const last = united.at(-1)
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else united.push([from, to])
  }
  return united
}

/** The characters up to `max` that are not in the set. */
export function negate(set: CharSet, max: number): CharSet {
  const negated: [number, number][] = []
  let next = 0
  for (const [from, to] of set) {
    if (from > next) negated.push([next, from - 1])
    next = to + 1
  }
  if (next <= max) negated.push([next, max])
  return negated
}

/** Tells whether two sets have a character in common. */
export function meets(a: CharSet, b: CharSet): boolean {
  return a.some(([from, to]) => b.some(other => other[0] <= to && other[1] >= from))
}

/** Tells whether a set has characters beyond ASCII. */
export function isBeyondAscii(set: CharSet): boolean {
  return (set.at(-1)?.[1] ?? 0) > 0x7f
}

/** Tells whether a set has letters of ASCII that it does not have in both cases. */
export function isCased(set: CharSet): boolean {
  for (let code = 0x41 /* A */; code <= 0x5a /* Z */; code++) {
    if (hasChar(set, code) !== hasChar(set, code + 0x20)) return true
  }
  return false
}

function hasChar(set: CharSet, code: number): boolean {
  return set.some(([from, to]) => from <= code && code <= to)
}

/** The set with both cases of its letters; beyond ASCII only where characters are code points. */
export function foldSet(set: CharSet, max: number): CharSet {
  const more: [number, number][] = []
  if (max === BYTE_MAX) {
    for (const [from, to] of set) {
      for (let code = from; code <= Math.min(to, 0x7a /* z */); code++) {
        const other = otherAsciiCase(code)
        if (other !== code) more.push([other, other])
      }
    }
    return unite(set, more)
  }
  for (const [code, others] of caseTable()) {
    if (hasChar(set, code)) for (const other of others) more.push([other, other])
  }
  return unite(set, more)
}

function otherAsciiCase(code: number): number {
  if (code >= 0x41 && code <= 0x5a) return code + 0x20
  return code >= 0x61 && code <= 0x7a ? code - 0x20 : code
}

let cases: Map<number, number[]> | null = null

/** Characters that differ in case only, by each of them. */
function caseTable(): ReadonlyMap<number, readonly number[]> {
  if (cases !== null) return cases
  const groups = new Map<number, number[]>()
  for (let code = 0x41; code <= 0x1e943; code++) {
    // Surrogates have no case; the dotless i is a letter of its own.
    if ((code >= 0xd800 && code <= 0xdfff) || code === 0x131) continue
    const text = String.fromCodePoint(code)
    const folded = onePoint(onePoint(text, 'toUpperCase'), 'toLowerCase').codePointAt(0)!
    const group = groups.get(folded)
    if (group === undefined) groups.set(folded, [code])
    else group.push(code)
  }
  cases = new Map()
  for (const group of groups.values()) {
    if (group.length > 1) for (const code of group) cases.set(code, group)
  }
  return cases
}

/** The character in the other case, where that is one character too. */
function onePoint(text: string, how: 'toUpperCase' | 'toLowerCase'): string {
  const other = text[how]()
  return other.length === (other.codePointAt(0)! > 0xffff ? 2 : 1) ? other : text
}

const properties = new Map<string, CharSet>()

/** The characters up to `max` that a property of Unicode in JavaScript's spelling has; null when there is none. */
export function propertySet(property: string, max: number): CharSet | null {
  const key = `${max} ${property}`
  const known = properties.get(key)
  if (known !== undefined) return known
  let regex: RegExp
  try {
    regex = new RegExp(`\\p{${property}}`, 'u')
  } catch {
    // Not a property of this engine: the caller says where it stands.
    return null
  }
  const set: [number, number][] = []
  for (let code = 0; code <= max; code++) {
    if (!regex.test(String.fromCodePoint(code))) continue
    const last = set.at(-1)
    if (last !== undefined && last[1] === code - 1) last[1] = code
    else set.push([code, code])
  }
  properties.set(key, set)
  return set
}

/** The members of a class of JavaScript, without its brackets. */
export function classMembers(set: CharSet): string {
  return set
    .map(([from, to]) => {
      if (from === to) return classChar(from)
      return `${classChar(from)}${to === from + 1 ? '' : '-'}${classChar(to)}`
    })
    .join('')
}

/** One character inside a class. */
export function classChar(code: number): string {
  const text = String.fromCharCode(code)
  if (/[\\\]^[-]/.test(text)) return `\\${text}`
  return plainChar(code)
}

/** A character as JavaScript writes it where it has no meaning of its own. */
export function plainChar(code: number): string {
  const short = SHORT[code]
  if (short !== undefined) return short
  if (code >= 0x20 && code < 0x7f) return String.fromCharCode(code)
  const hex = code.toString(16)
  return code <= BYTE_MAX ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`
}

const SHORT: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r' }

/** A pattern of bytes that matches the UTF-8 form of one character of the set; `[]` matches none. */
export function utf8Pattern(set: CharSet): string {
  const ascii: [number, number][] = []
  for (const [from, to] of set) if (from < 0x80) ascii.push([from, Math.min(to, 0x7f)])
  const branches = utf8Ranges(set).map(bytes => bytes.map(range => setPattern([range])).join(''))
  if (ascii.length > 0) branches.unshift(setPattern(ascii))
  if (branches.length === 0) return '[]'
  return branches.length === 1 && ascii.length > 0 ? branches[0]! : `(?:${branches.join('|')})`
}

/** One character as itself, several as a class. */
export function setPattern(set: CharSet): string {
  const [first] = set
  if (set.length === 1 && first![0] === first![1]) return escapeChar(first![0])
  return `[${classMembers(set)}]`
}

/** A character outside of classes. */
export function escapeChar(code: number): string {
  const text = String.fromCharCode(code)
  return /[\\^$.*+?()[\]{}|]/.test(text) ? `\\${text}` : plainChar(code)
}

type ByteRanges = readonly (readonly [from: number, to: number])[]

/** The sequences of byte ranges that the UTF-8 forms of the characters beyond ASCII make up. */
function utf8Ranges(set: CharSet): ByteRanges[] {
  const found: ByteRanges[] = []
  for (const [from, to] of set) {
    for (const [low, high] of [
      [0x80, 0x7ff],
      [0x800, 0xd7ff],
      [0xe000, 0xffff],
      [0x10000, POINT_MAX],
    ] as const) {
      const start = Math.max(from, low)
      const end = Math.min(to, high)
      if (start <= end) addSequences(utf8Bytes(start), utf8Bytes(end), [], found)
    }
  }
  return found
}

function utf8Bytes(code: number): number[] {
  return [...Buffer.from(String.fromCodePoint(code), 'utf8')]
}

/** Splits a range of equally long forms at bytes where its ends do not reach over all that may follow. */
function addSequences(
  from: readonly number[],
  to: readonly number[],
  before: ByteRanges,
  found: ByteRanges[],
): void {
  const [first, ...restFrom] = from
  const [last, ...restTo] = to
  if (first === undefined || last === undefined) {
    found.push(before)
    return
  }
  if (first === last) {
    addSequences(restFrom, restTo, [...before, [first, first]], found)
    return
  }
  const lowest = restFrom.map(() => 0x80)
  const highest = restTo.map(() => 0xbf)
  const isFromWhole = restFrom.every(byte => byte === 0x80)
  const isToWhole = restTo.every(byte => byte === 0xbf)
  const start = isFromWhole ? first : first + 1
  const end = isToWhole ? last : last - 1
  if (!isFromWhole) addSequences(restFrom, highest, [...before, [first, first]], found)
  if (start <= end) addSequences(lowest, highest, [...before, [start, end]], found)
  if (!isToWhole) addSequences(lowest, restTo, [...before, [last, last]], found)
}
