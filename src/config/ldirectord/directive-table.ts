// All directives of ldirectord.cf but `virtual` itself, in the order of the manual page, and how
// one statement is looked up, read and kept.

import { nearest } from '../suggest.ts'
import { CHECK_ROWS } from './check-rows.ts'
import type { DirectiveTable, Scope } from './directive-row.ts'
import type { DirectiveName, Draft, Values, Written } from './draft.ts'
import { HEADS, nameOrigin, type Places, type Statement } from './lines.ts'
import { PROCESS_ROWS } from './process-rows.ts'
import type { Reading } from './reading.ts'
import { SERVER_ROWS } from './server-rows.ts'

export const DIRECTIVES: DirectiveTable = { ...CHECK_ROWS, ...SERVER_ROWS, ...PROCESS_ROWS }

/** The names of the table. */
export const DIRECTIVE_NAMES = Object.keys(DIRECTIVES) as readonly DirectiveName[]

/** Where a directive may stand. */
export const PLACES: Places = {
  isGlobal: name => isKnown(name) && DIRECTIVES[name].scopes.includes('global'),
  isOption: name => isKnown(name) && DIRECTIVES[name].scopes.includes('virtual'),
}

/** Reads statements of one scope into a draft. */
export function readStatements(
  statements: readonly Statement[],
  scope: Scope,
  reading: Reading,
): Draft {
  const draft: Draft = {}
  const lines = new Map<DirectiveName, number>()
  for (const statement of statements) {
    const { name } = statement
    if (!isKnown(name)) refuseUnknown(statement, scope, reading)
    else if (!DIRECTIVES[name].scopes.includes(scope)) refuseScope(statement, name, reading)
    else if ((statement.value ?? '') === '' && !isBareWord(statement)) {
      reading.refuse(statement, `Nothing behind "${name}"`, usage(name))
    } else {
      warnTwice(statement, lines.get(name), name, reading)
      lines.set(name, statement.line)
      take(name, statement, draft, reading)
    }
  }
  return draft
}

/** `supervised` alone says yes. */
function isBareWord({ name, value }: Statement): boolean {
  return name === 'supervised' && value === null
}

function isKnown(name: string): name is DirectiveName {
  return Object.hasOwn(DIRECTIVES, name)
}

function take<K extends DirectiveName>(
  name: K,
  statement: Statement,
  draft: Draft,
  reading: Reading,
): void {
  const row: DirectiveTable[K] = DIRECTIVES[name]
  const value = row.kind.read(statement, reading)
  if (value === undefined) return
  row.remark?.(value, statement, reading)
  const before = draft[name]
  const isJoined = before !== undefined && row.join !== undefined
  const written: Written<Values[K]> = isJoined
    ? { value: row.join(before.value, value), origin: before.origin }
    : { value, origin: reading.place(statement) }
  // The compiler does not follow one name through two mapped types.
  const kept = draft as { [P in K]: Written<Values[P]> }
  kept[name] = written
}

function warnTwice(
  statement: Statement,
  before: number | undefined,
  name: DirectiveName,
  reading: Reading,
): void {
  if (before === undefined || DIRECTIVES[name].join !== undefined) return
  const message = `A second "${name}" takes the place of the one in line ${before}`
  reading.diagnostics.warning(message, nameOrigin(statement), 'remove one of them')
}

function refuseUnknown(statement: Statement, scope: Scope, reading: Reading): void {
  const { name } = statement
  const here = DIRECTIVE_NAMES.filter(known => DIRECTIVES[known].scopes.includes(scope))
  const heads = scope === 'global' ? HEADS : []
  const near = nearest(name, [...heads, ...here]) ?? nearest(name, DIRECTIVE_NAMES)
  const hint = near === null ? 'docs/ldirectord.md lists the directives' : `did you mean "${near}"?`
  reading.diagnostics.error(`Unknown directive "${name}"`, nameOrigin(statement), hint)
}

function refuseScope(statement: Statement, name: DirectiveName, reading: Reading): void {
  const isGlobal = DIRECTIVES[name].scopes.includes('global')
  const problem = isGlobal
    ? `"${name}" holds for all virtual servers: it does not stand in a section`
    : `"${name}" belongs to a virtual server`
  const hint = isGlobal
    ? 'write it at the beginning of a line, above the sections'
    : 'indent it by four spaces, or a tab, below "virtual="'
  reading.diagnostics.error(problem, nameOrigin(statement), hint)
}

function usage(name: DirectiveName): string {
  return `write ${name}=${DIRECTIVES[name].kind.label}`
}
