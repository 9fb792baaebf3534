// One target of the prober over its whole life: when it is asked, whether it waits for its turn,
// what its answers make of the verdict. At most one check of it is on its way at any time.

import { Timer } from '../base/timer-wheel.ts'
import type { CheckAnswer, Checker, CheckProgress, CheckTime } from './checker.ts'
import type { Lane } from './lane.ts'
import { PROBE_LIMITS } from './limits.ts'
import type { ProbeReport, ProbeStatus, ProbeTarget } from './probe-target.ts'
import { msText, placeOf, thrownText } from './reason.ts'
import {
  type ChanceBelow,
  decideIntervalMs,
  decideNextDueMs,
  decideStartMs,
  decideVerdict,
  doubted,
  firstVerdict,
  neededAnswers,
  nextPhaseMs,
  type Verdict,
} from './verdict.ts'

/** Room for one check. */
export interface LanePlace {
  readonly lane: Lane
  readonly key: string
}

export interface WatchedPeerOptions {
  readonly target: ProbeTarget
  readonly checker: Checker
  /** Its place inside the interval, from 0 to below 1. */
  readonly phase: number
  readonly time: CheckTime
  readonly chance: ChanceBelow
  readonly laneFor: (target: ProbeTarget, isSlow: boolean) => LanePlace
  readonly onReport: (report: ProbeReport) => void
  /** Hears of a check that was stopped and still holds something of the machine. */
  readonly onEnding: (ended: Promise<void>) => void
  /** Hears of a mistake in this program that came up in a check. */
  readonly onMistake: (text: string) => void
  /** Runs something as soon as what has come from outside was read. */
  readonly afterInput: (run: () => void) => void
}

/** A check from its time until it holds nothing more. */
interface Asking extends LanePlace {
  /** When it was due; null = something else than its time called for it. */
  readonly dueMs: number | null
  readonly begin: () => void
  hasBegun: boolean
  /** It got more time for a pause of ours. */
  isExtended: boolean
  startedMs: number
  startedAt: number
}

export class WatchedPeer {
  target: ProbeTarget
  readonly #options: WatchedPeerOptions
  readonly #dueTimer: Timer
  readonly #deadline: Timer
  #checker: Checker
  #verdict: Verdict
  #since: number
  #last: ProbeReport | null = null
  #checks = 0
  #fails = 0
  #asking: Asking | null = null
  /** The check before was stopped and still holds something. */
  #isEnding = false
  /** When the next check is due; Infinity = never. */
  #dueMs = Number.POSITIVE_INFINITY
  #lastExtraMs = Number.NEGATIVE_INFINITY
  /** The last check ran into its timeout. */
  #isSlow = false
  #isClosed = false
  /** The last mistake, which was told. */
  #mistake = ''

  constructor(options: WatchedPeerOptions) {
    this.#options = options
    this.target = options.target
    this.#checker = options.checker
    this.#verdict = firstVerdict(options.target.probe)
    const { check, begins } = options.target
    if (check.kind === 'fixed') {
      this.#verdict = { ...this.#verdict, state: check.isUp ? 'up' : 'down' }
    } else if (begins !== undefined) {
      this.#verdict = { ...this.#verdict, state: begins }
    }
    this.#since = options.time.clock.wallMs
    this.#dueTimer = new Timer(() => this.#onDue())
    this.#deadline = new Timer(() => this.#onDeadline())
  }

  /** Sets the time of the first check. The clock is fresh. */
  begin(): void {
    const { probe, check, begins } = this.target
    if (begins !== undefined) {
      this.#setFirstDue()
      return
    }
    const { nowMs } = this.#options.time.clock
    const isAtOnce = probe.isMandatory || check.kind === 'fixed'
    this.#setDue(isAtOnce ? nowMs : nextPhaseMs(nowMs, probe.intervalMs, this.#options.phase))
  }

  /** Asks something else from now on, and takes the verdict for doubtful. The clock is fresh. */
  changeQuestion(target: ProbeTarget, checker: Checker): void {
    this.#abandon()
    this.#checker.close()
    this.#checker = checker
    this.target = target
    this.#isSlow = false
    this.#verdict = doubted(this.#verdict)
    this.#setFirstDue()
  }

