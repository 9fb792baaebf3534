// `fallback` in `upstream`, which is ours: what answers while no peer of the group can (ldirectord:
// `fallback`, `fallbackcommand`; keepalived: `sorry_server`).

import type { Fallback } from '../../model/upstream.ts'
import { isAddressProblem, parsePeerAddress } from './address.ts'
import { type DirectiveRow, MANY, upstreamRow } from './directive-row.ts'
import type { Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { parseTimeSeconds } from './values.ts'

/** The status of a page, and of nothing but a text. */
const STATUS = 503
const PARAMETERS = ['page', 'status', 'text', 'retry_after', 'command'] as const
type Parameter = (typeof PARAMETERS)[number]
const HINT = 'write an address, page=file or status=503'

export const FALLBACK_DIRECTIVE: DirectiveRow = upstreamRow(
  'fallback',
  {
    args: [1, MANY],
    syntax:
      'address [command=file] | page=file [status=number] [retry_after=time] [command=file] | ' +
      'status=number [text=text] [retry_after=time] [command=file]',
    doc:
      'what answers while every peer is down: another address, a page, 503, or a status; the ' +
      'command is run with `start` and `stop` ([health.md](health.md); not of nginx)',
  },
  (directive, scope, reading) => {
    const fallback = readFallback(directive, reading)
    if (fallback === null) return
    scope.fallback = fallback
    scope.origins.fallback = statementOrigin(directive)
  },
)

function readFallback(directive: Directive, reading: Reading): Fallback | null {
  const words = new Map<Parameter | 'address', Word>()
  const errors = reading.errorCount
  for (const word of directive.args) {
    const parameter = parameterOf(word)
    if (parameter === null) reading.refuseParameter(word, PARAMETERS)
    else if (words.has(parameter)) reading.refuse(word, `duplicate parameter "${word.text}"`)
    else words.set(parameter, word)
  }
  const answer = readAnswer(directive, words, reading)
  const retry = words.get('retry_after')
  const retryAfterSeconds = retry === undefined ? 0 : parseTimeSeconds(textOf(retry))
  if (retryAfterSeconds === null) {
    reading.refuse(retry!, `invalid parameter "${retry!.text}"`, 'write a time: retry_after=30s')
  }
  const command = words.get('command')
  if (command !== undefined && textOf(command) === '') {
    reading.refuse(command, `invalid parameter "${command.text}"`, 'write a program')
  }
  if (answer === null || reading.errorCount > errors) return null
  const program = command === undefined ? null : textOf(command)
  return {
    origin: statementOrigin(directive),
    answer,
    retryAfterSeconds: retryAfterSeconds ?? 0,
    command: program?.includes('/') === true ? reading.underPrefix(program) : program,
  }
}

/** A word with a `=` that is no address: a path of a socket may have one. */
function parameterOf({ text }: Word): Parameter | 'address' | null {
  const name = /^([a-z_]*)=/.exec(text)?.[1]
  if (name === undefined) return 'address'
  return PARAMETERS.find(known => known === name) ?? null
}

function textOf({ text }: Word): string {
  return text.slice(text.indexOf('=') + 1)
}

function readAnswer(
  directive: Directive,
  words: ReadonlyMap<Parameter | 'address', Word>,
  reading: Reading,
): Fallback['answer'] | null {
  const address = words.get('address')
  const page = words.get('page')
  const status = words.get('status')
  const text = words.get('text')
  const isTwice =
    (address !== undefined && (page ?? status ?? text) !== undefined) ||
    (page !== undefined && text !== undefined)
  if (isTwice) {
    reading.refuse(text ?? status ?? page!, 'a group falls back to one thing', HINT)
    return null
  }
  if (address !== undefined) return readAddress(address, reading)
  const code = status === undefined ? STATUS : Number(textOf(status))
  if (status !== undefined && !/^\d{3}$/.test(textOf(status))) {
    reading.refuse(status, `invalid parameter "${status.text}"`, 'write a status: status=503')
    return null
  }
  if (page !== undefined) {
    const path = textOf(page)
    if (path === '') reading.refuse(page, `invalid parameter "${page.text}"`, 'write a file')
    return { kind: 'page', path: reading.underPrefix(path), status: code }
  }
  if (status === undefined && text === undefined) {
    const message = '"fallback" directive has nothing to fall back to'
    reading.diagnostics.error(message, statementOrigin(directive), HINT)
    return null
  }
  return { kind: 'status', status: code, text: text === undefined ? '' : textOf(text) }
}

function readAddress(word: Word, reading: Reading): Fallback['answer'] | null {
  const { text } = word
  const parsed = parsePeerAddress(text)
  if (isAddressProblem(parsed)) {
    const hint = /^https?:\/\//i.test(text) ? 'leave "http://" out' : HINT
    reading.refuse(word, `${parsed.problem} in upstream "${text}"`, hint)
    return null
  }
  const { address } = parsed
  return { kind: 'address', name: text, address }
}
