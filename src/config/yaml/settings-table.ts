// The keys that may stand at the top, in a server and in a route alike, and are inherited
// downwards.

import type { ErrorPage, Expires, Settings } from '../../model/settings.ts'
import type { Template } from '../../model/template.ts'
import { ACCESS_ROWS } from './access-table.ts'
import { CACHE_ROW } from './cache-table.ts'
import { CLIENT_ROWS } from './client-table.ts'
import { list } from './collections.ts'
import { FILES_ROWS } from './files-table.ts'
import { ADD_HEADERS } from './header-kinds.ts'
import { readTemplate, writeTemplate } from './interpolation.ts'
import { type Kind, wordKind } from './kind.ts'
import { LIMITS_ROWS } from './limits-table.ts'
import { ACCESS_LOGS, ERROR_LOGS } from './logging-table.ts'
import { parseDuration, printDuration } from './measures.ts'
import type { Plain } from './plain.ts'
import { PROXY_ROWS } from './proxy-table.ts'
import { REAL_IP_ROW } from './real-ip-table.ts'
import { record } from './record.ts'
import { RESOLVER_ROW } from './resolver-table.ts'
import { group, type Row, rowsOf, within } from './row.ts'
import { TLS_ROWS } from './tls-table.ts'
import { BOOLEAN, integer, mapped, template } from './words.ts'

const row = rowsOf<Settings>()
const page = rowsOf<ErrorPage>()

const PAGE_STATUS: Kind<number | null> = wordKind<number | null>({
  label: 'status, `page`',
  wanted: 'a status such as 200, or page for the one that the page has',
  schema: { anyOf: [{ type: 'integer', minimum: 100, maximum: 999 }, { type: 'string' }] },
  parse: text => {
    if (text === 'page') return 0
    return /^[1-9][0-9]{2}$/.test(text) ? Number(text) : null
  },
  print: value => (value === 0 ? 'page' : value),
})

const ERROR_PAGE: Kind<ErrorPage> = record<ErrorPage>({
  label: '`{ on, to, status }`',
  wanted: 'a mapping such as { on: [502, 504], to: /50x.html }',
  place: 'in an error page',
  rows: [
    page('on', 'statuses', list(integer(300, 599), { countMin: 1, label: 'list of statuses' }), {
      doc: 'Statuses that it stands for',
      isRequired: true,
    }),
    page('to', 'target', template('a path such as /50x.html, a @name, or an URL'), {
      doc: 'A path, a `@name`, or an URL',
      isRequired: true,
    }),
    page('status', 'status', PAGE_STATUS, {
      doc: 'Status to answer with instead; `page` takes the one of the page',
    }),
  ],
  blank: () => ({ statuses: [], status: null, target: [] }),
})

const TIME_OF_DAY = /^@(?=.)(?:([0-9]{1,2})h)?(?:([0-9]{1,2})m)?(?:([0-9]{1,2})s)?$/

/** `expires` in the words of nginx. */
const EXPIRES: Kind<Expires> = {
  label: 'duration, `off`, `epoch`, `max`, …',
  wanted: 'a duration such as 30d or -1s, "modified 1h", "@15h30m", off, epoch, max, or a variable',
  schema: () => ({ type: ['string', 'integer', 'boolean'] }),
  read(node, reading) {
    const parts = readTemplate(node, reading)
    if (parts === undefined) return undefined
    const value = parts === null ? null : parseExpires(parts)
    return value ?? reading.unwanted(node, EXPIRES.wanted)
  },
  write: printExpires,
}

const SERVER_TOKENS = mapped<Settings['serverTokens']>(
  new Map<string, Settings['serverTokens']>([
    ['true', 'on'],
    ['on', 'on'],
    ['false', 'off'],
    ['off', 'off'],
    ['', ''],
  ]),
)

/**
 * The inherited keys beside `proxy` and `files`, which say more in a server and in a route than at
 * the top.
 */
