// `sticky` in `upstream`: how a session stays with its peer, by a cookie that is set, by a route
// that the application names, or by a session that is learned, read and checked as nginx 1.29.6
// does it; and by the client's address, which is ours (ldirectord: `persistent`, `netmask`).

import type { Template } from '../../model/template.ts'
import { literalText } from '../../model/template.ts'
import type { Sticky } from '../../model/upstream.ts'
import { PLAIN_SOURCE, ROUTE_BYTES_MAX } from '../../model/upstream.ts'
import { parseNetmask } from '../netmask.ts'
import { type DirectiveRow, MANY, upstreamRow } from './directive-row.ts'
import { oneOf } from './level-rows.ts'
import type { Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import { parseTemplate, parseTemplatePart } from './template-text.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { parseSize, parseTimeMs, parseTimeSeconds, sizeHint, timeHint } from './values.ts'

/** Eight pages, as nginx wants it: room for some 200 sessions. */
const ZONE_BYTES_MIN = 32_768
/** As much as a zone of sessions may have (check-session-zones.ts). */
const ZONE_MOST = '1024m'
const DEFAULT_TIMEOUT_MS = 600_000
const SAME_SITE = ['strict', 'lax', 'none']
const KINDS = ['cookie', 'route', 'learn', 'source']

export const STICKY_DIRECTIVES: readonly DirectiveRow[] = [
  upstreamRow(
    'sticky',
    {
      args: [2, MANY],
      syntax:
        'cookie name [expires=time|max] [domain=domain] [httponly] [samesite=value] [secure] ' +
        '[path=path] | route $variable … | learn create=$variable lookup=$variable ' +
        'zone=name:size [timeout=time] [header] | source zone=name:size [netmask=bits] ' +
        '[netmask6=bits] [timeout=time]',
      doc: `keeps a session with its peer; a \`route=\` is at most ${ROUTE_BYTES_MAX} bytes`,
    },
    (directive, scope, reading) => {
      const sticky = readSticky(directive, reading)
      if (sticky === null) return
      scope.sticky = sticky
      scope.origins.sticky = statementOrigin(directive)
    },
  ),
]

function readSticky(directive: Directive, reading: Reading): Sticky | null {
  const [kind, ...args] = directive.args
  switch (kind!.text) {
    case 'cookie':
      return readCookie(args, reading)
    case 'route':
      return readRoute(args, reading)
    case 'learn':
      return readLearn(directive, args, reading)
    case 'source':
      return readSource(directive, args, reading)
    default:
      reading.refuse(kind!, `unknown parameter "${kind!.text}"`, `write ${oneOf(KINDS)}`)
      return null
  }
}

/** The parameters of a `sticky`, each at most once; what is wrong is reported and counted. */
class Parameters {
  readonly #reading: Reading
  readonly #seen = new Set<string>()
  isWhole = true

  constructor(reading: Reading) {
    this.#reading = reading
  }

  refuse(word: Word, problem: string, hint = ''): void {
    this.isWhole = false
    this.#reading.refuse(word, `"sticky" directive ${problem}`, hint)
  }

  refuseUnknown(word: Word, known: readonly string[]): void {
    this.isWhole = false
    this.#reading.refuse(word, `unknown parameter "${word.text}"`, `write ${oneOf(known)}`)
  }

  /** The parameter's name; null after the second of one name was reported. */
  take(word: Word): string | null {
    const name = word.text.replace(/=.*/s, '')
    if (this.#seen.has(name)) {
      this.refuse(word, `parameter "${name}" is duplicate`)
      return null
    }
    this.#seen.add(name)
    return name
  }

  /** The text behind the `=`; reports an empty one. */
  text(word: Word): string {
    const text = word.text.slice(word.text.indexOf('=') + 1)
    if (text === '') this.refuse(word, `no value for "${word.text.replace(/=.*/s, '')}"`)
    return text
  }

  /** The same with variables. */
  template(word: Word): Template {
    this.text(word)
    const start = word.text.indexOf('=') + 1
    return parseTemplatePart(word, start, word.text.length, this.#reading)
  }
}

const COOKIE_FLAGS = ['httponly', 'secure']
const COOKIE_VALUES = ['expires', 'domain', 'path', 'samesite']

function readCookie(args: readonly Word[], reading: Reading): Sticky | null {
  const [name, ...words] = args
  const parameters = new Parameters(reading)
  if (name!.text === '') parameters.refuse(name!, 'empty cookie name')
  let expires: number | 'max' | null = null
  let domain: Template = []
  let path = ''
  let sameSite: Template = []
  const flags = new Set<string>()
  for (const word of words) {
    const isValue = COOKIE_VALUES.some(known => word.text.startsWith(`${known}=`))
    if (!isValue && !COOKIE_FLAGS.includes(word.text)) {
      parameters.refuseUnknown(word, [...COOKIE_VALUES.map(known => `${known}=`), ...COOKIE_FLAGS])
      continue
    }
    const parameter = parameters.take(word)
    if (parameter === null) continue
    if (parameter === 'expires') expires = readExpires(word, parameters)
    else if (parameter === 'domain') domain = parameters.template(word)
    else if (parameter === 'path') path = parameters.text(word)
    else if (parameter === 'samesite') sameSite = readSameSite(word, parameters)
    else flags.add(parameter)
  }
  if (!parameters.isWhole) return null
  const isSet = { httpOnly: flags.has('httponly'), secure: flags.has('secure') }
  return { kind: 'cookie', name: name!.text, expires, domain, path, ...isSet, sameSite }
}

function readExpires(word: Word, parameters: Parameters): number | 'max' | null {
  const text = parameters.text(word)
  if (text === 'max') return 'max'
  const seconds = parseTimeSeconds(text)
  if (seconds === null && text !== '') {
    const hint = timeHint(text, 'write a time, or max')
    parameters.refuse(word, 'invalid "expires" parameter value', hint)
  }
  return seconds
}

function readSameSite(word: Word, parameters: Parameters): Template {
  const template = parameters.template(word)
  const text = literalText(template)
  if (text !== null && text !== '' && !SAME_SITE.includes(text.toLowerCase())) {
    parameters.refuse(word, 'invalid "samesite" parameter value', `write ${oneOf(SAME_SITE)}`)
  }
  return template
}

function readRoute(args: readonly Word[], reading: Reading): Sticky | null {
  const values: Template[] = []
  for (const word of args) {
    if (word.text.startsWith('$')) values.push(parseTemplate(word, reading))
    else reading.refuse(word, `invalid variable name "${word.text}"`, 'write $name')
  }
  return values.length === args.length ? { kind: 'route', values } : null
}

const LEARN_PARAMETERS = ['create=', 'lookup=', 'zone=', 'timeout=', 'header']

const LEARN_EXAMPLES = {
  create: 'create=$upstream_cookie_NAME',
  lookup: 'lookup=$cookie_NAME',
  zone: 'zone=NAME:1m',
}

function readLearn(directive: Directive, args: readonly Word[], reading: Reading): Sticky | null {
  const parameters = new Parameters(reading)
  const create: Template[] = []
  const lookup: Template[] = []
  let zone: { readonly name: string; readonly bytes: number } | null = null
  let timeoutMs: number | null = null
  let isAfterHeader = false
  for (const word of args) {
    const { text } = word
    const list = text.startsWith('create=') ? create : text.startsWith('lookup=') ? lookup : null
    if (list !== null) {
      if (text[7] === '$') list.push(parameters.template(word))
      else parameters.refuse(word, `missing variable in the "${text.slice(0, 6)}" parameter`)
    } else if (text.startsWith('zone=')) {
      if (zone !== null) parameters.refuse(word, 'duplicate zone')
      zone = readZone(word, parameters)
    } else if (text.startsWith('timeout=')) {
      if (timeoutMs !== null) parameters.refuse(word, 'duplicate timeout')
      timeoutMs = readTimeout(word, parameters)
    } else if (text === 'header') {
      isAfterHeader = true
    } else {
      parameters.refuseUnknown(word, LEARN_PARAMETERS)
    }
  }
  if (!parameters.isWhole) return null
  const missing = lookup.length === 0 ? 'lookup' : create.length === 0 ? 'create' : 'zone'
  if (lookup.length === 0 || create.length === 0 || zone === null) {
    const problem = `"sticky" directive "${missing}" parameter is not specified`
    reading.diagnostics.error(
      problem,
      statementOrigin(directive),
      `add: ${LEARN_EXAMPLES[missing]}`,
    )
    return null
  }
  timeoutMs ??= DEFAULT_TIMEOUT_MS
  return { kind: 'learn', create, lookup, zone, timeoutMs, isAfterHeader }
}

function readTimeout(word: Word, parameters: Parameters): number {
  const text = word.text.slice('timeout='.length)
  const timeoutMs = parseTimeMs(text) ?? 0
  if (timeoutMs === 0) {
    parameters.refuse(word, 'invalid timeout', timeHint(text, 'write a time: 10m'))
  }
  return timeoutMs
}

const SOURCE_PARAMETERS = ['zone=', 'netmask=', 'netmask6=', 'timeout=']

function readSource(directive: Directive, args: readonly Word[], reading: Reading): Sticky | null {
  const parameters = new Parameters(reading)
  let zone: { readonly name: string; readonly bytes: number } | null = null
  let { prefix4, prefix6, timeoutMs } = PLAIN_SOURCE
  for (const word of args) {
    if (!SOURCE_PARAMETERS.some(known => word.text.startsWith(known))) {
      parameters.refuseUnknown(word, SOURCE_PARAMETERS)
      continue
    }
    const parameter = parameters.take(word)
    if (parameter === 'zone') zone = readZone(word, parameters)
    else if (parameter === 'timeout') timeoutMs = readTimeout(word, parameters)
    else if (parameter === 'netmask') prefix4 = readPrefix(word, 32, parameters)
    else if (parameter === 'netmask6') prefix6 = readPrefix(word, 128, parameters)
  }
  if (!parameters.isWhole) return null
  if (zone !== null) return { kind: 'source', prefix4, prefix6, zone, timeoutMs }
  const problem = '"sticky" directive "zone" parameter is not specified'
  reading.diagnostics.error(problem, statementOrigin(directive), 'add: zone=name:1m')
  return null
}

function readPrefix(word: Word, max: 32 | 128, parameters: Parameters): number {
  const text = parameters.text(word)
  if (text === '') return max
  const bits = parseNetmask(text, max)
  if (bits !== null) return bits
  const hint = `write a number of bits from 1 to ${max}${max === 32 ? ', or 255.255.255.0' : ''}`
  parameters.refuse(word, `invalid "${word.text.replace(/=.*/s, '')}" parameter value`, hint)
  return max
}

function readZone(word: Word, parameters: Parameters): { name: string; bytes: number } {
  const [name = '', size] = word.text.slice('zone='.length).split(/:(.*)/s)
  const bytes = size === undefined ? null : parseSize(size)
  if (size === undefined) parameters.refuse(word, 'zone size is not specified', 'zone=name:1m')
  else if (name === '') parameters.refuse(word, 'zone name is not specified', 'zone=name:1m')
  else if (bytes === null) {
    parameters.refuse(word, 'invalid zone size', sizeHint(size, 'zone=name:1m', ZONE_MOST))
  } else if (bytes < ZONE_BYTES_MIN) parameters.refuse(word, 'zone is too small', 'at least 32k')
  return { name, bytes: bytes ?? 0 }
}
