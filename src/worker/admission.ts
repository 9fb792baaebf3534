// Whether a worker takes one more client. As nginx it closes idle connections first when it runs out of
// `worker_connections`, and refuses when there are none; the same when the process runs out of descriptors, before it
// has: requests under way need some for their peers (http://nginx.org/en/docs/ngx_core_module.html#worker_connections).

import { getSystemErrorName } from 'node:util'

import type { SystemClock } from '../base/clock.ts'
import type { DescriptorLimit } from '../base/descriptor-limit.ts'
import type { ErrorLevel } from '../base/error-log.ts'
import { systemErrorText } from '../base/system-error.ts'

/** Connections looked at for one accept; the next one goes on behind them. */
const LOOKS_MAX = 256

/** What can be closed to make room. */
export interface Evictable {
  closeIfIdle(): boolean
  closeIfLingering(): boolean
}

export interface AdmissionOptions {
  /** Those that are looked at in vain move to the end: the next round begins behind them. */
  readonly connections: Set<Evictable>
  readonly descriptors: DescriptorLimit
  readonly clock: Pick<SystemClock, 'wallSeconds'>
  readonly log: (level: ErrorLevel, text: string) => void
}

/** The gate of one worker. */
export class Admission {
  /** `worker_connections`. */
  connectionsMax = 0
  readonly #options: AdmissionOptions
  /** The second of the last line of each kind: one a second is enough. */
  #reusedSecond = -1
  #refusedSecond = -1
  /** Clients at the moment when descriptors were scarce, and the second in which that holds. */
  #scarceMax = 0
  #scarceSecond = -1

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Whether a connection that was accepted as `descriptor` (negative when not known) may stay. */
  mayAccept(descriptor: number): boolean {
    const { connections, descriptors } = this.#options
    if (connections.size >= this.connectionsMax) {
      const what = `${this.connectionsMax} worker_connections are not enough`
      return this.#makeRoom(what) || this.#refuse('alert', what)
    }
    if (!this.#isScarce(descriptor)) return true
    const what = `${descriptors.max} open files are not enough`
    const failed = systemErrorText({ code: 'EMFILE' })
    return this.#makeRoom(what) || this.#refuse('crit', `accept4() failed (${failed}): ${what}`)
  }

  /**
   * Whether descriptors run out. After one high number, lower ones that become free say nothing: for the rest of the
   * second there may be as many clients as there were, and no more.
   */
  #isScarce(descriptor: number): boolean {
    const { connections, descriptors, clock } = this.#options
    const second = clock.wallSeconds
    if (second === this.#scarceSecond) return connections.size >= this.#scarceMax
    if (!descriptors.isScarce(descriptor)) return false
    // It may have been raised since; asked once a second, because asking costs a file.
    descriptors.refresh()
    if (!descriptors.isScarce(descriptor)) return false
    this.#scarceSecond = second
    this.#scarceMax = connections.size
    return true
  }

  /** Nothing could be accepted, which the system says by a negative number. */
  onFailure(error: number): void {
    const text = systemErrorText({ code: getSystemErrorName(error) })
    this.#refuse('crit', `accept4() failed (${text})`)
  }

  /** Closes one idle connection, the oldest that the round comes to. */
  #makeRoom(what: string): boolean {
    const { connections, clock, log } = this.#options
    const looks = Math.min(LOOKS_MAX, connections.size)
    let look = 0
    // An iterator that outlived this call would keep everything that ever was in the set.
    for (const connection of connections) {
      if (++look > looks) return false
      if (!connection.closeIfIdle() && !connection.closeIfLingering()) {
        connections.delete(connection)
        connections.add(connection)
        continue
      }
      if (clock.wallSeconds !== this.#reusedSecond) {
        this.#reusedSecond = clock.wallSeconds
        log('warn', `${what}, reusing connections`)
      }
      return true
    }
    return false
  }

  #refuse(level: ErrorLevel, text: string): false {
    const { clock, log } = this.#options
    if (clock.wallSeconds !== this.#refusedSecond) {
      this.#refusedSecond = clock.wallSeconds
      log(level, text)
    }
    return false
  }
}
