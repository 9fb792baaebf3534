// `caches` at the top of a file: directories of stored responses with the memory that belongs to them. What a route does
// with one is in cache-table.ts.

import {
  type CachePacing,
  type CachePath,
  LOADER_PACING,
  MANAGER_PACING,
  PURGER_PACING,
} from '../../model/cache.ts'
import { list } from './collections.ts'
import { yamlCachePath } from './defaults.ts'
import { type Kind, wordKind } from './kind.ts'
import { DURATION, size } from './measures.ts'
import { CACHE_PATH } from './paths.ts'
import { placed, record, UNPLACED } from './record.ts'
import { type Row, rowsOf } from './row.ts'
import { BOOLEAN, freeText, integer } from './words.ts'

/** Two pages: less holds no keys worth the name. */
const ZONE_BYTES_MIN = 8192
const FILES_MAX = 1_000_000

/** `1:2` as nginx writes it. */
const LEVELS: Kind<readonly number[]> = wordKind<readonly number[]>({
  label: 'levels',
  wanted: 'levels such as 1:2 (at most three, each of 1 or 2 digits), or off for none',
  schema: { anyOf: [{ type: 'string' }, { enum: [1, 2] }, { const: false }] },
  parse: text => {
    if (text === 'off' || text === 'false' || text === '') return []
    return /^[12](?::[12]){0,2}$/.test(text) ? text.split(':').map(Number) : null
  },
  print: levels => (levels.length === 0 ? 'off' : levels.join(':')),
})

const pace = rowsOf<CachePacing>()

const PACING_ROWS: readonly Row<CachePacing>[] = [
  pace('files', 'files', integer(1, FILES_MAX), { doc: 'Files of one round' }),
  pace('threshold', 'thresholdMs', DURATION, { doc: 'Longest round' }),
  pace('sleep', 'sleepMs', DURATION, { doc: 'Rest between two rounds' }),
]

function pacing(task: string, usual: CachePacing): Kind<CachePacing> {
  return record<CachePacing>({
    label: '`{ files, threshold, sleep }`',
    wanted: 'a mapping such as { files: 100, threshold: 200ms, sleep: 50ms }',
    place: `in "${task}"`,
    rows: PACING_ROWS,
    blank: () => usual,
  })
}

const cache = rowsOf<CachePath>()

const CACHE: Kind<CachePath> = record<CachePath>({
  label: 'cache',
  wanted: 'a mapping such as { name: files, path: /var/cache/headgate, max_size: 10g }',
  place: 'in a cache',
  rows: [
    cache('name', 'name', freeText('name', 'a name such as files'), {
      doc: 'What routes call it',
      nginx: 'proxy_cache_path (keys_zone=)',
      isRequired: true,
    }),
    cache('path', 'path', CACHE_PATH, {
      doc: 'Its directory, in which there is nothing else',
      nginx: 'proxy_cache_path',
      isRequired: true,
    }),
    cache('keys', 'zoneBytes', size(ZONE_BYTES_MIN), {
      doc: 'Memory for its keys, which all workers share',
      nginx: 'proxy_cache_path (keys_zone=)',
    }),
    cache('max_size', 'bytesMax', size(0), {
      doc: 'All files together; what was not asked for longest goes first; 0 = no limit',
      nginx: 'proxy_cache_path (max_size=)',
    }),
    cache('min_free', 'freeBytesMin', size(0), {
      doc: 'Left free on the file system; 0 = no limit',
      nginx: 'proxy_cache_path (min_free=)',
    }),
    cache('inactive', 'inactiveMs', DURATION, {
      doc: 'What nobody asks for in this time goes, fresh or not',
      nginx: 'proxy_cache_path (inactive=)',
    }),
    cache('memory', 'memoryBytes', size(0), {
      doc: 'Memory for the responses that are asked for most, over all workers; 0 = none',
      nginx: 'proxy_cache_path (memory=)',
    }),
    cache('levels', 'levels', LEVELS, {
      doc: 'Directories inside it, by the last digits of the file names',
      nginx: 'proxy_cache_path (levels=)',
    }),
    cache('use_temp_path', 'usesTempPath', BOOLEAN, {
      doc: "Write files in the route's `temp_path` first, not beside their place",
      nginx: 'proxy_cache_path (use_temp_path=)',
    }),
    cache('loader', 'loader', pacing('loader', LOADER_PACING), {
      doc: 'How fast the directory is read after the start',
      nginx: 'proxy_cache_path (loader_files=)',
    }),
    cache('manager', 'manager', pacing('manager', MANAGER_PACING), {
      doc: 'How fast files are removed that have to go',
      nginx: 'proxy_cache_path (manager_files=)',
    }),
    cache('purger', 'purger', pacing('purger', PURGER_PACING), {
      doc: 'How fast files are removed that a purge of many took out',
      nginx: 'proxy_cache_path (purger_files=)',
    }),
  ],
  blank: () => ({ ...yamlCachePath(), origin: UNPLACED, name: '', path: '' }),
  finish: placed,
})

/** The caches of a file. */
export const CACHES: Kind<readonly CachePath[]> = list(CACHE, {
  isOneShort: false,
  label: 'list of caches',
})
