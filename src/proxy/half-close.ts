// A client that closed its sending side either waits for the answer (RFC 9112 §9.6 lets it) or is gone; the network says
// the same in both cases. Who closes in the very moment of the request means to wait (`nc -N`, old monitoring programs);
// who closes later has most likely given up, and gets a moment (docs/decisions/012-half-closed-clients.md).

import { Timer } from '../base/timer-wheel.ts'
import type { Services } from './runtime.ts'

/** How long after its request a client that half-closes still does so as a part of asking. */
const AT_ONCE_MS = 20
/** How long one that half-closes later is believed to wait. */
const GRACE_MS = 1_000

/**
 * How long a half-closed client is believed to wait for the first byte of its answer.
 *
 * @param sinceRequestMs from the request's last byte to the end of what the client sends
 * @param isStrict nginx's way: the client counts as gone at once
 * @param isInLine it waits in a queue: there is no answer on its way, and others want its place
 * @returns milliseconds; null = as long as it takes
 */
export function patienceMs(
  sinceRequestMs: number,
  isStrict: boolean,
  isInLine = false,
): number | null {
  if (isStrict) return 0
  if (sinceRequestMs <= AT_ONCE_MS) return null
  return isInLine ? 0 : GRACE_MS
}

export class HalfCloseWatch {
  readonly #services: Services
  readonly #timer: Timer

  constructor(services: Services, waitMs: number, onGone: () => void) {
    this.#services = services
    this.#timer = new Timer(onGone)
    services.wheel.set(this.#timer, waitMs)
  }

  cancel(): void {
    this.#services.wheel.remove(this.#timer)
  }
}
