// Keeps the thread that checks slow passwords: starts it with the first one, gives it one at a time, and ends it when a
// check takes for ever (a stored password may ask for any number of rounds). The next one has a new thread.

import { Worker } from 'node:worker_threads'
import { systemDelay } from '../base/delay.ts'
import { AUTH_LIMITS } from './limits.ts'
import type { PasswordAnswer, PasswordQuestion, PasswordVerdict } from './password-words.ts'

/** This file's own ending: the published package has the same files as `.js`. */
const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const THREAD_URL = new URL(`./password-thread.${ending}`, import.meta.url)

/** What a check came to; `failed` with the reason = not checked. */
export type HostVerdict = PasswordVerdict | { readonly failed: string }

interface Job {
  readonly password: string
  readonly stored: string
  readonly client: string
  /** All that ask the same. */
  readonly takers: ((verdict: HostVerdict) => void)[]
}

export class PasswordHost {
  readonly #threadUrl: URL
  readonly #checkMsMax: number
  readonly #jobs: Job[] = []
  readonly #waiting = new Map<string, number>()
  /** The one that the thread has. */
  #running: Job | null = null
  #runningId = 0
  #thread: Worker | null = null
  #watch: AbortController | null = null

  constructor(threadUrl: URL = THREAD_URL, checkMsMax: number = AUTH_LIMITS.checkMsMax) {
    this.#threadUrl = threadUrl
    this.#checkMsMax = checkMsMax
  }

  /**
   * Checks a password. `onVerdict` is called once, later.
   *
   * @param client on whose account it waits
   * @returns gives up: then `onVerdict` is not called any more; null = too many wait, and nobody is called
   */
  check(
    password: string,
    stored: string,
    client: string,
    onVerdict: (verdict: HostVerdict) => void,
  ): (() => void) | null {
    const same = this.#find(password, stored)
    if (same !== undefined) {
      same.takers.push(onVerdict)
      return () => this.#giveUp(same, onVerdict)
    }
    const mine = this.#waiting.get(client) ?? 0
    const { waitingMax, waitingPerClientMax } = AUTH_LIMITS
    if (this.#jobs.length >= waitingMax || mine >= waitingPerClientMax) return null
    const job: Job = { password, stored, client, takers: [onVerdict] }
    this.#jobs.push(job)
    this.#waiting.set(client, mine + 1)
    this.#next()
    return () => this.#giveUp(job, onVerdict)
  }

  /** Ends the thread; who waits hears of it. */
  close(): void {
    this.#end('the worker stops')
  }

  /** What nobody waits for any more is not checked. */
  #giveUp(job: Job, taker: (verdict: HostVerdict) => void): void {
    const at = job.takers.indexOf(taker)
    if (at !== -1) job.takers.splice(at, 1)
    const place = job.takers.length === 0 ? this.#jobs.indexOf(job) : -1
    if (place === -1) return
    this.#jobs.splice(place, 1)
    this.#countDown(job)
  }

  #countDown({ client }: Job): void {
    const left = (this.#waiting.get(client) ?? 1) - 1
    if (left === 0) this.#waiting.delete(client)
    else this.#waiting.set(client, left)
  }

  #find(password: string, stored: string): Job | undefined {
    const isSame = (job: Job) => job.password === password && job.stored === stored
    if (this.#running !== null && isSame(this.#running)) return this.#running
    return this.#jobs.find(isSame)
  }

  #next(): void {
    if (this.#running !== null) return
    const job = this.#jobs.shift()
    if (job === undefined) {
      this.#thread?.unref()
      return
    }
    this.#countDown(job)
    this.#running = job
    const id = ++this.#runningId
    try {
      this.#thread ??= this.#start()
      this.#thread.ref()
      const { password, stored } = job
      this.#thread.postMessage({ id, password, stored } satisfies PasswordQuestion)
      void this.#watchOver()
    } catch (error) {
      setImmediate(() => this.#settle({ failed: `cannot start a thread: ${String(error)}` }))
    }
  }

  #start(): Worker {
    const thread = new Worker(this.#threadUrl, {
      name: 'passwords',
      resourceLimits: { maxOldGenerationSizeMb: AUTH_LIMITS.threadHeapMbMax },
    })
    thread.on('message', ({ id, verdict }: PasswordAnswer) => {
      if (this.#thread === thread && id === this.#runningId) this.#settle(verdict)
    })
    thread.on('error', error => this.#onGone(thread, String(error)))
    thread.on('exit', code => this.#onGone(thread, `its thread ended with exit code ${code}`))
    return thread
  }

  #onGone(thread: Worker, text: string): void {
    if (this.#thread !== thread) return
    this.#thread = null
    this.#settle({ failed: text })
  }

  async #watchOver(): Promise<void> {
    const watch = new AbortController()
    this.#watch = watch
    await systemDelay(this.#checkMsMax, watch.signal)
    if (watch.signal.aborted) return
    const thread = this.#thread
    this.#thread = null
    // It never rejects, and nobody waits for it.
    void thread?.terminate()
    this.#settle({ failed: `it took longer than ${this.#checkMsMax / 1000} s` })
  }

  #settle(verdict: HostVerdict): void {
    const job = this.#running
    this.#running = null
    this.#watch?.abort()
    this.#watch = null
    if (job !== null) for (const taker of job.takers.splice(0)) taker(verdict)
    this.#next()
  }

  #end(text: string): void {
    const thread = this.#thread
    this.#thread = null
    void thread?.terminate()
    const jobs = this.#jobs.splice(0)
    this.#waiting.clear()
    this.#settle({ failed: text })
    for (const job of jobs) for (const taker of job.takers.splice(0)) taker({ failed: text })
  }
}
