// What must hold of caches whatever the dialect: each has a name and a directory of its own, names that routes refer to
// exist, numbers mean something. What answers every request alike, or never, is worth a warning.

import type { CachePath, CacheSettings } from './cache.ts'
import type { Report, Suggest } from './check.ts'
import type { Config } from './config.ts'
import { type Origin, originOf } from './origin.ts'
import type { Location, Server } from './route.ts'
import { literalText, type Template } from './template.ts'

/** Keys of one cache: room for tens of millions. */
const ZONE_BYTES_MAX = 4 * 1024 ** 3
/** Responses in memory: beyond this it is the page cache's business. */
const MEMORY_BYTES_MAX = 64 * 1024 ** 3
/** The least that a file takes on a disk. */
const FILE_BYTES = 4096
const PACING_FILES_MAX = 1_000_000

/** Checks the caches themselves. */
export function checkCaches(config: Config, report: Report): void {
  const { caches } = config
  const byName = new Map<string, CachePath>()
  caches.forEach((cache, index) => {
    const { name } = cache
    const earlier = byName.get(name)
    if (earlier !== undefined && name !== '') {
      const { file, line } = earlier.origin
      const hint = `the first stands in ${file}:${line}`
      report('error', `Duplicate cache "${name}"`, originOf(cache, 'name'), hint)
    }
    byName.set(name, cache)
    checkSizes(cache, report)
    checkPacing(cache, report)
    checkDirectory(cache, caches.slice(0, index), report)
  })
  if (caches.length > 0) checkTemporary(config, report)
}

function checkSizes(cache: CachePath, report: Report): void {
  const { name, levels, zoneBytes, memoryBytes, bytesMax, inactiveMs } = cache
  if (levels.length > 3 || levels.some(digits => digits !== 1 && digits !== 2)) {
    const problem = `Cannot use levels "${levels.join(':')}": wants at most three of 1 or 2`
    report('error', problem, originOf(cache, 'levels'))
  }
  if (zoneBytes > ZONE_BYTES_MAX) {
    const problem = `Cannot keep ${zoneBytes} bytes of keys: wants at most 4g`
    report('error', problem, originOf(cache, 'zoneBytes'), 'a megabyte has room for thousands')
  }
  const memoryPlace = originOf(cache, 'memoryBytes')
  // The default is more than a small cache needs: that is no mistake.
  const isWritten = cache.origins?.memoryBytes !== undefined
  if (memoryBytes > MEMORY_BYTES_MAX) {
    const problem = `Cannot keep ${memoryBytes} bytes of responses in memory: wants at most 64g`
    report('error', problem, memoryPlace, 'the system keeps files in memory, too')
  } else if (memoryBytes > bytesMax && bytesMax >= FILE_BYTES && isWritten) {
    const problem = `Cache "${name}" may have ${memoryBytes} bytes of memory and ${bytesMax} of files`
    report('warning', problem, memoryPlace, 'what lies in memory lies in a file as well')
  }
  if (bytesMax > 0 && bytesMax < FILE_BYTES) {
    const problem = `Cache "${name}" keeps nothing: any file is larger than its "max_size"`
    report('warning', problem, originOf(cache, 'bytesMax'), 'without max_size it has no limit')
  }
  if (inactiveMs === 0) {
    const problem = `Cache "${name}" keeps nothing: what is not asked for goes at once`
    report('warning', problem, originOf(cache, 'inactiveMs'), 'write a time such as 1d')
  }
}

function checkPacing(cache: CachePath, report: Report): void {
  for (const task of ['loader', 'manager', 'purger'] as const) {
    const { files } = cache[task]
    if (Number.isSafeInteger(files) && files >= 1 && files <= PACING_FILES_MAX) continue
    const problem = `Cannot use ${files} files in a round: wants 1 to ${PACING_FILES_MAX}`
    report('error', problem, originOf(cache, task))
  }
}

/** A directory belongs to one cache with all that is in it: what it does not know there goes. */
function checkDirectory(cache: CachePath, others: readonly CachePath[], report: Report): void {
  const origin = originOf(cache, 'path')
  const { path, name } = cache
  if (path === '/') {
    report('error', 'Cannot keep a cache in "/"', origin, 'give it a directory of its own')
  }
  // Readers have said of one that is missing.
  for (const other of path === '' ? [] : others.filter(one => one.path !== '')) {
    const problem =
      path === other.path
        ? `Caches "${other.name}" and "${name}" have one directory, "${path}"`
        : isInside(path, other.path)
          ? `Cache "${name}" lies inside cache "${other.name}"`
          : isInside(other.path, path)
            ? `Cache "${other.name}" lies inside cache "${name}"`
            : ''
    if (problem !== '') report('error', problem, origin, 'put them side by side')
  }
}

function isInside(path: string, directory: string): boolean {
  return directory !== '/' && path.startsWith(`${directory}/`)
}

/** Temporary files may lie in a directory inside a cache, not among what is stored. */
function checkTemporary({ caches, servers }: Config, report: Report): void {
  const check = ({ settings, locations }: Server | Location): void => {
    for (const path of [settings.proxy.tempPath, settings.client.bodyTempPath]) {
      const cache = caches.find(one => one.path === path.replace(/(?<=.)\/+$/, ''))
      if (cache === undefined) continue
      const problem = `Cache "${cache.name}" has the directory of temporary files, "${cache.path}"`
      report(
        'error',
        problem,
        originOf(cache, 'path'),
        'one inside it may be that of temporary files',
      )
    }
    locations.forEach(check)
  }
  servers.forEach(check)
}

/** Where what a route says of its cache was written. */
export interface CachePlaces {
  readonly cache: Origin
  readonly key: Origin
  readonly slice: Origin
  readonly purge: Origin
  readonly buffering: Origin
}

/** Checks what one route does with its cache. */
export function checkCacheSettings(
  cache: CacheSettings,
  isBuffering: boolean,
  caches: readonly CachePath[],
  places: CachePlaces,
  report: Report,
  suggest: Suggest,
): void {
  const name = literalText(cache.cache)
  const names = caches.map(one => one.name)
  if (name !== null && !names.includes(name)) {
    const near = suggest(name, names)
    const list = names.map(one => `"${one}"`).join(', ')
    const all = names.length > 0 ? `there is ${list}` : 'no cache is defined'
    const hint = near === null ? all : `did you mean "${near}"?`
    report('error', `Unknown cache "${name}"`, places.cache, hint)
  }
  if (literalText(cache.key) !== null) {
    const problem = 'Every request has one and the same cache key'
    report('warning', problem, places.key, 'a key has variables, such as $request_uri')
  }
  if (cache.purge.some(one => !['', '0', null].includes(literalText(one)))) {
    const problem = 'Every request removes what is stored'
    const hint = 'name a variable that says when, such as one that a map of $request_method sets'
    report('warning', problem, places.purge, hint)
  }
  // A response may still ask for it itself (X-Accel-Buffering: yes).
  if (!isBuffering && cache.mode === 'nginx') {
    const problem = 'Nothing is stored in the cache where responses are not buffered'
    report('notice', problem, places.buffering, 'switch buffering on, or the cache off')
  }
  const isSliced = cache.sliceBytes > 0 && cache.mode === 'nginx'
  if (isSliced && !hasVariable(cache.key, 'slice_range')) {
    const problem = 'Pieces of a response would all be stored under one key'
    report('warning', problem, places.slice, 'add $slice_range to the cache key')
  }
}

function hasVariable(template: Template, variable: string): boolean {
  return template.some(part => typeof part !== 'string' && part.variable === variable)
}
