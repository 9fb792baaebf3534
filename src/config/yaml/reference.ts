// The reference part of docs/yaml.md, made from the tables: every key with its kind, what holds
// here without it, and what nginx calls it and does.

import { stringify } from 'yaml'

import { PLAIN_CACHE } from '../../model/cache.ts'
import { DEFAULT_COMPAT, defaultProcess, defaultSettings } from '../../model/defaults.ts'
import { VARIABLE_PREFIXES, VARIABLES } from '../../model/variables.ts'
import { blankFile, FILE_ROWS, type FileDraft } from './file-table.ts'
import { MAPPING, type RowShape, type Shape } from './kind.ts'
import { isList, type Plain, type PlainMap } from './plain.ts'
import { routeShapes } from './route-table.ts'
import { SETTINGS_ROWS } from './settings-table.ts'
import { TARGET_ROWS } from './target-table.ts'

/** Makes the reference: a table of keys for each mapping, and the variables. */
export function yamlReference(): string {
  const { server, route } = routeShapes()
  const inherited = new Set(SETTINGS_ROWS.map(row => row.name))
  const isOwn = (row: RowShape): boolean => !inherited.has(row.name)
  const inTop = FILE_ROWS.filter(isOwn)
  const upstreams = FILE_ROWS.find(row => row.name === 'upstreams')!.shape
  const caches = FILE_ROWS.find(row => row.name === 'caches')!.shape
  const limitZones = FILE_ROWS.find(row => row.name === 'limit_zones')!.shape
  const variablesOfFile = FILE_ROWS.find(row => row.name === 'variables')!.shape
  const formats = FILE_ROWS.find(row => row.name === 'log_formats')!.shape
  const parts = [
    table('The top of the file', inTop, ''),
    nestedTables(upstreams, '`upstreams: { NAME: … }`', ''),
    nestedTables(caches, '`caches: [ … ]`', ''),
    nestedTables(limitZones, '`limit_zones: [ … ]`', ''),
    nestedTables(variablesOfFile, '`variables: { NAME: … }`', ''),
    nestedTables(formats, '`log_formats: { NAME: … }`', ''),
    table('The top, a server, a route: what is inherited', SETTINGS_ROWS, ''),
    ...SETTINGS_ROWS.map(row => nestedTables(row.shape, `\`${row.name}\``, row.name)),
    table('A server', server.rows!.filter(isOwn), 'server'),
    ...innerTables(server, 'listen', 'return'),
    table('A route', route.rows!.filter(isOwn), 'route'),
    ...innerTables(route, 'rewrite'),
    table('`proxy` in a server or a route: where to', TARGET_ROWS, 'target'),
    table('`files` in a route', aliasOf(route), 'route'),
    variables(),
  ]
  return parts.filter(part => part !== '').join('\n')
}

/** What only `files` of a route has. */
function aliasOf(route: Shape): readonly RowShape[] {
  const files = route.rows!.find(row => row.name === 'files')!.shape
  return files.rows!.filter(row => row.name === 'alias')
}

function innerTables(shape: Shape, ...names: readonly string[]): string[] {
  return names.map(name => {
    const row = shape.rows!.find(known => known.name === name)!
    return nestedTables(row.shape, `\`${name}\``, `server.${name}`)
  })
}

/** The table of a mapping's keys, and those of the mappings in it. */
function nestedTables(shape: Shape, title: string, path: string): string {
  const { rows } = shape
  if (rows === undefined) return ''
  const inner = rows.map(row =>
    nestedTables(
      row.shape,
      `${title.slice(0, -1)}.${row.name}\``,
      path === '' ? '' : `${path}.${row.name}`,
    ),
  )
  return [table(title, rows, path, shape.defaults?.()), ...inner]
    .filter(part => part !== '')
    .join('\n')
}

function table(
  title: string,
  rows: readonly RowShape[],
  path: string,
  defaults: PlainMap = {},
): string {
  if (rows.length === 0) return ''
  const lines = rows.map(row => {
    const key = path === '' ? row.name : `${path}.${row.name}`
    const own = defaults[row.name]
    const here = own === undefined ? HERE.get(key) : flow(own)
    const isGroup = row.shape.label === MAPPING
    const cells = [
      `\`${row.name}\`${row.isRequired ? ' (required)' : ''}`,
      row.doc,
      row.shape.label,
      code(isGroup ? '' : here),
      row.nginx === '' ? '' : `\`${row.nginx}\``,
      code(isGroup || row.nginx === '' ? '' : THERE.get(key)),
    ]
    return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  return [
    `#### ${title}`,
    '',
    '| key | what it does | kind | without it | nginx | nginx without it |',
    '|---|---|---|---|---|---|',
    ...lines,
    '',
  ].join('\n')
}

function variables(): string {
  const rows = [
    ...VARIABLES.map(row => `| \`$${row.name}\` | ${row.doc} |`),
    ...VARIABLE_PREFIXES.map(row => `| \`$${row.name}NAME\` | ${row.doc} |`),
    '| `$1` … `$9`, `$NAME` | captures of the last regex |',
    '| `$NAME` | what `variables` defines |',
  ]
  return ['#### Variables', '', '| name | value |', '|---|---|', ...rows, ''].join('\n')
}

/** Stands for the directory that relative defaults stand under. */
const PREFIX = '/PREFIX'

/** Past so many characters a default is not printed. */
const TEXT_LENGTH_MAX = 200

const NGINX = defaultSettings(DEFAULT_COMPAT, PREFIX)
const BLANK = blankFile(DEFAULT_COMPAT, PREFIX)
const HERE = defaultTexts(BLANK)
const THERE = defaultTexts({
  ...BLANK,
  process: { ...defaultProcess(PREFIX), pidPath: `${PREFIX}/logs/nginx.pid` },
  settings: { ...NGINX, proxy: { ...NGINX.proxy, cache: { ...PLAIN_CACHE, cache: [] } } },
})

/** What each key would have to say to mean what holds without it, by its path. */
function defaultTexts(file: FileDraft): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  const collect = (row: RowShape, plain: Plain | undefined, path: string): void => {
    if (plain === undefined || plain === null) return
    texts.set(path, flow(plain))
    if (typeof plain !== 'object' || isList(plain)) return
    for (const inner of row.shape.rows ?? []) {
      const value = plain[inner.name]
      if (value !== undefined) collect(inner, value, `${path}.${inner.name}`)
    }
  }
  for (const row of FILE_ROWS) collect(row, row.show(file), row.name)
  return texts
}

/** A value as one line of YAML. */
function flow(plain: Plain): string {
  const text = stringify(plain, {
    collectionStyle: 'flow',
    lineWidth: 0,
    flowCollectionPadding: false,
  })
  const line = text.trimEnd().replaceAll(PREFIX, '<prefix>')
  return line.length > TEXT_LENGTH_MAX ? '' : line
}

function code(text: string | undefined): string {
  return text === undefined || text === '' ? '' : `\`${text}\``
}
