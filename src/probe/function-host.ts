// Keeps the thread of one module of check functions: starts it when somebody calls, hands calls and
// answers through, and ends it when it is blocked. What ends the thread is a bad check of those that
// were called, or of the next one, and the call after that has a new thread.

import { Worker } from 'node:worker_threads'
import { systemDelay } from '../base/delay.ts'
import type { CheckedPeer, FromThread, ToThread } from './function-words.ts'
import { PROBE_LIMITS } from './limits.ts'
import { quoted, thrownText } from './reason.ts'

/** This file's own ending: the published package has the same files as `.js`. */
const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
export const THREAD_URL = new URL(`./function-thread.${ending}`, import.meta.url)

/** What such a thread is called, and what it may use. */
export const THREAD_LIMITS = {
  name: 'probe function',
  resourceLimits: {
    maxOldGenerationSizeMb: PROBE_LIMITS.functionHeapMbMax,
    maxYoungGenerationSizeMb: PROBE_LIMITS.functionYoungHeapMbMax,
  },
} as const

/** Who is called about, and who hears what came of it. */
export interface FunctionCall {
  readonly peer: CheckedPeer
  /** Called once, unless `stop` comes first; never before `call` returns. Empty = good. */
  readonly onFault: (fault: string) => void
  /** Hears that it was this call that blocked the thread, also when it was stopped. */
  readonly onBlocked: () => void
}

/** A call that was stopped, until the thread has heard of it. */
interface Stopped {
  readonly call: FunctionCall
  readonly resolve: () => void
}

export class FunctionHost {
  readonly #modulePath: string
  readonly #calls = new Map<number, FunctionCall>()
  readonly #stops = new Map<number, Stopped>()
  /** The call that the thread began last: the one that blocks it, if one does. */
  #lastBegun = 0
  #thread: Worker | null = null
  /** The thread has started; before that it cannot hear. */
  #isReady = false
  /** While a thread is waited for to hear of a stop. */
  #grace: AbortController | null = null
  /** What ended the thread while nobody had called. */
  #lastFault = ''
  /** Calls that the thread left behind: functions that have not returned. */
  #leftBehind = 0
  #nextId = 1

  constructor(modulePath: string) {
    this.#modulePath = modulePath
  }

