// `cache` at the top, in a server and in a route: the name of one of `caches`, or a mapping with all that is done with it.
// A level adds to what it inherits, key by key; after `off` it begins anew. Here the rules of RFC 9111 hold where nothing
// else is said, and nobody waits for what is being fetched already.

import {
  CACHE_METHODS,
  CACHE_MODES,
  type CacheSettings,
  type CacheValid,
  STALE_CONDITIONS,
} from '../../model/cache.ts'
import type { Settings } from '../../model/settings.ts'
import { literalText, type Template } from '../../model/template.ts'
import { innerOf, list } from './collections.ts'
import { yamlCache } from './defaults.ts'
import { readTemplate, writeTemplate } from './interpolation.ts'
import { type Kind, OR_MAPPING, type Shape } from './kind.ts'
import { DURATION, SECONDS, size } from './measures.ts'
import type { Plain, PlainMap } from './plain.ts'
import type { Entry, Reading, YamlNode } from './reading.ts'
import { ALONE, record } from './record.ts'
import {
  group,
  isNothing,
  isSameData,
  mappingShape,
  type Origins,
  type Row,
  readRows,
  rowsOf,
  showRows,
  writeRows,
} from './row.ts'
import { scalarText } from './scalar.ts'
import { BOOLEAN, choice, integer, template } from './words.ts'

/** The statuses that a time alone is for, as in nginx. */
const USUAL_STATUSES = [200, 301, 302]

const STATUSES = list(integer(100, 599, 'a status such as 200, or any'), {
  countMin: 1,
  label: 'list of statuses, `any`',
})

const ANY_STATUSES: Kind<readonly number[]> = {
  ...STATUSES,
  schema: () => ({ anyOf: [STATUSES.schema(), { const: 'any' }] }),
  read: (node, reading) => (scalarText(node) === 'any' ? [] : STATUSES.read(node, reading)),
  write: statuses => (statuses.length === 0 ? 'any' : STATUSES.write(statuses)),
}

const rule = rowsOf<CacheValid>()

const VALID: Kind<CacheValid> = record<CacheValid>({
  label: 'whole seconds, `{ on, for }`',
  wanted: 'a duration such as 12h, or a mapping such as { on: [200, 404], for: 1m }',
  place: 'in "valid"',
  rows: [
    rule('on', 'statuses', ANY_STATUSES, { doc: 'Statuses, or `any`', isRequired: true }),
    rule('for', 'seconds', SECONDS, { doc: 'How long; 0 = not stored', isRequired: true }),
  ],
  blank: () => ({ statuses: USUAL_STATUSES, seconds: 0 }),
  short: {
    read: (node, reading) => {
      const seconds = SECONDS.read(node, reading)
      return seconds === undefined ? undefined : { statuses: USUAL_STATUSES, seconds }
    },
    write: ({ statuses, seconds }) =>
      isSameData(statuses, USUAL_STATUSES) ? SECONDS.write(seconds) : undefined,
    schema: SECONDS.schema(),
  },
})

/** GET and HEAD always are among them. */
const METHOD_WORDS = list(choice(CACHE_METHODS), { label: 'list of methods' })
const METHODS: Kind<readonly string[]> = {
  ...METHOD_WORDS,
  read(node, reading) {
    const words = METHOD_WORDS.read(node, reading)
    return words && CACHE_METHODS.filter(name => name !== 'POST' || words.includes(name))
  },
  write: methods => [...methods],
}

const OFFSET = size(0)
const OFFSET_OR_OFF: Kind<number | null> = {
  ...OFFSET,
  label: 'size, `off`',
  wanted: 'a size such as 100m, or off for no limit',
  schema: () => ({ anyOf: [OFFSET.schema(), { const: 'off' }, { const: false }] }),
  read: (node, reading) => (isOff(scalarText(node)) ? null : OFFSET.read(node, reading)),
  write: value => (value === null ? 'off' : OFFSET.write(value)),
}

const CONDITIONS: Kind<readonly Template[]> = list(template('a text such as $cookie_session', true))

const NAME = template('the name of one of "caches"')

