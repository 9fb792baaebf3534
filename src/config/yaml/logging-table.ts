// Logs: `access_log`, `error_log`, `log_formats`. Each log is a path, or a mapping that says more.

import { DEFAULT_LOG_FORMATS } from '../../model/defaults.ts'
import { type AccessLog, type ErrorLog, LOG_LEVELS, type LogFormat } from '../../model/settings.ts'
import { innerOf, list } from './collections.ts'
import { type Kind, nullable } from './kind.ts'
import { DURATION, size } from './measures.ts'
import { LOG_PATH, PATH_TEMPLATE } from './paths.ts'
import type { Plain } from './plain.ts'
import { record } from './record.ts'
import { isNothing, type Row, rowsOf } from './row.ts'
import { scalarText } from './scalar.ts'
import { choice, freeText, template } from './words.ts'

const accessRow = rowsOf<AccessLog>()
const CONDITION = template('text with variables such as $http_x_debug')

const ACCESS_ROWS: readonly Row<AccessLog>[] = [
  accessRow('path', 'path', PATH_TEMPLATE, {
    doc: 'File, `/dev/stdout` or `/dev/stderr`',
    isRequired: true,
  }),
  accessRow('format', 'format', freeText('name', 'the name of a log format such as combined'), {
    doc: 'A name in `log_formats`, `combined`, or `json`',
  }),
  accessRow('buffer', 'bufferBytes', size(0), { doc: 'Lines are collected up to this size' }),
  accessRow('flush', 'flushMs', DURATION, { doc: 'Collected lines wait no longer than this' }),
  accessRow('if', 'condition', nullable(CONDITION), {
    doc: 'Only requests for which this is neither empty nor `0`',
  }),
]

const BLANK_ACCESS: AccessLog = {
  path: [],
  format: 'combined',
  bufferBytes: 0,
  flushMs: 0,
  condition: null,
}

const ACCESS_LOG: Kind<AccessLog> = record<AccessLog>({
  label: 'log',
  wanted: 'a path, or a mapping such as { path: /var/log/access.log, format: json }',
  place: 'in "access_log"',
  rows: ACCESS_ROWS,
  blank: () => BLANK_ACCESS,
  short: {
    read: (node, reading) => {
      const path = PATH_TEMPLATE.read(node, reading)
      return path === undefined ? undefined : { ...BLANK_ACCESS, path }
    },
    write: log => {
      const isPlain = log.format === 'combined' && log.bufferBytes === 0 && log.flushMs === 0
      return isPlain && log.condition === null ? PATH_TEMPLATE.write(log.path) : undefined
    },
    schema: { type: 'string' },
  },
})

const ACCESS_LIST = list(ACCESS_LOG, { label: 'log, list of logs, `off`' })

/** `access_log`: one or more logs, or `off`. */
export const ACCESS_LOGS: Kind<readonly AccessLog[]> = {
  ...ACCESS_LIST,
  wanted: 'a path, a mapping such as { path: …, format: json }, a list of them, or off',
  schema: () => ({ anyOf: [{ enum: ['off', false] }, ACCESS_LIST.schema()] }),
  read(node, reading) {
    const text = scalarText(node)
    return text === 'off' || text === 'false' ? [] : ACCESS_LIST.read(node, reading)
  },
  write: (logs): Plain => (logs.length === 0 ? 'off' : ACCESS_LIST.write(logs)),
}

const errorRow = rowsOf<ErrorLog>()
const BLANK_ERROR: ErrorLog = { path: '', level: 'error', format: 'text' }

const ERROR_LOG: Kind<ErrorLog> = record<ErrorLog>({
  label: 'log',
  wanted: 'a path, stderr, or a mapping such as { path: stderr, level: warn }',
  place: 'in "error_log"',
  rows: [
    errorRow('path', 'path', LOG_PATH, { doc: 'File, or `stderr`', isRequired: true }),
    errorRow('level', 'level', choice(LOG_LEVELS), { doc: 'Least severity that is written' }),
    errorRow('format', 'format', choice(['text', 'json']), { doc: "nginx's lines, or JSON lines" }),
  ],
  blank: () => BLANK_ERROR,
  short: {
    read: (node, reading) => {
      const path = LOG_PATH.read(node, reading)
      return path === undefined ? undefined : { ...BLANK_ERROR, path }
    },
    write: log =>
      log.level === 'error' && log.format === 'text' ? LOG_PATH.write(log.path) : undefined,
    schema: { type: 'string' },
  },
})

/** `error_log`: one or more logs. */
export const ERROR_LOGS: Kind<readonly ErrorLog[]> = list(ERROR_LOG, {
  label: 'log, list of logs',
})

const formatRow = rowsOf<LogFormat>()
const BLANK_FORMAT: LogFormat = { name: '', escape: 'default', text: [] }
const FORMAT_TEXT = template('text with variables such as "$remote_addr $request"')

const LOG_FORMAT: Kind<LogFormat> = record<LogFormat>({
  label: 'text with variables',
  wanted: 'text with variables, or a mapping such as { text: "$remote_addr", escape: json }',
  place: 'in a log format',
  rows: [
    formatRow('text', 'text', FORMAT_TEXT, { doc: 'The line', isRequired: true }),
    formatRow('escape', 'escape', choice(['default', 'json', 'none']), {
      doc: 'How the values of variables are made safe',
    }),
  ],
  blank: () => BLANK_FORMAT,
  short: {
    read: (node, reading) => {
      const text = FORMAT_TEXT.read(node, reading)
      return text === undefined ? undefined : { ...BLANK_FORMAT, text }
    },
    write: format => (format.escape === 'default' ? FORMAT_TEXT.write(format.text) : undefined),
    schema: FORMAT_TEXT.schema(),
  },
})

/** Formats that need no definition and cannot have another. */
const BUILT_IN_FORMATS: ReadonlySet<string> = new Set([
  'json',
  ...DEFAULT_LOG_FORMATS.map(format => format.name),
])

/** `log_formats`: a mapping from name to text, beside the formats that exist anyway. */
export const LOG_FORMATS: Kind<readonly LogFormat[]> = {
  label: 'mapping of formats',
  wanted: 'a mapping from name to text such as { main: "$remote_addr $request" }',
  schema: () => ({ type: 'object', additionalProperties: LOG_FORMAT.schema() }),
  ...innerOf(LOG_FORMAT),
  read(node, reading) {
    const entries = reading.entries(node)
    if (entries === null) return reading.unwanted(node, LOG_FORMATS.wanted)
    const formats = [...DEFAULT_LOG_FORMATS]
    for (const entry of entries.values()) {
      const { key, name, value } = entry
      if (BUILT_IN_FORMATS.has(name)) {
        reading.error(key, `Cannot define the log format "${name}": it is built in`)
        continue
      }
      const isEmpty = isNothing(entry, reading)
      if (isEmpty) reading.error(key, `Nothing behind "${name}": wants ${LOG_FORMAT.wanted}`)
      const format = isEmpty ? undefined : LOG_FORMAT.read(value!, reading)
      // A format with a mistake in it is kept: who refers to it made none.
      formats.push({ ...(format ?? BLANK_FORMAT), name })
    }
    return formats
  },
  write(formats) {
    const own = formats.filter(format => !BUILT_IN_FORMATS.has(format.name))
    return Object.fromEntries(own.map(format => [format.name, LOG_FORMAT.write(format)]))
  },
}