  /** The time of the first check after a verdict that another question made. */
  #setFirstDue(): void {
    const { probe, check } = this.target
    const { nowMs } = this.#options.time.clock
    const phaseMs = nextPhaseMs(nowMs, probe.intervalMs, this.#options.phase)
    const doubtMs = nowMs + decideIntervalMs(this.#verdict, probe)
    const isAtOnce = this.#verdict.state === 'checking' || check.kind === 'fixed'
    this.#setDue(isAtOnce ? nowMs : Math.min(phaseMs, doubtMs))
  }

  /** Asks now, unless it is asked already or was a moment ago. The clock is fresh. */
  askNow(): boolean {
    const { nowMs } = this.#options.time.clock
    if (this.#isClosed || this.#asking !== null || this.#isEnding) return false
    if (this.target.check.kind === 'fixed') return false
    if (nowMs - this.#lastExtraMs < PROBE_LIMITS.extraGapMs) return false
    this.#lastExtraMs = nowMs
    this.#ask(null)
    return true
  }

  status(): ProbeStatus {
    return {
      target: this.target,
      state: this.#verdict.state,
      since: this.#since,
      last: this.#last,
      checks: this.#checks,
      fails: this.#fails,
      isAsking: this.#asking !== null,
    }
  }

  /** Ends what is on its way and asks no more. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#options.time.wheel.remove(this.#dueTimer)
    this.#abandon()
    this.#checker.close()
  }

  #setDue(dueMs: number): void {
    this.#dueMs = dueMs
    const { wheel, clock } = this.#options.time
    // A deadline that comes nearer has to leave its slot.
    wheel.remove(this.#dueTimer)
    if (dueMs === Number.POSITIVE_INFINITY) return
    const isNow = dueMs <= clock.nowMs
    const intervalMs = decideIntervalMs(this.#verdict, this.target.probe)
    const startMs = isNow ? dueMs : decideStartMs(dueMs, intervalMs)
    wheel.set(this.#dueTimer, startMs - clock.nowMs)
  }

  #onDue(): void {
    // A check that something else called for is on its way: it serves for this time too.
    if (this.#asking !== null || this.#isEnding) this.#scheduleAfter(this.#dueMs)
    else this.#ask(this.#dueMs)
  }

  #ask(dueMs: number | null): void {
    const place = this.#options.laneFor(this.target, this.#isSlow)
    const asking: Asking = {
      ...place,
      dueMs,
      begin: () => this.#begin(asking),
      hasBegun: false,
      isExtended: false,
      startedMs: 0,
      startedAt: 0,
    }
    this.#asking = asking
    asking.lane.enter(asking.key, asking.begin)
  }

  #begin(asking: Asking): void {
    const { clock, wheel } = this.#options.time
    clock.refresh()
    asking.hasBegun = true
    asking.startedMs = clock.nowMs
    asking.startedAt = clock.wallMs
    wheel.remove(this.#deadline)
    wheel.set(this.#deadline, this.target.probe.timeoutMs)
    try {
      this.#checker.start(answer => this.#onAnswer(asking, answer))
    } catch (error) {
      const fault = this.#tellMistake(error)
      queueMicrotask(() => this.#onAnswer(asking, { fault, facts: [] }))
    }
  }

  #onAnswer(asking: Asking, answer: CheckAnswer): void {
    if (this.#asking !== asking) return
    const { clock, wheel } = this.#options.time
    clock.refresh()
    this.#asking = null
    wheel.remove(this.#deadline)
    this.#isSlow = false
    this.#report(asking, answer)
    asking.lane.leave(asking.key)
  }

  #onDeadline(): void {
    const asking = this.#asking
    if (asking === null) return
    const { time, afterInput } = this.#options
    const lateMs = time.clock.nowMs - asking.startedMs - this.target.probe.timeoutMs
    if (lateMs >= PROBE_LIMITS.stallMs && !asking.isExtended) {
      // The pause was ours: the peer's answer had no chance to be taken, step after step.
      asking.isExtended = true
      time.wheel.set(this.#deadline, Math.min(lateMs, PROBE_LIMITS.extensionMsMax))
      return
    }
    // Timers run before input: an answer that is there already was in time.
    afterInput(() => {
      if (this.#asking === asking) this.#giveUp(asking)
    })
  }

  #giveUp(asking: Asking): void {
    this.#options.time.clock.refresh()
    const { timeoutMs } = this.target.probe
    const progress = this.#stop(asking)
    this.#isSlow = true
    const fault = progress.fault || `timed out after ${msText(timeoutMs)} while ${progress.during}`
    this.#report(asking, { fault, facts: progress.facts }, true)
  }

  /** Tells of a mistake once, however often it comes up. */
  #tellMistake(error: unknown): string {
    const fault = `the check cannot be made: ${thrownText(error)}`
    const { probe, peerName } = this.target
    if (fault !== this.#mistake) {
      const what = `probe "${probe.name}" of peer ${peerName}: ${fault}${placeOf(error)}`
      this.#options.onMistake(what)
    }
    this.#mistake = fault
    return fault
  }

  /** Stops a check that began, and gives its room back when it holds nothing any more. */
  #stop(asking: Asking): CheckProgress {
    this.#asking = null
    this.#options.time.wheel.remove(this.#deadline)
    const progress = this.#stopChecker()
    if (progress.ended === null) {
      asking.lane.leave(asking.key)
      return progress
    }
    this.#isEnding = true
    const ended = progress.ended.then(() => {
      this.#isEnding = false
      asking.lane.leave(asking.key)
    })
    this.#options.onEnding(ended)
    return progress
  }

  #stopChecker(): CheckProgress {
    try {
      return this.#checker.stop()
    } catch (error) {
      return { during: 'asking', facts: [], fault: this.#tellMistake(error), ended: null }
    }
  }

  #abandon(): void {
    const asking = this.#asking
    if (asking === null) return
    if (asking.hasBegun) this.#stop(asking)
    else asking.lane.cancel(asking.key, asking.begin)
    this.#asking = null
  }

