// Files made of responses: `proxy_store` and `proxy_store_access`. As in nginx a location has a cache or files, and
// what it writes itself puts what it would inherit of the other out.
// http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_store

import { STORE_MODE, type StoreSettings } from '../../model/proxy-settings.ts'
import type { Template } from '../../model/template.ts'
import type { DirectiveRow, LevelScope } from './directive-row.ts'
import { levelRow, valueRow } from './level-rows.ts'
import type { Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { Level, LevelValues } from './scope.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'

export const STORE_DIRECTIVES: readonly DirectiveRow[] = [
  levelRow(
    'proxy_store',
    {
      syntax: 'on | off | string',
      doc: 'makes a file of each whole response: where root or alias look for it, or this one',
    },
    readStore,
  ),
  valueRow(
    'proxy_store_access',
    'store.mode',
    {
      args: [1, 3],
      syntax: 'user:(r | rw) | group:(r | rw) | all:(r | rw) …',
      doc: 'access to these files; directories are made accordingly',
    },
    (_word, directive, reading) => readAccess(directive, reading),
  ),
]

/** The settings of stored files, by the names that levels have for them. */
export const STORE_KEYS = [
  'store.path',
  'store.mode',
] as const satisfies readonly (keyof LevelValues)[]

/** What holds at a level, inherited directives included; null where nothing is stored. */
export function buildStore(level: Level): StoreSettings | null {
  const path = level.find('store.path') ?? 'off'
  return path === 'off' ? null : { path, mode: level.find('store.mode') ?? STORE_MODE }
}

/** Puts out what the level would inherit of `proxy_store`. @returns false when it has its own, which was reported */
export function ousts(directive: Directive, { level }: LevelScope, reading: Reading): boolean {
  const path = level.values['store.path'] ?? 'off'
  if (path !== 'off') {
    refusePair(directive, 'proxy_store', reading)
    return false
  }
  level.set('store.path', 'off', statementOrigin(directive))
  return true
}

function readStore(directive: Directive, { level }: LevelScope, reading: Reading): void {
  const word = directive.args[0]!
  const origin = statementOrigin(directive)
  if (word.text === 'off') {
    level.set('store.path', 'off', origin)
    return
  }
  if (word.text === '') {
    reading.refuse(word, 'empty path', 'write: proxy_store on;')
    return
  }
  if ((level.values['cache.cache']?.length ?? 0) > 0) {
    refusePair(directive, 'proxy_cache', reading)
    return
  }
  level.set('cache.cache', [], origin)
  level.set('store.path', word.text === 'on' ? 'root' : readPath(word, reading), origin)
}

function refusePair(directive: Directive, other: string, reading: Reading): void {
  const message = `"${directive.name.text}" directive is incompatible with "${other}"`
  reading.diagnostics.error(message, directiveOrigin(directive), 'keep one of them')
}

/** Under the prefix, where it does not begin with a variable. */
function readPath(word: Word, reading: Reading): Template {
  const written = parseTemplate(word, reading)
  const [first, ...rest] = written
  return typeof first === 'string' ? [reading.underPrefix(first), ...rest] : written
}

const SHIFTS: ReadonlyMap<string, number> = new Map([
  ['user', 6],
  ['group', 3],
  ['all', 0],
])

const RIGHTS: ReadonlyMap<string, number> = new Map([
  ['r', 4],
  ['rw', 6],
])

/** Who is not named has no access, but the user. */
function readAccess(directive: Directive, reading: Reading): number | null {
  let mode = 0
  let isWhole = true
  let isUserNamed = false
  for (const word of directive.args) {
    const colon = word.text.indexOf(':')
    const who = word.text.slice(0, Math.max(colon, 0))
    const shift = SHIFTS.get(who)
    const right = RIGHTS.get(word.text.slice(colon + 1))
    if (shift === undefined || right === undefined) {
      isWhole = false
      reading.refuse(word, `invalid value "${word.text}"`, 'write such as: user:rw group:rw all:r')
      continue
    }
    if (who === 'user') isUserNamed = true
    mode |= right << shift
  }
  if (!isWhole) return null
  return isUserNamed ? mode : mode | STORE_MODE
}
