// What the end of a try says of its peer. nginx ties that to what is retried (retry.ts): a 500 that
// nobody acts upon counts for nothing. `fail_on` unties it; and outlier detection has a list of its
// own where none is written, because it must see what the clients see.

import { type Outcome, saysNothing } from '../balance/outcome.ts'
import type { Failure } from '../base/failure.ts'
import {
  type FailCondition,
  OUTLIER_CONDITIONS,
  type PassiveHealth,
} from '../model/passive-health.ts'
import { conditionOfFailure, conditionOfStatus } from './retry.ts'

/** How a try ended; without a failure the peer has answered. */
export interface TryEnd {
  readonly failure: Failure | null
  readonly status: number
  /** Milliseconds until the head was there; -1 = it never was. */
  readonly headerMs: number
}

/**
 * Decides what a try counts for `max_fails`.
 *
 * @param outcome what nginx makes of it
 */
export function decideOutcome(outcome: Outcome, end: TryEnd, health: PassiveHealth): Outcome {
  const { failOn, slowMs } = health
  if (saysNothing(outcome) || (failOn === null && slowMs === 0)) return outcome
  if (isSlow(end, slowMs)) return 'failure'
  if (failOn === null) return outcome
  if (meets(end, failOn)) return 'failure'
  // A failure that shall not count is no proof of health either.
  return end.failure === null ? 'success' : 'neutral'
}

/** Whether outlier detection counts a try against its peer. */
export function isFault(outcome: Outcome, end: TryEnd, health: PassiveHealth): boolean {
  if (health.outliers === null || saysNothing(outcome)) return false
  return isSlow(end, health.slowMs) || meets(end, health.failOn ?? OUTLIER_CONDITIONS)
}

function isSlow({ headerMs }: TryEnd, slowMs: number): boolean {
  return slowMs > 0 && headerMs > slowMs
}

function meets({ failure, status }: TryEnd, conditions: readonly FailCondition[]): boolean {
  if (failure !== null) {
    // What nginx has no word for is an error.
    const condition = conditionOfFailure(failure.failure) ?? 'error'
    return conditions.includes(condition as FailCondition)
  }
  if (status < 400) return false
  if (isServerFault(status) && conditions.includes('http_5xx')) return true
  const condition = conditionOfStatus(status)
  return condition !== null && conditions.includes(condition as FailCondition)
}

/** 501 and 505 say that the request was beyond the server, which another client may send at will. */
function isServerFault(status: number): boolean {
  return status >= 500 && status < 600 && status !== 501 && status !== 505
}
