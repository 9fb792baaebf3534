// What must hold between the times of one route's tries, whatever the dialect: a time that another
// one always ends first was not meant.

import type { Report } from './check.ts'
import type { Origin } from './origin.ts'
import type { RetrySettings } from './proxy-settings.ts'

/** Checks the times of the tries of one route; `origin` is where the time of one try stands. */
export function checkRetries(retry: RetrySettings, origin: Origin, report: Report): void {
  const { tryTimeoutMs, deadlineMs } = retry
  if (tryTimeoutMs === 0 || deadlineMs === 0 || tryTimeoutMs < deadlineMs) return
  const times = `${timeText(tryTimeoutMs)}, all tries together ${timeText(deadlineMs)}`
  const problem = `The time of one try is never reached: one may take ${times}`
  const hint =
    'a peer that hangs takes the whole time, and no other is asked: give one try a part of it'
  report('warning', problem, origin, hint)
}

function timeText(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`
}
