// Letters behind a backslash that stand for a place or for any of many characters, and the options that are switched by letters:
// `\A`, `\R`, `(?is-x)`.

import {
  anyButLineFeed,
  anyChar,
  charPart,
  lineSet,
  type SubjectKind,
  setNode,
} from './pcre-classes.ts'
import type { RegexNode, RegexPlace } from './pcre-tree.ts'

/** What `(?imsxnU)` switches. */
export interface RegexFlags {
  readonly i: boolean
  readonly s: boolean
  readonly m: boolean
  readonly x: boolean
  readonly n: boolean
  readonly U: boolean
}

/** The flags of a pattern before it says any. */
export function startFlags(isCaseInsensitive: boolean): RegexFlags {
  return { i: isCaseInsensitive, s: false, m: false, x: false, n: false, U: false }
}

/** The flags after `(?on-off)`; a caret switches off those that are not named, but for `U`. */
export function switchFlags(flags: RegexFlags, on: string, off: string): RegexFlags {
  const now = { ...flags }
  for (const flag of Object.keys(now) as (keyof RegexFlags)[]) {
    if (on.startsWith('^') && flag !== 'U') now[flag] = false
    if (on.includes(flag)) now[flag] = true
    if (off.includes(flag)) now[flag] = false
  }
  return now
}

/**
 * The part that `\` and a letter are, null where they match nothing and undefined where the letter means something else.
 *
 * @param rest the pattern from the backslash on
 */
export function simpleEscape(
  rest: string,
  subject: SubjectKind,
  place: RegexPlace,
): RegexNode | null | undefined {
  const letter = rest[1] ?? ''
  switch (letter) {
    // A search begins at the start, always.
    case 'A':
    case 'G':
      return { kind: 'assert', text: '^' }
    case 'z':
      return { kind: 'assert', text: '$' }
    case 'Z':
      return { kind: 'end' }
    case 'b':
    case 'B':
      return { kind: 'assert', text: `\\${letter}` }
    case 'N':
      return /^\\N\{(?!\d+(?:,\d*)?\})/.test(rest) ? undefined : anyButLineFeed(subject)
    case 'C':
      return subject === 'utf8' ? undefined : anyChar(subject)
    case 'R':
      return lineBreak(subject, place)
    // Where the match begins is never asked, only whether there is one.
    case 'K':
    case 'E':
      return null
    default:
      return undefined
  }
}

function lineBreak(subject: SubjectKind, place: RegexPlace): RegexNode {
  const items = [13, 10].map(code => setNode([charPart(code)], false, false, subject))
  const one = setNode([{ set: lineSet(subject), text: null, isFixed: true }], false, false, subject)
  const body: RegexNode = { kind: 'choice', branches: [{ kind: 'sequence', items }, one] }
  return { kind: 'atomic', body, place }
}
