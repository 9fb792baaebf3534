// `proxy_cache_path`: one directory of stored responses, its shared memory and how its background tasks go easy on the
// disk. Parameters and messages are those of nginx 1.30 and its paid edition; `memory=` is ours.
// http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_path

import { resolve } from 'node:path'

import { type CachePacing, type CachePath, PLAIN_CACHE_PATH } from '../../model/cache.ts'
import type { Origin } from '../../model/origin.ts'
import { type DirectiveRow, MANY, scopeRow } from './directive-row.ts'
import { type Word, wordOrigin } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { HttpScope } from './scope.ts'
import { type Directive, statementOrigin } from './tree.ts'
import {
  countHint,
  parseCount,
  parseOffset,
  parseSize,
  parseTimeMs,
  parseTimeSeconds,
  sizeHint,
  timeHint,
} from './values.ts'

/** As nginx: two pages. */
const ZONE_BYTES_MIN = 8192
const ZONE_EXAMPLE = 'keys_zone=name:10m'

export const CACHE_PATH_DIRECTIVES: readonly DirectiveRow[] = [
  scopeRow(
    'proxy_cache_path',
    {
      within: ['http'],
      args: [2, MANY],
      isRepeatable: true,
      syntax:
        'path keys_zone=name:size [levels=levels] [inactive=time] [max_size=size] ' +
        '[min_free=size] [use_temp_path=on|off] [memory=size] ' +
        '[loader|manager|purger_files=number] [loader|manager|purger_threshold=time] ' +
        '[loader|manager|purger_sleep=time] [purger=on|off]',
      doc:
        'a directory of stored responses and the shared memory for its keys; `memory` (ours, 32m ' +
        'where it is not written) is for what is asked for most, over all workers',
    },
    readCachePath,
  ),
]

/** What the parameters have said so far. */
type Draft = { -readonly [K in keyof CachePath]: CachePath[K] } & {
  readonly origins: Record<string, Origin>
}

function readCachePath(directive: Directive, _scope: HttpScope, reading: Reading): void {
  const [path, ...words] = directive.args
  const origin = statementOrigin(directive)
  const isNamed = path!.text !== ''
  if (!isNamed) reading.refuseValue(directive, path!, 'write a directory')
  const draft: Draft = {
    ...PLAIN_CACHE_PATH,
    origin,
    name: '',
    zoneBytes: 0,
    path: resolve(reading.underPrefix(path!.text)),
    origins: { path: wordOrigin(path!) },
  }
  let isWhole = isNamed
  for (const word of words) if (!readParameter(word, draft, reading)) isWhole = false
  // With a mistake too: the lines that name it are not to blame.
  if (!isWhole) {
    if (draft.name !== '') reading.caches.push(draft)
    return
  }
  if (draft.name === '') {
    const message = `"${directive.name.text}" must have "keys_zone" parameter`
    reading.diagnostics.error(message, origin, `add: ${ZONE_EXAMPLE}`)
    return
  }
  if (isFree(draft, words, reading)) reading.caches.push(draft)
}

/** Two caches share neither their keys nor their directory, and no temporary file lies among the stored ones. */
function isFree({ name, path, origin }: Draft, words: readonly Word[], reading: Reading): boolean {
  const other = reading.caches.find(cache => cache.name === name)
  if (other !== undefined) {
    const word = words.findLast(one => one.text.startsWith('keys_zone='))!
    const { file, line } = other.origin
    reading.refuse(word, `duplicate zone "${name}"`, `the first stands in ${file}:${line}`)
    return false
  }
  const same = reading.caches.find(cache => cache.path === path)
  if (same === undefined) return true
  const { file, line } = same.origin
  const message = `the same path name "${path}" used in ${file}:${line} and here`
  reading.diagnostics.error(message, origin, 'each cache wants a directory of its own')
  return false
}

/** What one parameter may say. */
interface Parameter {
  readonly property: keyof CachePath
  /** What the text behind the `=` makes of the cache; null when it is no such value. */
  readonly read: (text: string, draft: Draft) => Partial<CachePath> | null
  /** What to write instead. */
  readonly hint: (text: string) => string
}

/** @param make what a value makes of the cache */
function parameter<T>(
  property: keyof CachePath,
  parse: (text: string) => T | null,
  make: (value: T, draft: Draft) => Partial<CachePath>,
  hint: (text: string) => string,
): Parameter {
  const read = (text: string, draft: Draft) => {
    const value = parse(text)
    return value === null ? null : make(value, draft)
  }
  return { property, read, hint }
}

const levelsHint = () => 'at most three levels of 1 or 2 digits each: levels=1:2'
const zoneHint = (text: string) =>
  sizeHint(text.replace(/^[^:]*:/, ''), `write a name and a size: ${ZONE_EXAMPLE}`, '4g')
