// `limit_zones` at the top of a file: what requests and connections are counted by, and the memory for it. `limits`,
// `limit_rate` and `limit_rate_after` anywhere: what counts in them, and how fast responses go.

import {
  BURST_MAX,
  CONNECTIONS_MAX,
  type ConnectionLimit,
  LIMIT_LOG_LEVELS,
  LIMIT_ZONE_BYTES_MAX,
  LIMIT_ZONE_BYTES_MIN,
  type LimitKind,
  type LimitSettings,
  type LimitZone,
  type Rate,
  type RequestLimit,
} from '../../model/limit-settings.ts'
import type { Settings } from '../../model/settings.ts'
import { literalText } from '../../model/template.ts'
import { list } from './collections.ts'
import { readTemplate, writeTemplate } from './interpolation.ts'
import { type Kind, wordKind } from './kind.ts'
import { parseSize, printSize, size } from './measures.ts'
import { placed, record, UNPLACED } from './record.ts'
import { group, type Row, rowsOf, within } from './row.ts'
import { BOOLEAN, choice, FROM_ENVIRONMENT, freeText, integer, template } from './words.ts'

const ZONE_BYTES = 1_048_576
const RATE = /^([1-9][0-9]{0,8})r?\/([sm])$/

/** Thousandths of a request in a second; 0 = it counts connections. */
const REQUEST_RATE: Kind<number> = wordKind<number>({
  label: 'requests in a second or minute',
  wanted: 'requests in a second or a minute such as 10r/s or 30r/m',
  schema: { type: 'string', pattern: `${RATE.source}|${FROM_ENVIRONMENT}` },
  parse: text => {
    const match = RATE.exec(text)
    if (match === null) return null
    return Math.floor((Number(match[1]) * 1000) / (match[2] === 'm' ? 60 : 1))
  },
  print: rate => (rate % 1000 === 0 ? `${rate / 1000}r/s` : `${Math.ceil((rate * 60) / 1000)}r/m`),
  hint: text => (/^[0-9]+$/.test(text) ? `in a second or a minute? "${text}r/s"` : ''),
})

const zone = rowsOf<LimitZone>()

const LIMIT_ZONE: Kind<LimitZone> = record<LimitZone>({
  label: 'limit zone',
  wanted: 'a mapping such as { name: clients, key: $binary_remote_addr, rate: 10r/s }',
  place: 'in a limit zone',
  rows: [
    zone('name', 'name', freeText('name', 'a name such as clients'), {
      doc: 'What `limits` call it',
      nginx: 'limit_req_zone (zone=)',
      isRequired: true,
    }),
    zone('key', 'key', template('a text with variables such as $binary_remote_addr', true), {
      doc: 'Who is counted apart from whom; empty = not counted',
      nginx: 'limit_req_zone',
      isRequired: true,
    }),
    {
      ...zone('rate', 'rate', REQUEST_RATE, {
        doc: 'Requests of one key in a second or a minute; without it the zone counts connections',
        nginx: 'limit_req_zone (rate=)',
      }),
      show: () => undefined,
    },
    zone('size', 'bytes', size(LIMIT_ZONE_BYTES_MIN), {
      doc: 'Memory for the keys, which all workers share',
      nginx: 'limit_req_zone (zone=)',
    }),
  ],
  blank: () => ({
    origin: UNPLACED,
    kind: 'connections',
    name: '',
    key: [],
    bytes: ZONE_BYTES,
    rate: 0,
  }),
  finish: (draft, node, reading, origins) => {
    if (draft.bytes > LIMIT_ZONE_BYTES_MAX) {
      return reading.error(node, `Cannot keep ${draft.bytes} bytes of keys: wants at most 1g`)
    }
    const kind: LimitKind = draft.rate === 0 ? 'connections' : 'requests'
    return placed({ ...draft, kind }, node, reading, origins)
  },
})

/** The zones of a file. */
export const LIMIT_ZONES: Kind<readonly LimitZone[]> = list(LIMIT_ZONE, {
  isOneShort: false,
  label: 'list of limit zones',
})

// ── what counts in them ────────────────────────────────────────────────────────────────────────────────────────────

const ZONE_NAME = freeText('name', 'the name of one of "limit_zones"')

/** Null = none of those above the rate waits. */
const DELAY: Kind<number | null> = wordKind<number | null>({
  label: 'number, `off`',
  wanted: 'how many requests need not wait, such as 5, or off where none has to',
  schema: {
    anyOf: [
      { type: 'integer', minimum: 0 },
      { const: 'off' },
      { const: false },
      { type: 'string', pattern: `^[0-9]+$|${FROM_ENVIRONMENT}` },
    ],
  },
  parse: text => (/^[0-9]{1,9}$/.test(text) ? Number(text) : null),
  print: value => value,
})

const DELAY_OR_OFF: Kind<number | null> = {
  ...DELAY,
  read(node, reading) {
    const text = readTemplate(node, reading)
    const word = text === undefined || text === null ? null : literalText(text)
    return word === 'off' || word === 'false' ? null : DELAY.read(node, reading)
  },
  write: value => (value === null ? 'off' : value),
}

const request = rowsOf<RequestLimit>()

