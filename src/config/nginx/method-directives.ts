// The balancing methods of `upstream`: least_conn, ip_hash, hash, random, least_time. As in nginx
// the last one holds, and a second one is worth a warning.

import type { RandomRule, TimeMeasure } from '../../model/upstream.ts'
import {
  type HASH_PLACEMENTS,
  type Method,
  RANDOM_RULES,
  TIME_MEASURES,
} from '../../model/upstream.ts'
import { type DirectiveRow, type RowOptions, upstreamRow } from './directive-row.ts'
import type { Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { UpstreamScope } from './scope.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'

/** Less than the fair share would leave requests over; more than ten times it bounds nothing. */
const BOUND_PERCENT_MIN = 101
const BOUND_PERCENT_MAX = 1_000

export const METHOD_DIRECTIVES: readonly DirectiveRow[] = [
  methodRow(
    'least_conn',
    { args: [0, 0], doc: 'the peer with the fewest requests in flight for its weight' },
    () => ({ kind: 'least_conn' }),
  ),
  methodRow(
    'ip_hash',
    { args: [0, 0], doc: 'the peer by the client’s address: of IPv4 the first three octets' },
    () => ({ kind: 'ip_hash' }),
  ),
  methodRow(
    'hash',
    {
      args: [1, 3],
      syntax: 'key [consistent | maglev] [bounded=percent%]',
      doc:
        'the peer by a text with variables; `consistent` moves few keys when peers change; ' +
        '`maglev` too, with more even shares (not of nginx); `bounded` sends what is above that ' +
        'part of a fair share on to the next (not of nginx)',
    },
    readHash,
  ),
  methodRow(
    'random',
    {
      args: [0, 2],
      syntax: '[two [least_conn | least_time=header | least_time=last_byte]]',
      doc: 'any peer; `two` draws two and takes the less busy one',
    },
    readRandom,
  ),
  methodRow(
    'least_time',
    {
      args: [1, 2],
      syntax: 'header | last_byte [inflight] | peak_ewma',
      doc:
        'the peer with the least measured time and the fewest requests in flight; `inflight` also ' +
        'looks at how long these have waited; `peak_ewma` believes a peak at once (not of nginx)',
    },
    readLeastTime,
  ),
]

function methodRow(
  name: string,
  options: Omit<RowOptions, 'within' | 'isRepeatable'>,
  read: (args: readonly Word[], reading: Reading) => Method | null,
): DirectiveRow {
  return upstreamRow(name, { ...options, isRepeatable: true }, (directive, scope, reading) => {
    const method = read(directive.args, reading)
    warnRedefined(directive, scope, reading)
    if (method === null) return
    scope.method = method
    scope.origins.method = statementOrigin(directive)
  })
}

/**
 * A method that stands below what nginx builds on a method takes its place there, and nginx warns.
 * Here both hold, wherever they stand. (`keepalive` of nginx before 1.29.7; `sticky`; `queue`.)
 */
function warnRedefined(directive: Directive, scope: UpstreamScope, reading: Reading): void {
  const before = scope.origins.method
  const { seen } = scope
  const lost = ['queue', 'sticky'].find(name => seen.has(name))
  const isAfterKeepalive = reading.compat === 'nginx/1.28' && seen.has('keepalive')
  let hint = ''
  if (before !== undefined) hint = `this one holds, not that of ${before.file}:${before.line}`
  else if (lost !== undefined) hint = `nginx forgets "${lost}" then: put it below the method`
  else if (isAfterKeepalive) {
    hint = 'nginx before 1.29.7 keeps no connections then: put "keepalive" below it'
  } else return
  const origin = directiveOrigin(directive)
  reading.diagnostics.warning('load balancing method redefined', origin, hint)
}

function readHash(args: readonly Word[], reading: Reading): Method | null {
  const [word, ...parameters] = args
  const key = parseTemplate(word!, reading)
  let placement: (typeof HASH_PLACEMENTS)[number] = 'modulo'
  let bound: Word | null = null
  let isWhole = true
  for (const parameter of parameters) {
    const { text } = parameter
    if (text.startsWith('bounded=') && bound === null) bound = parameter
    else if (placement === 'modulo' && text === 'consistent') placement = 'ketama'
    else if (placement === 'modulo' && text === 'maglev') placement = 'maglev'
    else {
      reading.refuseParameter(parameter, ['consistent', 'maglev', 'bounded='])
      isWhole = false
    }
  }
  const boundedPercent = bound === null ? null : readBound(bound, reading)
  if (!isWhole || boundedPercent === undefined) return null
  if (bound !== null && placement === 'modulo') {
    const hint = 'it needs a next peer: add "consistent" or "maglev"'
    reading.refuse(bound, `parameter "${bound.text}" without "consistent"`, hint)
    return null
  }
  return { kind: 'hash', key, placement, boundedPercent }
}

/** Undefined after an error. */
function readBound(word: Word, reading: Reading): number | undefined {
  const match = /^bounded=(\d{1,6})%$/.exec(word.text)
  const percent = Number(match?.[1])
  if (percent >= BOUND_PERCENT_MIN && percent <= BOUND_PERCENT_MAX) return percent
  const hint = `a percentage from ${BOUND_PERCENT_MIN}% to ${BOUND_PERCENT_MAX}%: bounded=150%`
  reading.refuse(word, `invalid parameter "${word.text}"`, hint)
  return undefined
}

function readRandom([two, by]: readonly Word[], reading: Reading): Method | null {
  if (two !== undefined && two.text !== 'two') {
    const hint =
      two.text === 'least_conn' || two.text.startsWith('least_time')
        ? `it chooses between two: random two ${two.text}`
        : 'write "two", or nothing: it draws one or two'
    reading.refuse(two, `invalid parameter "${two.text}"`, hint)
    return null
  }
  if (by !== undefined && !isOneOf(RANDOM_RULES, by.text)) {
    reading.refuse(by, `invalid parameter "${by.text}"`, `write ${RANDOM_RULES.join(' or ')}`)
    return null
  }
  const rule: RandomRule = by === undefined ? 'least_conn' : (by.text as RandomRule)
  return { kind: 'random', isTwo: two !== undefined, by: rule }
}

function readLeastTime([measure, inflight]: readonly Word[], reading: Reading): Method | null {
  const { text } = measure!
  if (text === 'peak_ewma' && inflight === undefined) return { kind: 'peak_ewma' }
  if (!isOneOf(TIME_MEASURES, text)) {
    if (text === 'peak_ewma') {
      const hint = '"peak_ewma" takes none: it counts what is in flight anyway'
      reading.refuse(inflight!, `invalid parameter "${inflight!.text}"`, hint)
    } else {
      const hint = 'write header, last_byte or peak_ewma'
      reading.refuse(measure!, `invalid value "${text}" in "least_time" directive`, hint)
    }
    return null
  }
  if (inflight !== undefined && inflight.text !== 'inflight') {
    reading.refuseParameter(inflight, ['inflight'])
    return null
  }
  return {
    kind: 'least_time',
    by: text as TimeMeasure,
    countsInflight: inflight !== undefined,
  }
}

function isOneOf(words: readonly string[], text: string): boolean {
  return words.includes(text)
}
