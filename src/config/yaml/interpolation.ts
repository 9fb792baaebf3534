// What a dollar means in a value: `${NAME}` and `${NAME:-default}` take the environment, `$name`
// and `${name}` are variables of the request (only where a template is wanted), `$$` is a dollar.
// The environment is taken as it is: a dollar that comes out of it is never looked at again.

import type { Template, TemplatePart } from '../../model/template.ts'
import {
  isBlindVariable,
  isKnownVariable,
  VARIABLE_PREFIXES,
  VARIABLES,
} from '../../model/variables.ts'
import { nearest } from '../suggest.ts'
import type { Reading, YamlNode } from './reading.ts'
import { scalarText } from './scalar.ts'

/**
 * A variable of the environment in braces: capitals (and no capture of this file), or anything with
 * a default.
 */
const ENVIRONMENT = String.raw`\$\{(?:([A-Z_][A-Z0-9_]*)|([A-Za-z_][A-Za-z0-9_]*):-([^}]*))\}`

const IN_TEXT = new RegExp(String.raw`\$\$\{|${ENVIRONMENT}|\$\{`, 'g')
const IN_TEMPLATE = new RegExp(
  String.raw`\$\$|${ENVIRONMENT}|\$\{([A-Za-z0-9_]+)\}|\$([1-9]|[A-Za-z_][A-Za-z0-9_]*)|\$`,
  'g',
)

/**
 * The text of a scalar with the environment put in; null when the node is no scalar or empty,
 * undefined after an error.
 */
export function readText(node: YamlNode, reading: Reading): string | null | undefined {
  const text = scalarText(node)
  if (text === null || !text.includes('$')) return text
  let isWhole = true
  const result = text.replaceAll(IN_TEXT, (match, name, nameOfDefault, standIn, at: number) => {
    if (match === '$${') return '${'
    const value = match === '${' ? undefined : environment(reading, name, nameOfDefault, standIn)
    if (value !== undefined) return value
    isWhole = false
    const place = reading.originInside(node, at, at + match.length)
    if (match === '${') {
      const problem = 'Cannot use "${": wants the environment as ${NAME} or ${NAME:-default} here'
      reading.errorAt(place, problem, 'two dollars stand for one: $${')
    } else {
      reportUnset(reading, name, place)
    }
    return ''
  })
  return isWhole ? result : undefined
}

/** The template of a scalar; null when the node is no scalar or empty, undefined after an error. */
export function readTemplate(node: YamlNode, reading: Reading): Template | null | undefined {
  const text = scalarText(node)
  if (text === null) return null
  const parts: TemplatePart[] = []
  let isWhole = true
  let end = 0
  for (const match of text.matchAll(IN_TEMPLATE)) {
    pushText(parts, text.slice(end, match.index))
    end = match.index + match[0].length
    const [all, name, nameOfDefault, standIn, braced, bare] = match
    const isCapture = name !== undefined && reading.captures.has(name)
    const variable = isCapture ? name : (braced ?? bare)
    const place = (): ReturnType<Reading['origin']> =>
      reading.originInside(node, match.index, match.index + all.length)
    if (all === '$$') {
      pushText(parts, '$')
    } else if (all === '$') {
      isWhole = false
      const problem = 'A "$" without a name: wants a variable such as $host'
      reading.errorAt(place(), problem, 'two dollars stand for one: $$')
    } else if (variable !== undefined) {
      const known = reading.captures.has(variable) ? variable : variable.toLowerCase()
      if (!reading.captures.has(known) && !/^[1-9]$/.test(known) && !isKnownVariable(known)) {
        isWhole = false
        const hint = variableHint(known, all)
        reading.errorAt(place(), `Unknown variable "$${variable}"`, hint)
      } else if (isBlindVariable(known) && !reading.captures.has(known)) {
        const hint = 'leave it out: access logs show "-"'
        reading.warnAt(place(), `Variable "$${variable}" never has a value here`, hint)
      }
      parts.push({ variable: known })
    } else {
      const value = environment(reading, name, nameOfDefault, standIn)
      if (value === undefined) {
        isWhole = false
        reportUnset(reading, name ?? '', place())
      } else {
        pushText(parts, value)
      }
    }
  }
  pushText(parts, text.slice(end))
  return isWhole ? parts : undefined
}

/** Writes text so that `readText` gives it back. */
export function escapeText(text: string): string {
  return text.replaceAll('${', () => '$${')
}

/** Writes a template so that `readTemplate` gives it back. */
export function writeTemplate(template: Template): string {
  let text = ''
  template.forEach((part, index) => {
    if (typeof part === 'string') {
      text += part.replaceAll('$', () => '$$')
      return
    }
    const next = template[index + 1]
    const continues = typeof next === 'string' && /^[A-Za-z0-9_]/.test(next)
    text += continues ? `\${${part.variable}}` : `$${part.variable}`
  })
  return text
}

/** Neighbouring texts are one part, so that equal templates look equal. */
function pushText(parts: TemplatePart[], text: string): void {
  if (text === '') return
  const last = parts.at(-1)
  if (typeof last === 'string') parts[parts.length - 1] = last + text
  else parts.push(text)
}

function environment(
  reading: Reading,
  name: string | undefined,
  nameOfDefault: string | undefined,
  standIn: string | undefined,
): string | undefined {
  if (name !== undefined) return reading.env[name]
  // As in a shell: the default stands in for what is not set and for what is empty.
  return reading.env[nameOfDefault ?? ''] || standIn
}

function reportUnset(reading: Reading, name: string, place: ReturnType<Reading['origin']>): void {
  const problem = `The environment variable "${name}" is not set`
  reading.errorAt(place, problem, `set it, or give a default: \${${name}:-value}`)
}

function variableHint(name: string, written: string): string {
  const near = nearest(
    name,
    [...VARIABLES, ...VARIABLE_PREFIXES].map(row => row.name),
  )
  if (near !== null) return `did you mean "$${near}"?`
  return written.startsWith('${')
    ? 'the environment is written in capitals, ${NAME}, or with a default, ${name:-}'
    : 'docs/yaml.md lists the variables'
}
