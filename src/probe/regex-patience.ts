// How much time regexes that backtrack may take from the control thread. A single run has a limit;
// what many peers cost together has one here: a regex that ran out of time on a peer rests for that
// peer, longer each time, and those that are known as slow share a budget for each second.

import { LRUCache } from 'lru-cache'
import { PROBE_LIMITS } from './limits.ts'

/** How a regex may be run now. */
export interface RegexAllowance {
  /** 0 = not at all. */
  readonly triesMax: number
  readonly limitMs: number
}

interface Rest {
  readonly pauseMs: number
  readonly untilMs: number
}

/** What slow runs of all peers have cost since a second began. */
export class RegexBudget {
  readonly #slow = new LRUCache<string, true>({ max: PROBE_LIMITS.regexAnswersMax })
  #sinceMs = Number.NEGATIVE_INFINITY
  #spentMs = 0

  /** Decides how a regex may be run. */
  allow(source: string, nowMs: number): RegexAllowance {
    const { regexMs, regexTriesMax, regexHurriedMs } = PROBE_LIMITS
    if (!this.#slow.has(source)) return { triesMax: regexTriesMax, limitMs: regexMs }
    const spentMs = this.#spent(nowMs)
    if (spentMs >= PROBE_LIMITS.regexSecondMsMax) return { triesMax: 0, limitMs: 0 }
    const isHurried = spentMs >= PROBE_LIMITS.regexSecondMsMax / 2
    return { triesMax: 1, limitMs: isHurried ? regexHurriedMs : regexMs }
  }

  /** Takes note of a run that was stopped. */
  spend(source: string, tookMs: number, nowMs: number): void {
    this.#spentMs = this.#spent(nowMs) + tookMs
    this.#slow.set(source, true)
  }

  #spent(nowMs: number): number {
    if (nowMs - this.#sinceMs >= 1000) {
      this.#sinceMs = nowMs
      this.#spentMs = 0
    }
    return this.#spentMs
  }
}

/** That of this process. */
const budget = new RegexBudget()

/** What is known of the regexes of one peer's checks. */
export class RegexPatience {
  readonly #now: () => number
  readonly #budget: RegexBudget
  readonly #rests = new Map<string, Rest>()

  /** @param now milliseconds, fresh at each call */
  constructor(now: () => number, shared: RegexBudget = budget) {
    this.#now = now
    this.#budget = shared
  }

  /** Milliseconds of the clock that it was made with. */
  get nowMs(): number {
    return this.#now()
  }

  /** Decides how a regex may be run for this peer. */
  allow(source: string): RegexAllowance {
    const nowMs = this.#now()
    const rest = this.#rests.get(source)
    if (rest !== undefined && nowMs < rest.untilMs) return { triesMax: 0, limitMs: 0 }
    return this.#budget.allow(source, nowMs)
  }

  /** It came to an end. */
  onDone(source: string): void {
    this.#rests.delete(source)
  }

  /** It was stopped after so long. */
  onSlow(source: string, tookMs: number): void {
    const nowMs = this.#now()
    const { regexSlowMs, regexSlowMsMax } = PROBE_LIMITS
    const before = this.#rests.get(source)
    const pauseMs =
      before === undefined ? regexSlowMs : Math.min(before.pauseMs * 2, regexSlowMsMax)
    this.#rests.set(source, { pauseMs, untilMs: nowMs + pauseMs })
    this.#budget.spend(source, tookMs, nowMs)
  }
}
