// What goes wrong with a disk goes wrong for every request: one line each ten seconds says it, and how often it was.

import type { Clock } from '../../base/clock.ts'
import type { LogLevel } from '../../base/log-level.ts'

const QUIET_SECONDS = 10

export type Log = (level: LogLevel, text: string) => void

/** Where it is counted: `CacheTrouble` for all workers together. */
export interface Trouble {
  claim(nowSeconds: number, quietSeconds: number): number
}

/** The lines about one kind of trouble of one cache. */
export class DiskLog {
  readonly #log: Log
  readonly #clock: Clock
  readonly #trouble: Trouble

  /** @param trouble else this worker counts for itself */
  constructor(log: Log, clock: Clock, trouble: Trouble = new OwnTrouble()) {
    this.#log = log
    this.#clock = clock
    this.#trouble = trouble
  }

  /** Says it, or counts it for the next line. */
  say(level: LogLevel, text: string): void {
    const unsaid = this.#trouble.claim(this.#clock.wallSeconds, QUIET_SECONDS)
    if (unsaid === -1) return
    this.#log(level, unsaid === 0 ? text : `${text}, and ${unsaid} failures like it before`)
  }
}

class OwnTrouble implements Trouble {
  #quietUntil = 0
  #unsaid = 0

  claim(nowSeconds: number, quietSeconds: number): number {
    const left = this.#quietUntil - nowSeconds
    if (left > 0 && left <= quietSeconds) {
      this.#unsaid++
      return -1
    }
    this.#quietUntil = nowSeconds + quietSeconds
    const unsaid = this.#unsaid
    this.#unsaid = 0
    return unsaid
  }
}
