// When single answers become a verdict, and when the next question is due: rules over plain values,
// with the time and the chance passed in (nginx: `passes`, `fails`, `jitter`; HAProxy: `rise`,
// `fall`, `fastinter`, `downinter`).

import type { Probe } from '../model/probe.ts'

/** `checking`: never had a verdict, and gets no requests until it has one. */
export type ProbeState = 'checking' | 'up' | 'down'

/** What the checks so far say. */
export interface Verdict {
  readonly state: ProbeState
  /** Checks in a row that ended like the last one; 0 before the first. */
  readonly streak: number
  /** Null before the first. */
  readonly isLastGood: boolean | null
}

/** What a verdict follows. */
export type VerdictRule = Pick<Probe, 'rise' | 'fall'>

/** What the times of checks follow. */
export type ProbeTiming = Pick<
  Probe,
  'intervalMs' | 'jitterMs' | 'doubtIntervalMs' | 'downIntervalMs'
>

/** How much later than due a check may start, so that others start with it. */
const GATHER_MS_MAX = 100

/** A whole number from 0, below `limit`. */
export type ChanceBelow = (limit: number) => number

/** The verdict about a peer that was never checked. */
export function firstVerdict(probe: Pick<Probe, 'isMandatory' | 'check'>): Verdict {
  return { state: probe.isMandatory ? 'checking' : 'up', streak: 0, isLastGood: null }
}

/** The same verdict, to be confirmed: what is left of it when the question changes. */
export function doubted(verdict: Verdict): Verdict {
  return { state: verdict.state, streak: 0, isLastGood: null }
}

/** Answers in a row that an answer of this kind needs to decide. */
export function neededAnswers(rule: VerdictRule, isGood: boolean): number {
  return isGood ? rule.rise : rule.fall
}

/** Decides what one more answer makes of a verdict. */
export function decideVerdict(before: Verdict, isGood: boolean, rule: VerdictRule): Verdict {
  const streak = before.isLastGood === isGood ? before.streak + 1 : 1
  const isDecided = streak >= neededAnswers(rule, isGood)
  const state = isDecided ? (isGood ? 'up' : 'down') : before.state
  return { state, streak, isLastGood: isGood }
}

/** Whether the last answer and the verdict differ, or one of them is missing. */
export function isDoubtful(verdict: Verdict): boolean {
  if (verdict.state === 'checking') return true
  return verdict.isLastGood !== (verdict.state === 'up')
}

/** Decides how long after a check the next one starts, without jitter. */
export function decideIntervalMs(verdict: Verdict, timing: ProbeTiming): number {
  if (isDoubtful(verdict)) return timing.doubtIntervalMs ?? timing.intervalMs
  if (verdict.state === 'down') return timing.downIntervalMs ?? timing.intervalMs
  return timing.intervalMs
}

/**
 * The place of the `index`-th target inside an interval, from 0 to below 1: by the golden ratio, so
 * that any run of targets is spread evenly, and those that come later fall between the others.
 */
export function phaseOf(index: number): number {
  return (index * 0.618_033_988_749_894_9) % 1
}

/** The first time after `afterMs` that has this phase in the interval. */
export function nextPhaseMs(afterMs: number, intervalMs: number, phase: number): number {
  const offset = phase * intervalMs
  const turn = Math.floor((afterMs - offset) / intervalMs) + 1
  const at = turn * intervalMs + offset
  // Of two numbers that differ in their last bit only, the sum may come out as the lower one.
  return at > afterMs ? at : at + intervalMs
}

/**
 * Decides when the next check is due. In the plain interval without jitter a target keeps its
 * phase, and comes back to it after other intervals; no gap is longer than its interval and jitter.
 *
 * @param dueMs when the last check was due, whenever it could start
 * @param nowMs when it ended; the next one is later
 */
export function decideNextDueMs(
  dueMs: number,
  nowMs: number,
  verdict: Verdict,
  timing: ProbeTiming,
  phase: number,
  chance: ChanceBelow,
): number {
  const intervalMs = decideIntervalMs(verdict, timing)
  const jitterMs = timing.jitterMs === 0 ? 0 : chance(timing.jitterMs + 1)
  const keepsPhase = timing.jitterMs === 0 && intervalMs === timing.intervalMs
  const at = keepsPhase ? nextPhaseMs(dueMs, intervalMs, phase) : dueMs + intervalMs + jitterMs
  if (at > nowMs) return at
  const missed = Math.floor((nowMs - at) / intervalMs) + 1
  const later = at + missed * intervalMs
  return later > nowMs ? later : later + intervalMs
}

/**
 * Decides when a check that is due really starts: together with others that are due within a
 * twentieth of their interval, `GATHER_MS_MAX` at most. Waking up for each costs a quarter more.
 */
export function decideStartMs(dueMs: number, intervalMs: number): number {
  const stepMs = Math.min(GATHER_MS_MAX, Math.max(1, Math.floor(intervalMs / 20)))
  return Math.ceil(dueMs / stepMs) * stepMs
}
