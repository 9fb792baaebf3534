// Where a peer listens, how it is called in logs and `$upstream_addr`, and what this worker has seen of it lately: enough
// to tell a peer that is slow from one that went dark.

import type { ListenAddress } from '../model/listener.ts'
import type { PeerConnection } from './peer-connection.ts'

/** A new value counts this much in the usual connect time. */
const NEW_SHARE = 0.25

export class PeerAddress {
  readonly text: string
  readonly address: ListenAddress
  /** The addresses that a name stands for, where connecting is a race between them; else empty. */
  readonly rivals: readonly PeerAddress[]
  /** Idle connections, the newest last; the pool's. Null while this is no peer of one. */
  idle: PeerConnection[] | null = null
  /** When the peer was last heard of: a connection opened, or a byte came (`Clock.nowMs`). */
  heardMs = 0
  /** The check that is under way (upstream/liveness.ts). */
  check: unknown = null
  #usualConnectMs = 0

  constructor(text: string, address: ListenAddress, rivals: readonly PeerAddress[] = []) {
    this.text = text
    this.address = address
    this.rivals = rivals
  }

  /** Milliseconds that connects took of late, on average; 0 = none was seen. */
  get usualConnectMs(): number {
    return this.#usualConnectMs
  }

  /** A connection opened after `tookMs`. */
  onConnected(tookMs: number, nowMs: number): void {
    const usual = this.#usualConnectMs
    this.#usualConnectMs = usual === 0 ? tookMs : usual + (tookMs - usual) * NEW_SHARE
    this.heardMs = nowMs
  }
}
