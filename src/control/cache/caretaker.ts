// Looks after one cache, in the cache thread: loads what is there, keeps it within its limits, purges and lists. What is
// purged shall not come back with a file that the loader meets later: a purge waits for the loader, which then hurries.

import { writerOf } from '../../cache/store/entry-path.ts'
import type { CachePath } from '../../model/cache.ts'
import { CACHE_THREAD } from '../../zone/cache-layout.ts'
import { CacheZone } from '../../zone/cache-zone.ts'
import { type CacheCare, CacheFiles } from './cache-files.ts'
import type { KeptCache } from './cache-messages.ts'
import { type Listing, listEntries } from './list-entries.ts'
import { loadedText, loadTree } from './load-tree.ts'
import { CacheManager } from './manager.ts'
import { HURRY, runPaced } from './paced-task.ts'
import { type PurgeCounts, type PurgeScope, purge } from './purge.ts'
import { ofEarlierRuns, removeLeftovers, sweepTree } from './remove-leftovers.ts'

export class Caretaker {
  readonly #care: { -readonly [Name in keyof CacheCare]: CacheCare[Name] }
  readonly #manager: CacheManager
  readonly #end = new AbortController()
  readonly #rest = new AbortController()
  /** Where its entries may be written before they take their places; those that are looked through. */
  readonly #temporary = new Set<string>()
  #isHurried = false
  #loading: Promise<void> = Promise.resolve()
  #managing: Promise<void> = Promise.resolve()
  #sweeping: Promise<void> = Promise.resolve()

  constructor({ path, memory }: KeptCache, { log, time }: Pick<CacheCare, 'log' | 'time'>) {
    const zone = new CacheZone(memory.zone, CACHE_THREAD)
    const files = new CacheFiles(path, log, time.now)
    this.#care = { path, zone, files, run: memory.run, log, time }
    this.#manager = new CacheManager(this.#care, () => this.#reload())
  }

  /** Begins to load and to manage. @param temporary directories that only its entries are first written in */
  start(temporary: readonly string[] = []): void {
    for (const directory of temporary) this.#temporary.add(directory)
    this.#loading = this.#load()
    this.#managing = this.#manager.run(this.#end.signal)
  }

  /** Goes on with other limits and another pacing. */
  change(path: CachePath, temporary: readonly string[] = []): void {
    this.#care.path = path
    for (const directory of temporary) {
      if (this.#temporary.has(directory)) continue
      this.#temporary.add(directory)
      this.#sweeping = this.#sweeping.then(() => this.#clear(directory))
    }
  }

  /** Resolves when what was there at the start is loaded. */
  get loaded(): Promise<void> {
    return this.#loading
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#end.abort()
    this.#rest.abort()
    await Promise.all([this.#loading, this.#managing, this.#sweeping])
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

  /** Removes what a worker had begun to write when it died. @param thread its number */
  sweep(thread: number): void {
    this.#sweeping = this.#sweeping.then(() => this.#sweep(thread))
  }

  async #sweep(thread: number): Promise<void> {
    const care = this.#care
    const writer = writerOf(care.run, thread)
    let count = (await this.#paced(sweepTree(care, writer))) ?? 0
    for (const directory of this.#temporary) {
      const steps = removeLeftovers(directory, run => run === writer)
      count += (await this.#paced(steps)) ?? 0
    }
    if (count === 0) return
    const what = `${temporaryFiles(count)} of a worker that died`
    care.log('notice', `cache "${care.path.name}": ${what} removed`)
  }

  async #clear(directory: string): Promise<void> {
    const { log, path, run } = this.#care
    const count = (await this.#paced(removeLeftovers(directory, ofEarlierRuns(run)))) ?? 0
    if (count === 0) return
    log('notice', `cache "${path.name}": ${temporaryFiles(count)} removed from "${directory}"`)
  }

  async #load(): Promise<void> {
    const care = this.#care
    const { zone, time, log, run } = care
    // A thread that takes a dead one's place looks again what that one had not come to.
    if (zone.loaderState !== 'done') zone.setLoaderState('running')
    const startMs = time.now()
    const counts = await this.#paced(loadTree(care))
    if (counts === null) return
    const tookMs = time.now() - startMs
    zone.setLoaderState('done')
    let { leftovers } = counts
    for (const directory of this.#temporary) {
      leftovers += (await this.#paced(removeLeftovers(directory, ofEarlierRuns(run)))) ?? 0
    }
    log('notice', loadedText(care.path.name, { ...counts, leftovers }, tookMs))
  }

  /** Its directory was gone, or is another one: there may be files that the zone does not know. */
  #reload(): void {
    this.#loading = this.#loading.then(() => this.#load())
  }

  /** At the loader's pace. */
  #paced<T>(steps: Generator<void, T>): Promise<T | null> {
    const { time } = this.#care
    const pacing = () => (this.#isHurried ? HURRY : this.#care.path.loader)
    // A rest ends when somebody waits; then there are none.
    const delay = (ms: number) =>
      time.delay(ms, this.#isHurried ? this.#end.signal : this.#rest.signal)
    return runPaced(steps, pacing, { ...time, delay }, this.#end.signal)
  }
}

function temporaryFiles(count: number): string {
  return `${count} temporary ${count === 1 ? 'file' : 'files'}`
}
