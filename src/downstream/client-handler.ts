// What the layers above a client connection provide: the callbacks through which downstream/ reaches proxy/, and the
// limits that hold before a server is known.

import type { SystemClock } from '../base/clock.ts'
import type { Failure } from '../base/failure.ts'
import type { TimerWheel } from '../base/timer-wheel.ts'
import type { HeadLimits } from '../http/request-parser.ts'
import type { ListenAddress } from '../model/listener.ts'
import type { ClientConnection } from './client-connection.ts'

/** What holds for a connection before a server is known: those of the address's default server. */
export interface ClientLimits {
  readonly head: HeadLimits
  readonly headerTimeoutMs: number
  readonly keepaliveTimeoutMs: number
  readonly sendTimeoutMs: number
  readonly lingeringTimeMs: number
  readonly lingeringTimeoutMs: number
}

/** What the layer above does with requests. */
export interface ClientHandler {
  readonly clock: SystemClock
  readonly wheel: TimerWheel
  /** The bound address that accepts the connections, where it is known. */
  readonly listenAddress?: ListenAddress | null
  /** Connections begin with a header of the PROXY protocol. */
  readonly expectsProxyHeader?: boolean
  limits(): ClientLimits
  /** A whole head is in `connection.head`. Answers now or later and ends with `finishResponse` or `abort`. */
  onRequest(connection: ClientConnection): void
  /** A head that is refused. Answers likewise; the connection closes after it. */
  onBadRequest(connection: ClientConnection, failure: Failure): void
  /** That header is none, or did not come in time: the connection is closed. */
  onBadProxyHeader?(connection: ClientConnection, level: 'error' | 'info', text: string): void
  /** The connection is gone, whatever the reason. */
  onClose(connection: ClientConnection): void
}

/** What an exchange that runs on the connection wants to hear. */
export interface ExchangeFlow {
  /**
   * Body bytes, borrowed until the call returns.
   * @param isLendable they lie in `BodyFeed.buffer`, which may be kept by `detachBuffer()` before returning
   */
  onBodyData(bytes: Buffer, from: number, to: number, isLendable: boolean): void
  onBodyEnd(): void
  onBodyFailure(failure: Failure): void
  /** Everything written was taken by the kernel. */
  onDrain(): void
  /** The client closed its sending side: it is gone, or waits half-closed. */
  onClientEnd(): void
  /** The connection broke; nothing can be sent any more. */
  onClientGone(failure: Failure): void
}
