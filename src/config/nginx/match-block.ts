// `match NAME { … }` in `http`: what the answer to a health check must be (NGINX Plus:
// ngx_http_upstream_hc_module), and with `send` and `expect` what a TCP check says and hears
// (ngx_stream_upstream_hc_module). All tests of a block must pass.

import type { Origin } from '../../model/origin.ts'
import {
  ANY_STATUS,
  type HeaderTest,
  type ResponseExpectation,
  type StatusRange,
  type TextTest,
} from '../../model/probe.ts'
import { nearest } from '../suggest.ts'
import { type DirectiveRow, scopeRow } from './directive-row.ts'
import { partOrigin, type Word } from './lexer.ts'
import { isRegexProblem, mapRegex } from './pcre.ts'
import type { Reading } from './reading.ts'
import type { HttpScope } from './scope.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'

/** A `match` block. */
export interface MatchBlock {
  readonly name: string
  readonly origin: Origin
  readonly expect: ResponseExpectation
  /** What a TCP check sends; null = not written. */
  readonly send: string | null
  /** What it must get; null = not written. */
  readonly answer: TextTest | null
  /** Whether there is a test of an HTTP response in it. */
  readonly isHttp: boolean
}

export const MATCH_DIRECTIVES: readonly DirectiveRow[] = [
  scopeRow(
    'match',
    {
      within: ['http'],
      args: [1, 1],
      hasBlock: true,
      isRepeatable: true,
      syntax:
        'name { status [!] code | code-code …; header [!] name [= | != | ~ | !~ value]; ' +
        'body ~ | !~ regex; send text; expect text | ~ regex; }',
      doc:
        'what the answer to a `health_check` must be, the first 256k of its body; `send` and ' +
        '`expect` are for checks of `type=tcp`, as in the `match` of `stream`',
    },
    readMatch,
  ),
]

interface Draft {
  statuses: StatusRange[] | null
  isStatusNegated: boolean
  readonly headers: HeaderTest[]
  readonly body: TextTest[]
  send: string | null
  answer: TextTest | null
}

type Test = (directive: Directive, draft: Draft, reading: Reading) => void

const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['status', readStatus],
  ['header', readHeader],
  ['body', readBody],
  ['require', refuseRequire],
  ['send', readSend],
  ['expect', readExpect],
])

function readMatch(directive: Directive, scope: HttpScope, reading: Reading): void {
  const word = directive.args[0]!
  const name = word.text
  const same = scope.matches.get(name)
  if (same !== undefined) {
    const hint = `it stands in ${same.origin.file}:${same.origin.line} already`
    reading.refuse(word, `duplicate match "${name}"`, hint)
  }
  const draft: Draft = {
    statuses: null,
    isStatusNegated: false,
    headers: [],
    body: [],
    send: null,
    answer: null,
  }
  for (const test of reading.expand(directive.block!)) readTest(test, draft, reading)
  const { statuses, isStatusNegated, headers, body, send, answer } = draft
  if (same !== undefined) return
  scope.matches.set(name, {
    name,
    origin: statementOrigin(directive),
    expect: { statuses: statuses ?? ANY_STATUS, isStatusNegated, headers, body, withinMs: 0 },
    send,
    answer,
    isHttp: statuses !== null || headers.length > 0 || body.length > 0,
  })
}

function readTest(directive: Directive, draft: Draft, reading: Reading): void {
  const name = directive.name.text
  const test = TESTS.get(name)
  if (directive.block !== null) {
    const message = `directive "${name}" is not terminated by ";"`
    reading.diagnostics.error(message, directiveOrigin(directive))
  } else if (test === undefined) {
    const meant = nearest(name, TESTS.keys())
    const hint = meant === null ? 'tests are status, header and body' : `did you mean "${meant}"?`
    reading.diagnostics.error(`unknown directive "${name}"`, directiveOrigin(directive), hint)
  } else if (directive.args.length === 0) {
    refuseCount(directive, reading)
  } else {
    test(directive, draft, reading)
  }
}

function refuseCount(directive: Directive, reading: Reading): void {
  const { text } = directive.name
  const message = `invalid number of arguments in "${text}" directive`
  reading.diagnostics.error(message, statementOrigin(directive), `write: ${FORMS[text]}`)
}

const FORMS: Readonly<Record<string, string>> = {
  status: 'status 200-299 304; or: status ! 500-599;',
  header: 'header NAME; header ! NAME; header NAME = VALUE; or: header NAME ~ REGEX;',
  body: 'body ~ REGEX; or: body !~ REGEX;',
  send: 'send TEXT;',
  expect: 'expect TEXT; or: expect ~ REGEX;',
  require: 'require $VARIABLE;',
}

function readStatus(directive: Directive, draft: Draft, reading: Reading): void {
  const [first, ...rest] = directive.args
  const isNegated = first!.text === '!'
  const words = isNegated ? rest : directive.args
  if (words.length === 0) {
    refuseCount(directive, reading)
    return
  }
  if (draft.statuses !== null) {
    const hint = 'write all statuses in one line'
    const origin = directiveOrigin(directive)
    reading.diagnostics.error('"status" directive is duplicate', origin, hint)
    return
  }
  const statuses: StatusRange[] = []
  for (const word of words) {
    const range = parseStatus(word.text)
    if (range === null) {
      const hint = 'write a status from 100 to 999, or two of them: 200-299'
      reading.refuse(word, `invalid status "${word.text}"`, hint)
    } else {
      statuses.push(range)
    }
  }
  draft.statuses = statuses
  draft.isStatusNegated = isNegated
}

