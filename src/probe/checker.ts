// The seam between the prober, which knows when to ask, and the kinds of checks, which know how.

import type { SystemClock } from '../base/clock.ts'
import type { TimerWheel } from '../base/timer-wheel.ts'

/** What one question brought. */
export interface CheckAnswer {
  /** What was wrong, in one line; empty = the check was good. */
  readonly fault: string
  /** What was seen, for brackets behind the fault: `200`, `5,120 bytes`. */
  readonly facts: readonly string[]
}

/** How far a check had come when it was stopped. */
export interface CheckProgress {
  /** What it was doing, to follow `while`: `connecting`. */
  readonly during: string
  readonly facts: readonly string[]
  /** What is known to be wrong already; empty = nothing. */
  readonly fault?: string
  /** When it holds nothing of the machine any more; null = already now. */
  readonly ended: Promise<void> | null
}

/** Asks one peer one question, again and again, one at a time. */
export interface Checker {
  /** Asks. `onAnswer` is called once, unless `stop` comes first; never before this returns. */
  start(onAnswer: (answer: CheckAnswer) => void): void
  /** Ends the question that is on its way. */
  stop(): CheckProgress
  /** Lets go of what is kept from one question to the next. Only while none is on its way. */
  close(): void
}

/** The time of checks. */
export interface CheckTime {
  readonly clock: SystemClock
  readonly wheel: TimerWheel
}

/** Milliseconds of this very moment. */
export function freshMs({ clock }: CheckTime): number {
  clock.refresh()
  return clock.nowMs
}

/** The answer that finds no fault. */
export const GOOD: CheckAnswer = { fault: '', facts: [] }
