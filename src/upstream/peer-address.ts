// Where a peer listens, how it is called in logs and `$upstream_addr`, and what this worker has seen of it lately: enough
// to tell a peer that is slow from one that went dark.

import type { ListenAddress } from '../model/listener.ts'
import type { PeerConnection } from './peer-connection.ts'

/** A new value counts this much in the usual connect time. */
const NEW_SHARE = 0.25
/** Clients that leave in a row, unanswered, before the peer is to blame. */
const LEAVERS_MAX = 3

export class PeerAddress {
  readonly text: string
  readonly address: ListenAddress
  /** The addresses that a name stands for, where connecting is a race between them; else empty. */
  readonly rivals: readonly PeerAddress[]
  /** Idle connections, the newest last; the pool's. Null while this is no peer of one. */
  idle: PeerConnection[] | null = null
  /** When the peer last said something: a byte came, or a refusal (`Clock.nowMs`). */
  heardMs = 0
  /** When a connection last opened: its host is there, whatever the program on it does. */
  openedMs = 0
  /** The check that is under way (upstream/liveness.ts). */
  check: unknown = null
  #usualConnectMs = 0
  #leavers = 0
  #leftMs = 0

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
    this.openedMs = nowMs
  }

  /**
   * A client left that had waited for this peer in vain. One who leaves may have clicked twice;
   * several in a row, with not a byte from the peer between them, say something about the peer.
   *
   * @returns whether it is to blame
   */
  onClientLeft(nowMs: number): boolean {
    if (this.heardMs > this.#leftMs) this.#leavers = 0
    this.#leftMs = nowMs
    this.#leavers++
    return this.#leavers >= LEAVERS_MAX
  }
}
