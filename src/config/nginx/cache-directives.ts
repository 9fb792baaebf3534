// What a location does with its cache: `proxy_cache` and its kin, `proxy_ignore_headers`, `slice`, and three of ours:
// whose rules hold, and whether FastDFS file names are checked. All are inherited one by one, lists as a whole.
// http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache

import {
  CACHE_METHODS,
  CACHE_MODES,
  type CacheValid,
  IGNORABLE_FIELDS,
  STALE_CONDITIONS,
} from '../../model/cache.ts'
import { literalText, type Template } from '../../model/template.ts'
import { nearest } from '../suggest.ts'
import { type DirectiveRow, type LevelScope, MANY } from './directive-row.ts'
import {
  choiceRow,
  countRow,
  flagRow,
  levelRow,
  oneOf,
  readOffset,
  sizeRow,
  timeRow,
  valueRow,
} from './level-rows.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import { ousts } from './store-directives.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, statementOrigin } from './tree.ts'
import { parseCount, parseTimeSeconds, timeHint } from './values.ts'

export const CACHE_DIRECTIVES: readonly DirectiveRow[] = [
  levelRow(
    'proxy_cache',
    {
      syntax: 'zone | off',
      doc: 'stores responses in the cache of this name; variables may choose it',
    },
    readCache,
  ),
  choiceRow(
    'proxy_cache_mode',
    'cache.mode',
    Object.fromEntries(CACHE_MODES.map(mode => [mode, mode])),
    {
      doc:
        'our own: whose rules hold, those of nginx (the default here) or those of a shared cache ' +
        'by RFC 9111',
    },
  ),
  valueRow(
    'proxy_cache_key',
    'cache.key',
    { syntax: 'string', doc: 'what responses are stored under: $scheme$proxy_host$request_uri' },
    (word, _directive, reading) => parseTemplate(word, reading),
  ),
  levelRow(
    'proxy_cache_valid',
    {
      args: [1, MANY],
      isRepeatable: true,
      syntax: '[code | any …] time',
      doc:
        'how long responses are fresh that do not say it themselves; without a code those of 200, ' +
        '301 and 302',
    },
    readValid,
  ),
  levelRow(
    'proxy_cache_methods',
    {
      args: [1, MANY],
      isRepeatable: true,
      syntax: `${CACHE_METHODS.join(' | ')} …`,
      doc: 'methods whose responses are stored; GET and HEAD always are among them',
    },
    readMethods,
  ),
  flagRow('proxy_cache_convert_head', 'cache.convertsHead', {
    doc: 'whether HEAD is asked and stored as GET',
  }),
  countRow('proxy_cache_min_uses', 'cache.usesMin', {
    doc: 'requests after which a response is stored',
  }),
  flagRow('proxy_cache_lock', 'cache.isLocking', {
    doc: 'whether one request fetches and the others wait for it',
  }),
  timeRow('proxy_cache_lock_age', 'cache.lockAgeMs', {
    doc: 'time after which one more request goes to the peer',
  }),
  timeRow('proxy_cache_lock_timeout', 'cache.lockTimeoutMs', {
    doc: 'time after which who waits asks the peer, and the response is not stored',
  }),
  levelRow(
    'proxy_cache_use_stale',
    {
      args: [1, MANY],
      isRepeatable: true,
      syntax: `${STALE_CONDITIONS.join(' | ')} | off …`,
      doc: 'when something stale is answered',
    },
    readUseStale,
  ),
  flagRow('proxy_cache_background_update', 'cache.isUpdatedInBackground', {
    doc: 'whether what is stale is answered at once and fetched anew beside that',
  }),
  flagRow('proxy_cache_revalidate', 'cache.isRevalidating', {
    doc: 'whether peers are asked for what is stale with If-Modified-Since and If-None-Match',
  }),
  templatesRow(
    'proxy_cache_bypass',
    'cache.bypass',
    'the peer is asked where one of these is neither empty nor 0',
  ),
  templatesRow(
    'proxy_no_cache',
    'cache.noCache',
    'the response is not stored where one of these is neither empty nor 0',
  ),
  valueRow(
    'proxy_cache_max_range_offset',
    'cache.rangeOffsetMax',
    { syntax: 'size', doc: 'a range that starts behind this goes to the peer as it is' },
    readOffset,
  ),
  templatesRow(
    'proxy_cache_purge',
    'cache.purge',
    'the request removes what is stored where one of these is neither empty nor 0',
  ),
  levelRow(
    'proxy_ignore_headers',
    {
      args: [1, MANY],
      isRepeatable: true,
      syntax: 'field …',
      doc: 'fields of responses that mean nothing to us',
    },
    readIgnoreHeaders,
  ),
  sizeRow('slice', 'cache.sliceBytes', {
    doc: 'fetches and stores large responses in pieces of this size; 0 is whole',
  }),
  flagRow('fastdfs_verify', 'cache.verifiesFastdfs', {
    doc:
      'our own: what does not have the size and checksum in its FastDFS file name is not stored, ' +
      'and another peer is asked',
  }),
]

