// Looks up the names that redirects lead to. The machine's lookup holds one of the few threads on
// which the whole process reads files, for as long as a name server is silent: a peer that sends
// checks from name to name must not get all of them. So one lookup runs for those whose names were
// found quickly, one for those whose were not, and each checker has one at most.

import { lookup as lookUpByMachine } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { Lane } from './lane.ts'
import { PROBE_LIMITS } from './limits.ts'

type Callback = Parameters<LookupFunction>[2]

/** Lookups of all checkers: at once, and in all. */
export interface LookupLanes {
  readonly usual: Lane
  readonly slow: Lane
}

export function makeLookupLanes(): LookupLanes {
  const { lookupsMax } = PROBE_LIMITS
  return { usual: new Lane(lookupsMax, 1), slow: new Lane(lookupsMax, 1) }
}

const lanes = makeLookupLanes()
let serial = 0

/** The lookups of one checker. */
export class NameLookup {
  readonly #lanes: LookupLanes
  readonly #lookUp: LookupFunction
  readonly #now: () => number
  readonly #key = String(++serial)
  /** Takes out of the line what waits; null while nothing does. */
  #cancel: (() => void) | null = null
  #isRunning = false
  #isSlow = false

  constructor(
    shared: LookupLanes = lanes,
    lookUp: LookupFunction = lookUpByMachine,
    now: () => number = () => performance.now(),
  ) {
    this.#lanes = shared
    this.#lookUp = lookUp
    this.#now = now
  }

  /** For a connection that is opened. What waited for the one before is not looked up any more. */
  readonly lookUp: LookupFunction = (host, options, callback) => {
    this.stop()
    if (this.#isRunning) {
      const busy = new Error(`the name that was looked up before "${host}" has not been found yet`)
      queueMicrotask(() => callback(busy, ''))
      return
    }
    const lane = this.#isSlow ? this.#lanes.slow : this.#lanes.usual
    const begin = () => {
      this.#cancel = null
      this.#run(lane, host, options, callback)
    }
    this.#cancel = () => void lane.cancel(this.#key, begin)
    lane.enter(this.#key, begin)
  }

  /** Lets nothing wait any more; what runs cannot be stopped. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = null
  }

  #run(lane: Lane, host: string, options: Parameters<LookupFunction>[1], callback: Callback): void {
    this.#isRunning = true
    const startedMs = this.#now()
    this.#lookUp(host, options, (error, address, family) => {
      this.#isRunning = false
      this.#isSlow = this.#now() - startedMs >= PROBE_LIMITS.lookupSlowMs
      lane.leave(this.#key)
      callback(error, address, family)
    })
  }
}