const cache = rowsOf<CacheSettings>()

const CACHE_ROWS: readonly Row<CacheSettings>[] = [
  cache('name', 'cache', NAME, {
    doc: 'One of `caches`; variables may choose it',
    nginx: 'proxy_cache',
  }),
  cache('mode', 'mode', choice(CACHE_MODES), {
    doc: 'Whose rules hold: `standard` those of RFC 9111, `nginx` those of `proxy_cache`',
    nginx: 'proxy_cache_mode',
  }),
  cache('key', 'key', template('a text such as $scheme$host$request_uri', true), {
    doc: 'What responses are stored under',
    nginx: 'proxy_cache_key',
  }),
  cache('valid', 'valid', list(VALID, { label: 'list of times' }), {
    doc:
      'How long responses are fresh that do not say it: a time for 200, 301 and 302, or for each ' +
      'of some statuses; the first that fits holds',
    nginx: 'proxy_cache_valid',
  }),
  cache('methods', 'methods', METHODS, {
    doc: 'Methods whose responses are stored; GET and HEAD always are among them',
    nginx: 'proxy_cache_methods',
  }),
  cache('convert_head', 'convertsHead', BOOLEAN, {
    doc: 'Ask for HEAD with GET, and store that',
    nginx: 'proxy_cache_convert_head',
  }),
  cache('min_uses', 'usesMin', integer(0), {
    doc: 'Requests after which a response is stored',
    nginx: 'proxy_cache_min_uses',
  }),
  cache('lock', 'isLocking', BOOLEAN, {
    doc: 'One request fetches, over all workers, and the others wait for it',
    nginx: 'proxy_cache_lock',
  }),
  cache('lock_age', 'lockAgeMs', DURATION, {
    doc: 'After this one more request goes to the peer',
    nginx: 'proxy_cache_lock_age',
  }),
  cache('lock_timeout', 'lockTimeoutMs', DURATION, {
    doc: 'Who waited so long asks the peer, and the response is not stored',
    nginx: 'proxy_cache_lock_timeout',
  }),
  cache('stale', 'useStale', list(choice(STALE_CONDITIONS), { label: 'list of conditions' }), {
    doc:
      'When something stale is answered: `error`, `timeout`, `invalid_header`, `updating`, ' +
      '`http_500`, `http_502`, `http_503`, `http_504`, `http_403`, `http_404`, `http_429`; `[]` ' +
      'for never',
    nginx: 'proxy_cache_use_stale',
  }),
  cache('background_update', 'isUpdatedInBackground', BOOLEAN, {
    doc: 'Answer what is stale and may be at once, and fetch it anew beside that',
    nginx: 'proxy_cache_background_update',
  }),
  cache('revalidate', 'isRevalidating', BOOLEAN, {
    doc: 'Ask for what is stale with If-Modified-Since and If-None-Match',
    nginx: 'proxy_cache_revalidate',
  }),
  cache('bypass', 'bypass', CONDITIONS, {
    doc: 'Where one of these is neither empty nor `0`, the peer is asked',
    nginx: 'proxy_cache_bypass',
  }),
  cache('no_cache', 'noCache', CONDITIONS, {
    doc: 'Where one of these is neither empty nor `0`, the response is not stored',
    nginx: 'proxy_no_cache',
  }),
  cache('range_offset', 'rangeOffsetMax', OFFSET_OR_OFF, {
    doc: 'A range that starts behind this goes to the peer as it is',
    nginx: 'proxy_cache_max_range_offset',
  }),
  cache('purge', 'purge', CONDITIONS, {
    doc: 'Where one of these is neither empty nor `0`, the request removes what is stored',
    nginx: 'proxy_cache_purge',
  }),
  cache('slice', 'sliceBytes', size(0), {
    doc: 'Fetch and store large responses in pieces of this size; 0 = whole',
    nginx: 'slice',
  }),
  group<CacheSettings>(
    'fastdfs',
    [
      cache('verify', 'verifiesFastdfs', BOOLEAN, {
        doc:
          'What does not have the size and checksum in its file name is not stored, and another ' +
          'peer is asked',
        nginx: 'fastdfs_verify',
      }),
    ],
    { doc: 'Files of FastDFS' },
  ),
]