  #report(asking: Asking, answer: CheckAnswer, isLate = false): void {
    const { clock } = this.#options.time
    const { probe, check } = this.target
    const isGood = answer.fault === ''
    const before = this.#verdict
    // What is fixed needs no second answer.
    const rule = check.kind === 'fixed' ? { rise: 1, fall: 1 } : probe
    const verdict = decideVerdict(before, isGood, rule)
    const tookMs = Math.max(0, clock.nowMs - asking.startedMs)
    const detail = [...answer.facts, msText(tookMs)].join(', ')
    // How long it took is no news of a check that ended at its timeout, or saw nothing at all.
    const seen = isLate ? answer.facts.join(', ') : detail
    const why = isGood || answer.facts.length === 0 ? answer.fault : `${answer.fault} (${seen})`
    if (verdict.state !== before.state) this.#since = clock.wallMs
    this.#verdict = verdict
    this.#checks++
    if (!isGood) this.#fails++
    this.#last = {
      target: this.target,
      isGood,
      why,
      detail,
      startedAt: asking.startedAt,
      tookMs,
      state: verdict.state,
      before: before.state,
      streak: verdict.streak,
      needed: neededAnswers(rule, isGood),
    }
    if (asking.dueMs !== null) this.#scheduleAfter(asking.dueMs)
    else this.#hastenAfter(asking.startedMs)
    this.#options.onReport(this.#last)
  }

  #scheduleAfter(dueMs: number): void {
    const { probe, check } = this.target
    const { phase, chance, time } = this.#options
    const { nowMs } = time.clock
    this.#setDue(
      check.kind === 'fixed'
        ? Number.POSITIVE_INFINITY
        : decideNextDueMs(dueMs, nowMs, this.#verdict, probe, phase, chance),
    )
  }

  /** After a check out of its time: the next one stays, unless doubt wants it earlier. */
  #hastenAfter(startedMs: number): void {
    const nextMs = startedMs + decideIntervalMs(this.#verdict, this.target.probe)
    const { nowMs } = this.#options.time.clock
    if (nextMs < this.#dueMs) this.#setDue(Math.max(nextMs, nowMs + 1))
  }
}