export const PLAIN_SETTINGS_ROWS: readonly Row<Settings>[] = [
  row('access_log', 'accessLogs', ACCESS_LOGS, {
    doc: 'Where requests are logged',
    nginx: 'access_log',
  }),
  row('error_log', 'errorLogs', ERROR_LOGS, {
    doc: 'Where mistakes are logged; at the top also those of the process',
    nginx: 'error_log',
  }),
  group('client', within('client', CLIENT_ROWS), {
    doc: 'What clients may send and how long they may take',
  }),
  ...TLS_ROWS,
  RESOLVER_ROW,
  REAL_IP_ROW,
  ...within<Settings, 'access'>('access', ACCESS_ROWS),
  CACHE_ROW,
  ...LIMITS_ROWS,
  row('add_headers', 'addFields', ADD_HEADERS, {
    doc:
      'Fields to add to responses, beside the inherited ones; nothing behind a name takes it ' +
      'away, and a list of `{ name, value, always }` replaces all',
    nginx: 'add_header',
  }),
  row('add_trailers', 'addTrailers', ADD_HEADERS, {
    doc: 'Fields to add behind bodies, which are chunked then; otherwise as `add_headers`',
    nginx: 'add_trailer',
  }),
  row('expires', 'expires', EXPIRES, {
    doc: 'Expires and Cache-Control of responses',
    nginx: 'expires',
  }),
  row(
    'error_pages',
    'errorPages',
    list(ERROR_PAGE, { isOneShort: false, label: 'list of error pages' }),
    {
      doc: 'What answers instead of an error; replaces the inherited list',
      nginx: 'error_page',
    },
  ),
  row('recursive_error_pages', 'nestsErrorPages', BOOLEAN, {
    doc: 'An error of an error page has its error page, too',
    nginx: 'recursive_error_pages',
  }),
  row('server_tokens', 'serverTokens', SERVER_TOKENS, {
    doc: 'The version in the Server field and on error pages; `""` sends no Server field',
    nginx: 'server_tokens',
  }),
  row('merge_slashes', 'mergesSlashes', BOOLEAN, {
    doc: 'Take `//` in a path for `/`',
    nginx: 'merge_slashes',
  }),
  row('absolute_redirect', 'absoluteRedirect', BOOLEAN, {
    doc: 'Redirect to whole URLs',
    nginx: 'absolute_redirect',
  }),
  row('port_in_redirect', 'portInRedirect', BOOLEAN, {
    doc: 'With the port in them',
    nginx: 'port_in_redirect',
  }),
  row('server_name_in_redirect', 'serverNameInRedirect', BOOLEAN, {
    doc: "With the server's first name instead of the client's Host",
    nginx: 'server_name_in_redirect',
  }),
  row('log_not_found', 'logsNotFound', BOOLEAN, {
    doc: 'Log files that do not exist as errors',
    nginx: 'log_not_found',
  }),
  row('log_rewrites', 'logsRewrites', BOOLEAN, {
    doc: 'Log what each regex of `rewrite` finds as notices',
    nginx: 'rewrite_log',
  }),
  row('warn_unset', 'warnsUnset', BOOLEAN, {
    doc: 'Warn where a variable is used that no step of `rewrite` has set yet',
    nginx: 'uninitialized_variable_warn',
  }),
]

/** All inherited keys, as they stand at the top. */
export const SETTINGS_ROWS: readonly Row<Settings>[] = [
  ...PLAIN_SETTINGS_ROWS,
  group('files', within('files', FILES_ROWS), { doc: 'How files are found and named' }),
  group('proxy', within('proxy', PROXY_ROWS), { doc: 'How peers are spoken to' }),
]

function parseExpires(parts: Template): Expires | null {
  const [first] = parts
  if (parts.some(part => typeof part !== 'string')) {
    const modified = typeof first === 'string' ? /^modified /.exec(first) : null
    if (modified === null) return { kind: 'variable', value: parts, isModified: false }
    const rest = first!.toString().slice(modified[0].length)
    const value = rest === '' ? parts.slice(1) : [rest, ...parts.slice(1)]
    return { kind: 'variable', value, isModified: true }
  }
  if (typeof first !== 'string') return null
  if (first === 'off' || first === 'false') return { kind: 'off' }
  if (first === 'epoch' || first === 'max') return { kind: first }
  const day = TIME_OF_DAY.exec(first)
  if (day !== null) {
    const [hours = 0, minutes = 0, seconds = 0] = day.slice(1).map(digits => Number(digits ?? 0))
    if (hours > 24 || minutes > 59 || seconds > 59) return null
    const secondOfDay = hours * 3600 + minutes * 60 + seconds
    return secondOfDay > 86_400 ? null : { kind: 'daily', secondOfDay }
  }
  const match = /^(modified +)?(-?)(\S+)$/.exec(first)
  const ms = match === null ? null : parseDuration(match[3]!)
  if (match === null || ms === null || ms % 1000 !== 0) return null
  const seconds = match[2] === '-' ? -(ms / 1000) || 0 : ms / 1000
  return { kind: match[1] === undefined ? 'access' : 'modified', seconds }
}

function printExpires(expires: Expires): Plain {
  switch (expires.kind) {
    case 'off':
    case 'epoch':
    case 'max':
      return expires.kind
    case 'variable':
      return writeTemplate(expires.isModified ? ['modified ', ...expires.value] : expires.value)
    case 'daily': {
      const { secondOfDay } = expires
      const hours = Math.floor(secondOfDay / 3600)
      const minutes = Math.floor((secondOfDay % 3600) / 60)
      const seconds = secondOfDay % 60
      return `@${hours}h${minutes > 0 ? `${minutes}m` : ''}${seconds > 0 ? `${seconds}s` : ''}`
    }
    case 'access':
    case 'modified': {
      const duration = printDuration(Math.abs(expires.seconds) * 1000)
      const text = `${expires.seconds < 0 ? '-' : ''}${duration}`
      if (expires.kind === 'modified') return `modified ${text}`
      return expires.seconds === 0 ? 0 : text
    }
  }
}
