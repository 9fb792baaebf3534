// A peer's answer that another peer may better: a 503 on the retry list is put by while the next peer is asked. If nobody
// has anything else to say, the client gets it after all, and not a 502 of ours: the last real answer is never thrown
// away (docs/decisions/010-deviations-from-nginx.md).

import type { FieldList } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import type { ResponseSink } from '../upstream/response-sink.ts'

/** Bytes of its body that are kept; for more the peer waits. */
const HELD_BYTES_MAX = 65_536

export class HeldAnswer implements ResponseSink {
  readonly connection: PeerConnection
  readonly head: ResponseHead
  /** It is all here. */
  isWhole = false
  /** It broke off, so that nobody can have it. */
  isBroken = false
  /** Of one that is all here; the connection serves nobody else, so they stay good. */
  trailers: FieldList | null = null
  #pieces: Buffer[] = []
  #size = 0

  /** To be made within `onHead`: the bytes behind the head come here. */
  constructor(connection: PeerConnection, head: ResponseHead) {
    this.connection = connection
    this.head = head
    connection.handOver(this)
  }

  onData(bytes: Buffer, from: number, to: number): void {
    this.#pieces.push(Buffer.from(bytes.subarray(from, to))) // hot-path: an answer that is put by
    this.#size += to - from
    if (this.#size >= HELD_BYTES_MAX) this.connection.pause()
  }

  onEnd(trailers: FieldList | null): void {
    this.isWhole = true
    this.trailers = trailers
    this.connection.keepHead()
  }

  onFailure(): void {
    this.isBroken = true
    this.#pieces = []
  }

  /** What has come of the body; it is the taker's. */
  take(): readonly Buffer[] {
    const pieces = this.#pieces
    this.#pieces = []
    return pieces
  }

  /** Nobody wants it any more. */
  close(): void {
    this.#pieces = []
    if (!this.isWhole) this.connection.destroy()
  }

  onConnected(): void {}
  onInterim(): void {}
  onHead(): void {}
  onPause(): void {}
  onPeerDrain(): void {}
}
