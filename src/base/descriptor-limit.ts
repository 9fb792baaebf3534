// How many files and sockets the process may have open (RLIMIT_NOFILE), and whether that many are nearly in use. At the
// limit itself libuv accepts every waiting connection and closes it without telling anybody, so what accepts stops
// before. The kernel gives out the lowest free number: a high one says that all below are in use.

import { readFileSync } from 'node:fs'

/** What is kept for requests under way, their peers and their files: a quarter of the limit, within bounds. */
const RESERVE_SHARE = 4
const RESERVE_MIN = 16
const RESERVE_MAX = 1024

/** The limit of this process. */
export class DescriptorLimit {
  readonly #readLimits: () => string
  #max = Number.POSITIVE_INFINITY
  #first = Number.POSITIVE_INFINITY

  /** @param readLimits gives the text of `/proc/self/limits`; where there is none, nothing is ever scarce */
  constructor(readLimits: () => string = readOwnLimits) {
    this.#readLimits = readLimits
    this.refresh()
  }

  /** The number of descriptors; infinite where it is not known. */
  get max(): number {
    return this.#max
  }

  /** Whether `descriptor`, just given out, is one of the last; a negative one is none. */
  isScarce(descriptor: number): boolean {
    return descriptor >= 0 && descriptor >= this.#first
  }

  /** Reads the limit again: `prlimit` changes it from outside. Never throws. */
  refresh(): void {
    let text: string
    try {
      text = this.#readLimits()
    } catch {
      // Not Linux, or no descriptor is left to read it with: what was known holds.
      return
    }
    const soft = /^Max open files +(\d+|unlimited)/m.exec(text)?.[1]
    if (soft === undefined) return
    this.#max = soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft)
    const share = Math.floor(this.#max / RESERVE_SHARE)
    this.#first = this.#max - Math.min(RESERVE_MAX, Math.max(RESERVE_MIN, share))
  }
}

function readOwnLimits(): string {
  return readFileSync('/proc/self/limits', 'latin1')
}
