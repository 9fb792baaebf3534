// Tells a peer that takes its time from one that is not there any more. A host that went dark sends nothing, not even a
// reset, and what was sent to it on an open connection waits for the whole `proxy_read_timeout`. One more connect tells:
// a machine that lives answers it at once, be it with a refusal (docs/decisions/017-peers-that-go-dark.md).

import type { Failure } from '../base/failure.ts'
import type { PeerAddress } from './peer-address.ts'
import type { PeerConnection } from './peer-connection.ts'
import type { ResponseSink } from './response-sink.ts'

/** Errors of a connect that come from the network about a host that is not there. */
const DARK_ERRORS: ReadonlySet<string> = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ETIMEDOUT',
])

class LivenessCheck implements ResponseSink {
  readonly waiting: (() => void)[] = []
  connection: PeerConnection | null = null
  readonly #address: PeerAddress
  readonly #nowMs: () => number

  constructor(address: PeerAddress, nowMs: () => number) {
    this.#address = address
    this.#nowMs = nowMs
  }

  onConnected(): void {
    this.#end()
    this.connection?.destroy()
  }

  onFailure({ failure, detail }: Failure): void {
    this.#end()
    if (failure === 'connect_timeout' || DARK_ERRORS.has(detail)) {
      for (const onDark of this.waiting) onDark()
    } else if (failure === 'connect_failed') {
      this.#address.heardMs = this.#nowMs()
    }
  }

  #end(): void {
    this.#address.check = null
  }

  // Nothing is asked.
  onInterim(): void {}
  onHead(): void {}
  onData(): void {}
  onPause(): void {}
  onEnd(): void {}
  onPeerDrain(): void {}
}

/**
 * Looks whether the peer's host is there. Of checks that overlap one is made.
 *
 * @param open opens a connection that gives up when it is not there in the time that a connect takes at most
 * @param onDark called when no answer came; nothing is called for a peer that lives
 */
export function checkLiveness(
  address: PeerAddress,
  open: (sink: ResponseSink) => PeerConnection,
  nowMs: () => number,
  onDark: () => void,
): void {
  if (address.check instanceof LivenessCheck) {
    address.check.waiting.push(onDark)
    return
  }
  const check = new LivenessCheck(address, nowMs)
  check.waiting.push(onDark)
  address.check = check
  check.connection = open(check)
}