  /** Calls the function. Returns the number of the call. */
  call(call: FunctionCall): number {
    const id = this.#nextId++
    this.#calls.set(id, call)
    const fault = this.#lastFault
    this.#lastFault = ''
    if (fault !== '') setImmediate(() => this.#answer(id, fault))
    else this.#send(id, call.peer)
    return id
  }

  /**
   * Gives a call up. A thread that does not hear of it in time is blocked, and ended; the calls of
   * others begin anew in the next one.
   *
   * @returns resolves when nothing of it is left to wait for
   */
  stop(id: number): Promise<void> | null {
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    if (call === undefined || this.#thread === null) return null
    this.#thread.postMessage({ kind: 'stop', id } satisfies ToThread)
    if (this.#grace === null) void this.#awaitHearing()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#stops.set(id, { call, resolve })
    return promise
  }

  /** Ends the thread. */
  close(): void {
    this.#calls.clear()
    this.#end()
  }

  #send(id: number, peer: CheckedPeer): void {
    try {
      this.#thread ??= this.#start()
      this.#thread.ref()
      this.#thread.postMessage({ kind: 'call', id, peer } satisfies ToThread)
    } catch (error) {
      setImmediate(() => this.#answer(id, `cannot start a thread: ${thrownText(error)}`))
    }
  }

  #start(): Worker {
    const thread = new Worker(THREAD_URL, { workerData: this.#modulePath, ...THREAD_LIMITS })
    this.#isReady = false
    thread.on('message', (word: FromThread | null) => {
      if (this.#thread === thread && word !== null) this.#onWord(word)
    })
    thread.on('error', error => this.#onGone(thread, thrownText(error)))
    thread.on('exit', code => this.#onGone(thread, `it ended its thread with exit code ${code}`))
    return thread
  }

  #onWord(word: FromThread): void {
    switch (word.kind) {
      case 'ready':
        this.#isReady = true
        if (this.#grace === null) break
        // From now on the usual time is enough.
        this.#clearGrace()
        void this.#awaitHearing()
        break
      case 'begun':
        this.#lastBegun = word.id
        break
      case 'answer':
        if (this.#calls.has(word.id)) this.#answer(word.id, word.fault)
        else if (this.#leftBehind > 0) this.#leftBehind--
        break
      case 'stopped':
        this.#leftBehind++
        this.#stops.get(word.id)?.resolve()
        this.#stops.delete(word.id)
        this.#rest()
        break
      case 'died':
        this.#onGone(this.#thread, word.text)
        break
      case 'loaded':
        // Only trials ask for that.
        break
    }
  }

  #answer(id: number, fault: string): void {
    const call = this.#calls.get(id)
    this.#calls.delete(id)
    this.#rest()
    call?.onFault(fault)
  }

  /** Nothing of ours keeps the process from ending while nobody waits for an answer. */
  #rest(): void {
    if (this.#stops.size === 0) this.#clearGrace()
    if (this.#calls.size > 0 || this.#stops.size > 0) return
    // What never returns is never freed, but with its thread.
    if (this.#leftBehind >= PROBE_LIMITS.functionsLeftMax) this.#end()
    else this.#thread?.unref()
  }

  async #awaitHearing(): Promise<void> {
    const grace = new AbortController()
    this.#grace = grace
    const { functionGraceMs, functionStartMsMax } = PROBE_LIMITS
    await systemDelay(this.#isReady ? functionGraceMs : functionStartMsMax, grace.signal)
    // After a pause of our own its word may lie there unread.
    await new Promise(resolve => setImmediate(resolve))
    if (grace.signal.aborted) return
    const culprit = this.#calls.get(this.#lastBegun)
    const blocking = culprit ?? this.#stops.get(this.#lastBegun)?.call
    this.#end()
    blocking?.onBlocked()
    if (culprit !== undefined) this.#answer(this.#lastBegun, 'the function blocks its thread')
    for (const [id, { peer }] of this.#calls) this.#send(id, peer)
  }

  #onGone(thread: Worker | null, text: string): void {
    if (thread === null || this.#thread !== thread) return
    this.#end()
    const fault = `module ${quoted(this.#modulePath)} failed outside of a check: ${text}`
    if (this.#calls.size === 0) this.#lastFault = fault
    for (const id of [...this.#calls.keys()]) this.#answer(id, fault)
  }

  /** Lets the thread go; its calls are left as they are. */
  #end(): void {
    const thread = this.#thread
    this.#thread = null
    this.#leftBehind = 0
    this.#clearGrace()
    for (const { resolve } of this.#stops.values()) resolve()
    this.#stops.clear()
    if (thread === null) return
    thread.unref()
    // It never rejects, and nobody waits for it.
    void thread.terminate()
  }

  #clearGrace(): void {
    this.#grace?.abort()
    this.#grace = null
  }
}

/** A host, and how its user says that it calls no more; the last one ends the thread. */
export interface HostLease {
  readonly host: FunctionHost
  /** Since it was given modules are to be loaded anew: another one has what they are now. */
  readonly isOld: () => boolean
  readonly release: () => void
}

const hosts = new Map<string, { readonly host: FunctionHost; users: number }>()
let separate = 0
/** How often modules were to be loaded anew. */
let era = 0

/**
 * From now on every module is loaded anew, with all that it imports: each caller has a new thread for
 * its next call, and the old ones end with their last caller.
 */
export function renewModules(): void {
  era++
  hosts.clear()
}

/**
 * The host of a module, shared by all who ask.
 *
 * @param isSeparate for a caller that blocks the others: one of its own, while there are not too many
 */
export function leaseHost(modulePath: string, isSeparate: boolean): HostLease {
  const given = era
  const isOld = () => given !== era
  if (isSeparate && separate < PROBE_LIMITS.separateThreadsMax) {
    separate++
    const host = new FunctionHost(modulePath)
    const release = () => {
      separate--
      host.close()
    }
    return { host, isOld, release }
  }
  const shared = hosts.get(modulePath) ?? { host: new FunctionHost(modulePath), users: 0 }
  hosts.set(modulePath, shared)
  shared.users++
  const release = () => {
    if (--shared.users > 0) return
    if (!isOld()) hosts.delete(modulePath)
    shared.host.close()
  }
  return { host: shared.host, isOld, release }
}
