// One worker thread as the main thread sees it: what it has taken, what it said, how it ended. It decides nothing;
// control/supervisor.ts does.

import { Worker } from 'node:worker_threads'

import { systemDelay, TIMED_OUT, within } from '../base/delay.ts'
import type { ListenAddress } from '../model/listener.ts'
import type { LogLevel } from '../model/settings.ts'
import type { CacheKeyFound, FromWorker, ToWorker, WorkerStart } from '../worker/messages.ts'
import { tuneEngine } from './engine.ts'
import { CONTROL_LIMITS } from './limits.ts'

/** How a worker answered a generation. */
export type Answer =
  | { readonly kind: 'ready'; readonly bound: readonly ListenAddress[] }
  /** It said why not; a running worker goes on with what it had. */
  | { readonly kind: 'failed'; readonly message: string }
  /** It ended before it answered. */
  | { readonly kind: 'died'; readonly message: string }

/** The keys of a URL, or one line why there are none. */
export interface KeysFound {
  readonly found: readonly CacheKeyFound[]
  readonly problem: string
}

/** What a worker tells besides its answers. */
export interface WorkerEvents {
  onLog(level: LogLevel, text: string): void
  onReleased(generation: number): void
  onPeersReleased(version: number): void
  /** Resolves to the number of entries that are gone. Never rejects. */
  onPurge(cache: string, prefix: string): Promise<number>
  /** Exactly once, last. `reason` is one line. */
  onExit(reason: string): void
}

/** One thread, from its start to its end. A worker that takes a dead one's place is a new object. */
export class WorkerThread {
  readonly index: number
  /** No other thread of the process ever had it. */
  readonly threadId: number
  /** When it started, for the one who counts deaths. */
  readonly startedMs: number
  readonly #worker: Worker
  readonly #answers = new Map<number, PromiseWithResolvers<Answer>>()
  readonly #ended = Promise.withResolvers<void>()
  readonly #drained = Promise.withResolvers<void>()
  #reopened = Promise.withResolvers<void>()
  readonly #questions = new Map<number, PromiseWithResolvers<KeysFound>>()
  readonly #pings = new Map<number, PromiseWithResolvers<void>>()
  #lastQuestion = 0
  #reason = ''
  #hasEnded = false
  /** Whether it ever answered `ready`. */
  hasServed = false
  isDrained = false

