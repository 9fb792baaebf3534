// Directives about responses: added fields, `expires`, error pages, and what our own redirects and
// pages say.

import type { AddedField, ErrorPage, Expires, Settings } from '../../model/settings.ts'
import { type DirectiveRow, LEVELS_AND_IF, type LevelScope, MANY } from './directive-row.ts'
import { choiceRow, flagRow, levelRow } from './level-rows.ts'
import type { Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { FieldInheritance } from './scope.ts'
import { hasVariables, parseTemplate } from './template-text.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { parseTimeSeconds } from './values.ts'

const INHERITANCES: Readonly<Record<FieldInheritance, FieldInheritance>> = {
  on: 'on',
  off: 'off',
  merge: 'merge',
}

export const RESPONSE_DIRECTIVES: readonly DirectiveRow[] = [
  levelRow(
    'add_header',
    {
      within: LEVELS_AND_IF,
      args: [2, 3],
      isRepeatable: true,
      syntax: 'name value [always]',
      doc:
        'adds a field to responses with 200, 201, 204, 206, 301, 302, 303, 304, 307 or 308, ' +
        'or to all; replaces the fields of the level above',
    },
    (directive, scope, reading) => readAddHeader(directive, scope, 'addFields', reading),
  ),
  levelRow(
    'add_trailer',
    {
      within: LEVELS_AND_IF,
      args: [2, 3],
      isRepeatable: true,
      syntax: 'name value [always]',
      doc: 'adds a field behind the bodies of such responses, which are chunked then',
    },
    (directive, scope, reading) => readAddHeader(directive, scope, 'addTrailers', reading),
  ),
  choiceRow('add_header_inherit', 'addFieldsInherit', INHERITANCES, {
    within: LEVELS_AND_IF,
    doc: 'with `merge` fields of the level above are added to those of this one, with `off` never',
  }),
  choiceRow('add_trailer_inherit', 'addTrailersInherit', INHERITANCES, {
    within: LEVELS_AND_IF,
    doc: 'the same for `add_trailer`',
  }),
  levelRow(
    'expires',
    {
      within: LEVELS_AND_IF,
      args: [1, 2],
      syntax: '[modified] time | @time of day | epoch | max | off | $variable',
      doc: 'fields Expires and Cache-Control of those responses',
    },
    readExpires,
  ),
  levelRow(
    'error_page',
    {
      within: LEVELS_AND_IF,
      args: [2, MANY],
      isRepeatable: true,
      syntax: 'code … [=[status]] uri',
      doc: 'what is answered instead of an error; replaces the pages of the level above',
    },
    readErrorPage,
  ),
  flagRow('recursive_error_pages', 'nestsErrorPages', {
    doc: 'whether an error of an error page has its error page, too',
  }),
  choiceRow(
    'server_tokens',
    'serverTokens',
    { on: 'on', off: 'off', build: 'on' } satisfies Record<string, Settings['serverTokens']>,
    { doc: 'whether the field Server and error pages name the version' },
  ),
  flagRow('absolute_redirect', 'absoluteRedirect', { doc: 'whether our redirects name the host' }),
  flagRow('port_in_redirect', 'portInRedirect', { doc: 'whether our redirects name the port' }),
  flagRow('server_name_in_redirect', 'serverNameInRedirect', {
    doc: 'whether our redirects take the first server name instead of Host',
  }),
]

/** A field name (RFC 9110 §5.6.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/** Complains about a name or value that would break the head that it is written into. */
export function checkField(name: Word, value: Word, reading: Reading): boolean {
  if (!TOKEN.test(name.text)) {
    reading.refuse(name, `invalid field name "${name.text}"`, 'a name has letters, digits and -')
    return false
  }
  if (/[\0\r\n]/.test(value.text)) {
    reading.refuse(value, `invalid value of field "${name.text}"`, 'a value has no line break')
    return false
  }
  return true
}

function readAddHeader(
  directive: Directive,
  scope: LevelScope,
  key: 'addFields' | 'addTrailers',
  reading: Reading,
): void {
  const [name, value, always] = directive.args
  if (always !== undefined && always.text !== 'always') {
    reading.refuseParameter(always, ['always'])
    return
  }
  if (!checkField(name!, value!, reading)) return
  const field: AddedField = {
    name: name!.text,
    value: parseTemplate(value!, reading),
    isAlways: always !== undefined,
  }
  const before = scope.level.values[key] ?? []
  scope.level.set(key, [...before, field], statementOrigin(directive))
}

function readExpires(directive: Directive, scope: LevelScope, reading: Reading): void {
  const value = parseExpires(directive, reading)
  if (value !== null) scope.level.set('expires', value, statementOrigin(directive))
}

function parseExpires(directive: Directive, reading: Reading): Expires | null {
  const [first, second] = directive.args
  const isModified = second !== undefined
  if (isModified && first!.text !== 'modified') {
    reading.refuse(first!, '"expires" directive invalid value', 'write: expires [modified] TIME;')
    return null
  }
  const word = second ?? first!
  const { text } = word
  const template = parseTemplate(word, reading)
  if (hasVariables(template)) {
    return { kind: 'variable', value: template, isModified }
  }
  if (!isModified && (text === 'off' || text === 'epoch' || text === 'max')) return { kind: text }
  if (text.startsWith('@')) return dailyExpires(word, isModified, reading)
  const sign = text.startsWith('-') ? -1 : 1
  const seconds = parseTimeSeconds(text.replace(/^[+-]/, ''))
  if (seconds === null) {
    const hint = 'write a time (30d, -1), @time of day, epoch, max or off'
    reading.refuse(word, '"expires" directive invalid value', hint)
    return null
  }
  return { kind: isModified ? 'modified' : 'access', seconds: seconds === 0 ? 0 : sign * seconds }
}

function dailyExpires(word: Word, isModified: boolean, reading: Reading): Expires | null {
  const secondOfDay = parseTimeSeconds(word.text.slice(1))
  if (isModified) {
    const message = '"expires" directive daily time cannot be used with "modified" parameter'
    reading.refuse(word, message)
  } else if (secondOfDay === null) {
    reading.refuse(word, '"expires" directive invalid value', 'write: expires @15h30m;')
  } else if (secondOfDay > 86_400) {
    reading.refuse(word, '"expires" directive daily time value must be less than 24 hours')
  } else {
    return { kind: 'daily', secondOfDay }
  }
  return null
}

/** nginx's own statuses for bad TLS and oversized heads; clients get 400 instead. */
const INTERNAL_STATUSES: ReadonlySet<number> = new Set([494, 495, 496, 497])

function readErrorPage(directive: Directive, scope: LevelScope, reading: Reading): void {
  const words = [...directive.args]
  const target = parseTemplate(words.pop()!, reading)
  const origin = statementOrigin(directive)
  let status: number | null = null
  const answer = words.at(-1)!
  if (answer.text.startsWith('=') && words.length > 1) {
    words.pop()
    const written = /^=(\d{0,3})$/.exec(answer.text)
    if (written === null) {
      reading.refuse(answer, `invalid value "${answer.text}"`, 'write = or =200')
      return
    }
    status = Number(written[1])
  }
  const statuses: number[] = []
  for (const word of words) {
    const code = pageStatus(word, reading)
    if (code !== null) statuses.push(code)
  }
  const pages = pagesOf(statuses, status, target)
  if (pages.length === 0) return
  const before = scope.level.values.errorPages ?? []
  scope.level.set('errorPages', [...before, ...pages], origin)
  scope.level.pageOrigins.push(...pages.map(() => origin))
}

function pageStatus(word: Word, reading: Reading): number | null {
  if (!/^\d{1,5}$/.test(word.text)) {
    reading.refuse(word, `invalid value "${word.text}"`, 'write a status: 404')
    return null
  }
  const code = Number(word.text)
  if (code === 499 || code < 300 || code > 599) {
    reading.refuse(word, `value "${word.text}" must be between 300 and 599, and not 499`)
    return null
  }
  return code
}

/** One page, or two where some of the statuses are answered with 400. */
function pagesOf(
  statuses: readonly number[],
  status: number | null,
  target: ErrorPage['target'],
): ErrorPage[] {
  const internal = status === null ? statuses.filter(code => INTERNAL_STATUSES.has(code)) : []
  const usual = statuses.filter(code => !internal.includes(code))
  const pages: ErrorPage[] = []
  if (usual.length > 0) pages.push({ statuses: usual, status, target })
  if (internal.length > 0) pages.push({ statuses: internal, status: 400, target })
  return pages
}
