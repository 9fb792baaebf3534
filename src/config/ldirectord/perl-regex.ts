// `receive`: a Perl regex that is looked for anywhere in an answer, case-sensitive. What has no
// special characters becomes a plain text, because logs read better with it; the rest goes through
// the translation of PCRE, which is the same language here.

import type { TextTest } from '../../model/probe.ts'
import { isRegexProblem, mapRegex, type RegexProblem } from '../nginx/pcre.ts'

/** Makes the test of an answer's text, or says what cannot be made. */
export function makeTest(pattern: string): TextTest | RegexProblem {
  const plain = plainText(pattern)
  if (plain !== null) {
    return { kind: 'contains', text: plain, isCaseInsensitive: false, isNegated: false }
  }
  const quoting = quotingIn(pattern)
  if (quoting !== null) return quoting
  const mapped = mapRegex(pattern, false, { subject: 'text' })
  if (isRegexProblem(mapped)) return mapped
  const { pattern: text, isCaseInsensitive } = mapped
  return { kind: 'regex', text, isCaseInsensitive, isNegated: false }
}

/** Makes the test that each line of an answer is put to by itself. */
export function makeLineTest(pattern: string): TextTest | RegexProblem {
  const plain = plainText(pattern)
  if (plain !== null) return makeTest(pattern)
  const quoting = quotingIn(pattern)
  if (quoting !== null) return quoting
  const mapped = mapRegex(pattern, false, { subject: 'text' })
  if (isRegexProblem(mapped)) return mapped
  const { pattern: text, isCaseInsensitive } = mapped
  return { kind: 'regex', text: `(?m:${text})`, isCaseInsensitive, isNegated: false }
}

/** The text that a pattern without special characters stands for, else null. */
function plainText(pattern: string): string | null {
  if (!/^(?:[^\\^$.*+?()[\]{}|]|\\[^A-Za-z0-9\s])+$/.test(pattern)) return null
  return pattern.replaceAll(/\\(.)/gs, '$1')
}

/** `\Q` and its like belong to Perl's source text: in a pattern that is data they are letters. */
function quotingIn(pattern: string): RegexProblem | null {
  const found = /^(?:[^\\]|\\[^QELUlu])*?\\([QELUlu])/s.exec(pattern)
  if (found === null) return null
  const [before, letter] = found
  const problem = `Cannot use "\\${letter}": ldirectord takes it for the letter ${letter}`
  return { problem, start: before.length - 2, end: before.length }
}
