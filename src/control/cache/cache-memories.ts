// The zones of the caches, kept as long as a generation in use has them. A cache goes on over a reload, with all that is
// in it, when its name, path, levels and size are as before; else it gets a new zone, and its directory is read anew.
// nginx refuses a reload with another path or other levels, and empties a zone of another size: users expect neither.

import type { CachePath } from '../../model/cache.ts'
import type { Config } from '../../model/config.ts'
import type { CacheMemory } from '../../worker/messages.ts'
import { CacheZone, createCacheZone } from '../../zone/cache-zone.ts'
import type { KeptCache } from './cache-messages.ts'
import { makeRun } from './cache-run.ts'

/** By what must be as before, in one generation. */
type Held = ReadonlyMap<string, KeptCache>

export class CacheMemories {
  /** Of the generations in use. */
  readonly #generations = new Map<number, Held>()
  readonly #run = makeRun()
  #last = 0

  /** The memory of each cache of a generation, in their order. */
  take(generation: number, caches: readonly CachePath[]): readonly CacheMemory[] {
    const held = new Map<string, KeptCache>()
    for (const path of caches) {
      const key = keyOf(path)
      const before = this.#find(key)
      const { id, memory } = before ?? { id: ++this.#last, memory: this.#make(path) }
      held.set(key, { id, path, memory })
    }
    this.#generations.set(generation, held)
    return caches.map(path => held.get(keyOf(path))!.memory)
  }

  /** The caches of a generation in use. */
  of(generation: number): readonly KeptCache[] {
    return [...(this.#generations.get(generation)?.values() ?? [])]
  }

  /** The generation is not used any more. */
  release(generation: number): void {
    this.#generations.delete(generation)
  }

  /** Clears up after a thread that ended, before another takes its index. */
  reclaim(worker: number): void {
    const all = [...this.#generations.values()].flatMap(held => [...held.values()])
    const zones = new Map(all.map(({ id, memory }) => [id, memory.zone]))
    for (const zone of zones.values()) new CacheZone(zone, -1).reclaim(worker)
  }

  #make({ zoneBytes }: CachePath): CacheMemory {
    return { zone: createCacheZone(zoneBytes), run: this.#run }
  }

  #find(key: string): KeptCache | null {
    for (const held of this.#generations.values()) {
      const kept = held.get(key)
      if (kept !== undefined) return kept
    }
    return null
  }
}

/** What a reload does to caches that have the names of earlier ones: a line for each that does not go on. */
export function cacheNotices(before: HasCaches, after: HasCaches): string[] {
  const earlier = new Map(before.caches.map(path => [path.name, path]))
  return after.caches.flatMap(path => {
    const was = earlier.get(path.name)
    if (was === undefined || keyOf(was) === keyOf(path)) return []
    const changes = [
      was.path === path.path ? '' : `the directory was "${was.path}"`,
      String(was.levels) === String(path.levels) ? '' : 'the levels were others',
      was.zoneBytes === path.zoneBytes ? '' : `the zone had ${was.zoneBytes} bytes`,
    ].filter(text => text !== '')
    return `cache "${path.name}" begins anew from its directory: ${changes.join(', ')}`
  })
}

type HasCaches = Pick<Config, 'caches'>

function keyOf({ name, path, levels, zoneBytes }: CachePath): string {
  return JSON.stringify([name, path, levels, zoneBytes])
}