const REQUEST_LIMIT: Kind<RequestLimit> = record<RequestLimit>({
  label: 'name, mapping',
  wanted: 'the name of one of "limit_zones", or a mapping such as { zone: clients, burst: 20 }',
  place: 'in a limit of requests',
  rows: [
    request('zone', 'zone', ZONE_NAME, { doc: 'One of `limit_zones`', isRequired: true }),
    request('burst', 'burst', integer(0, BURST_MAX), {
      doc: 'Requests above the rate that are still let through',
      nginx: 'limit_req (burst=)',
    }),
    request('delay', 'delay', DELAY_OR_OFF, {
      doc: 'How many of them need not wait; `off` lets none wait',
      nginx: 'limit_req (delay=, nodelay)',
    }),
  ],
  blank: () => ({ origin: UNPLACED, zone: '', burst: 0, delay: 0 }),
  finish: (draft, node, reading) => ({ ...draft, origin: reading.origin(node) }),
  short: {
    read: (node, reading) => {
      const name = ZONE_NAME.read(node, reading)
      return name === undefined
        ? undefined
        : { origin: reading.origin(node), zone: name, burst: 0, delay: 0 }
    },
    write: ({ zone: name, burst, delay }) =>
      burst === 0 && delay === 0 ? ZONE_NAME.write(name) : undefined,
    schema: ZONE_NAME.schema(),
  },
})

const connection = rowsOf<ConnectionLimit>()

const CONNECTION_LIMIT: Kind<ConnectionLimit> = record<ConnectionLimit>({
  label: '`{ zone, max }`',
  wanted: 'a mapping such as { zone: clients, max: 10 }',
  place: 'in a limit of connections',
  rows: [
    connection('zone', 'zone', ZONE_NAME, { doc: 'One of `limit_zones`', isRequired: true }),
    connection('max', 'max', integer(1, CONNECTIONS_MAX), {
      doc: 'Requests of one key in hand at once',
      isRequired: true,
    }),
  ],
  blank: () => ({ origin: UNPLACED, zone: '', max: 1 }),
  finish: (draft, node, reading) => ({ ...draft, origin: reading.origin(node) }),
})

const STATUS = integer(400, 599, 'a status from 400 to 599')
const LEVEL = choice(LIMIT_LOG_LEVELS)
const limit = rowsOf<LimitSettings>()

const LIMIT_ROWS: readonly Row<LimitSettings>[] = [
  limit('requests', 'requests', list(REQUEST_LIMIT, { label: 'list of limits' }), {
    doc: 'Requests above the rate of a zone wait or are refused; replaces the inherited list',
    nginx: 'limit_req',
  }),
  limit('connections', 'connections', list(CONNECTION_LIMIT, { label: 'list of limits' }), {
    doc: 'Requests of one key in hand at once; replaces the inherited list',
    nginx: 'limit_conn',
  }),
  limit('request_status', 'requestStatus', STATUS, {
    doc: 'Status that refused requests get',
    nginx: 'limit_req_status',
  }),
  limit('request_log_level', 'requestLogLevel', LEVEL, {
    doc: 'Level at which they are logged; delays one level below',
    nginx: 'limit_req_log_level',
  }),
  limit('request_dry_run', 'isRequestDryRun', BOOLEAN, {
    doc: 'Count and log only',
    nginx: 'limit_req_dry_run',
  }),
  limit('connection_status', 'connectionStatus', STATUS, {
    doc: 'Status that requests get of which too many are in hand',
    nginx: 'limit_conn_status',
  }),
  limit('connection_log_level', 'connectionLogLevel', LEVEL, {
    doc: 'Level at which they are logged',
    nginx: 'limit_conn_log_level',
  }),
  limit('connection_dry_run', 'isConnectionDryRun', BOOLEAN, {
    doc: 'Count and log only',
    nginx: 'limit_conn_dry_run',
  }),
]

// ── rates ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Bytes, or bytes per second; with variables what they come to. */
export const BYTE_RATE: Kind<Rate> = {
  label: 'size, variables',
  wanted: 'a size such as 100k or 1m, or a variable that comes to one; 0 is no limit',
  schema: () => ({ type: ['string', 'integer'] }),
  read(node, reading) {
    const text = readTemplate(node, reading)
    if (text === undefined) return undefined
    const word = text === null ? null : literalText(text)
    if (text !== null && word === null) return text
    const bytes = word === null ? null : parseSize(word)
    return bytes ?? reading.unwanted(node, BYTE_RATE.wanted)
  },
  write: rate => (typeof rate === 'number' ? printSize(rate) : writeTemplate(rate)),
}

/** What is inherited of limits. */
export const LIMITS_ROWS: readonly Row<Settings>[] = [
  group('limits', within('limits', LIMIT_ROWS), {
    doc: 'How many requests are let through, over time and at once',
  }),
  ...within<Settings, 'limits'>('limits', [
    limit('limit_rate', 'rate', BYTE_RATE, {
      doc: 'Bytes per second of a response to its client; 0 = no limit',
      nginx: 'limit_rate',
    }),
    limit('limit_rate_after', 'rateAfter', BYTE_RATE, {
      doc: 'Bytes of a response that come before the limit',
      nginx: 'limit_rate_after',
    }),
  ]),
]
