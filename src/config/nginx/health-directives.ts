// What is learnt about peers from their requests, beyond nginx: `fail_on`, `outlier_detection`,
// `panic_threshold` in `upstream`. None is nginx's, and without them its rules hold exactly;
// `max_fails` and `fail_timeout` stay parameters of `server`.

import {
  DEFAULT_OUTLIERS,
  FAIL_CONDITIONS,
  type FailCondition,
  type OutlierRules,
} from '../../model/passive-health.ts'
import { type DirectiveRow, MANY, upstreamRow } from './directive-row.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { UpstreamScope } from './scope.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { countHint, parseCount, parseTimeMs, parseTimeSeconds, timeHint } from './values.ts'

/** A parameter of `outlier_detection`: what it sets, and how it is written. */
interface Parameter {
  readonly name: string
  readonly key: keyof OutlierRules
  /** Null = not such a value. */
  readonly parse: (text: string) => number | null
  readonly wanted: string
}

const count = (text: string) => parseCount(text)
const seconds = (text: string) => notZero(parseTimeSeconds(text))
const COUNT = 'write digits only; 0 switches it off'
const TIME = 'write whole seconds, at least one: 10s'

const PARAMETERS: readonly Parameter[] = [
  { name: 'consecutive', key: 'consecutive', parse: count, wanted: COUNT },
  { name: 'interval', key: 'intervalSeconds', parse: seconds, wanted: TIME },
  { name: 'base', key: 'baseSeconds', parse: seconds, wanted: TIME },
  { name: 'max', key: 'maxSeconds', parse: seconds, wanted: TIME },
  {
    name: 'max_ejected',
    key: 'maxEjectedPercent',
    parse: text => notZero(parsePercent(text)),
    wanted: 'write a percentage from 1% to 100%: 50%',
  },
  {
    name: 'deviation',
    key: 'deviation',
    parse: text => (/^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : null),
    wanted: 'write standard deviations: 1.9; 0 switches it off',
  },
  { name: 'min_peers', key: 'peersMin', parse: count, wanted: 'write digits only' },
  { name: 'min_requests', key: 'requestsMin', parse: count, wanted: 'write digits only' },
  {
    name: 'failure_percentage',
    key: 'failurePercent',
    parse: parsePercent,
    wanted: 'write a percentage: 85%; 0% switches it off',
  },
  {
    name: 'failure_min_requests',
    key: 'failureRequestsMin',
    parse: count,
    wanted: 'write digits only',
  },
]

const DEFAULTS =
  'consecutive=5 interval=10s base=30s max=300s max_ejected=50% deviation=1.9 min_peers=5 ' +
  'min_requests=100 failure_percentage=85% failure_min_requests=50'

export const HEALTH_DIRECTIVES: readonly DirectiveRow[] = [
  upstreamRow(
    'fail_on',
    {
      args: [1, MANY],
      syntax: `${FAIL_CONDITIONS.join(' | ')} | slow=time | off …`,
      doc:
        'what counts against a peer, for `max_fails` and `outlier_detection` (not of nginx). ' +
        'Without it, as in nginx, what `proxy_next_upstream` acts upon',
    },
    readFailOn,
  ),
  upstreamRow(
    'outlier_detection',
    {
      args: [1, MANY],
      syntax: `on | off | [${DEFAULTS.replaceAll(' ', '] [')}]`,
      doc: 'peers that do worse than the others are ejected for a while (not of nginx); off',
    },
    readOutliers,
  ),
  upstreamRow(
    'panic_threshold',
    {
      syntax: 'percent | off',
      doc: 'with fewer usable peers all get requests, so that health takes no group down (not of nginx); off',
    },
    (directive, scope, reading) => {
      const [word] = directive.args
      const percent = word!.text === 'off' ? 0 : parsePercent(word!.text)
      if (percent === null) {
        reading.refuseValue(directive, word!, 'write a percentage, such as 50%, or off')
        return
      }
      scope.passiveHealth.panicPercent = percent
      scope.origins['health.panic'] = statementOrigin(directive)
    },
  ),
]

function readFailOn(directive: Directive, scope: UpstreamScope, reading: Reading): void {
  const found = new Set<FailCondition>()
  const { args } = directive
  let isOff = false
  let isListed = false
  const seen = new Set<string>()
  for (const word of args) {
    const { text } = word
    const condition = FAIL_CONDITIONS.find(known => known === text)
    const name = text.replace(/=.*/s, '')
    if (seen.has(name)) {
      const hint = text === name ? '' : 'the last one holds'
      reading.diagnostics.warning(`duplicate value "${text}"`, wordOrigin(word), hint)
    }
    seen.add(name)
    if (text.startsWith('slow=')) {
      readSlow(word, scope, reading)
      continue
    }
    isListed = true
    if (text === 'off') isOff = true
    else if (condition !== undefined) found.add(condition)
    else reading.refuseParameter(word, [...FAIL_CONDITIONS, 'slow=', 'off'])
  }
  if (isOff && found.size > 0) {
    const word = args.find(({ text }) => text === 'off')!
    reading.refuse(word, '"off" stands beside others', 'leave it out, or the others')
  }
  if (isListed) scope.passiveHealth.failOn = [...found]
  scope.origins['health.fail_on'] = statementOrigin(directive)
}

function readSlow(word: Word, scope: UpstreamScope, reading: Reading): void {
  const text = word.text.slice('slow='.length)
  const ms = notZero(parseTimeMs(text))
  if (ms === null) {
    const hint = timeHint(text, 'write a time: slow=2s')
    reading.refuse(word, `invalid parameter "${word.text}"`, hint)
  } else scope.passiveHealth.slowMs = ms
}

function readOutliers(directive: Directive, scope: UpstreamScope, reading: Reading): void {
  const { args } = directive
  const [first] = args
  scope.origins['health.outliers'] = statementOrigin(directive)
  if (first!.text === 'off' && args.length === 1) {
    scope.passiveHealth.outliers = null
    return
  }
  let rules = DEFAULT_OUTLIERS
  const seen = new Set<string>()
  for (const word of args) {
    if (word.text === 'on' && args.length === 1) break
    if (word.text === 'on' || word.text === 'off') {
      const others = word.text === 'on' ? 'parameters switch it on too' : 'leave out the others'
      const hint = `"${word.text}" stands alone: ${others}`
      reading.refuse(word, `invalid parameter "${word.text}"`, hint)
      continue
    }
    const equals = word.text.indexOf('=')
    const parameter = PARAMETERS.find(({ name }) => name === word.text.slice(0, equals))
    if (parameter === undefined) {
      reading.refuseParameter(word, [...PARAMETERS.map(({ name }) => `${name}=`), 'on', 'off'])
      continue
    }
    const text = word.text.slice(equals + 1)
    const value = parameter.parse(text)
    if (value === null) {
      const { wanted } = parameter
      const hint = wanted === TIME ? timeHint(text, wanted) : countHint(text, wanted)
      reading.refuse(word, `invalid parameter "${word.text}"`, hint)
    } else if (seen.has(parameter.name)) reading.refuse(word, `duplicate parameter "${word.text}"`)
    else rules = { ...rules, [parameter.key]: value }
    seen.add(parameter.name)
  }
  scope.passiveHealth.outliers = rules
}

/** A whole percentage from 0 to 100; null for anything else. */
function parsePercent(text: string): number | null {
  if (!/^\d{1,3}%$/.test(text)) return null
  const percent = Number(text.slice(0, -1))
  return percent <= 100 ? percent : null
}

function notZero(value: number | null): number | null {
  return value === 0 ? null : value
}
