// All deadlines of a worker behind one native timer: a timer per request is the usual way to lose the hot path.
// Setting a deadline is one store while it only moves further away; the wheel looks again when its slot comes round.
// Accuracy is one tick; a deadline never fires early.

import type { SystemClock } from './clock.ts'

const TICK_MS = 25
const SLOTS = 2048

/** A deadline that can be set again and again. Owned by one connection or exchange. */
export class Timer {
  /** When it fires, in `Clock.nowMs`; Infinity while it is off. */
  atMs = Number.POSITIVE_INFINITY
  /** The tick of the slot that it hangs in; -1 when it hangs in none. */
  tick = -1
  previous: Timer | null = null
  next: Timer | null = null
  readonly onExpire: () => void

  constructor(onExpire: () => void) {
    this.onExpire = onExpire
  }
}

/** Hashed timing wheel (Varghese and Lauck, 1987) with lazy moves. */
export class TimerWheel {
  readonly #clock: SystemClock
  readonly #slots: (Timer | null)[] = new Array<Timer | null>(SLOTS).fill(null)
  #count = 0
  #tick: number
  #native: NodeJS.Timeout | null = null

  constructor(clock: SystemClock) {
    this.#clock = clock
    this.#tick = Math.floor(clock.nowMs / TICK_MS)
  }

  /** Number of timers that hang in the wheel (set, or switched off and not yet swept). */
  get count(): number {
    return this.#count
  }

  /** Fires `timer` in `delayMs`, in place of what was set before. 0 or less means at the next tick. */
  set(timer: Timer, delayMs: number): void {
    const at = this.#clock.nowMs + Math.max(0, delayMs)
    timer.atMs = at
    const tick = Math.floor(at / TICK_MS) + 1
    if (timer.tick !== -1) {
      if (timer.tick <= tick) return
      this.#unlink(timer)
    }
    this.#link(timer, tick)
  }

  /** Switches `timer` off. Cheap: it stays in its slot until the slot comes round. */
  clear(timer: Timer): void {
    timer.atMs = Number.POSITIVE_INFINITY
  }

  /** Takes `timer` out for good, so that nothing refers to its owner. */
  remove(timer: Timer): void {
    timer.atMs = Number.POSITIVE_INFINITY
    if (timer.tick !== -1) this.#unlink(timer)
  }

  /** Fires what is due. Called by the native timer; tests call it after moving their clock. */
  turn(): void {
    this.#clock.resync()
    const now = this.#clock.nowMs
    const last = Math.floor(now / TICK_MS)
    const first = Math.max(this.#tick + 1, last - SLOTS + 1)
    for (let tick = first; tick <= last; tick++) this.#sweep(tick & (SLOTS - 1), last, now)
    this.#tick = last
    this.#arm()
  }

  #sweep(slot: number, last: number, now: number): void {
    let timer = this.#slots[slot] ?? null
    if (timer === null) return
    // Detach the whole slot first: callbacks may set and remove timers, also their neighbours.
    const due: Timer[] = []
    while (timer !== null) {
      if (timer.tick <= last) due.push(timer)
      timer = timer.next
    }
    for (const each of due) {
      if (each.tick === -1 || each.tick > last) continue
      this.#unlink(each)
      if (each.atMs <= now) {
        each.atMs = Number.POSITIVE_INFINITY
        each.onExpire()
      } else if (each.atMs !== Number.POSITIVE_INFINITY) {
        this.#link(each, Math.max(Math.floor(each.atMs / TICK_MS) + 1, last + 1))
      }
    }
  }

  #link(timer: Timer, tick: number): void {
    const at = tick <= this.#tick ? this.#tick + 1 : tick
    const slot = at & (SLOTS - 1)
    const head = this.#slots[slot] ?? null
    timer.tick = at
    timer.previous = null
    timer.next = head
    if (head !== null) head.previous = timer
    this.#slots[slot] = timer
    this.#count++
    if (this.#native === null) this.#arm()
  }

  #unlink(timer: Timer): void {
    const { previous, next } = timer
    if (previous === null) this.#slots[timer.tick & (SLOTS - 1)] = next
    else previous.next = next
    if (next !== null) next.previous = previous
    timer.previous = null
    timer.next = null
    timer.tick = -1
    this.#count--
  }

  #arm(): void {
    if (this.#count === 0) {
      this.#native = null
      return
    }
    this.#native = setTimeout(() => this.turn(), TICK_MS)
    this.#native.unref()
  }
}
