// `servers` and `routes`: the tree of who answers for which host and path. A level starts as a copy
// of the one around it and what stands in it replaces; only `return` and `try_files` hold for their
// own level alone.

import type { Listen } from '../../model/listener.ts'
import type { Location, LocationMatch, Server, ServerName } from '../../model/route.ts'
import { list } from './collections.ts'
import type { Kind, Shape } from './kind.ts'
import { inheritedOrigins, type Level, levelRows } from './level-rows.ts'
import { LIMIT_EXCEPT_ROW } from './limit-except-row.ts'
import {
  LISTEN,
  REGEX,
  ROUTE_NAME,
  SERVER_NAME,
  serverNameText,
  shownName,
  type WrittenName,
} from './match-kinds.ts'
import type { Plain } from './plain.ts'
import type { Entry, Reading, YamlNode } from './reading.ts'
import { placed, UNPLACED } from './record.ts'
import { rewriteRow } from './rewrite-table.ts'
import {
  isNothing,
  mappingShape,
  type Origins,
  type Row,
  readRows,
  row,
  rowsOf,
  type Writing,
  writeRows,
} from './row.ts'
import { inheritAction } from './target-table.ts'
import { BOOLEAN, freeText } from './words.ts'

const locationRow = rowsOf<Location>()
const serverRow = rowsOf<Server>()
const PATH_TEXT = freeText('path', 'a path such as /api')

/** A server without names has the empty one, as in nginx: requests without a Host. */
const NO_NAMES: readonly ServerName[] = [{ kind: 'exact', name: '' }]

/** The match of a route that has none yet: no route of a file ends with it. */
const UNMATCHED: LocationMatch = { kind: 'prefix', path: '', isFinal: false }

const MATCH_ROWS: readonly Row<Location>[] = [
  matchRow('path', PATH_TEXT, 'Paths that begin with this; the longest wins', 'location /path', {
    make: path => ({ kind: 'prefix', path, isFinal: false }),
    text: match => (match.kind === 'prefix' && !match.isFinal ? match.path : null),
  }),
  matchRow(
    'prefix_final',
    PATH_TEXT,
    'The same, and no regex is asked after it',
    'location ^~ /path',
    {
      make: path => ({ kind: 'prefix', path, isFinal: true }),
      text: match => (match.kind === 'prefix' && match.isFinal ? match.path : null),
    },
  ),
  matchRow('exact', PATH_TEXT, 'This path alone', 'location = /path', {
    make: path => ({ kind: 'exact', path }),
    text: match => (match.kind === 'exact' ? match.path : null),
  }),
  matchRow(
    'regex',
    REGEX,
    "Paths that match, in JavaScript's syntax; the first in the file wins",
    'location ~ regex',
    {
      make: pattern => ({ kind: 'regex', pattern, isCaseInsensitive: false }),
      text: match => (match.kind === 'regex' && !match.isCaseInsensitive ? match.pattern : null),
    },
  ),
  matchRow('regex_i', REGEX, 'The same without regard to case', 'location ~* regex', {
    make: pattern => ({ kind: 'regex', pattern, isCaseInsensitive: true }),
    text: match => (match.kind === 'regex' && match.isCaseInsensitive ? match.pattern : null),
  }),
  matchRow(
    'named',
    ROUTE_NAME,
    'No path: only `error_pages` and `try_files` lead here, as `@name`',
    'location @name',
    {
      make: name => ({ kind: 'named', name }),
      text: match => (match.kind === 'named' ? match.name : null),
    },
  ),
]

/** Refers to the keys of a route from inside a route. */
const ROUTE_REFERENCE: Shape = {
  label: 'list of routes',
  wanted: 'a list of routes such as [{ path: /, proxy: { upstream: app } }]',
  schema: () => ({ type: 'array', items: { $ref: '#/$defs/route' } }),
}

/** The keys of a route. */
export const ROUTE_ROWS: readonly Row<Location>[] = [
  ...MATCH_ROWS,
  ...levelRows<Location>('route'),
  locationRow('internal', 'isInternal', BOOLEAN, {
    doc: 'Only for requests that were redirected inside; others get 404. Routes inside inherit it',
    nginx: 'internal',
  }),
  LIMIT_EXCEPT_ROW,
  rewriteRow<Location>(location => location.match),
  routesRow<Location>('Routes inside this one', location => location.match),
]

const SHOWN_NAME = freeText('name', 'a name such as www.example.com', true)
const NAMES = list(SERVER_NAME, { label: 'list of names' })

/** The keys of a server. */
export const SERVER_ROWS: readonly Row<Server>[] = [
  serverRow(
    'listen',
    'listens',
    list(LISTEN, { countMin: 1, label: 'list of listeners' }) as Kind<readonly Listen[]>,
    {
      doc: 'Where clients arrive',
      nginx: 'listen',
      isRequired: true,
    },
  ),
  row<Server, readonly WrittenName[]>(
    'names',
    'names',
    NAMES,
    {
      get: server => server.names.map(name => ({ text: serverNameText(name), name })),
      put: (server, names) => ({
        ...server,
        names: names.length === 0 ? NO_NAMES : names.map(({ name }): ServerName => name),
        name: names[0]?.text ?? '',
      }),
    },
    {
      doc:
        'Hosts that it answers to: names, `*.example.com`, `.example.com` (with and without more ' +
        'before it), `www.example.*`, and regexes after `~`',
      nginx: 'server_name',
    },
  ),
  {
    ...serverRow('server_name', 'name', SHOWN_NAME, {
      doc: 'What `$server_name` says instead of the first of `names`',
    }),
    write: server => {
      const [first] = server.names
      const byDefault = first === undefined ? '' : shownName(serverNameText(first))
      return server.name === byDefault ? undefined : SHOWN_NAME.write(server.name)
    },
  },
  ...levelRows<Server>('server'),
  rewriteRow<Server>(null),
  routesRow<Server>('What is done with which path', () => null),
]

