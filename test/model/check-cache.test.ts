// What is said of caches in any dialect: a directory belongs to one of them, names exist, and what would keep nothing or
// answer everybody alike is a warning.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  type CachePath,
  type CacheSettings,
  PLAIN_CACHE,
  PLAIN_CACHE_PATH,
} from '../../src/model/cache.ts'
import { checkConfig } from '../../src/model/check.ts'
import type { Config } from '../../src/model/config.ts'
import { DEFAULT_LOG_FORMATS } from '../../src/model/defaults.ts'
import type { Origin } from '../../src/model/origin.ts'
import type { Settings } from '../../src/model/settings.ts'
import { literal, type Template } from '../../src/model/template.ts'
import { sampleConfig } from '../harness/sample-config.ts'

const at = (line: number): Origin => ({ file: 'a.conf', line, column: 1, endColumn: 2 })
const MIB = 1024 ** 2
const GIB = 1024 ** 3

/** A cache in line 1 or what is said, its properties in the lines after it. */
function cacheOf(parts: Partial<CachePath>, line = 1): CachePath {
  const origins = Object.fromEntries(
    Object.keys(parts).map((key, index) => [key, at(line + index)]),
  )
  const own = { name: 'c', path: '/cache/c', zoneBytes: MIB, ...parts }
  return { ...PLAIN_CACHE_PATH, origin: at(line), origins, ...own }
}

function configOf(
  caches: readonly CachePath[],
  change: (settings: Settings) => Settings = settings => settings,
): Config {
  const config = sampleConfig({ prefix: '/p' })
  const [server] = config.servers
  const origins = {
    'proxy.cache': at(50),
    'proxy.cache.key': at(51),
    'proxy.cache.sliceBytes': at(52),
  }
  const servers = [{ ...server!, origins, settings: change(server!.settings) }]
  return { ...config, caches, servers, logFormats: DEFAULT_LOG_FORMATS }
}

function findings(config: Config): string[] {
  return checkConfig(config).map(
    ({ severity, message, origin }) => `${origin.line} ${severity}: ${message}`,
  )
}

describe('checkCaches', () => {
  const ALONE: readonly (readonly [what: string, parts: Partial<CachePath>, says: string[]])[] = [
    ['nothing but a path and a name', {}, []],
    ['three levels of two', { levels: [2, 2, 2] }, []],
    [
      'four levels',
      { levels: [1, 1, 1, 1] },
      ['1 error: Cannot use levels "1:1:1:1": wants at most three of 1 or 2'],
    ],
    [
      'a level of three digits',
      { levels: [3] },
      ['1 error: Cannot use levels "3": wants at most three of 1 or 2'],
    ],
    ['four gigabytes of keys', { zoneBytes: 4 * GIB }, []],
    [
      'more',
      { zoneBytes: 4 * GIB + 1 },
      ['1 error: Cannot keep 4294967297 bytes of keys: wants at most 4g'],
    ],
    [
      'more memory than any machine',
      { memoryBytes: 64 * GIB + 1 },
      ['1 error: Cannot keep 68719476737 bytes of responses in memory: wants at most 64g'],
    ],
    [
      'more memory than files',
      { bytesMax: MIB, memoryBytes: MIB + 1 },
      ['2 warning: Cache "c" may have 1048577 bytes of memory and 1048576 of files'],
    ],
    ['as much memory as files', { bytesMax: MIB, memoryBytes: MIB }, []],
    ['less than the usual memory, which nobody wrote', { bytesMax: MIB }, []],
    [
      'room for no file',
      { bytesMax: 4095 },
      ['1 warning: Cache "c" keeps nothing: any file is larger than its "max_size"'],
    ],
    [
      'no time without use',
      { inactiveMs: 0 },
      ['1 warning: Cache "c" keeps nothing: what is not asked for goes at once'],
    ],
    [
      'rounds of nothing',
      { loader: { files: 0, thresholdMs: 1, sleepMs: 1 } },
      ['1 error: Cannot use 0 files in a round: wants 1 to 1000000'],
    ],
    ['the root directory', { path: '/' }, ['1 error: Cannot keep a cache in "/"']],
  ]
  for (const [what, parts, says] of ALONE) {
    it(`${says.length === 0 ? 'takes' : 'says so of'} ${what}`, () => {
      assert.deepEqual(findings(configOf([cacheOf(parts)])), says)
    })
  }

  const PAIRS: readonly (readonly [what: string, a: string, b: string, says: string[]])[] = [
    ['side by side', '/cache/a', '/cache/b', []],
    ['of which one begins as the other', '/cache/a', '/cache/ab', []],
    ['the same', '/a', '/a', ['10 error: Caches "a" and "b" have one directory, "/a"']],
    ['inside the first', '/a', '/a/b', ['10 error: Cache "b" lies inside cache "a"']],
    ['around the first', '/a/b', '/a', ['10 error: Cache "a" lies inside cache "b"']],
  ]
  for (const [what, a, b, says] of PAIRS) {
    it(`${says.length === 0 ? 'takes' : 'refuses'} two directories ${what}`, () => {
      const caches = [cacheOf({ path: a, name: 'a' }), cacheOf({ path: b, name: 'b' }, 10)]
      assert.deepEqual(findings(configOf(caches)), says)
    })
  }

  it('refuses two of one name', () => {
    const caches = [cacheOf({ path: '/a' }), cacheOf({ name: 'c', path: '/b' }, 10)]
    assert.deepEqual(findings(configOf(caches)), ['10 error: Duplicate cache "c"'])
  })

  for (const tempPath of ['/cache/c', '/cache/c/']) {
    it(`refuses ${tempPath} for temporary files, among what is stored`, () => {
      const says = ['1 error: Cache "c" has the directory of temporary files, "/cache/c"']
      const caches = [cacheOf({ path: '/cache/c' })]
      const proxy = configOf(caches, one => ({ ...one, proxy: { ...one.proxy, tempPath } }))
      const client = configOf(caches, one => ({
        ...one,
        client: { ...one.client, bodyTempPath: tempPath },
      }))
      assert.deepEqual(findings(proxy), says)
      assert.deepEqual(findings(client), says)
    })
  }

  it('takes a directory for temporary files inside a cache', () => {
    const config = configOf([cacheOf({})], one => ({
      ...one,
      proxy: { ...one.proxy, tempPath: '/cache/c/tmp' },
    }))
    assert.deepEqual(findings(config), [])
  })
})