const inactiveHint = (text: string) => timeHint(text, 'write a time of whole seconds: 30d')
const offsetHint = () => 'a size is bytes, or with k, m or g: 10g'
const switchHint = () => 'it must be "on" or "off"'
const paceHint = (text: string) => timeHint(text, 'write a time: 50ms')
const filesHint = (text: string) => countHint(text, 'write digits only')

const PARAMETERS: ReadonlyMap<string, Parameter> = new Map([
  ['levels', parameter('levels', parseLevels, levels => ({ levels }), levelsHint)],
  ['keys_zone', parameter('zoneBytes', parseZone, zone => zone, zoneHint)],
  ['inactive', parameter('inactiveMs', parseTimeSeconds, inactive, inactiveHint)],
  // As in nginx nothing stays with 0; to the model none is no limit.
  ['max_size', parameter('bytesMax', parseOffset, most, offsetHint)],
  ['min_free', parameter('freeBytesMin', parseOffset, least, offsetHint)],
  ['memory', parameter('memoryBytes', parseOffset, memoryBytes => ({ memoryBytes }), offsetHint)],
  ['use_temp_path', parameter('usesTempPath', parseSwitch, temporary, switchHint)],
  ['purger', parameter('purger', parseSwitch, () => ({}), switchHint)],
  ...pacing('loader'),
  ...pacing('manager'),
  ...pacing('purger'),
])

function inactive(seconds: number): Partial<CachePath> {
  return { inactiveMs: seconds * 1000 }
}

function most(bytes: number): Partial<CachePath> {
  return { bytesMax: Math.max(1, bytes) }
}

function least(freeBytesMin: number): Partial<CachePath> {
  return { freeBytesMin }
}

function temporary(usesTempPath: boolean): Partial<CachePath> {
  return { usesTempPath }
}

function pacing(task: 'loader' | 'manager' | 'purger'): [string, Parameter][] {
  const make = (draft: Draft, change: Partial<CachePacing>) => ({
    [task]: { ...draft[task], ...change },
  })
  // As in nginx a round of none is one of one.
  const files = (count: number, draft: Draft) => make(draft, { files: Math.max(1, count) })
  const threshold = (thresholdMs: number, draft: Draft) => make(draft, { thresholdMs })
  const sleep = (sleepMs: number, draft: Draft) => make(draft, { sleepMs })
  return [
    [`${task}_files`, parameter(task, parseCount, files, filesHint)],
    [`${task}_threshold`, parameter(task, parseTimeMs, threshold, paceHint)],
    [`${task}_sleep`, parameter(task, parseTimeMs, sleep, paceHint)],
  ]
}

function readParameter(word: Word, draft: Draft, reading: Reading): boolean {
  const name = word.text.replace(/=.*/s, '')
  const known = word.text.includes('=') ? PARAMETERS.get(name) : undefined
  if (known === undefined) {
    reading.refuseParameter(
      word,
      [...PARAMETERS.keys()].map(key => `${key}=`),
    )
    return false
  }
  const text = word.text.slice(name.length + 1)
  const said = known.read(text, draft)
  if (said === null) {
    reading.refuse(word, problemOf(name, word.text), known.hint(text))
    return false
  }
  Object.assign(draft, said)
  draft.origins[known.property] = wordOrigin(word)
  if (name === 'purger' && text === 'off') {
    const message = 'without effect: what a purge takes out is removed from the disk in any case'
    reading.noticeOnce('purger', message, wordOrigin(word))
  }
  if (name !== 'keys_zone' || draft.zoneBytes >= ZONE_BYTES_MIN) return true
  reading.refuse(word, `keys zone "${word.text}" is too small`, 'at least 8k')
  return false
}

/** nginx's words, which are not the same for all. */
function problemOf(name: string, text: string): string {
  if (name === 'levels') return `invalid "levels" "${text}"`
  return name === 'keys_zone'
    ? `invalid keys zone size "${text}"`
    : `invalid ${name} value "${text}"`
}

function parseLevels(text: string): readonly number[] | null {
  if (text === '') return []
  return /^[12](?::[12]){0,2}$/.test(text) ? text.split(':').map(Number) : null
}

function parseZone(text: string): Pick<CachePath, 'name' | 'zoneBytes'> | null {
  const [name = '', size = ''] = text.split(/:(.*)/s)
  const zoneBytes = parseSize(size)
  return zoneBytes === null ? null : { name, zoneBytes }
}

/** In this directive nginx wants the small letters. */
function parseSwitch(text: string): boolean | null {
  return text === 'on' ? true : text === 'off' ? false : null
}
