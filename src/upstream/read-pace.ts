// Reads one response from a peer no faster than so many bytes a second (`proxy_limit_rate`), as ngx_event_pipe does: after
// each read it rests for as long as what came was worth. What a read may take at once is no more than a second's share.

import type { Clock } from '../base/clock.ts'
import { Timer, type TimerWheel } from '../base/timer-wheel.ts'

export class ReadPace {
  readonly #rate: number
  readonly #clock: Clock
  readonly #wheel: TimerWheel
  readonly #timer: Timer
  readonly #startedMs: number
  #bytes = 0
  /** It rests. */
  isResting = false

  /**
   * @param rate bytes per second, from 1
   * @param onRested reading may go on
   */
  constructor(rate: number, clock: Clock, wheel: TimerWheel, onRested: () => void) {
    this.#rate = rate
    this.#clock = clock
    this.#wheel = wheel
    this.#startedMs = clock.nowMs
    this.#timer = new Timer(() => {
      this.isResting = false
      onRested()
    })
  }

  /** So many bytes were read. @returns whether reading has to rest now */
  onRead(count: number): boolean {
    const { nowMs } = this.#clock
    this.#bytes += count
    const seconds = Math.floor(nowMs / 1000) - Math.floor(this.#startedMs / 1000)
    const left = this.#rate * (seconds + 1) - this.#bytes
    const restMs = Math.max(
      Math.floor((count * 1000) / this.#rate),
      left > 0 ? 0 : Math.floor((-left * 1000) / this.#rate) + 1,
    )
    if (restMs === 0) return this.isResting
    this.isResting = true
    this.#wheel.set(this.#timer, restMs)
    return true
  }

  /** The part of a buffer that one read may fill. */
  limit(buffer: Buffer): Buffer {
    return buffer.length > this.#rate ? buffer.subarray(0, this.#rate) : buffer
  }

  close(): void {
    this.isResting = false
    this.#wheel.remove(this.#timer)
  }
}
