// Regexes of a configuration: mapped to JavaScript, their named groups made known as variables, and
// what cannot be mapped reported at its place in the word.

import { partOrigin, type Word } from './lexer.ts'
import { isRegexProblem, type MapOptions, type MappedRegex, mapRegex } from './pcre.ts'
import type { Reading } from './reading.ts'

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
    const message = mapped.problem.startsWith('Cannot')
      ? mapped.problem
      : `invalid regular expression "${word.text.slice(start)}": ${mapped.problem}`
    reading.diagnostics.error(message, origin)
    return null
  }
  for (const { problem, ...place } of mapped.warnings) {
    const origin = partOrigin(word, start + place.start, start + place.end)
    reading.warnOnce(`regular expression: ${problem}`, origin, '')
  }
  for (const name of mapped.names) reading.captures.add(name)
  return mapped
}
