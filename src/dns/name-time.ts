// The time of the DNS client. It works in any thread, also where no worker's clock is kept up to date, so it asks for
// the time when it needs it: that is a few times per question, not per request.

import { SystemClock } from '../base/clock.ts'
import { type Delay, systemDelay } from '../base/delay.ts'

export interface NameTime {
  /** Milliseconds, monotonic. */
  readonly now: () => number
  readonly delay: Delay
}

/** Makes the machine's time. */
export function systemNameTime(): NameTime {
  const clock = new SystemClock()
  return {
    now: () => {
      clock.refresh()
      return clock.nowMs
    },
    delay: systemDelay,
  }
}