const WANTED = 'the name of one of "caches", off, or a mapping such as { name: files, valid: 12h }'

const SHAPE: Shape = {
  label: OR_MAPPING,
  wanted: WANTED,
  ...innerOf({ ...mappingShape(CACHE_ROWS), defaults: () => showRows(CACHE_ROWS, BLANK) }),
  schema: () => ({
    anyOf: [{ type: ['string', 'null'] }, { const: false }, { $ref: '#/$defs/cache' }],
  }),
}

/** The definition that the JSON Schema refers to. */
export function cacheDefinitions(): PlainMap {
  return { cache: mappingShape(CACHE_ROWS).schema() }
}

/** Before anything was read of one that inherits none. */
const BLANK: CacheSettings = { ...yamlCache(), cache: [] }

/** `cache` among the settings. */
export const CACHE_ROW: Row<Settings> = {
  name: 'cache',
  doc: 'Store responses of peers, and answer from them',
  nginx: 'proxy_cache',
  isRequired: false,
  shape: SHAPE,
  read: readCache,
  write({ proxy: { cache: mine } }, { proxy: { cache: inherited } }) {
    if (isSameData(mine, inherited)) return undefined
    return mine === null ? 'off' : writeCache(mine, inherited ?? BLANK)
  },
  show: ({ proxy: { cache: mine } }) => (mine === null ? undefined : showRows(CACHE_ROWS, mine)),
  hoist(values, onto) {
    const [first, ...rest] = values.map(({ proxy }) => proxy.cache)
    if (first === undefined || !rest.every(other => isSameData(other, first))) return onto
    return { ...onto, proxy: { ...onto.proxy, cache: first } }
  },
}

function readCache(entry: Entry, reading: Reading, draft: Settings, origins: Origins): Settings {
  // All keys commented out leave nothing behind the colon: that is no mistake.
  if (isNothing(entry, reading)) return draft
  const node = entry.value!
  const { proxy } = draft
  const places: Origins = {}
  const read =
    reading.entries(node) === null
      ? readName(node, reading, proxy.cache ?? BLANK, places)
      : readRows(node, 'in "cache"', CACHE_ROWS, reading, proxy.cache ?? BLANK, places)
  if (read === undefined) return draft
  if (read === null) return { ...draft, proxy: { ...proxy, cache: null } }
  if (read.cache.length === 0) {
    // Of a name that is none this was said already.
    if (reading.entries(node)?.has('name') !== true) {
      reading.error(node, 'A "cache" wants a name', 'add "name", one of "caches"')
    }
    return draft
  }
  const { cache: named, ...others } = places
  if (named !== undefined) origins['proxy.cache'] = named
  for (const [property, origin] of Object.entries(others)) {
    origins[`proxy.cache.${property}`] = origin
  }
  return { ...draft, proxy: { ...proxy, cache: read } }
}

function readName(
  node: YamlNode,
  reading: Reading,
  inherited: CacheSettings,
  places: Origins,
): CacheSettings | null | undefined {
  const name = readTemplate(node, reading)
  if (name === undefined) return undefined
  const text = literalText(name ?? [])
  if (isOff(text)) return null
  const isSwitch = text === 'on' || text === 'true'
  if (name === null || name.length === 0 || isSwitch) {
    return reading.unwanted(node, WANTED, isSwitch ? 'which of "caches"?' : '')
  }
  places.cache = reading.origin(node)
  return { ...inherited, cache: name }
}

/** The name alone where it says all. */
function writeCache(mine: CacheSettings, inherited: CacheSettings): Plain {
  const map = writeRows(CACHE_ROWS, mine, inherited, ALONE)
  const isAlone = Object.keys(map).length === 1 && map.name !== undefined
  const isWord = /^(?:on|off|true|false)$/.test(literalText(mine.cache) ?? '')
  return isAlone && !isWord ? writeTemplate(mine.cache) : map
}

function isOff(text: string | null): boolean {
  return text === 'off' || text === 'false'
}
