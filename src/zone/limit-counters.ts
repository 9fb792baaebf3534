// What became of the requests that one zone of limits counted, over all workers: cells at fixed places of the zone's head,
// added to without a lock.

/** What a limit made of a request, and where it is counted: the words of `$limit_req_status`. */
export const LIMIT_COUNTER = {
  PASSED: 8,
  DELAYED: 9,
  REJECTED: 10,
  DELAYED_DRY_RUN: 11,
  REJECTED_DRY_RUN: 12,
} as const

export type LimitOutcome = keyof typeof LIMIT_COUNTER

export const LIMIT_OUTCOMES = Object.keys(LIMIT_COUNTER) as LimitOutcome[]

/** Counts one request; wraps at 2³². */
export function countOutcome(cells: Int32Array, outcome: LimitOutcome): void {
  Atomics.add(cells, LIMIT_COUNTER[outcome], 1)
}

/** Requests that came to `outcome` since the zone was made. */
export function outcomeCount(cells: Int32Array, outcome: LimitOutcome): number {
  return Atomics.load(cells, LIMIT_COUNTER[outcome]) >>> 0
}
