// The caches of a worker, one store for each: kept over reloads as long as the memory behind it is the same.

import type { SystemClock } from '../base/clock.ts'
import type { ErrorLog } from '../base/error-log.ts'
import type { TimerWheel } from '../base/timer-wheel.ts'
import { DiskStore, OPEN_FILES_MAX } from '../cache/store/disk-store.ts'
import { writerOf } from '../cache/store/entry-path.ts'
import type { CachePath } from '../model/cache.ts'
import type { Config } from '../model/config.ts'
import type { Location } from '../model/route.ts'
import type { Settings } from '../model/settings.ts'
import { literalText } from '../model/template.ts'
import type { CacheStores } from '../proxy/compile-location.ts'
import { CacheWaits } from '../zone/cache-waits.ts'
import { CacheZone } from '../zone/cache-zone.ts'
import type { CacheMemory, Generation } from './messages.ts'

/** What stores need of their worker. */
export interface CacheStoresPlace {
  readonly clock: SystemClock
  readonly wheel: TimerWheel
  readonly errorLog: ErrorLog
  readonly workerIndex: number
  /** Of this life of the worker. */
  readonly threadId: number
  /** Workers in all: what is kept in memory is a part for each. */
  readonly workerCount: number
  /** That the process may have open. */
  readonly descriptorsMax: number
}

/** Of all descriptors, at most one in so many is a cache's file that is held open. */
const DESCRIPTOR_SHARE = 8

interface OpenStore {
  /** What it was made of. */
  readonly facts: string
  readonly store: DiskStore
}

export class WorkerCaches {
  readonly #place: CacheStoresPlace
  #open: ReadonlyMap<SharedArrayBuffer, OpenStore> = new Map()

  constructor(place: CacheStoresPlace) {
    this.#place = place
  }

  /** The caches of a generation, by name. */
  of({ config, caches }: Generation): CacheStores {
    const byName = new Map<string, DiskStore>()
    const open = new Map<SharedArrayBuffer, OpenStore>()
    config.caches.forEach((path, index) => {
      const memory = caches[index]!
      const opened = this.#storeOf(path, memory, tempPathOf(config, path), caches.length)
      open.set(memory.zone, opened)
      byName.set(path.name, opened.store)
    })
    // Those that are left out serve the exchanges that still have them.
    this.#open = open
    return { find: name => byName.get(name) ?? null }
  }

  /** @param count of caches */
  #openFilesMax(count: number): number {
    const { descriptorsMax, workerCount } = this.#place
    const share = Math.floor(descriptorsMax / DESCRIPTOR_SHARE / workerCount / count)
    return Math.max(1, Math.min(OPEN_FILES_MAX, share))
  }

  #storeOf(path: CachePath, memory: CacheMemory, tempPath: string, count: number): OpenStore {
    const facts = JSON.stringify([path, tempPath])
    const known = this.#open.get(memory.zone)
    if (known?.facts === facts) return known
    const { clock, wheel, errorLog, workerIndex, workerCount, threadId } = this.#place
    const zone = new CacheZone(memory.zone, workerIndex)
    const store = new DiskStore({
      cache: path,
      zone,
      waits: new CacheWaits(zone, clock, wheel),
      clock,
      log: (level, text) => errorLog.write(level, `${text}, cache "${path.name}"`),
      memoryBytes: Math.floor(path.memoryBytes / workerCount),
      tempPath,
      run: writerOf(memory.run, threadId),
      openFilesMax: this.#openFilesMax(count),
    })
    return { facts, store }
  }
}

/** Where the locations that use a cache write temporary files; the first of them speaks for all. */
function tempPathOf({ servers }: Config, { name }: CachePath): string {
  const all = servers.flatMap(server => [server.settings, ...settingsBelow(server.locations)])
  const own = all.find(
    ({ proxy }) => proxy.cache !== null && literalText(proxy.cache.cache) === name,
  )
  return (own ?? all[0])?.proxy.tempPath ?? ''
}

function settingsBelow(locations: readonly Location[]): Settings[] {
  return locations.flatMap(location => [
    location.settings,
    ...(location.limitExcept === undefined ? [] : [location.limitExcept.location.settings]),
    ...settingsBelow(location.locations),
  ])
}
