// The worker's time: read once for each turn of the event loop, so that a request costs one clock call, not ten.

/** The only way to know the time below the entry files. */
export interface Clock {
  /** Milliseconds, monotonic, whole: as nginx counts them, and small integers cost no memory. */
  readonly nowMs: number
  /** Milliseconds since 1970 by the wall clock. */
  readonly wallMs: number
  /** Whole seconds since 1970 by the wall clock. */
  readonly wallSeconds: number
}

/** The machine's time. `refresh` is called where the event loop enters our code. */
export class SystemClock implements Clock {
  nowMs = Math.floor(performance.now())
  wallMs = Date.now()
  wallSeconds = Math.floor(this.wallMs / 1000)
  #wallOffsetMs = this.wallMs - this.nowMs

  /** Takes the time of this turn. */
  refresh(): void {
    const now = Math.floor(performance.now())
    this.nowMs = now
    const wall = now + this.#wallOffsetMs
    this.wallMs = wall
    this.wallSeconds = Math.floor(wall / 1000)
  }

  /** Follows steps of the wall clock; called by the timer wheel's tick. */
  resync(): void {
    this.#wallOffsetMs = Date.now() - Math.floor(performance.now())
    this.refresh()
  }
}
