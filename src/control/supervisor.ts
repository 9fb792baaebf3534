// Keeps the workers: starts them, gives them configurations, starts a dead one again, stops them. It knows threads and
// generations and nothing of files; what a worker does with a generation is the worker's.

import { type Delay, TIMED_OUT, within } from '../base/delay.ts'
import type { ListenAddress } from '../model/listener.ts'
import type { LogLevel } from '../model/settings.ts'
import type { Generation } from '../worker/messages.ts'
import type { Generations } from './generations.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { decideRestart } from './restart.ts'
import { type Answer, type KeysFound, WorkerThread } from './worker-thread.ts'

export interface SupervisorOptions {
  /** The workers' entry file. */
  readonly workerUrl: URL
  readonly peerZone: SharedArrayBuffer
  readonly metricZone: SharedArrayBuffer
  readonly generations: Generations
  /** Workers cannot share a port on this platform: there is one, and it listens alone. */
  readonly isAlone: boolean
  readonly log: (level: LogLevel, text: string) => void
  /**
   * A worker has ended: its traces in shared memory are to be removed before another takes its index. `thread` is the
   * number of this life of it.
   */
  readonly onGone: (index: number, thread: number) => void
  /** A request purges keys of a cache: see `WorkerEvents`. */
  readonly onPurge: (cache: string, prefix: string) => Promise<number>
  /** The workers cannot be kept alive: the process has to end. */
  readonly onFatal: (message: string) => void
  readonly delay: Delay
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly readyTimeoutMs?: number
}

/** How the workers took a generation. */
export type Applied =
  | { readonly kind: 'applied'; readonly generation: Generation }
  /** One did not take it. `isPartial`: others did, and have to be given another. */
  | { readonly kind: 'refused'; readonly message: string; readonly isPartial: boolean }

/** One place for a worker; threads come and go in it. */
interface Seat {
  readonly index: number
  /** Null while it waits for its next start. */
  thread: WorkerThread | null
  /** Deaths in a row. */
  deaths: number
  /** Deaths in a row before any `ready`. */
  startDeaths: number
}

