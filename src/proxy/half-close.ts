// A client that closed its sending side either waits for the answer (RFC 9112 §9.6 lets it) or is gone; the network says
// the same in both cases. It gets a moment: who is gone must not keep a peer busy, who waits is answered
// (docs/decisions/012-half-closed-clients.md).

import { Timer } from '../base/timer-wheel.ts'
import type { Services } from './runtime.ts'

/** How long a half-closed client is believed to wait. */
const GRACE_MS = 1_000

export class HalfCloseWatch {
  readonly #services: Services
  readonly #timer: Timer

  /** @param isStrict nginx's way: the client counts as gone at once */
  constructor(services: Services, isStrict: boolean, onGone: () => void) {
    this.#services = services
    this.#timer = new Timer(onGone)
    services.wheel.set(this.#timer, isStrict ? 0 : GRACE_MS)
  }

  cancel(): void {
    this.#services.wheel.remove(this.#timer)
  }
}