  constructor(url: URL, start: WorkerStart, events: WorkerEvents, nowMs: number) {
    this.index = start.index
    this.startedMs = nowMs
    this.#worker = new Worker(url, {
      workerData: start,
      name: `worker ${start.index}`,
      ...tuneEngine(),
    })
    this.threadId = this.#worker.threadId
    this.#expect(start.generation.number)
    this.#worker.on('message', (message: FromWorker) => this.#onMessage(message, events))
    this.#worker.on('error', error => {
      this.#reason ||= errorText(error)
    })
    this.#worker.on('messageerror', error => {
      this.#reason ||= `message from worker cannot be read: ${errorText(error)}`
      void this.terminate()
    })
    this.#worker.on('exit', code => {
      this.#hasEnded = true
      const reason = this.#reason || `exit code ${code}`
      for (const answer of this.#answers.values()) answer.resolve({ kind: 'died', message: reason })
      this.#answers.clear()
      for (const question of this.#questions.values()) question.resolve(noKeys(reason))
      this.#questions.clear()
      this.#drained.resolve()
      this.#reopened.resolve()
      this.#ended.resolve()
      events.onExit(reason)
    })
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Resolves when the thread has ended. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** Resolves at `drained`, or when the thread has ended. */
  get drained(): Promise<void> {
    return this.#drained.promise
  }

  /** What it answers to the generation that it was started with, or given by `reload`. */
  answer(generation: number): Promise<Answer> {
    return this.#answers.get(generation)?.promise ?? Promise.resolve(ENDED)
  }

  /** Gives it a configuration; it answers in its own time. */
  reload(generation: WorkerStart['generation']): Promise<Answer> {
    if (this.#hasEnded) return Promise.resolve(ENDED)
    this.#expect(generation.number)
    this.post({ kind: 'reload', generation })
    return this.answer(generation.number)
  }

  /** Resolves when its log files are open anew, or it has ended. */
  reopenLogs(): Promise<void> {
    if (this.#hasEnded) return Promise.resolve()
    this.post({ kind: 'reopen-logs' })
    return this.#reopened.promise
  }

  /** Which cache keys a request would have. */
  async findKeys(url: string, method: string): Promise<KeysFound> {
    if (this.#hasEnded) return noKeys('it had ended')
    const id = ++this.#lastQuestion
    const question = Promise.withResolvers<KeysFound>()
    this.#questions.set(id, question)
    this.post({ kind: 'cache-key', id, url, method })
    const answer = await within(question.promise, CONTROL_LIMITS.cacheKeyMs, systemDelay)
    this.#questions.delete(id)
    return answer === TIMED_OUT ? noKeys(`no answer in ${CONTROL_LIMITS.cacheKeyMs} ms`) : answer
  }

  /** Whether its loop turns: it answers in time. */
  async turns(timeoutMs: number): Promise<boolean> {
    if (this.#hasEnded) return false
    const id = ++this.#lastQuestion
    const pong = Promise.withResolvers<void>()
    this.#pings.set(id, pong)
    this.post({ kind: 'ping', id })
    const answer = await within(Promise.race([pong.promise, this.ended]), timeoutMs, systemDelay)
    this.#pings.delete(id)
    return answer !== TIMED_OUT && !this.#hasEnded
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  /**
   * Ends the thread; connections that it holds are closed. It gets a moment to write out its logs. One that is stuck
   * inside a system call outlives this: then `hasEnded` stays false.
   */
  async terminate(): Promise<void> {
    if (this.#hasEnded) return
    this.post({ kind: 'stop' })
    const outcome = await within(this.ended, CONTROL_LIMITS.stopGraceMs, systemDelay)
    if (outcome !== TIMED_OUT) return
    await within(this.#worker.terminate(), CONTROL_LIMITS.terminateMs, systemDelay)
  }

  #expect(generation: number): void {
    this.#answers.set(generation, Promise.withResolvers<Answer>())
  }

  async #purge(
    { id, cache, prefix }: FromWorker & { readonly kind: 'purge-prefix' },
    events: WorkerEvents,
  ): Promise<void> {
    const count = await events.onPurge(cache, prefix)
    this.post({ kind: 'purged', id, count })
  }

  #onMessage(message: FromWorker, events: WorkerEvents): void {
    switch (message.kind) {
      case 'ready':
        this.hasServed = true
        this.#answers.get(message.generation)?.resolve({ kind: 'ready', bound: message.bound })
        break
      case 'failed':
        this.#reason ||= this.hasServed ? '' : message.message
        this.#answers.get(message.generation)?.resolve(message)
        break
      case 'released':
        this.#answers.delete(message.generation)
        events.onReleased(message.generation)
        break
      case 'released-peers':
        events.onPeersReleased(message.version)
        break
      case 'drained':
        this.isDrained = true
        this.#drained.resolve()
        break
      case 'reopened':
        this.#reopened.resolve()
        this.#reopened = Promise.withResolvers<void>()
        break
      case 'cache-key':
        this.#questions.get(message.id)?.resolve(message)
        break
      case 'pong':
        this.#pings.get(message.id)?.resolve()
        break
      case 'purge-prefix':
        void this.#purge(message, events)
        break
      case 'log':
        events.onLog(message.level, message.text)
        break
    }
  }
}

const ENDED: Answer = { kind: 'died', message: 'it had ended' }

function noKeys(reason: string): KeysFound {
  return { found: [], problem: `the worker did not say which key that is: ${reason}` }
}

/** The first lines of the stack, which name the file, in one line. */
function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const lines = (error.stack ?? error.message).split('\n').map(line => line.trim())
  return lines.slice(0, STACK_LINES_MAX).join(' | ')
}

const STACK_LINES_MAX = 6
