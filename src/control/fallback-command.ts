// Runs the program of a `fallback` with `start` when the last peer of its upstream is gone by its
// checks or by maintenance, and with `stop` when the first is back (ldirectord: `fallbackcommand`).
// Runs of one upstream come one after the other, so that a `stop` never overtakes its `start`.

import { addressText, type ListenAddress } from '../model/listener.ts'
import type { LogLevel } from '../model/settings.ts'
import { hasName, type LookUp, withoutName } from '../probe/name-address.ts'
import { runProgram } from './run-program.ts'

/** An upstream, and what its fallback runs. */
export interface FallbackGroup {
  readonly upstream: string
  /** Null where nothing is to be run. */
  readonly command: string | null
  /** Addresses of clients; names in them are looked up. */
  readonly virtuals: readonly ListenAddress[]
}

/** How it stands. */
export interface GroupState extends FallbackGroup {
  /** Peers that may get requests. */
  readonly up: number
  /** Peers that wait for their first check. */
  readonly checking: number
  readonly count: number
}

export interface FallbackCommandOptions {
  readonly log: (level: LogLevel, text: string) => void
  readonly run?: typeof runProgram
  readonly lookUp?: LookUp
}

/** One upstream: whether its fallback was started, and the run under way. */
interface Place {
  isStarted: boolean
  running: Promise<void>
}

export class FallbackCommands {
  readonly #options: FallbackCommandOptions
  readonly #end = new AbortController()
  readonly #places = new Map<string, Place>()

  constructor(options: FallbackCommandOptions) {
    this.#options = options
  }

  /** Tells how all upstreams stand now. Those that are missing are forgotten. */
  use(groups: readonly GroupState[]): void {
    const names = new Set(groups.map(({ upstream }) => upstream))
    for (const name of this.#places.keys()) if (!names.has(name)) this.#places.delete(name)
    for (const group of groups) this.#look(group)
  }

  /** Resolves when the runs so far have ended. */
  async settled(): Promise<void> {
    await Promise.all([...this.#places.values()].map(({ running }) => running))
  }

  close(): void {
    this.#end.abort()
  }

  #look(group: GroupState): void {
    const { upstream, command, up, checking, count } = group
    if (command === null || count === 0) return
    const place = this.#places.get(upstream) ?? { isStarted: false, running: Promise.resolve() }
    this.#places.set(upstream, place)
    const isWanted = up === 0 && (checking === 0 || place.isStarted)
    if (isWanted === place.isStarted) return
    place.isStarted = isWanted
    const word = isWanted ? 'start' : 'stop'
    place.running = place.running.then(() => this.#runAll(word, command, group))
  }

  async #runAll(word: 'start' | 'stop', command: string, group: GroupState): Promise<void> {
    const { log, run = runProgram, lookUp } = this.#options
    const { upstream, virtuals } = group
    const { signal } = this.#end
    for (const address of virtuals.length === 0 ? [null] : virtuals) {
      const isNamed = address !== null && hasName(address)
      const told = isNamed ? await withoutName(address, lookUp) : address
      if (signal.aborted) return
      const virtual = told === null ? '' : addressText(told)
      const what = `fallback command ${command} ${word} ${virtual} tcp`
      log('notice', `${what}, upstream: "${upstream}"`)
      const problem = await run(command, { arguments: [word, virtual, 'tcp'], signal })
      if (problem !== null) log('error', `${what} failed: ${problem}, upstream: "${upstream}"`)
    }
  }
}
