// The times of one exchange's tries: how long one may take, how long all may take, how long the next one waits, and its
// place in the budget. Made only where the rules set any of it.

import { Dice } from '../balance/dice.ts'
import { Timer } from '../base/timer-wheel.ts'
import { FIELD } from '../http/field-list.ts'
import type { RetrySettings } from '../model/proxy-settings.ts'
import type { Exchange } from './exchange.ts'
import { backoffMs, retriesMax, retryAfterMs } from './retry-pacing.ts'
import type { UpstreamRuntime } from './runtime.ts'
import type { Tries } from './tries.ts'

const CHANCES = 2 ** 30
/** Made when the first wait is thrown. */
let dice: Dice | null = null

/** Who runs the tries. */
export interface PaceOwner {
  /** The running try, or all of them, took too long. */
  onTryOver(): void
  /** The wait is over: the next try may begin. */
  onTurn(): void
}

/** Whether the rules ask for any pace. */
export function isPaced(rules: RetrySettings): boolean {
  const { tryTimeoutMs, deadlineMs, backoffMs: wait, budgetPercent } = rules
  return tryTimeoutMs > 0 || deadlineMs > 0 || wait > 0 || budgetPercent > 0
}

export class TryPace {
  readonly #exchange: Exchange
  readonly #upstream: UpstreamRuntime
  readonly #rules: RetrySettings
  readonly #timer: Timer
  readonly #owner: PaceOwner
  #retries = 0
  /** It is one of those that the budget counts. */
  #hasPlace = false
  #isWaiting = false
  #isOver = false

  constructor(
    exchange: Exchange,
    upstream: UpstreamRuntime,
    rules: RetrySettings,
    owner: PaceOwner,
  ) {
    this.#exchange = exchange
    this.#upstream = upstream
    this.#rules = rules
    this.#owner = owner
    this.#timer = new Timer(() => this.#onTimer())
    upstream.load.group.onBegin()
  }

  /** A try begins. */
  onTry(tries: Tries): void {
    const { tryTimeoutMs, deadlineMs } = this.#rules
    const tryMs = tryTimeoutMs === 0 ? Number.POSITIVE_INFINITY : tryTimeoutMs
    const allMs = deadlineMs === 0 ? Number.POSITIVE_INFINITY : deadlineMs - tries.sinceFirst()
    const ms = Math.min(tryMs, allMs)
    if (ms !== Number.POSITIVE_INFINITY) this.#wheel.set(this.#timer, ms)
  }

  /** The request waits for a peer: only the time of all tries runs. */
  onWait(tries: Tries): void {
    const { deadlineMs } = this.#rules
    if (deadlineMs > 0) this.#wheel.set(this.#timer, deadlineMs - tries.sinceFirst())
  }

  /** The time for all tries is over. */
  isOver(tries: Tries): boolean {
    const { deadlineMs } = this.#rules
    return deadlineMs > 0 && tries.sinceFirst() >= deadlineMs
  }

  /** The running try was ended by the time of all, of which it had less than half. */
  wasShort(tries: Tries): boolean {
    return this.isOver(tries) && tries.sinceStart() * 2 < this.#rules.deadlineMs
  }

  /** Nothing is timed any more: the answer is there, or the client is gone. */
  stop(): void {
    this.#isWaiting = false
    this.#wheel.remove(this.#timer)
  }

  /** Whether the request may have another try, or a second one beside the first: then it counts to its end. */
  takePlace(): boolean {
    const { group } = this.#upstream.load
    this.#hasPlace ||= group.takeRetry(retriesMax(group.requests, this.#rules))
    return this.#hasPlace
  }

  /** Nothing came of the second try that `takePlace` was asked for. */
  leavePlace(): void {
    if (!this.#hasPlace || this.#retries > 0) return
    this.#hasPlace = false
    this.#upstream.load.group.giveRetry()
  }

  /** Counts another try, and lets it wait: true when `onTurn` follows, false when it may begin at once. */
  waitForTurn(tries: Tries): boolean {
    const fields = this.#exchange.responseHead?.fields
    const index = fields === undefined ? -1 : fields.findId(FIELD.retry_after)
    const askedMs = index === -1 ? 0 : retryAfterMs(fields!.value(index))
    const waitMs = backoffMs(this.#rules, this.#retries, askedMs, this.#chance())
    this.#retries++
    this.stop()
    if (waitMs === 0) return false
    this.#isWaiting = true
    const { deadlineMs } = this.#rules
    const leftMs = deadlineMs === 0 ? waitMs : deadlineMs - tries.sinceFirst()
    this.#wheel.set(this.#timer, Math.min(waitMs, leftMs))
    return true
  }

  /** From 0 to less than 1, another in every worker. */
  #chance(): number {
    const { pid, workerIndex, clock } = this.#exchange.snapshot.services
    dice ??= new Dice(pid * 256 + workerIndex + Math.trunc(clock.wallMs))
    return dice.below(CHANCES) / CHANCES
  }

  get #wheel() {
    return this.#exchange.snapshot.services.wheel
  }

  #onTimer(): void {
    if (!this.#isWaiting) {
      this.#owner.onTryOver()
      return
    }
    this.#isWaiting = false
    this.#owner.onTurn()
  }

  /** The exchange is over. */
  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.stop()
    this.#upstream.load.group.onEnd()
    if (this.#hasPlace) this.#upstream.load.group.giveRetry()
  }
}
