// The cache thread as the main thread sees it: it is started with the first cache, told which ones serve, asked to purge and
// to list, and started again when it dies. The caches are served meanwhile; nothing is evicted then.

import { Worker } from 'node:worker_threads'

import { type Delay, within } from '../../base/delay.ts'
import type { LogLevel } from '../../model/settings.ts'
import { CONTROL_LIMITS } from '../limits.ts'
import { type Deaths, decideRestart } from '../restart.ts'
import type {
  FromCacheThread,
  KeptCache,
  PurgeJob,
  TemporaryPlace,
  ToCacheThread,
} from './cache-messages.ts'
import type { Listing } from './list-entries.ts'
import type { PurgeCounts } from './purge.ts'

export interface CacheThreadOptions {
  readonly log: (level: LogLevel, text: string) => void
  /** It has ended: its traces in the zones are to be removed. */
  readonly onGone: () => void
  readonly delay: Delay
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Its entry file. */
  readonly url?: URL
}

/** This file's own ending: the published package has the same files as `.js`. */
const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const THREAD_URL = new URL(`./cache-keeper.${ending}`, import.meta.url)

/** What the thread answers to one order. */
type Answers = readonly (PurgeCounts | Listing | null)[]

export class CacheThread {
  readonly #options: CacheThreadOptions
  readonly #orders = new Map<number, PromiseWithResolvers<Answers>>()
  readonly #end = new AbortController()
  #worker: Worker | null = null
  #caches: readonly KeptCache[] = []
  #temporary: readonly TemporaryPlace[] = []
  #deaths: Deaths = { deaths: 0, startDeaths: 0 }
  #lastOrder = 0
  #isRestarting = false

  constructor(options: CacheThreadOptions) {
    this.#options = options
  }

  /** Whether the thread goes on although it was to end: it is stuck inside a system call. */
  get isStuck(): boolean {
    return this.#end.signal.aborted && this.#worker !== null
  }

  /** The caches that serve. */
  get caches(): readonly KeptCache[] {
    return this.#caches
  }

  /**
   * Called with the caches that serve, each time that may have changed.
   *
   * @param temporary directories where their entries may be written first
   */
  use(caches: readonly KeptCache[], temporary: readonly TemporaryPlace[]): void {
    this.#caches = caches
    this.#temporary = temporary
    if (this.#worker === null && caches.length > 0) this.#start()
    else this.#post({ kind: 'use', caches, temporary })
  }

  /** A worker has died: what it was writing goes. One that has no thread to say it to finds it at the next start. */
  sweep(thread: number): void {
    this.#post({ kind: 'sweep', thread })
  }

  /** Resolves when all is purged. Rejects when the thread ends before. */
  async purge(
    jobs: readonly PurgeJob[],
    isSoft: boolean,
  ): Promise<readonly (PurgeCounts | null)[]> {
    const id = ++this.#lastOrder
    return (await this.#order(id, { kind: 'purge', id, jobs, isSoft })) as never
  }

  /** Lists of each cache at most `countMax` entries whose URL begins so. Rejects when the thread ends before. */
  async list(
    caches: readonly number[],
    prefix: string,
    countMax: number,
  ): Promise<readonly (Listing | null)[]> {
    const id = ++this.#lastOrder
    return (await this.#order(id, { kind: 'list', id, caches, prefix, countMax })) as never
  }

  /** Ends the thread. One that is stuck inside a system call outlives this. */
  async close(): Promise<void> {
    this.#end.abort()
    const worker = this.#worker
    if (worker === null) return
    await within(worker.terminate(), CONTROL_LIMITS.terminateMs, this.#options.delay)
  }

  #order(id: number, message: ToCacheThread): Promise<Answers> {
    if (this.#worker === null) return Promise.reject(new Error('the cache thread does not run'))
    const answer = Promise.withResolvers<Answers>()
    this.#orders.set(id, answer)
    this.#post(message)
    return answer.promise
  }

  #post(message: ToCacheThread): void {
    this.#worker?.postMessage(message)
  }

  #start(): void {
    if (this.#isRestarting || this.#end.signal.aborted) return
    const { url = THREAD_URL, now } = this.#options
    const worker = new Worker(url, { name: 'cache' })
    const startedMs = now()
    let reason = ''
    let hasServed = false
    this.#worker = worker
    // It must not keep a process alive that has nothing else to do.
    worker.unref()
    worker.on('message', (message: FromCacheThread) => this.#onMessage(message))
    worker.on('online', () => {
      hasServed = true
    })
    worker.on('error', error => {
      reason ||= errorText(error)
    })
    worker.on('exit', code => {
      this.#worker = null
      this.#onExit(reason || `exit code ${code}`, { hasServed, livedMs: now() - startedMs })
    })
    this.#post({ kind: 'use', caches: this.#caches, temporary: this.#temporary })
  }

  #onMessage(message: FromCacheThread): void {
    switch (message.kind) {
      case 'log':
        this.#options.log(message.level, message.text)
        break
      case 'purged':
        this.#resolve(message.id, message.counts)
        break
      case 'listed':
        this.#resolve(message.id, message.listings)
        break
    }
  }

  #resolve(id: number, answers: Answers): void {
    this.#orders.get(id)?.resolve(answers)
    this.#orders.delete(id)
  }

  #onExit(reason: string, life: { readonly hasServed: boolean; readonly livedMs: number }): void {
    const { log, onGone } = this.#options
    for (const order of this.#orders.values()) {
      order.reject(new Error(`the cache thread ended: ${reason}`))
    }
    this.#orders.clear()
    onGone()
    if (this.#end.signal.aborted) return
    log('alert', `the cache thread died: ${reason}`)
    void this.#restart(life)
  }

  async #restart(life: { readonly hasServed: boolean; readonly livedMs: number }): Promise<void> {
    const { log, delay } = this.#options
    // The workers serve: there is no giving up.
    const decision = decideRestart(this.#deaths, life, 1)
    if (decision.kind === 'give-up') return
    this.#deaths = decision
    this.#isRestarting = true
    if (decision.delayMs > 0) {
      log('error', `the cache thread starts again in ${decision.delayMs} ms`)
      await delay(decision.delayMs, this.#end.signal)
    }
    this.#isRestarting = false
    if (this.#caches.length === 0) return
    this.#start()
    if (this.#worker !== null) log('notice', 'the cache thread is started again')
  }
}

/** The first lines of the stack, which name the file, in one line. */
function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const lines = (error.stack ?? error.message).split('\n').map(line => line.trim())
  return lines.slice(0, STACK_LINES_MAX).join(' | ')
}

const STACK_LINES_MAX = 6