/** The worker threads of this process. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #readyTimeoutMs: number
  readonly #stopping = new AbortController()
  readonly #seats: Seat[] = []
  #current: Generation | null = null
  #count = 0
  #isAccepting = true
  #hasStarted = false
  /** Workers are being ended at once: their ends are no news. */
  #isStopped = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    this.#readyTimeoutMs = options.readyTimeoutMs ?? CONTROL_LIMITS.readyTimeoutMs
  }

  /** How many workers there shall be. */
  get count(): number {
    return this.#count
  }

  /** Indices of the workers that serve. */
  get serving(): readonly number[] {
    return this.#threads()
      .filter(thread => thread.hasServed)
      .map(thread => thread.index)
  }

  /** Whether a thread goes on although it was to end: it is stuck inside a system call, and so would the process be. */
  get isStuck(): boolean {
    return this.#isStopped && this.#threads().length > 0
  }

  /**
   * Starts the workers: the first binds, and the others get the ports that it got. Resolves when all serve. When one
   * does not, all are ended; then it is over.
   */
  async start(generation: Generation, count: number): Promise<Applied> {
    this.#count = count
    this.#current = generation
    const first = this.#addSeat()
    const answer = await this.#answerOf(first, generation.number)
    if (answer.kind !== 'ready') return this.#abandon(answer)
    this.#current = withBound(generation, answer.bound)
    if (this.#stopping.signal.aborted) return this.#abandon(STOPPED)
    const others = Array.from({ length: count - 1 }, () => this.#addSeat())
    const answers = await Promise.all(
      others.map(thread => this.#answerOf(thread, generation.number)),
    )
    const failed = answers.find(other => other.kind !== 'ready')
    if (failed !== undefined) return this.#abandon(failed)
    if (first.hasEnded) return this.#abandon({ kind: 'died', message: 'the first worker died' })
    this.#hasStarted = true
    this.#options.generations.setCurrent(generation.number)
    return { kind: 'applied', generation: this.#current }
  }

  /**
   * Gives all workers a new generation: one first, and only when that one serves it the others. A worker that dies
   * meanwhile starts with whatever serves in the end. A larger count adds workers, a smaller one changes nothing.
   */
  async apply(generation: Generation, count: number): Promise<Applied> {
    const { generations } = this.#options
    const [first, ...others] = this.#threads()
    let next = generation
    if (first !== undefined) {
      const answer = await this.#give(first, next)
      if (answer.kind !== 'ready') {
        generations.drop(next.number)
        return { kind: 'refused', message: answerText(first, answer), isPartial: false }
      }
      next = withBound(next, answer.bound)
    }
    const answers = await Promise.all(others.map(thread => this.#give(thread, next)))
    const refusing = answers.findIndex(answer => answer.kind === 'failed')
    if (refusing !== -1) {
      const message = answerText(others[refusing]!, answers[refusing]!)
      return { kind: 'refused', message, isPartial: true }
    }
    this.#current = next
    generations.setCurrent(next.number)
    // Whoever started in between did so with the generation before.
    const given = new Set([first, ...others])
    const late = this.#threads().filter(thread => !given.has(thread))
    await Promise.all(late.map(thread => this.#give(thread, next)))
    await this.#grow(count, next)
    return { kind: 'applied', generation: next }
  }

  /**
   * Gives all workers other peers for one upstream; a worker that starts later starts with them.
   *
   * @param generation the one that serves, with the new peers
   */
  changePeers(generation: Generation, index: number): void {
    this.#current = generation
    const upstream = generation.upstreams[index]!
    for (const thread of this.#threads()) {
      thread.post({ kind: 'peers', generation: generation.number, upstream })
    }
  }

  /** Which cache keys a request would have: one worker that serves is asked. */
  async findKeys(url: string, method: string): Promise<KeysFound> {
    const thread = this.#threads().find(each => each.hasServed)
    return thread?.findKeys(url, method) ?? { found: [], problem: 'no worker serves' }
  }

  /** Which worker that serves does not answer in time: its share of new connections would wait; null = all do. */
  async findStuck(timeoutMs: number): Promise<number | null> {
    const threads = this.#threads().filter(thread => thread.hasServed)
    const turning = await Promise.all(threads.map(thread => thread.turns(timeoutMs)))
    const stuck = turning.indexOf(false)
    return stuck === -1 ? null : threads[stuck]!.index
  }

  /** USR1: resolves when every worker writes into files opened anew. */
  async reopenLogs(): Promise<void> {
    const all = this.#threads().map(thread => thread.reopenLogs())
    await within(Promise.all(all), this.#readyTimeoutMs, this.#options.delay)
  }

  /** WINCH: the workers close their listeners and go on with what they have. */
  stopAccepting(): void {
    this.#isAccepting = false
    for (const thread of this.#threads()) thread.post({ kind: 'stop-accepting' })
  }

  /** QUIT: resolves when every worker has finished its requests, or `timeoutMs` (0 = for ever) has passed. */
  async drain(timeoutMs: number): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#threads().map(thread => this.#drainThread(thread, timeoutMs)))
  }

  /** TERM: ends all workers at once. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#stopping.abort()
    await Promise.all(this.#threads().map(thread => thread.terminate()))
  }

  /** Living threads, the lowest index first. */
  #threads(): WorkerThread[] {
    return this.#seats.flatMap(({ thread }) => (thread === null || thread.hasEnded ? [] : [thread]))
  }

  #addSeat(): WorkerThread {
    const seat: Seat = { index: this.#seats.length, thread: null, deaths: 0, startDeaths: 0 }
    this.#seats.push(seat)
    return this.#startThread(seat)
  }

  #startThread(seat: Seat): WorkerThread {
    const { workerUrl, peerZone, metricZone, isAlone, generations, log, now, onPurge } =
      this.#options
    const { index } = seat
    const current = this.#current!
    const generation = listenersFor(index, current)
    const thread = new WorkerThread(
      workerUrl,
      { index, count: this.#count, peerZone, metricZone, generation, isAlone },
      {
        onLog: log,
        onReleased: number => generations.letGo(number, thread),
        onPeersReleased: version => generations.letGoPeers(version, thread),
        onPurge,
        onExit: reason => this.#onExit(seat, thread, reason),
      },
      now(),
    )
    seat.thread = thread
    generations.hold(current.number, thread)
    return thread
  }

  #onExit(seat: Seat, thread: WorkerThread, reason: string): void {
    const { log, onGone, generations } = this.#options
    seat.thread = null
    onGone(seat.index, thread.threadId)
    generations.letGoAll(thread)
    const { aborted: isStopping } = this.#stopping.signal
    // Before the start is complete, `start` tells the caller.
    if (!this.#hasStarted || this.#isStopped || (isStopping && thread.isDrained)) return
    log('alert', `worker ${seat.index} died: ${reason}`)
    if (!isStopping) void this.#restart(seat, thread)
  }

  async #restart(seat: Seat, dead: WorkerThread): Promise<void> {
    const { log, delay, now, onFatal } = this.#options
    if (!this.#isAccepting) {
      log('notice', `worker ${seat.index} is not started again: no connections are accepted`)
      return
    }
    const decision = decideRestart(
      { deaths: seat.deaths, startDeaths: seat.startDeaths },
      { hasServed: dead.hasServed, livedMs: now() - dead.startedMs },
      this.serving.length,
    )
    if (decision.kind === 'give-up') {
      onFatal(`worker ${seat.index} died ${decision.startDeaths} times in a row while starting`)
      return
    }
    seat.deaths = decision.deaths
    seat.startDeaths = decision.startDeaths
    const { delayMs, deaths } = decision
    if (delayMs > 0) {
      log('error', `worker ${seat.index} starts again in ${delayMs} ms (death ${deaths} in a row)`)
      await delay(delayMs, this.#stopping.signal)
    }
    if (this.#stopping.signal.aborted) return
    const thread = this.#startThread(seat)
    const { number } = this.#current!
    const answer = await this.#answerOf(thread, number)
    // What went wrong otherwise, its end tells.
    if (answer.kind === 'ready') log('notice', `worker ${seat.index} serves again`)
  }

  /** Hands a generation to a running worker. */
  async #give(thread: WorkerThread, generation: Generation): Promise<Answer> {
    const { generations } = this.#options
    generations.hold(generation.number, thread)
    const answering = thread.reload(listenersFor(thread.index, generation))
    const answer = await this.#inTime(thread, answering)
    if (answer.kind !== 'ready') generations.letGo(generation.number, thread)
    return answer
  }

  #answerOf(thread: WorkerThread, generation: number): Promise<Answer> {
    return this.#inTime(thread, thread.answer(generation))
  }

  /** A worker that does not answer hangs: it is ended, and its place filled anew. */
  async #inTime(thread: WorkerThread, answering: Promise<Answer>): Promise<Answer> {
    const answer = await within(answering, this.#readyTimeoutMs, this.#options.delay)
    if (answer !== TIMED_OUT) return answer
    await thread.terminate()
    return { kind: 'died', message: `no answer in ${this.#readyTimeoutMs} ms` }
  }

  /** Adds workers. None is ever taken away: closing its sockets would reset what waits in their queues. */
  async #grow(count: number, generation: Generation): Promise<void> {
    if (this.#stopping.signal.aborted) return
    this.#count = Math.max(this.#count, count)
    const added: WorkerThread[] = []
    while (this.#seats.length < this.#count) added.push(this.#addSeat())
    await Promise.all(added.map(thread => this.#answerOf(thread, generation.number)))
  }

  async #drainThread(thread: WorkerThread, timeoutMs: number): Promise<void> {
    const { delay } = this.#options
    thread.post({ kind: 'drain', timeoutMs })
    const limitMs = timeoutMs === 0 ? 0 : timeoutMs + CONTROL_LIMITS.drainGraceMs
    await within(thread.drained, limitMs, delay)
    const ended = await within(thread.ended, CONTROL_LIMITS.exitGraceMs, delay)
    if (ended === TIMED_OUT) await thread.terminate()
  }

  async #abandon(answer: Answer): Promise<Applied> {
    const message = answer.kind === 'ready' ? '' : answer.message
    await this.stop()
    return { kind: 'refused', message, isPartial: false }
  }
}

const STOPPED: Answer = { kind: 'died', message: 'it was stopped' }

/** The generation with the ports that the first worker got instead of 0. */
function withBound(generation: Generation, bound: readonly ListenAddress[]): Generation {
  const listeners = generation.listeners.map((address, index) => bound[index] ?? address)
  return { ...generation, listeners }
}

/** A unix socket belongs to the first worker: a second bind on its path would take it away. */
function listenersFor(index: number, generation: Generation): Generation {
  if (index === 0) return generation
  const listeners = generation.listeners.filter(address => address.kind === 'tcp')
  return { ...generation, listeners }
}

function answerText(thread: WorkerThread, answer: Answer): string {
  if (answer.kind === 'ready') return `worker ${thread.index} is ready`
  if (answer.kind === 'failed') return answer.message
  return `worker ${thread.index} died: ${answer.message}`
}
