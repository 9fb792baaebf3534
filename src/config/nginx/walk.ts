// Goes through the directives of a block: finds each one's row, checks context, block and count of
// arguments in the order in which nginx does, and lets the row act on the scope. A mistake stops
// that directive only.

import { nearest } from '../suggest.ts'
import { type Context, contextOf, type DirectiveRow } from './directive-row.ts'
import { findRows, isKnownName, knownNames } from './directive-table.ts'
import type { Reading } from './reading.ts'
import type { Scope } from './scope.ts'
import { thirdPartyHint } from './third-party.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'
import { isHarmless, isUnsupported } from './unsupported.ts'

/** Reads every directive of a block into `scope`, files of `include` too. */
export function walkBlock(directives: readonly Directive[], scope: Scope, reading: Reading): void {
  for (const directive of reading.expand(directives)) walkOne(directive, scope, reading)
}

function walkOne(directive: Directive, scope: Scope, reading: Reading): void {
  const { block } = directive
  const name = directive.name.text
  const rows = findRows(name)
  const context = contextOf(scope)
  const row = rows.find(candidate => candidate.within.includes(context))
  if (row === undefined) {
    if (isUnsupported(name)) reading.journal?.add(directive, scope)
    refuseName(directive, rows, context, reading)
    return
  }
  const first = scope.seen.get(name)
  if (!checkForm(directive, row, reading)) return
  reading.journal?.add(directive, scope)
  if (first !== undefined && !row.isRepeatable) {
    const hint = `it stands in ${first.file}:${first.line} already`
    reading.diagnostics.error(`"${name}" directive is duplicate`, directiveOrigin(directive), hint)
    return
  }
  if (first === undefined) scope.seen.set(name, directiveOrigin(directive))
  const count = reading.diagnostics.items.length
  row.apply(directive, scope, reading)
  if (block === null) checkLostSemicolon(directive, count, reading)
}

/**
 * A directive that goes on over a line that begins with the name of another has most likely lost
 * its `;`. Where its arguments made no sense, that is the one thing to say; where they did
 * (`server_name`), it is worth a warning.
 */
function checkLostSemicolon(directive: Directive, count: number, reading: Reading): void {
  const hint = missingSemicolon(directive)
  if (hint === '') return
  const { diagnostics } = reading
  const origin = statementOrigin(directive)
  const hasErrors = diagnostics.items.slice(count).some(item => item.severity === 'error')
  diagnostics.rewind(count)
  const name = directive.name.text
  if (hasErrors) diagnostics.error(`directive "${name}" is not terminated by ";"`, origin, hint)
  else diagnostics.warning(`"${name}" takes the next line as its own`, origin, hint)
}

function refuseName(
  directive: Directive,
  rows: readonly DirectiveRow[],
  kind: Context,
  reading: Reading,
): void {
  const name = directive.name.text
  const origin = directiveOrigin(directive)
  if (rows.length > 0) {
    const contexts = [...new Set(rows.flatMap(row => row.within))]
    const message = `"${name}" directive is not allowed here`
    reading.diagnostics.error(message, origin, contextHint(name, contexts, kind))
    return
  }
  if (isUnsupported(name)) {
    if (isHarmless(name, directive.args)) return
    const hint = 'remove it if you can do without what it does'
    reading.diagnostics.error(`directive "${name}" is not supported yet`, origin, hint)
    return
  }
  const meant = reading.diagnostics.isFull ? null : nearest(name, knownNames())
  const suggestion = meant === null ? KNOWN_HINT : `did you mean "${meant}"?`
  const hint = thirdPartyHint(name) ?? suggestion
  reading.diagnostics.error(`unknown directive "${name}"`, origin, hint)
}

const KNOWN_HINT = 'remove it: docs/directives.md has all that are known'

/** Contexts that are not the name of their block. */
const PLACES: Partial<Readonly<Record<Context, string>>> = {
  main: 'the main level',
  if: '"if" of a location',
  'server if': '"if" of a server',
}

function contextHint(name: string, contexts: readonly Context[], kind: Context): string {
  const where = contexts.map(context => PLACES[context] ?? `"${context}"`)
  const places = where.length > 1 ? `${where.slice(0, -1).join(', ')} or ${where.at(-1)}` : where[0]
  const isFragment = kind === 'main' && (name === 'server' || name === 'upstream')
  const more = isFragment ? ': a file like this one is included there by the main file' : ''
  return `it belongs into ${places}${more}`
}

/** Checks the block and the count of arguments. */
function checkForm(directive: Directive, row: DirectiveRow, reading: Reading): boolean {
  const { args, block } = directive
  const origin = directiveOrigin(directive)
  if (block !== null && !row.hasBlock) {
    const message = `directive "${row.name}" is not terminated by ";"`
    reading.diagnostics.error(message, origin, missingSemicolon(directive))
    return false
  }
  if (block === null && row.hasBlock) {
    reading.diagnostics.error(`directive "${row.name}" has no opening "{"`, origin)
    return false
  }
  const [min, max] = row.args
  if (args.length >= min && args.length <= max) return true
  const message = `invalid number of arguments in "${row.name}" directive`
  const syntax = `write: ${`${row.name} ${row.syntax}`.trim()}${row.hasBlock ? '' : ';'}`
  const hint = missingSemicolon(directive) || syntax
  reading.diagnostics.error(message, statementOrigin(directive), hint)
  return false
}

/**
 * A directive's name that begins a further line among the arguments: the line before it lost its
 * `;`.
 */
function missingSemicolon(directive: Directive): string {
  const { text } = directive.name.source
  let before = directive.name
  for (const word of directive.args) {
    if (text.slice(before.end, word.start).includes('\n') && isKnownName(word.text)) {
      return `is a ";" missing after "${before.text}"?`
    }
    before = word
  }
  return ''
}
