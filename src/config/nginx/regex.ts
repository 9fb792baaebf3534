// Regexes of a configuration: mapped to JavaScript, their named groups made known as variables, and
// what cannot be mapped reported at its place in the word.

import { partOrigin, type Word } from './lexer.ts'
import { isRegexProblem, type MapOptions, type MappedRegex, mapRegex } from './pcre.ts'
import type { Reading } from './reading.ts'

const FOREIGN_HINT = 'write it without this, or as several regexes'
const SYNTAX_HINT =
  'put a regex with "{", "}" or ";" in quotes, and "\\" before what is meant as a character'

/** The name of a group, in all three spellings. */
const GROUP_NAME = /\(\?P?[<'](\w+)[>']/g

/** Reads the regex that stands in a word from character `start` on; null when it was refused. */
export function readRegex(
  word: Word,
  start: number,
  isCaseInsensitive: boolean,
  reading: Reading,
  options: MapOptions = {},
): MappedRegex | null {
  const mapped = mapRegex(word.text.slice(start), isCaseInsensitive, options)
  if (isRegexProblem(mapped)) {
    const origin = partOrigin(word, start + mapped.start, start + mapped.end)
    const isForeign = mapped.problem.startsWith('Cannot')
    const message = isForeign
      ? mapped.problem
      : `invalid regular expression "${word.text.slice(start)}": ${mapped.problem}`
    reading.diagnostics.error(message, origin, isForeign ? FOREIGN_HINT : SYNTAX_HINT)
    // Its variables are not unknown on top of that.
    for (const [, name] of word.text.matchAll(GROUP_NAME)) reading.captures.add(name!)
    return null
  }
  for (const { problem, ...place } of mapped.warnings) {
    const origin = partOrigin(word, start + place.start, start + place.end)
    reading.warnOnce(`regular expression: ${problem}`, origin, '')
  }
  for (const name of mapped.names) reading.captures.add(name)
  return mapped
}
