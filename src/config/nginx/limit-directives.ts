// What a level limits: `limit_req` and `limit_conn` with what belongs to them, `limit_rate` and `limit_rate_after`, and the
// rate at which peers are read. Lists are inherited as a whole, everything else one by one, as in nginx.

import {
  BURST_MAX,
  CONNECTIONS_MAX,
  LIMIT_LOG_LEVELS,
  type LimitLogLevel,
  type LimitSettings,
  type Rate,
} from '../../model/limit-settings.ts'
import { type DirectiveRow, LEVELS_AND_IF, type LevelScope } from './directive-row.ts'
import { flagRow, levelRow, oneOf, readCount, readSize, valueRow } from './level-rows.ts'
import type { Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { Level, LevelValues } from './scope.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { countHint, parseCount } from './values.ts'

/** The values that levels have for limits. */
export interface LimitValues {
  readonly 'limits.requests': LimitSettings['requests']
  readonly 'limits.requestStatus': number
  readonly 'limits.requestLogLevel': LimitLogLevel
  readonly 'limits.isRequestDryRun': boolean
  readonly 'limits.connections': LimitSettings['connections']
  readonly 'limits.connectionStatus': number
  readonly 'limits.connectionLogLevel': LimitLogLevel
  readonly 'limits.isConnectionDryRun': boolean
  readonly 'limits.rate': Rate
  readonly 'limits.rateAfter': Rate
}

export const LIMIT_DIRECTIVES: readonly DirectiveRow[] = [
  levelRow(
    'limit_req',
    {
      args: [1, 3],
      isRepeatable: true,
      syntax: 'zone=name [burst=number] [nodelay | delay=number]',
      doc:
        'requests above the rate of the zone wait, as many as `burst` says, and others are refused; ' +
        'replaces the limits of the level above',
    },
    readRequestLimit,
  ),
  flagRow('limit_req_dry_run', 'limits.isRequestDryRun', {
    doc: 'whether requests are counted and logged only',
  }),
  levelWordRow('limit_req_log_level', 'limits.requestLogLevel', 'requests'),
  statusRow('limit_req_status', 'limits.requestStatus', 'requests'),
  levelRow(
    'limit_conn',
    {
      args: [2, 2],
      isRepeatable: true,
      syntax: 'zone number',
      doc: 'most requests in hand of one key, over all workers; replaces those of the level above',
    },
    readConnectionLimit,
  ),
  flagRow('limit_conn_dry_run', 'limits.isConnectionDryRun', {
    doc: 'whether connections are counted and logged only',
  }),
  levelWordRow('limit_conn_log_level', 'limits.connectionLogLevel', 'connections'),
  statusRow('limit_conn_status', 'limits.connectionStatus', 'connections'),
  rateRow(
    'limit_rate',
    'limits.rate',
    'bytes per second of a response to its client; 0 is no limit',
  ),
  rateRow('limit_rate_after', 'limits.rateAfter', 'bytes of a response that come before the limit'),
  valueRow(
    'proxy_limit_rate',
    'limitRate',
    { syntax: 'rate', doc: 'bytes per second that are read of a buffered response; 0 is no limit' },
    readRate,
  ),
]

type Values = Level['values']

/** The settings of limits, by the names that levels have for them. */
export const LIMIT_KEYS = [
  'limits.requests',
  'limits.requestStatus',
  'limits.requestLogLevel',
  'limits.isRequestDryRun',
  'limits.connections',
  'limits.connectionStatus',
  'limits.connectionLogLevel',
  'limits.isConnectionDryRun',
  'limits.rate',
  'limits.rateAfter',
] as const satisfies readonly (keyof LevelValues)[]

/** Lays what a level wrote over what holds above. */
export function buildLimits(values: Values, above: LimitSettings): LimitSettings {
  return {
    requests: values['limits.requests'] ?? above.requests,
    requestStatus: values['limits.requestStatus'] ?? above.requestStatus,
    requestLogLevel: values['limits.requestLogLevel'] ?? above.requestLogLevel,
    isRequestDryRun: values['limits.isRequestDryRun'] ?? above.isRequestDryRun,
    connections: values['limits.connections'] ?? above.connections,
    connectionStatus: values['limits.connectionStatus'] ?? above.connectionStatus,
    connectionLogLevel: values['limits.connectionLogLevel'] ?? above.connectionLogLevel,
    isConnectionDryRun: values['limits.isConnectionDryRun'] ?? above.isConnectionDryRun,
    rate: values['limits.rate'] ?? above.rate,
    rateAfter: values['limits.rateAfter'] ?? above.rateAfter,
  }
}

const REQUEST_PARAMETERS = ['zone=', 'burst=', 'delay=', 'nodelay']

function readRequestLimit(directive: Directive, { level }: LevelScope, reading: Reading): void {
  let zone: string | null = null
  let burst = 0
  let delay: number | null = 0
  let isWhole = true
  for (const word of directive.args) {
    if (word.text.startsWith('zone=')) {
      zone = word.text.slice('zone='.length)
    } else if (word.text === 'nodelay') {
      delay = null
    } else if (word.text.startsWith('burst=') || word.text.startsWith('delay=')) {
      const name = word.text.slice(0, 5)
      const count = readRequests(word, name, reading)
      if (count === null) isWhole = false
      else if (name === 'burst') burst = count
      else delay = count
    } else {
      reading.refuseParameter(word, REQUEST_PARAMETERS)
      isWhole = false
    }
  }
  if (!isWhole) return
  const origin = statementOrigin(directive)
  if (zone === null) {
    const message = '"limit_req" must have "zone" parameter'
    reading.diagnostics.error(message, origin, 'name one of limit_req_zone: zone=NAME')
    return
  }
  const before = level.values['limits.requests'] ?? []
  if (before.some(limit => limit.zone === zone)) {
    refuseSecond(directive, zone, reading)
    return
  }
  level.set('limits.requests', [...before, { origin, zone, burst, delay }], origin)
}

function readRequests(word: Word, name: string, reading: Reading): number | null {
  const text = word.text.slice(name.length + 1)
  const count = parseCount(text)
  if (count !== null && count > 0 && count <= BURST_MAX) return count
  const hint = countHint(text, `write a number of requests: ${name}=10`, BURST_MAX)
  reading.refuse(word, `invalid ${name} value "${word.text}"`, hint)
  return null
}

function readConnectionLimit(directive: Directive, { level }: LevelScope, reading: Reading): void {
  const [zoneWord, countWord] = directive.args
  const zone = zoneWord!.text
  const count = parseCount(countWord!.text)
  if (count === null || count === 0) {
    const message = `invalid number of connections "${countWord!.text}"`
    reading.refuse(countWord!, message, 'write how many of one key: limit_conn NAME 10')
    return
  }
  if (count > CONNECTIONS_MAX) {
    reading.refuse(countWord!, 'connection limit must be less 65536')
    return
  }
  const before = level.values['limits.connections'] ?? []
  if (before.some(limit => limit.zone === zone)) {
    refuseSecond(directive, zone, reading)
    return
  }
  const origin = statementOrigin(directive)
  level.set('limits.connections', [...before, { origin, zone, max: count }], origin)
}

function refuseSecond(directive: Directive, zone: string, reading: Reading): void {
  const message = `"${directive.name.text}" directive is duplicate`
  const hint = `this block has one for "${zone}" already`
  reading.diagnostics.error(message, statementOrigin(directive), hint)
}

function levelWordRow(
  name: string,
  key: 'limits.requestLogLevel' | 'limits.connectionLogLevel',
  what: 'requests' | 'connections',
): DirectiveRow {
  const below = what === 'requests' ? '; delays are logged one level below' : ''
  const syntax = LIMIT_LOG_LEVELS.join(' | ')
  const doc = `level at which refused ${what} are logged${below}`
  return valueRow(name, key, { syntax, doc }, (word, _directive, reading) => {
    const level = LIMIT_LOG_LEVELS.find(known => known === word.text.toLowerCase())
    if (level !== undefined) return level
    reading.refuse(word, `invalid value "${word.text}"`, `write ${oneOf(LIMIT_LOG_LEVELS)}`)
    return null
  })
}

function statusRow(
  name: string,
  key: 'limits.requestStatus' | 'limits.connectionStatus',
  what: 'requests' | 'connections',
): DirectiveRow {
  const options = { syntax: 'code', doc: `status that refused ${what} get, from 400 to 599` }
  return valueRow(name, key, options, (word, directive, reading) => {
    const status = readCount(word, directive, reading)
    if (status === null || (status >= 400 && status <= 599)) return status
    reading.refuse(word, 'value must be between 400 and 599')
    return null
  })
}

function rateRow(name: string, key: 'limits.rate' | 'limits.rateAfter', doc: string): DirectiveRow {
  return valueRow(name, key, { within: LEVELS_AND_IF, syntax: 'size', doc }, readRate)
}

/** A size, or a text with variables that comes to one for each response. */
function readRate(word: Word, directive: Directive, reading: Reading): Rate | null {
  return word.text.includes('$') ? parseTemplate(word, reading) : readSize(word, directive, reading)
}
