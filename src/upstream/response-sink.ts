// What a peer connection tells the exchange that it serves. The one seam between upstream/ and proxy/; HTTP/2 to peers
// will speak to the same sink.

import type { Failure } from '../base/failure.ts'
import type { FieldList } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'

/** Called in this order: `onInterim`*, `onHead`, `onData`*, then exactly one of `onEnd` and `onFailure`, last. */
export interface ResponseSink {
  /** A new connection is open; not called for one that was idle in the pool. */
  onConnected(): void
  /** 1xx other than 100 and 101. The head is borrowed until the call returns. */
  onInterim(head: ResponseHead): void
  /** The head stays valid until `onEnd` or `onFailure` has returned. */
  onHead(head: ResponseHead): void
  /**
   * Body bytes, borrowed until the call returns.
   * @param isLendable they lie in `PeerConnection.buffer`, which may be kept by `detachBuffer()` before returning
   */
  onData(bytes: Buffer, from: number, to: number, isLendable: boolean): void
  /** All bytes of this read were handed over and the message goes on: time to write what was gathered. */
  onPause(): void
  onEnd(trailers: FieldList | null): void
  onFailure(failure: Failure): void
  /** The whole request was sent, and nothing came back for a while (`PeerTimeouts.quietMs`, then twice as long, up to 2 s). */
  onQuiet?(): void
  /** The kernel took all request bytes written so far. */
  onPeerDrain(): void
}
