// The requests of one worker that wait for a response somebody else fetches. They wait at the slot's lock itself, all of
// a slot by one `Atomics.waitAsync`, which wakes this thread from any other at once and keeps no process alive. One that
// nobody waits behind any more stays until the lock is given back: it cannot be taken back.

import type { SystemClock } from '../base/clock.ts'
import { Timer, type TimerWheel } from '../base/timer-wheel.ts'
import { CACHE_COUNTER } from './cache-counters.ts'
import type { CacheZone } from './cache-zone.ts'

interface Waiter {
  readonly timer: Timer
  readonly onOver: (isFree: boolean) => void
}

export class CacheWaits {
  readonly #zone: CacheZone
  readonly #clock: SystemClock
  readonly #wheel: TimerWheel
  /** By slot. */
  readonly #lines = new Map<number, Set<Waiter>>()
  #count = 0

  constructor(zone: CacheZone, clock: SystemClock, wheel: TimerWheel) {
    this.#zone = zone
    this.#clock = clock
    this.#wheel = wheel
  }

  /** Requests that wait now. */
  get count(): number {
    return this.#count
  }

  /**
   * Waits until the slot's lock is given back, which may have happened already, or the time is over. A lock that grew too
   * old rings nobody: who may take it over then waits no longer than that.
   *
   * @param onOver called once, after this returns; true = the lock was given back, somebody else may have it again
   * @returns gives up: `onOver` is not called any more
   */
  wait(slot: number, timeoutMs: number, onOver: (isFree: boolean) => void): () => void {
    const line = this.#lines.get(slot) ?? this.#open(slot)
    const timer = new Timer(() => {
      this.#leave(line, waiter)
      onOver(false)
    })
    const waiter: Waiter = { timer, onOver }
    line.add(waiter)
    this.#count++
    this.#wheel.set(timer, timeoutMs)
    this.#zone.counters.add(CACHE_COUNTER.lockWaits, 1)
    return () => this.#leave(line, waiter)
  }

  #open(slot: number): Set<Waiter> {
    const line = new Set<Waiter>()
    this.#lines.set(slot, line)
    const { cells } = this.#zone
    const cell = this.#zone.lockCell(slot)
    const held = Atomics.load(cells, cell)
    const over = held === 0 ? null : Atomics.waitAsync(cells, cell, held)
    void Promise.resolve(over?.value).then(() => this.#ring(slot, line))
    return line
  }

  #ring(slot: number, line: Set<Waiter>): void {
    this.#lines.delete(slot)
    if (line.size === 0) return
    this.#clock.refresh()
    for (const waiter of line) {
      this.#leave(line, waiter)
      waiter.onOver(true)
    }
  }

  #leave(line: Set<Waiter>, waiter: Waiter): void {
    if (!line.delete(waiter)) return
    this.#wheel.remove(waiter.timer)
    this.#count--
  }
}
