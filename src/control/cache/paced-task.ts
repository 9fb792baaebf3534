// Work that goes easy on the disk and leaves the thread to others in between: steps in rounds, and a rest after each, as
// nginx's `loader_*` and `manager_*` parameters have it. A round is done in small parts with their share of the rest after
// each: a processor that serves requests as well is never taken for longer than one of them would notice. The steps are a
// generator, so what is done and how fast are two things.

import type { Delay } from '../../base/delay.ts'
import type { CachePacing } from '../../model/cache.ts'

/** The time of the thread. */
export interface TaskTime {
  /** Milliseconds, monotonic. */
  readonly now: () => number
  /** Milliseconds since 1970. */
  readonly wallNow: () => number
  readonly delay: Delay
}

/** The shortest rest worth taking, in ms. */
const REST_MS = 2

/** For work that somebody waits for: others get their turn, and nothing rests. */
export const HURRY: CachePacing = { files: 1_000, thresholdMs: 20, sleepMs: 0 }

/**
 * Runs steps to their end.
 *
 * @param pacing asked before each part of a round, so that it may change on the way
 * @param signal ends it between two parts; then null comes back
 */
export async function runPaced<T>(
  steps: Generator<void, T>,
  pacing: () => CachePacing,
  time: TaskTime,
  signal?: AbortSignal,
): Promise<T | null> {
  for (;;) {
    const { files, thresholdMs, sleepMs } = pacing()
    const part = sleepMs <= REST_MS ? files : Math.max(1, Math.round((files * REST_MS) / sleepMs))
    const endMs = time.now() + (thresholdMs * part) / files
    for (let count = 0; count < part; count++) {
      const step = steps.next()
      if (step.done === true) return step.value
      if (time.now() >= endMs) break
    }
    await time.delay((sleepMs * part) / files, signal)
    // What the steps hold open is closed by their `finally`.
    if (signal?.aborted !== true) continue
    steps.return(null as never)
    return null
  }
}