const SERVER_SHAPE = mappingShape(SERVER_ROWS)

/** How `servers` looks from outside. */
export const SERVERS_SHAPE: Shape = {
  label: 'list of servers',
  wanted: 'a list of servers such as [{ listen: 80, routes: [] }]',
  rows: SERVER_ROWS,
  schema: () => ({ type: 'array', items: { $ref: '#/$defs/server' } }),
}

/** Reads the members of `servers`; `level` is the top of the file, `outer` where its keys stand. */
export function readServers(
  entry: Entry,
  reading: Reading,
  level: Level,
  outer: Origins,
): readonly Server[] {
  return readEach(entry, reading, SERVERS_SHAPE.wanted, node => {
    const origins = inheritedOrigins(outer)
    const draft = readRows(node, 'in a server', SERVER_ROWS, reading, blankServer(level), origins)
    return draft === undefined ? undefined : placed(draft, node, reading, origins)
  })
}

/** What to write for the servers. */
export function writeServers(servers: readonly Server[], level: Level, writing: Writing): Plain {
  return servers.map(server => writeRows(SERVER_ROWS, server, blankServer(level), writing))
}

/** How a server and a route look: the definitions that the JSON Schema refers to. */
export function routeShapes(): { readonly server: Shape; readonly route: Shape } {
  return { server: SERVER_SHAPE, route: mappingShape(ROUTE_ROWS) }
}

function blankServer({ settings, action }: Level): Server {
  const origin = UNPLACED
  return {
    origin,
    listens: [],
    names: NO_NAMES,
    name: '',
    settings,
    returns: null,
    action,
    locations: [],
  }
}

/** A route before anything of it was read: its match is still that of the level around it. */
function blankLocation(level: Level, around: LocationMatch | null): Location {
  const { settings, action, isInternal = false } = level
  const match = around ?? UNMATCHED
  const origin = UNPLACED
  return { origin, match, settings, returns: null, action, isInternal, locations: [] }
}

function routesRow<S extends Level & { readonly locations: readonly Location[] }>(
  doc: string,
  matchOf: (level: S) => LocationMatch | null,
): Row<S> {
  return {
    name: 'routes',
    doc,
    nginx: 'location',
    isRequired: false,
    shape: ROUTE_REFERENCE,
    read(entry, reading, draft, origins) {
      origins.locations = reading.origin(entry.key)
      const locations = readEach(entry, reading, ROUTE_REFERENCE.wanted, node =>
        readLocation(node, reading, blankLocation(draft, matchOf(draft)), origins),
      )
      return { ...draft, locations }
    },
    write(value, _base, writing) {
      if (value.locations.length === 0) return undefined
      return value.locations.map(location => {
        const blank = blankLocation(value, matchOf(value))
        return writeRows(ROUTE_ROWS, location, withMatch(blank, location.match), writing)
      })
    },
    show: () => undefined,
    hoist: (_values, onto) => onto,
  }
}

function readLocation(
  node: YamlNode,
  reading: Reading,
  blank: Location,
  outer: Origins,
): Location | undefined {
  const origins = inheritedOrigins(outer)
  const draft = readRows(node, 'in a route', ROUTE_ROWS, reading, blank, origins)
  if (draft === undefined) return undefined
  const keys = MATCH_ROWS.filter(known => reading.entries(node)?.has(known.name))
  if (keys.length !== 1) {
    const names = MATCH_ROWS.map(known => known.name).join(', ')
    const found = keys.length === 0 ? 'none' : keys.map(known => known.name).join(' and ')
    return reading.error(node, `A route wants one of ${names}: it has ${found}`)
  }
  // Without a match it would stand in the way of others.
  return origins.match === undefined ? undefined : placed(draft, node, reading, origins)
}

/** Puts in the match, and makes what was inherited from around fit it. */
function withMatch(draft: Location, match: LocationMatch): Location {
  const action = inheritAction(draft.action, prefixOf(draft.match), prefixOf(match))
  return { ...draft, match, action }
}

function prefixOf(match: LocationMatch): string | null {
  return match.kind === 'prefix' || match.kind === 'exact' ? match.path : null
}

function matchRow(
  name: string,
  kind: Kind<string>,
  doc: string,
  nginx: string,
  way: {
    readonly make: (text: string) => LocationMatch
    readonly text: (match: LocationMatch) => string | null
  },
): Row<Location> {
  const plain = row<Location, string>(
    name,
    'match',
    kind,
    {
      get: location => way.text(location.match) ?? '',
      put: (location, text) => withMatch(location, way.make(text)),
    },
    { doc, nginx },
  )
  return {
    ...plain,
    write: ({ match }) => {
      const text = way.text(match)
      return text === null ? undefined : kind.write(text)
    },
  }
}

/** Reads the members of a list; those with a mistake in them are left out. */
function readEach<T>(
  entry: Entry,
  reading: Reading,
  wanted: string,
  read: (node: YamlNode) => T | undefined,
): readonly T[] {
  if (isNothing(entry, reading)) {
    reading.error(entry.key, `Nothing behind "${entry.name}": wants ${wanted}`)
    return []
  }
  const node = entry.value!
  const items = reading.items(node)
  if (items === null) {
    reading.unwanted(node, wanted)
    return []
  }
  const values: T[] = []
  if (reading.enter(node)) {
    for (const item of items) {
      const value = read(item)
      if (value !== undefined) values.push(value)
    }
  }
  reading.leave()
  return values
}
