// What goes wrong with a disk goes wrong for every request: one line each ten seconds says it, and how often it was.

import type { Clock } from '../../base/clock.ts'
import type { LogLevel } from '../../base/log-level.ts'

const QUIET_MS = 10_000

export type Log = (level: LogLevel, text: string) => void

/** The lines about one kind of trouble of one cache in one worker. */
export class DiskLog {
  readonly #log: Log
  readonly #clock: Clock
  #quietUntilMs = Number.NEGATIVE_INFINITY
  #unsaid = 0

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** Says it, or counts it for the next line. */
  say(level: LogLevel, text: string): void {
    const { nowMs } = this.#clock
    if (nowMs < this.#quietUntilMs) {
      this.#unsaid++
      return
    }
    const more = this.#unsaid === 0 ? '' : `, and ${this.#unsaid} failures like it before`
    this.#quietUntilMs = nowMs + QUIET_MS
    this.#unsaid = 0
    this.#log(level, text + more)
  }
}
