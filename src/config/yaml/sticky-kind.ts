// `sticky`: how a session stays with its peer, by one of four keys: `cookie`, `route`, `learn`,
// `source`;
// and `queue`: the requests that wait for a peer.

import type { Template } from '../../model/template.ts'
import { PLAIN_SOURCE, type Queue, type Sticky } from '../../model/upstream.ts'
import { parseNetmask } from '../netmask.ts'
import { list } from './collections.ts'
import { type Kind, nullable, wordKind } from './kind.ts'
import { DURATION, parseDuration, printDuration, size } from './measures.ts'
import { record } from './record.ts'
import { isSameData, type Row, rowsOf } from './row.ts'
import { BOOLEAN, FROM_ENVIRONMENT, freeText, integer, template } from './words.ts'

const ZONE_BYTES_MIN = 32_768
const ZONE_BYTES = 1_048_576
const LEARN_TIMEOUT_MS = 600_000
const QUEUE_TIMEOUT_MS = 60_000

const EXPIRES: Kind<number | 'max'> = wordKind<number | 'max'>({
  label: 'whole seconds, `max`',
  wanted: 'a duration of whole seconds such as 1h, or max',
  schema: { anyOf: [{ const: 0 }, { type: 'string' }] },
  parse: text => {
    if (text === 'max') return 'max'
    const ms = parseDuration(text)
    return ms === null || ms % 1000 !== 0 ? null : ms / 1000
  },
  print: value => (value === 'max' ? 'max' : printDuration(value * 1000)),
})

const VARIABLES = list(template('a variable such as $cookie_route'), { countMin: 1 })

type Cookie = Omit<Extract<Sticky, { readonly kind: 'cookie' }>, 'kind'>

const cookieRow = rowsOf<Cookie>()
const COOKIE_ROWS: readonly Row<Cookie>[] = [
  cookieRow('cookie', 'name', freeText('name', 'the name of a cookie such as route'), {
    doc: 'The name of a cookie that is set, with what names the peer',
    nginx: 'sticky cookie',
    isRequired: true,
  }),
  cookieRow('expires', 'expires', nullable(EXPIRES), {
    doc: 'How long the browser keeps it; without, as long as it runs',
  }),
  cookieRow('domain', 'domain', template('a domain such as .example.com', true), {
    doc: 'Domain of the cookie',
  }),
  cookieRow('path', 'path', freeText('path', 'a path such as /', true), {
    doc: 'Path of the cookie',
  }),
  cookieRow('http_only', 'httpOnly', BOOLEAN, { doc: 'Scripts do not see it' }),
  cookieRow('secure', 'secure', BOOLEAN, { doc: 'Only over TLS' }),
  cookieRow('same_site', 'sameSite', template('strict, lax or none', true), {
    doc: '`strict`, `lax`, `none`, or variables that come to one of them',
  }),
]
const COOKIE: Kind<Cookie> = record<Cookie>({
  label: '`{ cookie }`',
  wanted: 'a mapping such as { cookie: route, expires: 1h }',
  place: 'in "sticky"',
  rows: COOKIE_ROWS,
  blank: () => ({
    name: '',
    expires: null,
    domain: [],
    path: '',
    httpOnly: false,
    secure: false,
    sameSite: [],
  }),
  finish: (draft, node, reading) => {
    const [first, ...rest] = draft.sameSite
    const isWord = typeof first === 'string' && rest.length === 0
    if (!isWord || /^(strict|lax|none)$/i.test(first)) return draft
    return reading.error(node, `Cannot use same_site "${first}": wants strict, lax or none`)
  },
})

interface Route {
  readonly values: readonly Template[]
}

const routeRow = rowsOf<Route>()
const ROUTE_ROWS: readonly Row<Route>[] = [
  routeRow('route', 'values', VARIABLES, {
    doc: 'Variables, the first of which that is not empty names the `route` of a peer',
    nginx: 'sticky route',
    isRequired: true,
  }),
]
const ROUTE: Kind<Route> = record<Route>({
  label: '`{ route }`',
  wanted: 'a mapping such as { route: $cookie_route }',
  place: 'in "sticky"',
  rows: ROUTE_ROWS,
  blank: () => ({ values: [] }),
})

interface Learn {
  readonly zone: string
  readonly bytes: number
  readonly create: readonly Template[]
  readonly lookup: readonly Template[]
  readonly timeoutMs: number
  readonly isAfterHeader: boolean
}

const learnRow = rowsOf<Learn>()
const LEARN_ROWS: readonly Row<Learn>[] = [
  learnRow('learn', 'zone', freeText('name', 'a name for the sessions such as app'), {
    doc: 'Sessions that are learned from the peers, under this name',
    nginx: 'sticky learn',
    isRequired: true,
  }),
  learnRow('create', 'create', VARIABLES, {
    doc: 'Variables of which the first that is not empty makes a session',
    isRequired: true,
  }),
  learnRow('lookup', 'lookup', VARIABLES, {
    doc: 'Variables of which the first that is not empty looks one up',
    isRequired: true,
  }),
  learnRow('size', 'bytes', size(ZONE_BYTES_MIN), { doc: 'Memory for the sessions' }),
  learnRow('timeout', 'timeoutMs', DURATION, { doc: 'A session ends when unused for so long' }),
  learnRow('after_header', 'isAfterHeader', BOOLEAN, {
    doc: 'Learn as soon as the head of the response is there, not at its end',
  }),
]
const LEARN: Kind<Learn> = record<Learn>({
  label: '`{ learn }`',
  wanted: 'a mapping such as { learn: app, create: $upstream_cookie_a, lookup: $cookie_a }',
  place: 'in "sticky"',
  rows: LEARN_ROWS,
  blank: () => ({
    zone: '',
    bytes: ZONE_BYTES,
    create: [],
    lookup: [],
    timeoutMs: LEARN_TIMEOUT_MS,
    isAfterHeader: false,
  }),
})