function readCache(directive: Directive, scope: LevelScope, reading: Reading): void {
  const word = directive.args[0]!
  const origin = statementOrigin(directive)
  if (word.text === 'off') {
    scope.level.set('cache.cache', [], origin)
    return
  }
  if (!ousts(directive, scope, reading)) return
  const cache = parseTemplate(word, reading)
  const name = literalText(cache)
  if (name !== null) reading.cacheUses.push({ name, origin: wordOrigin(word) })
  scope.level.set('cache.cache', cache, origin)
}

/** As nginx where no code is written. */
const USUAL_STATUSES = [200, 301, 302]

function readValid(directive: Directive, scope: LevelScope, reading: Reading): void {
  const codes = directive.args.slice(0, -1)
  const time = directive.args.at(-1)!
  const seconds = parseTimeSeconds(time.text)
  if (seconds === null) {
    const hint = timeHint(time.text, 'write a time of whole seconds at the end: 200 304 12h')
    reading.refuse(time, `invalid time value "${time.text}"`, hint)
  }
  const statuses: number[] = []
  let isAny = false
  let isWhole = seconds !== null
  for (const word of codes) {
    const status = parseCount(word.text) ?? 0
    if (word.text === 'any') isAny = true
    else if (status >= 100 && status <= 599) statuses.push(status)
    else {
      isWhole = false
      reading.refuse(word, `invalid status "${word.text}"`, 'write one from 100 to 599, or any')
    }
  }
  if (!isWhole) return
  const own = codes.length === 0 ? USUAL_STATUSES : statuses
  const rule: CacheValid = { statuses: isAny ? [] : own, seconds: seconds! }
  const before = scope.level.values['cache.valid'] ?? []
  scope.level.set('cache.valid', [...before, rule], statementOrigin(directive))
}

function readMethods(directive: Directive, scope: LevelScope, reading: Reading): void {
  const before = scope.level.values['cache.methods'] ?? []
  const found = readWords(directive, CACHE_METHODS, before, reading)
  const methods = CACHE_METHODS.filter(name => name !== 'POST' || found.includes(name))
  scope.level.set('cache.methods', methods, statementOrigin(directive))
}

function readUseStale(directive: Directive, scope: LevelScope, reading: Reading): void {
  const before = scope.level.values['cache.useStale'] ?? []
  const words = [...STALE_CONDITIONS, 'off'] as const
  // nginx takes the words of `proxy_next_upstream`, of which this one says nothing here.
  const args = directive.args.filter(word => word.text.toLowerCase() !== 'non_idempotent')
  const conditions = readWords({ ...directive, args }, words, before, reading)
  scope.level.set('cache.useStale', conditions, statementOrigin(directive))
}

function readIgnoreHeaders(directive: Directive, scope: LevelScope, reading: Reading): void {
  const before = scope.level.values.ignoreFields ?? []
  const found = readWords(directive, IGNORABLE_FIELDS, before, reading)
  scope.level.set('ignoreFields', found, statementOrigin(directive))
}

/** Adds the arguments to what the level has; as in nginx in any case, and twice is worth a warning. */
function readWords<W extends string>(
  directive: Directive,
  known: readonly W[],
  before: readonly W[],
  reading: Reading,
): readonly W[] {
  const found = new Set(before)
  const said = new Set<W>()
  for (const word of directive.args) {
    const wanted = word.text.toLowerCase()
    const one = known.find(name => name.toLowerCase() === wanted)
    if (one === undefined) {
      refuseWord(directive, word, known, reading)
      continue
    }
    if (said.has(one)) {
      reading.diagnostics.warning(`duplicate value "${word.text}"`, wordOrigin(word))
    }
    said.add(one)
    found.add(one)
  }
  return [...found]
}

function refuseWord(
  directive: Directive,
  word: Word,
  known: readonly string[],
  reading: Reading,
): void {
  const meant = nearest(word.text, known)
  const hint = meant === null ? `write ${oneOf(known)}` : `did you mean "${meant}"?`
  reading.refuseValue(directive, word, hint)
}

/** Texts of which one that is neither empty nor `0` makes the difference. */
function templatesRow(
  name: string,
  key: 'cache.bypass' | 'cache.noCache' | 'cache.purge',
  doc: string,
): DirectiveRow {
  return levelRow(
    name,
    { args: [1, MANY], isRepeatable: true, syntax: 'string …', doc },
    (directive, scope, reading) => {
      if (key === 'cache.purge' && !checkPurge(directive, reading)) return
      const own: readonly Template[] = directive.args.map(word => parseTemplate(word, reading))
      const before = scope.level.values[key] ?? []
      scope.level.set(key, [...before, ...own], statementOrigin(directive))
    },
  )
}

/** A module of others has words here (`PURGE from 127.0.0.1`), with which every request would purge. */
function checkPurge(directive: Directive, reading: Reading): boolean {
  const word = directive.args.find(({ text }) => !/\$|^[01]?$/.test(text))
  if (word === undefined) return true
  const hint =
    'name a variable that is 1 where the request purges: ' +
    'map $request_method $purge_method { PURGE 1; } and proxy_cache_purge $purge_method'
  reading.refuseValue(directive, word, hint)
  return false
}
