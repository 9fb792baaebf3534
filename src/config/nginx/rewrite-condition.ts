// The condition of an `if`: a variable, a comparison, a regex or a test of a file, in parentheses that are part of the
// words around them (ngx_http_rewrite_module). Messages are nginx's.

import type { FileTest, RewriteCondition, RewriteRegex } from '../../model/rewrite.ts'
import type { Template } from '../../model/template.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { MappedRegex } from './pcre.ts'
import type { Reading } from './reading.ts'
import { readRegex } from './regex.ts'
import { parseTemplate } from './template-text.ts'
import type { Directive } from './tree.ts'

const FORMS = 'if ($variable), if ($variable = text), if ($variable ~ regex) or if (-f path)'

/** Parses the words between `if` and its block; null when they were refused. */
export function parseCondition(directive: Directive, reading: Reading): RewriteCondition | null {
  const words = insideParentheses(directive.args, reading)
  if (words === null) return null
  const [first, operator, last, more] = words
  if (first !== undefined && first.text.length > 1 && first.text.startsWith('$')) {
    if ((operator !== undefined && last === undefined) || more !== undefined) {
      return refuse(first, reading)
    }
    const value = parseVariable(first, reading)
    if (value === null) return null
    if (operator === undefined || last === undefined)
      return { kind: 'value', value, isNegated: false }
    return parseComparison(value, operator, last, reading)
  }
  const test = first === undefined ? null : /^(!?)-(.)$/s.exec(first.text)
  if (test === null) return refuse(first, reading)
  const found = FILE_TESTS[test[2]!]
  if (found === undefined || operator === undefined || last !== undefined) {
    return refuse(first!, reading)
  }
  const path = parseTemplate(operator, reading)
  return { kind: 'file', test: found, path, isNegated: test[1] === '!' }
}

const FILE_TESTS: Readonly<Record<string, FileTest>> = {
  f: 'file',
  d: 'directory',
  e: 'exists',
  x: 'executable',
}

/** The words without the parentheses, which may stand by themselves. */
function insideParentheses(args: readonly Word[], reading: Reading): readonly Word[] | null {
  const [first] = args
  if (first === undefined || !first.text.startsWith('(')) return refuse(first, reading)
  const words: Word[] =
    first.text === '(' ? args.slice(1) : [cutWord(first, 1, 0), ...args.slice(1)]
  const last = words.pop()
  if (last === undefined || !last.text.endsWith(')')) return refuse(last ?? first, reading)
  const rest = last.text === ')' ? words : [...words, cutWord(last, 0, 1)]
  return rest.length === 0 ? refuse(last, reading) : rest
}

/** A word without characters at its ends. */
function cutWord(word: Word, before: number, after: number): Word {
  const text = word.text.slice(before, word.text.length - after)
  if (word.isQuoted || word.hadEscapes) return { ...word, text, hadEscapes: true }
  return { ...word, text, start: word.start + before, end: word.end - after }
}

function refuse(word: Word | undefined, reading: Reading): null {
  if (word !== undefined) reading.refuse(word, `invalid condition "${word.text}"`, FORMS)
  return null
}

/** As in nginx the whole word is the name: no braces, no captures. */
function parseVariable(word: Word, reading: Reading): Template | null {
  const name = word.text.slice(1)
  if (!/^\w+$/.test(name) || /^\d$/.test(name)) {
    const hint = /^\d$/.test(name)
      ? `give it a name before: set $name $${name};`
      : 'one variable without braces stands here'
    reading.diagnostics.error(`unknown "${name}" variable`, wordOrigin(word), hint)
    return null
  }
  reading.useVariable(name.toLowerCase(), wordOrigin(word))
  return [{ variable: name.toLowerCase() }]
}

/** A regex for the model; logs show it as it was written. */
export function rewriteRegex(regex: MappedRegex, { text }: Word): RewriteRegex {
  const { pattern, isCaseInsensitive } = regex
  return { pattern, isCaseInsensitive, ...(text === pattern ? {} : { written: text }) }
}

function parseComparison(
  value: Template,
  operator: Word,
  last: Word,
  reading: Reading,
): RewriteCondition | null {
  const { text } = operator
  const isNegated = text.startsWith('!')
  if (text === '=' || text === '!=') {
    return { kind: 'equal', value, to: parseTemplate(last, reading), isNegated }
  }
  if (!/^!?~\*?$/.test(text)) {
    const hint = 'write =, !=, ~, ~*, !~ or !~*'
    reading.refuse(operator, `unexpected "${text}" in condition`, hint)
    return null
  }
  const regex = readRegex(last, 0, text.endsWith('*'), reading)
  if (regex === null) return null
  return { kind: 'regex', value, regex: rewriteRegex(regex, last), isNegated }
}
