// A limit on how long something may take, which ends together with its caller's patience: whatever comes first stops
// the work, and nothing is left waiting afterwards.

import type { Delay } from '../base/delay.ts'

export interface Ended<T> {
  readonly value: T
  /** The time was over, and the caller had not given up. */
  readonly isLate: boolean
}

/**
 * Runs `run` with a signal that is aborted after `ms`, or with `signal`; `run` then ends early by itself.
 *
 * @param ms 0 = no limit
 */
export async function untilDeadline<T>(
  ms: number,
  signal: AbortSignal,
  delay: Delay,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<Ended<T>> {
  const over = new AbortController()
  const stop = (): void => over.abort()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  const timer = ms === 0 ? null : delay(ms, over.signal).then(stop)
  const value = await run(over.signal)
  const isLate = over.signal.aborted && !signal.aborted
  signal.removeEventListener('abort', stop)
  stop()
  await timer
  return { value, isLate }
}