function netmask(bitsMax: 32 | 128, wanted: string): Kind<number> {
  return wordKind<number>({
    label: 'bits',
    wanted,
    schema: {
      anyOf: [
        { type: 'integer', minimum: 1, maximum: bitsMax },
        { type: 'string', pattern: `^[0-9.]+$|${FROM_ENVIRONMENT}` },
      ],
    },
    parse: text => parseNetmask(text, bitsMax),
    print: value => value,
  })
}

interface Source {
  readonly zone: string
  readonly bytes: number
  readonly prefix4: number
  readonly prefix6: number
  readonly timeoutMs: number
}

const sourceRow = rowsOf<Source>()
const SOURCE_ROWS: readonly Row<Source>[] = [
  sourceRow('source', 'zone', freeText('name', 'a name for the clients such as app'), {
    doc: "By the client's address or network; which peer each has is kept under this name",
    nginx: 'sticky source',
    isRequired: true,
  }),
  sourceRow('netmask', 'prefix4', netmask(32, 'bits from 1 to 32, or 255.255.255.0'), {
    doc: 'Bits of an IPv4 address that make the network, or its mask with dots',
  }),
  sourceRow('netmask6', 'prefix6', netmask(128, 'bits from 1 to 128 such as 64'), {
    doc: 'Bits of an IPv6 address that make the network',
  }),
  sourceRow('timeout', 'timeoutMs', DURATION, {
    doc: 'A network without a request for so long is bound no more',
  }),
  sourceRow('size', 'bytes', size(ZONE_BYTES_MIN), { doc: 'Memory for the networks' }),
]
const SOURCE: Kind<Source> = record<Source>({
  label: '`{ source }`',
  wanted: 'a mapping such as { source: app, netmask: 24, timeout: 10m }',
  place: 'in "sticky"',
  rows: SOURCE_ROWS,
  blank: () => ({ zone: '', bytes: ZONE_BYTES, ...PLAIN_SOURCE }),
})

/** A mapping by one of four keys. */
export const STICKY: Kind<Sticky> = {
  label: 'session',
  wanted: 'a mapping with one of cookie, route, learn and source, such as { cookie: route }',
  schema: () => ({ anyOf: [COOKIE, ROUTE, LEARN, SOURCE].map(kind => kind.schema()) }),
  rows: [
    ...COOKIE_ROWS,
    ...ROUTE_ROWS,
    ...LEARN_ROWS,
    ...SOURCE_ROWS.filter(({ name }) => !LEARN_ROWS.some(row => row.name === name)),
  ],
  defaults: () => ({
    http_only: false,
    secure: false,
    size: '1m',
    timeout: '10m',
    netmask: PLAIN_SOURCE.prefix4,
    netmask6: PLAIN_SOURCE.prefix6,
  }),
  read(node, reading) {
    const entries = reading.entries(node)
    if (entries?.has('cookie') === true) {
      const draft = COOKIE.read(node, reading)
      return draft === undefined ? undefined : { kind: 'cookie', ...draft }
    }
    if (entries?.has('route') === true) {
      const draft = ROUTE.read(node, reading)
      return draft === undefined ? undefined : { kind: 'route', ...draft }
    }
    if (entries?.has('source') === true) {
      const draft = SOURCE.read(node, reading)
      if (draft === undefined) return undefined
      const { zone, bytes, ...rest } = draft
      return { kind: 'source', zone: { name: zone, bytes }, ...rest }
    }
    if (entries?.has('learn') !== true) return reading.unwanted(node, STICKY.wanted)
    const draft = LEARN.read(node, reading)
    if (draft === undefined) return undefined
    const { zone, bytes, ...rest } = draft
    return { kind: 'learn', zone: { name: zone, bytes }, ...rest }
  },
  write(sticky) {
    switch (sticky.kind) {
      case 'cookie':
        return COOKIE.write(sticky)
      case 'route':
        return ROUTE.write(sticky)
      case 'learn':
        return LEARN.write({ ...sticky, zone: sticky.zone.name, bytes: sticky.zone.bytes })
      case 'source':
        return SOURCE.write({ ...sticky, zone: sticky.zone.name, bytes: sticky.zone.bytes })
    }
  },
}

const queueRow = rowsOf<Queue>()
const SIZE = integer(1, undefined, 'how many requests may wait, such as 100')

/** How many requests, or that and how long. */
export const QUEUE: Kind<Queue> = record<Queue>({
  label: 'number, mapping',
  wanted: 'how many requests may wait, such as 100, or a mapping such as { size: 100 }',
  place: 'in "queue"',
  rows: [
    queueRow('size', 'size', SIZE, { doc: 'Requests that may wait', isRequired: true }),
    queueRow('timeout', 'timeoutMs', DURATION, { doc: 'How long each waits' }),
  ],
  blank: () => ({ size: 1, timeoutMs: QUEUE_TIMEOUT_MS }),
  short: {
    read: (node, reading) => {
      const count = SIZE.read(node, reading)
      return count === undefined ? undefined : { size: count, timeoutMs: QUEUE_TIMEOUT_MS }
    },
    write: queue =>
      isSameData(queue, { ...queue, timeoutMs: QUEUE_TIMEOUT_MS }) ? queue.size : undefined,
    schema: SIZE.schema(),
  },
})
