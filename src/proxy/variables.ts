// Templates compiled: what a configuration writes with variables becomes a function of the exchange, made once for
// each generation, so that a request pays for nothing but the texts that it puts together. Names and meanings are
// nginx's; the list that readers accept is model/variables.ts.

import type { CompatProfile } from '../model/config.ts'
import { literalText, type Template } from '../model/template.ts'
import { CACHE_VARIABLES } from './cache-variables.ts'
import type { Exchange } from './exchange.ts'
import { VARIABLE_FAMILIES } from './field-variables.ts'
import { fileVariables } from './file-variables.ts'
import { REQUEST_VARIABLES } from './request-variables.ts'
import type { Render } from './runtime.ts'
import { TIME_VARIABLES } from './time-variables.ts'
import { UPSTREAM_VARIABLES } from './upstream-variables.ts'
import { byteText, type Variable, type VariableTable } from './variable.ts'

/** Every variable that has a whole name. */
export const VARIABLE_TABLE: VariableTable = {
  ...REQUEST_VARIABLES,
  ...TIME_VARIABLES,
  ...UPSTREAM_VARIABLES,
  ...CACHE_VARIABLES,
  ...fileVariables(template => compileTemplate(template)),
  nginx_version: exchange => nginxVersion(exchange.snapshot.compat),
  pipe: exchange => (exchange.connection.isPipelined ? 'p' : '.'),
  request_body: exchange => exchange.body?.text ?? null,
  request_body_file: exchange => exchange.body?.filePath || null,
}

/** Longest first: `upstream_http_x` is not an `upstream_` something. */
const FAMILIES = Object.entries(VARIABLE_FAMILIES).sort((a, b) => b[0].length - a[0].length)

/** What the configuration that is being compiled defines. */
let definedNames: ReadonlySet<string> = new Set()
let stableDefinitions: ReadonlySet<string> = new Set()
/** And what its steps set: one of a family has its own value until then. */
let setNames: ReadonlySet<string> = new Set()

/**
 * Told before a configuration is compiled: what it defines may have a name like those of a family.
 *
 * @param stable those to which a repeated head gives the same value
 * @param set those that `set` gives values to
 */
export function defineNames(
  names: Iterable<string>,
  stable: Iterable<string> = [],
  set: Iterable<string> = [],
): void {
  definedNames = new Set(names)
  stableDefinitions = new Set(stable)
  setNames = new Set(set)
}

/** Whether a repeated head gives a variable of the configuration's the same value, unless it was set or captured. */
export function isStableDefinition(name: string): boolean {
  return stableDefinitions.has(name)
}

/** Whether the configuration that is being compiled defines or sets it. */
export function isDefinedName(name: string): boolean {
  return definedNames.has(name) || setNames.has(name)
}

/** The variable of that name; a name that is none of ours is one of the configuration's. */
export function compileVariable(name: string): Variable {
  const lower = name.toLowerCase()
  const known = Object.hasOwn(VARIABLE_TABLE, lower) ? VARIABLE_TABLE[lower] : undefined
  if (known !== undefined) return known
  if (definedNames.has(lower)) return exchange => ownValue(exchange, lower)
  for (const [prefix, make] of FAMILIES) {
    if (lower.length > prefix.length && lower.startsWith(prefix)) {
      const own = make(lower.slice(prefix.length))
      if (!setNames.has(lower)) return own
      return exchange => exchange.ownVariables?.get(lower) ?? own(exchange)
    }
  }
  if (/^[0-9]$/.test(name)) {
    const index = Number(name)
    return exchange => exchange.captures?.[index] ?? null
  }
  return exchange => ownValue(exchange, name)
}

/** What `set` gave it, else what a regex captured, else what the configuration says it is. */
function ownValue(exchange: Exchange, name: string): string | null {
  const set = exchange.ownVariables?.get(name)
  if (set !== undefined) return set
  return (
    namedCapture(exchange, name) ?? exchange.snapshot.definedVariables.get(name)?.(exchange) ?? null
  )
}

/** `1.30.0` for the profile `nginx/1.30`. */
function nginxVersion(compat: CompatProfile): string {
  return `${compat.slice('nginx/'.length)}.0`
}

function namedCapture(exchange: Exchange, name: string): string | null {
  const { namedCaptures } = exchange
  if (namedCaptures === null || !Object.hasOwn(namedCaptures, name)) return null
  // A group that took no part is empty.
  return namedCaptures[name] ?? ''
}

/** The function that gives the template's text for one exchange; a missing value is the empty text. */
export function compileTemplate(template: Template): Render {
  const text = literalText(template)
  if (text !== null) return constant(byteText(text))
  const pieces = template.map(part => {
    if (typeof part === 'string') return byteText(part)
    return compileVariable(part.variable)
  })
  return joinPieces(pieces)
}

function constant(text: string): Render {
  return () => text
}

/** Two and three pieces, the usual cases, have no loop. */
function joinPieces(pieces: readonly (string | Variable)[]): Render {
  const [first, second, third] = pieces.map(piece =>
    typeof piece === 'string' ? () => piece : piece,
  )
  if (first === undefined) return () => ''
  if (second === undefined) return exchange => first(exchange) ?? ''
  if (pieces.length === 2) {
    return exchange => (first(exchange) ?? '') + (second(exchange) ?? '')
  }
  if (pieces.length === 3 && third !== undefined) {
    return exchange => (first(exchange) ?? '') + (second(exchange) ?? '') + (third(exchange) ?? '')
  }
  return exchange => {
    let text = ''
    for (const piece of pieces) text += typeof piece === 'string' ? piece : (piece(exchange) ?? '')
    return text
  }
}
