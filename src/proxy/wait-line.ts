// This worker's part of the line before one upstream: its requests in the order in which they came, and when they go on.
// Kept over reloads, because the requests are. A bell in shared memory rings when any worker gives a peer back; the look
// every now and then is for what rings no bell: a ban that ends (docs/decisions/016-queue.md).

import type { Clock } from '../base/clock.ts'
import { Timer, type TimerWheel } from '../base/timer-wheel.ts'
import type { Queue } from '../model/upstream.ts'
import type { QueueZone } from '../zone/queue-zone.ts'

/** How often the first ones are tried without a bell. */
const LOOK_MS = 100

/** What the line asks of a request. */
export interface LineRequest {
  /** Tries to pick a peer; false when there is none. */
  pickNow(): boolean
  /** It has picked, and waits no more. */
  onTurn(): void
  /** It has waited for too long, and waits no more. */
  onWaitOver(): void
}

/** A request that waits. */
export class Waiter {
  readonly request: LineRequest
  readonly timer: Timer
  /** Whose generation it belongs to. */
  readonly owner: object
  /** Drawn when it joined. */
  number = 0
  /**
   * Stands beside the line: it waits for peers that others could not use, or may use fewer than they, and nobody behind
   * it shall wait for that.
   */
  isBeside: boolean

  constructor(
    owner: object,
    request: LineRequest,
    isBeside: boolean,
    onExpire: (waiter: Waiter) => void,
  ) {
    this.owner = owner
    this.request = request
    this.isBeside = isBeside
    this.timer = new Timer(() => onExpire(this))
  }
}

/** What the line needs of its thread. */
export interface LineServices {
  readonly clock: Clock
  readonly wheel: TimerWheel
  /** Calls once, in a turn of its own, when the worker's bell has rung more often than `seen`, or soon if it has already. */
  readonly onRing: (zone: QueueZone, seen: number, call: () => void) => void
}

export class WaitLine {
  readonly zone: QueueZone
  readonly #services: LineServices
  readonly #line = new Set<Waiter>()
  readonly #beside = new Set<Waiter>()
  readonly #look: Timer
  #isListening = false
  #isServing = false

  constructor(zone: QueueZone, services: LineServices) {
    this.zone = zone
    this.#services = services
    this.#look = new Timer(() => this.#serve())
  }

  /** Requests of this worker that wait. */
  get length(): number {
    return this.#line.size + this.#beside.size
  }

  /**
   * Lets a request wait. It may go on before this returns.
   *
   * @param owner names its generation for `stepAside`
   * @param limits requests that may wait in all workers, and for how long
   * @returns null when there is no room
   */
  join(
    owner: object,
    request: LineRequest,
    isBeside: boolean,
    { size, timeoutMs }: Queue,
  ): Waiter | null {
    const number = this.zone.join(size, isBeside)
    if (number === 0) return null
    const waiter = new Waiter(owner, request, isBeside, late => {
      this.leave(late)
      late.request.onWaitOver()
    })
    waiter.number = number
    const waiters = isBeside ? this.#beside : this.#line
    waiters.add(waiter)
    this.#services.wheel.set(waiter.timer, timeoutMs)
    // A peer may have become free between the pick that failed and the number: nobody rang for this one then.
    this.#serve()
    return waiter
  }

  /** The request waits no more: it gives up, or its client has gone. Any time; twice does nothing. */
  leave(waiter: Waiter): void {
    const wasFirst = waiter.number === this.#firstNumber
    if (this.#remove(waiter) && wasFirst) this.zone.ring()
  }

  /** Puts the requests of a generation that is gone beside the line: those behind them may have other peers. */
  stepAside(owner: object): void {
    for (const waiter of [...this.#line]) {
      if (waiter.owner !== owner) continue
      this.#line.delete(waiter)
      waiter.isBeside = true
      this.#beside.add(waiter)
      this.zone.stepAside()
    }
    this.zone.setFirst(this.#firstNumber)
    if (this.length > 0) this.zone.ring()
  }

  /** A peer was given back. */
  onRelease(): void {
    this.zone.onRelease()
  }

  /** The peers that they wait for are others now. */
  onPeersChanged(): void {
    if (this.length > 0) this.#serve()
  }

  get #firstNumber(): number {
    for (const waiter of this.#line) return waiter.number
    return 0
  }

  /** Lets go on whoever can. */
  #serve(): void {
    if (this.#isServing) return
    this.#isServing = true
    const seen = this.zone.rings
    for (const waiter of [...this.#beside]) this.#mayGoOn(waiter)
    let hasMoved = false
    while (this.#line.size > 0 && this.zone.isFirst()) {
      const [first] = this.#line
      if (first === undefined || !this.#mayGoOn(first)) break
      hasMoved = true
    }
    this.#isServing = false
    // The room may reach further than this worker's requests.
    if (hasMoved && !this.zone.isFirst()) this.zone.ring()
    this.#listen(seen)
  }

  /** False when it waits on. */
  #mayGoOn(waiter: Waiter): boolean {
    if (!waiter.request.pickNow()) return false
    if (this.#remove(waiter)) waiter.request.onTurn()
    return true
  }

  #remove(waiter: Waiter): boolean {
    const waiters = waiter.isBeside ? this.#beside : this.#line
    if (!waiters.delete(waiter)) return false
    this.#services.wheel.remove(waiter.timer)
    if (!waiter.isBeside) this.zone.setFirst(this.#firstNumber)
    this.zone.leave(waiter.isBeside)
    return true
  }

  #listen(seen: number): void {
    if (this.length === 0) return
    this.#services.wheel.set(this.#look, LOOK_MS)
    if (this.#isListening) return
    this.#isListening = true
    this.#services.onRing(this.zone, seen, () => {
      this.#isListening = false
      this.#serve()
    })
  }
}