describe('checkCacheSettings', () => {
  const ONE_KEY = '51 warning: Every request has one and the same cache key'
  const ONE_PIECE = '52 warning: Pieces of a response would all be stored under one key'
  const PURGES = '50 warning: Every request removes what is stored'
  const uri: Template = [{ variable: 'uri' }]
  const sliced: Template = ['a', { variable: 'slice_range' }]
  const ROWS: readonly (readonly [what: string, Partial<CacheSettings>, says: string[]])[] = [
    ['a cache that is there', {}, []],
    ['one that is not', { cache: ['d'] }, ['50 error: Unknown cache "d"']],
    ['one that only a request knows', { cache: uri }, []],
    ['an empty key', { key: [] }, [ONE_KEY]],
    ['a key without variables', { key: literal('all') }, [ONE_KEY]],
    ['purging on demand', { purge: [[], ['0'], [{ variable: 'arg_purge' }]] }, []],
    ['purging always', { purge: [['1']] }, [PURGES]],
    ['pieces under one key', { sliceBytes: MIB }, [ONE_PIECE]],
    ['purging always by the other rules', { mode: 'standard', purge: [['1']] }, [PURGES]],
    ['pieces with a key each', { sliceBytes: MIB, key: sliced }, []],
    ['pieces by the other rules, which keep them in one entry', { ...standard() }, []],
  ]
  for (const [what, parts, says] of ROWS) {
    it(`${says.length === 0 ? 'takes' : 'says so of'} ${what}`, () => {
      const cache = { ...PLAIN_CACHE, cache: literal('c'), ...parts }
      const config = configOf([cacheOf({})], one => ({ ...one, proxy: { ...one.proxy, cache } }))
      assert.deepEqual(findings(config), says)
    })
  }

  it('says where nothing is stored for want of buffers, but for the rules that do not ask for them', () => {
    const NOTHING = 'notice: Nothing is stored in the cache where responses are not buffered'
    const found = (mode: CacheSettings['mode'], isBuffering: boolean) => {
      const cache = { ...PLAIN_CACHE, cache: literal('c'), mode }
      const config = configOf([cacheOf({})], one => ({
        ...one,
        proxy: { ...one.proxy, cache, isBuffering },
      }))
      return checkConfig(config).map(({ severity, message }) => `${severity}: ${message}`)
    }
    assert.deepEqual(found('nginx', false), [NOTHING])
    assert.deepEqual(found('nginx', true), [])
    assert.deepEqual(found('standard', false), [])
  })

  it('names the caches that there are', () => {
    const hints = (names: readonly string[]) => {
      const caches = names.map(name => cacheOf({ name, path: `/${name}` }))
      const cache = { ...PLAIN_CACHE, cache: literal('x') }
      const config = configOf(caches, one => ({ ...one, proxy: { ...one.proxy, cache } }))
      return checkConfig(config).map(({ hint }) => hint)
    }
    assert.deepEqual(hints([]), ['no cache is defined'])
    assert.deepEqual(hints(['a', 'b']), ['there is "a", "b"'])
  })
})

function standard(): Partial<CacheSettings> {
  return { mode: 'standard', sliceBytes: MIB }
}
