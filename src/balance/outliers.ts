// Which peers of a group did so much worse than the others in one interval that they are ejected,
// and for how long: the rules of Envoy's outlier detection as plain arithmetic. Nothing here knows
// the zone or the time. Where a rule is ours, its comment says so.

import type { OutlierRules } from '../model/passive-health.ts'

/** Why a peer is ejected; its number in the zone is its place here plus one. */
export const EJECTION_CAUSES = [
  'failures_in_a_row',
  'failure_percentage',
  'success_rate',
  'failed_trial',
] as const
export type EjectionCause = (typeof EJECTION_CAUSES)[number]

/**
 * Ours: a success rate must also lie this far below the mean. Among peers that hardly ever fail the
 * deviation is so small that one failure in a hundred would eject.
 */
const RATE_DISTANCE = 0.05

/** Ours: an ejection is up to a tenth longer by chance, so that peers do not return together. */
const JITTER = 0.1

/** What happened in one interval, by peer: tries with an outcome, and those that failed. */
export interface Interval {
  readonly answers: Float64Array
  readonly faults: Float64Array
}

/**
 * Compares the peers.
 *
 * @param causes filled by peer: 0, or the number of the cause for which it should be ejected
 * @returns how many should be
 */
export function compareOutliers(
  { answers, faults }: Interval,
  rules: OutlierRules,
  causes: Uint8Array,
): number {
  const least = leastRate(answers, faults, rules)
  let found = 0
  for (let peer = 0; peer < answers.length; peer++) {
    const count = answers[peer]!
    const share = count === 0 ? 0 : faults[peer]! / count
    const isFailing =
      rules.failurePercent > 0 &&
      count >= rules.failureRequestsMin &&
      share * 100 >= rules.failurePercent
    const isOutlier = count >= rules.requestsMin && 1 - share < least
    causes[peer] = isFailing ? numberOf('failure_percentage') : 0
    if (!isFailing && isOutlier) causes[peer] = numberOf('success_rate')
    if (causes[peer] !== 0) found++
  }
  return found
}

/** The number of a cause in the zone. */
export function numberOf(cause: EjectionCause): number {
  return EJECTION_CAUSES.indexOf(cause) + 1
}

/** The cause with that number; null for 0. */
export function causeOf(number: number): EjectionCause | null {
  return EJECTION_CAUSES[number - 1] ?? null
}

/**
 * How long an ejection lasts: as many times the base as there were in a row, up to the maximum, and
 * a little chance on top.
 *
 * @param inARow this one included, from 1
 * @param chance from 0 to 1
 */
export function ejectionSeconds(inARow: number, rules: OutlierRules, chance: number): number {
  const most = Math.max(rules.maxSeconds, rules.baseSeconds)
  const seconds = Math.min(rules.baseSeconds * inARow, most)
  return Math.round(seconds * (1 + JITTER * chance))
}

/**
 * Whether one peer more may be ejected. The share is that which would be ejected then, and one
 * usable peer is always left.
 *
 * @param count peers of the group that nobody took out
 * @param ejected those of them that are ejected now
 * @param usableOthers usable ones but for the candidate
 */
export function mayEject(
  count: number,
  ejected: number,
  usableOthers: number,
  rules: OutlierRules,
): boolean {
  return usableOthers > 0 && (ejected + 1) * 100 <= rules.maxEjectedPercent * count
}

/** The success rate below which a peer is an outlier; 0 when there is nothing to compare. */
function leastRate(answers: Float64Array, faults: Float64Array, rules: OutlierRules): number {
  if (rules.deviation === 0) return 0
  let peers = 0
  let sum = 0
  let squares = 0
  for (let peer = 0; peer < answers.length; peer++) {
    const count = answers[peer]!
    if (count === 0 || count < rules.requestsMin) continue
    const rate = 1 - faults[peer]! / count
    peers++
    sum += rate
    squares += rate * rate
  }
  if (peers === 0 || peers < rules.peersMin) return 0
  const mean = sum / peers
  const deviation = Math.sqrt(Math.max(0, squares / peers - mean * mean))
  return mean - Math.max(rules.deviation * deviation, RATE_DISTANCE)
}
