// Turns a PCRE pattern into one of JavaScript that matches the same texts and captures the same parts, or says what cannot be
// turned. nginx matches bytes: so do we, on texts of latin-1, in which a character of the configuration is the bytes that it
// has in UTF-8. Three steps: pcre-parser.ts reads, pcre-captures.ts looks for what would differ, pcre-writer.ts writes.

import { findRunaway } from './pcre-backtracking.ts'
import { findCaptureFaults } from './pcre-captures.ts'
import type { SubjectKind } from './pcre-classes.ts'
import { parsePcre } from './pcre-parser.ts'
import { caseNeed, type RegexPlace, type RegexProblem } from './pcre-tree.ts'
import { PcreWriter } from './pcre-writer.ts'

export type { RegexProblem } from './pcre-tree.ts'

/** A pattern ready for `new RegExp(pattern, isCaseInsensitive ? 'i' : '')`. */
export interface MappedRegex {
  readonly pattern: string
  readonly isCaseInsensitive: boolean
  /** Names of groups, lower case: they become variables. */
  readonly names: readonly string[]
  /** What works, and should be known. */
  readonly warnings: readonly RegexProblem[]
}

export interface MapOptions {
  /** Bytes where nothing is said. */
  readonly subject?: SubjectKind
  /** Texts have no line feed, as names of hosts: the pattern stays shorter. */
  readonly isOneLine?: boolean
}

/** Tells a mapped regex from a problem. */
export function isRegexProblem(result: MappedRegex | RegexProblem): result is RegexProblem {
  return 'problem' in result
}

/** Maps a PCRE pattern to JavaScript. A leading `(?i)` becomes the flag. */
export function mapRegex(
  pattern: string,
  isCaseInsensitive: boolean,
  options: MapOptions = {},
): MappedRegex | RegexProblem {
  const parsed = parsePcre(pattern, isCaseInsensitive, options.subject ?? 'bytes')
  if ('problem' in parsed) return parsed
  const { root, groupCount, names, subject } = parsed
  const faults = findCaptureFaults(root)
  if (faults.problem !== null) return faults.problem
  const isAnyCase = isCaseInsensitive || /^(?:\(\*\w+\))*\(\?\w*i\w*\)/.test(pattern)
  // Bytes of UTF-8 are no letters: there both cases are written out.
  const hasFlag = isAnyCase && subject !== 'utf8' && caseNeed(root) !== 'exact'
  const writer = new PcreWriter({ root, groupCount, isOneLine: options.isOneLine ?? false })
  const mapped = writer.write(hasFlag)
  const whole = { start: 0, end: pattern.length }
  if (writer.refused !== null) {
    return {
      ...writer.refused,
      problem: 'Cannot use this atomic part in a regular expression: JavaScript has nothing equal',
    }
  }
  const reason = whyRefused(mapped, hasFlag)
  if (reason !== null) return { ...whole, problem: reason }
  const warnings: RegexProblem[] = faults.warning === null ? [] : [faults.warning]
  const runaway = findRunaway(root)
  if (runaway !== null) warnings.push(slow(runaway))
  return { pattern: mapped, isCaseInsensitive: hasFlag, names, warnings }
}

function slow(place: RegexPlace): RegexProblem {
  const problem =
    'this repetition may take very long on some texts, and a worker serves nothing meanwhile'
  return { ...place, problem }
}

/** JavaScript's own reason not to take a pattern; null when it does. */
function whyRefused(pattern: string, isCaseInsensitive: boolean): string | null {
  try {
    new RegExp(pattern, isCaseInsensitive ? 'i' : '')
    return null
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return error.message.replace(/^Invalid regular expression: .*: /s, '').toLowerCase()
  }
}
