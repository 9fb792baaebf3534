// The blocks `server` and `location`, and what decides about a request before anything is served:
// names, addresses, `internal`.

import type { LocationMatch } from '../../model/route.ts'
import { type DirectiveRow, MANY, scopeRow } from './directive-row.ts'
import { flagRow } from './level-rows.ts'
import type { Word } from './lexer.ts'
import { readListen } from './listen-directive.ts'
import type { Reading } from './reading.ts'
import { readRegex } from './regex.ts'
import {
  type HttpScope,
  Level,
  type LocationScope,
  locationScope,
  type ServerScope,
} from './scope.ts'
import { readServerNames } from './server-name.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'

export const ROUTE_DIRECTIVES: readonly DirectiveRow[] = [
  scopeRow(
    'server',
    {
      within: ['http'],
      args: [0, 0],
      hasBlock: true,
      isRepeatable: true,
      syntax: '{ … }',
      doc: 'what is answered on some addresses under some names',
    },
    readServer,
  ),
  scopeRow(
    'listen',
    {
      within: ['server'],
      args: [1, MANY],
      isRepeatable: true,
      syntax:
        'address[:port] | port | unix:path [default_server] [proxy_protocol] [backlog=n] [ipv6only=on|off]',
      doc: 'an address of the server; what else a socket may have is left to Node',
    },
    readListen,
  ),
  scopeRow(
    'server_name',
    {
      within: ['server'],
      args: [1, MANY],
      isRepeatable: true,
      syntax: 'name …',
      doc: 'names of the server: exact, `*.example.com`, `www.example.*`, `.example.com`, `~regex`',
    },
    readServerNames,
  ),
  scopeRow(
    'location',
    {
      within: ['server', 'location'],
      args: [1, 2],
      hasBlock: true,
      isRepeatable: true,
      syntax: '[= | ~ | ~* | ^~] uri { … } | @name { … }',
      doc: 'what is answered under a path',
    },
    readLocation,
  ),
  scopeRow(
    'internal',
    {
      within: ['location'],
      args: [0, 0],
      doc: 'the location is for internal redirects only; clients get 404',
    },
    (directive, scope) => scope.level.set('isInternal', true, directiveOrigin(directive)),
  ),
  flagRow('merge_slashes', 'mergesSlashes', {
    within: ['http', 'server'],
    doc: 'whether neighbouring slashes of a path become one',
  }),
  flagRow('log_not_found', 'logsNotFound', { doc: 'whether missing files are logged' }),
]

function readServer(directive: Directive, scope: HttpScope, reading: Reading): void {
  const server: ServerScope = {
    kind: 'server',
    origin: directiveOrigin(directive),
    seen: new Map(),
    level: new Level(scope.level),
    listens: [],
    names: [],
    name: null,
    locations: [],
    steps: [],
    tryFiles: null,
  }
  scope.servers.push(server)
  reading.walk(directive.block!, server)
}

function readLocation(
  directive: Directive,
  scope: ServerScope | LocationScope,
  reading: Reading,
): void {
  const found = parseMatch(directive, reading)
  const { match, text } = found ?? UNREADABLE
  const isGood = found !== null && checkNesting(directive, scope, match, text, reading)
  const location = locationScope(scope, {
    block: 'location',
    origin: statementOrigin(directive),
    match,
    text,
  })
  // What is wrong in a refused location is said in the same pass.
  if (isGood) scope.locations.push(location)
  reading.walk(directive.block!, location)
}

interface FoundMatch {
  readonly match: LocationMatch
  /** The path, pattern or name as written. */
  readonly text: string
}

/** Stands for a match that was refused: any location may stand inside. */
const UNREADABLE: FoundMatch = {
  match: { kind: 'regex', pattern: '', isCaseInsensitive: false },
  text: '',
}

/** Both forms: `location = /x` and, with the modifier glued on, `location =/x`. */
function parseMatch(directive: Directive, reading: Reading): FoundMatch | null {
  const [first, second] = directive.args
  if (second === undefined) {
    const { text } = first!
    const modifier = /^(?:~\*|~|=|\^~)/.exec(text)?.[0] ?? ''
    return makeMatch(modifier, first!, modifier.length, reading)
  }
  if (['=', '~', '~*', '^~'].includes(first!.text))
    return makeMatch(first!.text, second, 0, reading)
  const hint = 'write "=", "~", "~*", "^~" or nothing before the path'
  reading.refuse(first!, `invalid location modifier "${first!.text}"`, hint)
  return null
}

function makeMatch(
  modifier: string,
  word: Word,
  start: number,
  reading: Reading,
): FoundMatch | null {
  const text = word.text.slice(start)
  if (modifier === '=') return { match: { kind: 'exact', path: text }, text }
  if (modifier === '^~') return { match: { kind: 'prefix', path: text, isFinal: true }, text }
  if (modifier === '') {
    if (text.startsWith('@')) return { match: { kind: 'named', name: text.slice(1) }, text }
    return { match: { kind: 'prefix', path: text, isFinal: false }, text }
  }
  const regex = readRegex(word, start, modifier === '~*', reading)
  if (regex === null) return null
  const { pattern, isCaseInsensitive } = regex
  return { match: { kind: 'regex', pattern, isCaseInsensitive }, text }
}

function checkNesting(
  directive: Directive,
  scope: ServerScope | LocationScope,
  match: LocationMatch,
  text: string,
  reading: Reading,
): boolean {
  const message = nestingProblem(scope, match, text)
  if (message !== null) {
    reading.diagnostics.error(message, statementOrigin(directive))
    return false
  }
  const same = scope.locations.find(location => isSameMatch(location.match, match))
  if (same === undefined) return true
  const hint = `it stands in ${same.origin.file}:${same.origin.line} already`
  if (match.kind !== 'named') {
    reading.diagnostics.error(`duplicate location "${text}"`, statementOrigin(directive), hint)
    return false
  }
  const unused = `duplicate location "${text}": the first one holds`
  reading.diagnostics.warning(unused, statementOrigin(directive), hint)
  return true
}

function nestingProblem(
  scope: ServerScope | LocationScope,
  match: LocationMatch,
  text: string,
): string | null {
  if (scope.kind === 'server') return null
  const outer = scope.match
  if (outer.kind === 'exact') {
    return `location "${text}" cannot be inside the exact location "${scope.text}"`
  }
  if (outer.kind === 'named') {
    return `location "${text}" cannot be inside the named location "${scope.text}"`
  }
  if (match.kind === 'named') {
    return `named location "${text}" can be on the server level only`
  }
  if (match.kind !== 'regex' && !text.startsWith(scope.text)) {
    return `location "${text}" is outside location "${scope.text}"`
  }
  return null
}

function isSameMatch(a: LocationMatch, b: LocationMatch): boolean {
  if (a.kind === 'named' && b.kind === 'named') return a.name === b.name
  if (a.kind === 'exact' && b.kind === 'exact') return a.path === b.path
  return a.kind === 'prefix' && b.kind === 'prefix' && a.path === b.path
}
