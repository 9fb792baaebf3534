// Waiting, for code outside the hot path (a worker's deadlines live in its timer wheel). Passed in as a value, so that
// a test decides when time has gone by.

import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves after `ms`, or at once when `signal` is aborted; never rejects. */
export type Delay = (ms: number, signal?: AbortSignal) => Promise<void>

/** The machine's time. */
export const systemDelay: Delay = (ms, signal) =>
  sleep(ms, undefined, signal === undefined ? {} : { signal }).catch(() => {})

/** What `within` gives when the time is over. */
export const TIMED_OUT = Symbol('timed out')

/** The value of `promise`, or `TIMED_OUT` after `ms`; 0 waits for ever. */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  delay: Delay = systemDelay,
): Promise<T | typeof TIMED_OUT> {
  if (ms === 0) return promise
  const over = new AbortController()
  try {
    return await Promise.race([promise, delay(ms, over.signal).then(() => TIMED_OUT as never)])
  } finally {
    over.abort()
  }
}
