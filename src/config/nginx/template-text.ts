// Words with variables: `$name`, `${name}` and the captures `$1`…`$9`. There is no way to write a
// dollar itself, as in nginx. Names are looked up without regard to case.

import type { Template, TemplatePart } from '../../model/template.ts'
import { partOrigin, type Word } from './lexer.ts'
import type { Reading } from './reading.ts'

const VARIABLE = /\$(?:([1-9])|\{(\w+)\}|(\w+))/y

/** Parses the text of a word; what is wrong with its variables is reported and left out. */
export function parseTemplate(word: Word, reading: Reading): Template {
  return parseTemplatePart(word, 0, word.text.length, reading)
}

/** Parses the characters `start`…`end` of a word's text. */
export function parseTemplatePart(
  word: Word,
  start: number,
  end: number,
  reading: Reading,
): Template {
  const parts: TemplatePart[] = []
  const text = word.text.slice(0, end)
  let at = start
  while (at < end) {
    const dollar = text.indexOf('$', at)
    const literalEnd = dollar === -1 ? end : dollar
    if (literalEnd > at) parts.push(text.slice(at, literalEnd))
    if (dollar === -1) break
    VARIABLE.lastIndex = dollar
    const match = VARIABLE.exec(text)
    if (match === null) {
      refuseVariable(word, text, dollar, reading)
      break
    }
    at = VARIABLE.lastIndex
    const name = (match[1] ?? match[2] ?? match[3]!).toLowerCase()
    reading.useVariable(name, partOrigin(word, dollar, at))
    parts.push({ variable: name })
  }
  return parts
}

/** Tells whether a text has variables in it. */
export function hasVariables(template: Template): boolean {
  return template.some(part => typeof part !== 'string')
}

function refuseVariable(word: Word, text: string, dollar: number, reading: Reading): void {
  const open = /^\$\{(\w+)/.exec(text.slice(dollar))
  const origin = partOrigin(word, dollar, dollar + (open?.[0].length ?? 1))
  const message =
    open === null
      ? 'invalid variable name'
      : `the closing bracket in "${open[1]}" variable is missing`
  reading.diagnostics.error(message, origin)
}
