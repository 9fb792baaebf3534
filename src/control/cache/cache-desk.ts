// Everything about caches on the main thread: it tells the cache thread which ones serve, takes orders from the control
// socket and from workers, and says how the caches are doing.

import type { Delay } from '../../base/delay.ts'
import type { Config } from '../../model/config.ts'
import type { Location, Server } from '../../model/route.ts'
import type { LogLevel } from '../../model/settings.ts'
import { literalText } from '../../model/template.ts'
import { type ControlRoute, OrderRefused } from '../control-socket.ts'
import type { KeysFound } from '../worker-thread.ts'
import type { KeptCache, PurgeJob, TemporaryPlace } from './cache-messages.ts'
import {
  chosenCaches,
  type PurgeOrder,
  readListOrder,
  readPurgeOrder,
  textOfLatin1,
} from './cache-orders.ts'
import { cacheStatus, type StatusCache } from './cache-status.ts'
import { CacheThread } from './cache-thread.ts'
import type { ListedEntry } from './list-entries.ts'

export interface CacheDeskOptions {
  readonly log: (level: LogLevel, text: string) => void
  /** Which keys a request would have; null = there are no workers yet. */
  readonly findKeys: (url: string, method: string) => Promise<KeysFound | null>
  /** The cache thread has ended: its traces in the zones are to be removed. */
  readonly onGone: () => void
  readonly delay: Delay
  /** Monotonic milliseconds. */
  readonly now: () => number
}

/** What `POST /cache/purge` answers. */
export interface PurgeReport {
  readonly entries: number
  readonly bytes: number
  /** Files that could not be read, changed or removed. */
  readonly failures: number
  readonly tookMs: number
  readonly soft: boolean
  readonly caches: readonly {
    readonly name: string
    readonly entries: number
    readonly bytes: number
    readonly failures: number
    /** Of the URL that was purged. */
    readonly keys?: readonly string[]
  }[]
}

/** An entry as `POST /cache/list` has it. */
export interface ReportedEntry {
  readonly cache: string
  readonly url: string
  readonly key: string
  readonly variant: string
  readonly status: number
  /** Of the body; null = not known. */
  readonly bytes: number | null
  readonly fileBytes: number
  /** False = parts of a body. */
  readonly whole: boolean
  /** Of the whole, the bytes that are there: of a piece or of parts, `0-99,200-299`; empty = all. */
  readonly range: string
  readonly storedAt: string
  readonly freshUntil: string
  readonly fresh: boolean
  readonly usedAt: string
  readonly uses: number
  readonly tags: readonly string[]
  readonly path: string
}

/** What `POST /cache/list` answers. */
export interface ListReport {
  readonly now: string
  readonly entries: readonly ReportedEntry[]
  /** There are others. */
  readonly cut: boolean
}

export class CacheDesk {
  readonly #options: CacheDeskOptions
  readonly #thread: CacheThread

  constructor(options: CacheDeskOptions) {
    this.#options = options
    this.#thread = new CacheThread(options)
  }

