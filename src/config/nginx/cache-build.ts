// Puts together what the levels wrote of a cache: each directive comes from the nearest level that has it, and counts
// where `proxy_cache` names a cache. What no cache hears is said, as it is most often a line that was forgotten.

import {
  type CacheMode,
  type CacheSettings,
  PLAIN_CACHE,
  STANDARD_RANGE_OFFSET_MAX,
} from '../../model/cache.ts'
import { nearest } from '../suggest.ts'
import type { Reading } from './reading.ts'
import type { Level, LevelValues, LocationScope } from './scope.ts'

/** The settings of a cache, by the names that levels have for them. */
export const CACHE_KEYS = [
  'cache.cache',
  'cache.mode',
  'cache.key',
  'cache.valid',
  'cache.methods',
  'cache.convertsHead',
  'cache.usesMin',
  'cache.isLocking',
  'cache.lockAgeMs',
  'cache.lockTimeoutMs',
  'cache.useStale',
  'cache.isUpdatedInBackground',
  'cache.isRevalidating',
  'cache.bypass',
  'cache.noCache',
  'cache.rangeOffsetMax',
  'cache.purge',
  'cache.sliceBytes',
  'cache.verifiesFastdfs',
] as const satisfies readonly (keyof LevelValues)[]

/** What holds at a level, inherited directives included; null where no cache is on. */
export function buildCache(level: Level): CacheSettings | null {
  const cache = level.find('cache.cache')
  if (cache === undefined || cache.length === 0) return null
  const useStale = level.find('cache.useStale') ?? []
  const mode = level.find('cache.mode') ?? PLAIN_CACHE.mode
  return {
    cache,
    mode,
    key: level.find('cache.key') ?? PLAIN_CACHE.key,
    valid: level.find('cache.valid') ?? PLAIN_CACHE.valid,
    methods: level.find('cache.methods') ?? PLAIN_CACHE.methods,
    convertsHead: level.find('cache.convertsHead') ?? PLAIN_CACHE.convertsHead,
    usesMin: level.find('cache.usesMin') ?? PLAIN_CACHE.usesMin,
    isLocking: level.find('cache.isLocking') ?? PLAIN_CACHE.isLocking,
    lockAgeMs: level.find('cache.lockAgeMs') ?? PLAIN_CACHE.lockAgeMs,
    lockTimeoutMs: level.find('cache.lockTimeoutMs') ?? PLAIN_CACHE.lockTimeoutMs,
    useStale: useStale.includes('off') ? [] : useStale.filter(word => word !== 'off'),
    // RFC 5861 §3: what may be stale is answered before a peer is asked.
    isUpdatedInBackground: level.find('cache.isUpdatedInBackground') ?? mode === 'standard',
    isRevalidating: level.find('cache.isRevalidating') ?? PLAIN_CACHE.isRevalidating,
    bypass: level.find('cache.bypass') ?? PLAIN_CACHE.bypass,
    noCache: level.find('cache.noCache') ?? PLAIN_CACHE.noCache,
    rangeOffsetMax: level.find('cache.rangeOffsetMax') ?? offsetOf(mode),
    purge: level.find('cache.purge') ?? PLAIN_CACHE.purge,
    sliceBytes: level.find('cache.sliceBytes') ?? PLAIN_CACHE.sliceBytes,
    verifiesFastdfs: level.find('cache.verifiesFastdfs') ?? PLAIN_CACHE.verifiesFastdfs,
  }
}

function offsetOf(mode: CacheMode): number | null {
  return mode === 'standard' ? STANDARD_RANGE_OFFSET_MAX : PLAIN_CACHE.rangeOffsetMax
}

/** Complains about caches that `proxy_cache` names and nobody defines. */
export function checkCacheUses({ caches, cacheUses, diagnostics }: Reading): void {
  const names = caches.map(cache => cache.name)
  for (const { name, origin } of cacheUses) {
    if (names.includes(name)) continue
    const meant = nearest(name, names)
    const hint = meant === null ? hintOf(names) : `did you mean "${meant}"?`
    diagnostics.error(`"proxy_cache" zone "${name}" is unknown`, origin, hint)
  }
}

function hintOf(names: readonly string[]): string {
  if (names.length > 0) return `there is ${names.map(name => `"${name}"`).join(', ')}`
  return 'add to "http": proxy_cache_path /var/cache/headgate keys_zone=NAME:10m;'
}

/** Says so where a location that proxies without a cache has directives of its own for one. */
export function noticeUnused(
  level: Level,
  inner: readonly LocationScope[],
  reading: Reading,
): void {
  // Where it is switched off, or on further in, the lines are there for a reason.
  if (level.values['cache.cache'] !== undefined || inner.some(hasCache)) return
  const key = CACHE_KEYS.find(name => level.values[name] !== undefined)
  if (key === undefined) return
  const message = 'without effect: no "proxy_cache" is on here'
  reading.diagnostics.notice(message, level.origins.get(key)!, 'add: proxy_cache NAME;')
}

function hasCache({ level, locations }: LocationScope): boolean {
  return (level.values['cache.cache']?.length ?? 0) > 0 || locations.some(hasCache)
}