/** Parses `200` or `200-299`; null for anything else. */
export function parseStatus(text: string): StatusRange | null {
  const match = /^([1-9]\d\d)(?:-([1-9]\d\d))?$/.exec(text)
  if (match === null) return null
  const from = Number(match[1])
  const to = Number(match[2] ?? match[1])
  return from <= to ? [from, to] : null
}

const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function readHeader(directive: Directive, draft: Draft, reading: Reading): void {
  const [first, second, third] = directive.args
  const isAbsent = first!.text === '!' && second !== undefined
  const word = isAbsent ? second : first!
  const operator = isAbsent ? third : second
  if (!FIELD_NAME.test(word.text) || (word.text === '!' && !isAbsent)) {
    reading.refuse(word, `invalid header name "${word.text}"`, 'write the name of a field')
    return
  }
  // A token may begin with it; who writes that means the other thing (RFC 9110 §5.6.2).
  if (word.text.startsWith('!')) {
    const hint = `write: header ! ${word.text.replace(/^!+/, '')}`
    reading.refuse(word, `invalid header name "${word.text}"`, hint)
    return
  }
  const name = word.text.toLowerCase()
  if (operator === undefined) {
    draft.headers.push({ name, test: null, isAbsent })
    return
  }
  if (isAbsent || third === undefined || directive.args.length > 3) {
    refuseCount(directive, reading)
    return
  }
  const test = readOperator(operator, third, ['=', '!=', '~', '!~'], reading)
  if (test !== null) draft.headers.push({ name, test, isAbsent: false })
}

function readBody(directive: Directive, draft: Draft, reading: Reading): void {
  const [operator, value] = directive.args
  if (value === undefined || directive.args.length > 2) {
    refuseCount(directive, reading)
    return
  }
  const test = readOperator(operator!, value, ['~', '!~'], reading)
  if (test !== null) draft.body.push(test)
}

/** What `=`, `!=`, `~` or `!~` say of a word; null when it was refused. */
function readOperator(
  operator: Word,
  value: Word,
  known: readonly string[],
  reading: Reading,
): TextTest | null {
  const { text } = operator
  if (!known.includes(text)) {
    const isCased = text === '~*' || text === '!~*'
    const write = known.map(one => `"${one}"`).join(', ')
    const hint = isCased ? `write ${text.slice(0, -1)} "(?i)…"` : `operators are ${write}`
    reading.refuse(operator, `invalid operator "${text}"`, hint)
    return null
  }
  const isNegated = text.startsWith('!')
  if (!text.endsWith('~')) {
    return { kind: 'equal', text: value.text, isCaseInsensitive: false, isNegated }
  }
  return readTestRegex(value, 0, false, isNegated, reading)
}

/** A regex of a test, from character `start` of a word on; null when it was refused. */
export function readTestRegex(
  word: Word,
  start: number,
  isCaseInsensitive: boolean,
  isNegated: boolean,
  reading: Reading,
): TextTest | null {
  const text = word.text.slice(start)
  const mapped = mapRegex(text, isCaseInsensitive, { subject: 'text' })
  if (!isRegexProblem(mapped)) {
    const { pattern, isCaseInsensitive: isAnyCase } = mapped
    return { kind: 'regex', text: pattern, isCaseInsensitive: isAnyCase, isNegated }
  }
  const origin = partOrigin(word, start + mapped.start, start + mapped.end)
  const message = mapped.problem.startsWith('Cannot')
    ? mapped.problem
    : `invalid regular expression "${text}": ${mapped.problem}`
  reading.diagnostics.error(message, origin)
  return null
}

function refuseRequire(directive: Directive, _draft: Draft, reading: Reading): void {
  const message = 'directive "require" is not supported yet: a check knows no variables'
  const hint = 'test the response with "status", "header" and "body"'
  reading.diagnostics.error(message, directiveOrigin(directive), hint)
}

function readSend(directive: Directive, draft: Draft, reading: Reading): void {
  if (directive.args.length > 1) refuseCount(directive, reading)
  else draft.send = undoHex(directive.args[0]!.text)
}

function readExpect(directive: Directive, draft: Draft, reading: Reading): void {
  const [first, second] = directive.args
  if (directive.args.length > 2) {
    refuseCount(directive, reading)
  } else if (second === undefined) {
    const text = undoHex(first!.text)
    draft.answer = { kind: 'contains', text, isCaseInsensitive: false, isNegated: false }
  } else if (first!.text !== '~' && first!.text !== '~*') {
    reading.refuse(first!, `invalid operator "${first!.text}"`, 'operators are "~" and "~*"')
  } else {
    draft.answer = readTestRegex(second, 0, first!.text === '~*', false, reading)
  }
}

/** `\x0d` and the like are bytes, as in nginx's `send`. */
export function undoHex(text: string): string {
  return text.replaceAll(/\\x([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
}
