// The idle connections of one upstream in one worker (nginx: `keepalive`): the most recently used is taken first, the
// least recently used goes when there are too many. The balancer picks the peer first; the pool only knows connections.

import type { SystemClock } from '../base/clock.ts'
import type { TimerWheel } from '../base/timer-wheel.ts'
import type { Keepalive } from '../model/upstream.ts'
import { type Egress, mayServe, PLAIN_EGRESS } from './egress.ts'
import type { PeerAddress } from './peer-address.ts'
import { PeerConnection, type PeerServices, type PeerTimeouts } from './peer-connection.ts'
import type { ResponseSink } from './response-sink.ts'

/** A peer that says `Keep-Alive: timeout=N` may close at any moment after that: we let go this much earlier. */
const KEEP_ALIVE_MARGIN_MS = 1_000

export class ConnectionPool implements PeerServices {
  readonly clock: SystemClock
  readonly wheel: TimerWheel
  readonly #keepalive: Keepalive
  readonly #honoursPeerTimeout: boolean
  /** Those that are peers now. */
  #addresses: readonly PeerAddress[] = []
  #newest: PeerConnection | null = null
  #oldest: PeerConnection | null = null
  #count = 0
  #isClosed = false

  /** @param isStrict ignores what peers say in `Keep-Alive: timeout=` and `max=`, as nginx does */
  constructor(
    clock: SystemClock,
    wheel: TimerWheel,
    keepalive: Keepalive,
    addresses: readonly PeerAddress[],
    isStrict: boolean,
  ) {
    this.clock = clock
    this.wheel = wheel
    this.#keepalive = keepalive
    this.#honoursPeerTimeout = !isStrict
    this.retain(addresses)
  }

  /** Another set of peers: addresses that stay keep their connections, those to others close when they are idle. */
  retain(addresses: readonly PeerAddress[]): void {
    const kept = new Set(addresses)
    for (const address of this.#addresses) {
      if (kept.has(address)) continue
      const idle = address.idle ?? []
      address.idle = null
      for (const connection of idle) {
        this.#unlink(connection)
        connection.destroy()
      }
    }
    for (const address of addresses) address.idle ??= []
    this.#addresses = addresses
  }

  /** Idle connections now. */
  get idleCount(): number {
    return this.#count
  }

  /** Whether connections are kept at all. */
  get isKeeping(): boolean {
    return this.#keepalive.idleMax > 0 && !this.#isClosed
  }

  /**
   * An idle connection to the address that was made as this request wants it, or null.
   *
   * @param idleMsMax one that has been idle for longer is passed over
   */
  take(
    address: PeerAddress,
    sink: ResponseSink,
    timeouts: PeerTimeouts,
    idleMsMax: number,
  ): PeerConnection | null {
    const { idle } = address
    if (idle === null) return null
    const index = newestFor(idle, timeouts.egress ?? PLAIN_EGRESS)
    const connection = idle[index]
    if (connection === undefined) return null
    if (this.clock.nowMs - connection.idleSinceMs > idleMsMax) return null
    if (index === idle.length - 1) idle.pop()
    else idle.splice(index, 1)
    this.#unlink(connection)
    connection.take(sink, timeouts)
    return connection
  }

  /** Opens a new connection; `sink.onConnected` or `sink.onFailure` follows. */
  open(address: PeerAddress, sink: ResponseSink, timeouts: PeerTimeouts): PeerConnection {
    return new PeerConnection(address, this, sink, timeouts)
  }

  /** Whether a connection may serve more requests after the one that begins (`keepalive_requests`, `keepalive_time`). */
  mayReuse(connection: PeerConnection): boolean {
    const { requestsMax, ageMaxMs } = this.#keepalive
    return (
      this.isKeeping &&
      connection.requests + 1 < requestsMax &&
      this.clock.nowMs - connection.startedMs <= ageMaxMs
    )
  }

  onReusable(connection: PeerConnection): void {
    const { idle } = connection.address
    const hasEnough = this.#honoursPeerTimeout && !connection.isWithinPeerMax
    if (!this.isKeeping || idle === null || hasEnough) {
      connection.destroy()
      return
    }
    let timeoutMs = this.#keepalive.idleTimeoutMs
    if (this.#honoursPeerTimeout && connection.keepAliveTimeoutMs > 0) {
      timeoutMs = Math.min(timeoutMs, connection.keepAliveTimeoutMs - KEEP_ALIVE_MARGIN_MS)
      if (timeoutMs <= 0) {
        connection.destroy()
        return
      }
    }
    idle.push(connection)
    this.#link(connection)
    connection.setIdleTimeout(timeoutMs)
    if (this.#count > this.#keepalive.idleMax) this.#oldest?.destroy()
  }

  onIdleGone(connection: PeerConnection): void {
    const idle = connection.address.idle ?? []
    const index = idle.indexOf(connection)
    if (index === -1) return
    idle.splice(index, 1)
    this.#unlink(connection)
  }

  /** Closes the idle connections; those in use close after their response. */
  close(): void {
    this.#isClosed = true
    for (const { idle } of this.#addresses) {
      for (const connection of [...(idle ?? [])]) connection.destroy()
    }
  }

  #link(connection: PeerConnection): void {
    connection.older = this.#newest
    connection.newer = null
    if (this.#newest === null) this.#oldest = connection
    else this.#newest.newer = connection
    this.#newest = connection
    this.#count++
  }

  #unlink(connection: PeerConnection): void {
    const { newer, older } = connection
    if (newer === null) this.#newest = older
    else newer.older = older
    if (older === null) this.#oldest = newer
    else older.newer = newer
    connection.newer = null
    connection.older = null
    this.#count--
  }
}

/** Where the newest stands that was made alike; -1 = nowhere. */
function newestFor(idle: readonly PeerConnection[], wanted: Egress): number {
  let index = idle.length - 1
  while (index >= 0 && !mayServe(idle[index]!.egress, wanted)) index--
  return index
}
