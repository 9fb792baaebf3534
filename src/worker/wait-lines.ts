// The waiting lines of this worker, by the memory that they share with other workers, and the bell that wakes this
// thread: `Atomics.waitAsync`, which costs 20 µs from ring to answer and back and nothing while nobody waits
// (docs/decisions/016-queue.md).

import type { SystemClock } from '../base/clock.ts'
import type { TimerWheel } from '../base/timer-wheel.ts'
import { WaitLine } from '../proxy/wait-line.ts'
import { QueueZone } from '../zone/queue-zone.ts'

export class WaitLines {
  readonly #clock: SystemClock
  readonly #wheel: TimerWheel
  readonly #worker: number
  /** By the zone's id: each message brings the same memory as a new object. */
  readonly #lines = new Map<number, WaitLine>()

  constructor(clock: SystemClock, wheel: TimerWheel, worker: number) {
    this.#clock = clock
    this.#wheel = wheel
    this.#worker = worker
  }

  /** The line over that memory. */
  lineOf(memory: SharedArrayBuffer): WaitLine {
    const zone = new QueueZone(memory, this.#worker)
    const known = this.#lines.get(zone.id)
    if (known !== undefined) return known
    const line = new WaitLine(zone, {
      clock: this.#clock,
      wheel: this.#wheel,
      onRing: (of, seen, call) => this.#onRing(of, seen, call),
    })
    this.#lines.set(zone.id, line)
    return line
  }

  #onRing(zone: QueueZone, seen: number, call: () => void): void {
    const turn = () => {
      this.#clock.refresh()
      call()
    }
    const wait = Atomics.waitAsync(zone.cells, zone.bell, seen)
    if (wait.async) void wait.value.then(turn)
    else setImmediate(turn)
  }
}