  /** What the control socket takes. */
  get routes(): readonly ControlRoute[] {
    return [
      { method: 'POST', path: '/cache/purge', obey: order => this.#purge(readPurgeOrder(order)) },
      { method: 'POST', path: '/cache/list', obey: order => this.#list(order) },
    ]
  }

  /** Whether the thread goes on although it was to end. */
  get isStuck(): boolean {
    return this.#thread.isStuck
  }

  /** Called with what serves, each time that may have changed. */
  use(config: Config, caches: readonly KeptCache[]): void {
    this.#thread.use(caches, writingDirectories(config, caches))
  }

  /** A worker has died. @param thread its number */
  onWorkerGone(thread: number): void {
    this.#thread.sweep(thread)
  }

  /** How the caches are doing. */
  status(): StatusCache[] {
    return this.#thread.caches.map(cacheStatus)
  }

  /** Purges keys that begin so, for a request. Never rejects. @returns how many entries are gone */
  async purgePrefix(cache: string, prefix: string): Promise<number> {
    const scope = { kind: 'prefix', prefix, isOfKey: true } as const
    const jobs = this.#thread.caches
      .filter(({ path }) => path.name === cache)
      .map(({ id }) => ({ cache: id, scope }))
    try {
      const counts = await this.#thread.purge(jobs, false)
      return counts.reduce((sum, each) => sum + (each?.entries ?? 0), 0)
    } catch (error) {
      this.#options.log('error', `cache "${cache}": purge failed: ${(error as Error).message}`)
      return 0
    }
  }

  /** Ends the thread. */
  close(): Promise<void> {
    return this.#thread.close()
  }

  async #purge(order: PurgeOrder): Promise<PurgeReport> {
    const { log, now } = this.#options
    const startMs = now()
    const chosen = chosenCaches(this.#thread.caches, order.cache)
    const jobs = await this.#jobs(order, chosen)
    const counts = await this.#thread.purge(jobs, order.isSoft)
    const caches = jobs.map(({ cache, scope }, index) => {
      const { entries = 0, bytes = 0, failures = 0 } = counts[index] ?? {}
      const name = chosen.find(({ id }) => id === cache)!.path.name
      const shown = { name, entries, bytes, failures }
      const isUrl = order.url !== null && scope.kind === 'keys'
      return isUrl ? { ...shown, keys: scope.keys.map(textOfLatin1) } : shown
    })
    const sum = (name: 'entries' | 'bytes' | 'failures') =>
      caches.reduce((total, each) => total + each[name], 0)
    for (const { name, entries } of caches) {
      log(
        'notice',
        `cache "${name}": ${entries} ${order.isSoft ? 'made stale' : 'purged'} on command`,
      )
    }
    return {
      entries: sum('entries'),
      bytes: sum('bytes'),
      failures: sum('failures'),
      tookMs: Math.round(now() - startMs),
      soft: order.isSoft,
      caches,
    }
  }

  async #jobs(
    { url, scope, cache }: PurgeOrder,
    chosen: readonly KeptCache[],
  ): Promise<readonly PurgeJob[]> {
    if (scope !== null) return chosen.map(({ id }) => ({ cache: id, scope }))
    const keys = await this.#options.findKeys(url!, 'GET')
    const { found, problem } = keys ?? { found: [], problem: 'no worker serves yet' }
    const jobs = chosen.flatMap(({ id, path }): PurgeJob[] => {
      const own = found.filter(each => each.cache === path.name)
      const keys = own.filter(each => !each.isPrefix).map(({ key }) => key)
      const pieces = own.filter(each => each.isPrefix)
      return [
        ...(keys.length === 0 ? [] : [{ cache: id, scope: { kind: 'keys', keys } as const }]),
        ...pieces.map(({ key: prefix }) => ({
          cache: id,
          scope: { kind: 'prefix', prefix, isOfKey: true } as const,
        })),
      ]
    })
    if (jobs.length > 0) return jobs
    if (problem !== '') throw new OrderRefused(problem)
    const where = cache === null ? 'a cache' : `cache "${cache}"`
    throw new OrderRefused(`a request for "${url}" does not lead to ${where}`)
  }

  async #list(order: unknown): Promise<ListReport> {
    const { prefix, countMax, cache } = readListOrder(order)
    const chosen = chosenCaches(this.#thread.caches, cache)
    const ids = chosen.map(({ id }) => id)
    const listings = await this.#thread.list(ids, prefix, countMax)
    const nowMs = Date.now()
    const all = listings.flatMap((listing, index) =>
      (listing?.entries ?? []).map(entry => reported(chosen[index]!.path.name, entry, nowMs)),
    )
    return {
      now: new Date(nowMs).toISOString(),
      entries: all.slice(0, countMax),
      cut: all.length > countMax || listings.some(listing => listing?.isCut === true),
    }
  }
}

function reported(cache: string, entry: ListedEntry, nowMs: number): ReportedEntry {
  const { bodyBytes, isWhole, range, storedMs, freshUntilMs, usedMs, tags } = entry
  return {
    cache,
    url: textOfLatin1(entry.url),
    key: textOfLatin1(entry.key),
    variant: textOfLatin1(entry.variant),
    status: entry.status,
    bytes: bodyBytes < 0 ? null : bodyBytes,
    fileBytes: entry.fileBytes,
    whole: isWhole,
    range,
    storedAt: timeText(storedMs),
    freshUntil: timeText(freshUntilMs),
    fresh: nowMs < freshUntilMs,
    usedAt: timeText(usedMs),
    uses: entry.uses,
    tags: tags.map(textOfLatin1),
    path: entry.path,
  }
}

/** A moment that a file says; one that no calendar has becomes its end. */
function timeText(ms: number): string {
  return new Date(Math.min(Math.max(0, ms || 0), TIME_MAX)).toISOString()
}

const TIME_MAX = Date.UTC(9999, 11, 31)

/** Where entries are written before they take their places, if not beside them. */
function writingDirectories(
  { servers }: Config,
  caches: readonly KeptCache[],
): readonly TemporaryPlace[] {
  const found = new Map<string, number>()
  const users = caches.filter(({ path }) => path.usesTempPath)
  if (users.length === 0) return []
  const add = ({ settings: { proxy }, locations }: Server | Location) => {
    if (proxy.cache !== null && !found.has(proxy.tempPath)) {
      // A name that variables make may be that of any.
      const name = literalText(proxy.cache.cache)
      const user = name === null ? users[0] : users.find(({ path }) => path.name === name)
      if (user !== undefined) found.set(proxy.tempPath, user.id)
    }
    locations.forEach(add)
  }
  servers.forEach(add)
  return [...found].map(([directory, cache]) => ({ directory, cache }))
}
