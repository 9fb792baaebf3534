// Looks after one cache, in the cache thread: loads what is there, keeps it within its limits, purges and lists. What is
// purged shall not come back with a file that the loader meets later: a purge waits for the loader, which then hurries.

import type { CachePath } from '../../model/cache.ts'
import { CACHE_THREAD } from '../../zone/cache-layout.ts'
import { CacheZone } from '../../zone/cache-zone.ts'
import { type CacheCare, CacheFiles } from './cache-files.ts'
import type { KeptCache } from './cache-messages.ts'
import { type Listing, listEntries } from './list-entries.ts'
import { type LoadCounts, loadedText, loadTree } from './load-tree.ts'
import { CacheManager } from './manager.ts'
import { HURRY, runPaced } from './paced-task.ts'
import { type PurgeCounts, type PurgeScope, purge } from './purge.ts'

export class Caretaker {
  readonly #care: { -readonly [Name in keyof CacheCare]: CacheCare[Name] }
  readonly #manager: CacheManager
  readonly #end = new AbortController()
  readonly #rest = new AbortController()
  #isHurried = false
  #loading: Promise<void> = Promise.resolve()
  #managing: Promise<void> = Promise.resolve()

  constructor({ path, memory }: KeptCache, { log, time }: Pick<CacheCare, 'log' | 'time'>) {
    const zone = new CacheZone(memory.zone, CACHE_THREAD)
    const files = new CacheFiles(path, log, time.now)
    this.#care = { path, zone, files, run: memory.run, log, time }
    this.#manager = new CacheManager(this.#care)
  }

  /** Begins to load and to manage. */
  start(): void {
    this.#loading = this.#load()
    this.#managing = this.#manager.run(this.#end.signal)
  }

  /** Goes on with other limits and another pacing. */
  change(path: CachePath): void {
    this.#care.path = path
  }

  /** Resolves when what was there at the start is loaded. */
  get loaded(): Promise<void> {
    return this.#loading
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#end.abort()
    this.#rest.abort()
    await Promise.all([this.#loading, this.#managing])
  }

  /** Resolves to null when it ends before. */
  async purge(scope: PurgeScope, isSoft: boolean): Promise<PurgeCounts | null> {
    this.#isHurried = true
    this.#rest.abort()
    await this.#loading
    const { time, path } = this.#care
    // Somebody waits for the end: it goes easy on the disk only where that was asked for.
    const isPaced = scope.kind !== 'keys' && path.origins?.purger !== undefined
    const pacing = () => (isPaced ? this.#care.path.purger : HURRY)
    return runPaced(purge(this.#care, scope, isSoft), pacing, time, this.#end.signal)
  }

  /** The same of what is loaded so far. */
  list(prefix: string, countMax: number): Promise<Listing | null> {
    const { time } = this.#care
    const steps = listEntries(this.#care, prefix, countMax)
    return runPaced(steps, () => HURRY, time, this.#end.signal)
  }

  async #load(): Promise<void> {
    const care = this.#care
    const { zone, time, log } = care
    // A thread that takes a dead one's place looks again what that one had not come to.
    if (zone.loaderState !== 'done') zone.setLoaderState('running')
    const startMs = time.now()
    const pacing = () => (this.#isHurried ? HURRY : care.path.loader)
    const counts = await this.#loadPaced(pacing)
    if (counts === null) return
    const tookMs = time.now() - startMs
    zone.setLoaderState('done')
    log('notice', loadedText(care.path.name, counts, tookMs))
  }

  #loadPaced(pacing: () => CachePath['loader']): Promise<LoadCounts | null> {
    const { time } = this.#care
    // A rest ends when somebody waits; then there are none.
    const delay = (ms: number) =>
      time.delay(ms, this.#isHurried ? this.#end.signal : this.#rest.signal)
    return runPaced(loadTree(this.#care), pacing, { ...time, delay }, this.#end.signal)
  }
}
