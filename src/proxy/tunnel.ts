// After 101: bytes both ways, with backpressure both ways, until one side ends or both are silent for `proxy_read_timeout`.

import { type Failure, failureReason, failureText } from '../base/failure.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'

/** Bytes that may wait for one side before the other is paused. */
const QUEUED_BYTES_MAX = 65_536

export class Tunnel {
  readonly #exchange: Exchange
  readonly #peer: PeerConnection
  readonly #timeoutMs: number
  readonly #onDone: () => void
  #isClientEnded = false
  #isPeerEnded = false
  #isClientPaused = false
  #isPeerPaused = false
  #isDone = false

  constructor(exchange: Exchange, peer: PeerConnection, timeoutMs: number, onDone: () => void) {
    this.#exchange = exchange
    this.#peer = peer
    this.#timeoutMs = timeoutMs
    this.#onDone = onDone
  }

  start(): void {
    this.#peer.setTunnelTimeout(this.#timeoutMs)
    const early = this.#exchange.connection.startTunnel()
    if (early !== null) this.fromClient(early, 0, early.length)
    if (this.#exchange.connection.isHalfClosed) this.onClientEnd()
  }

  fromClient(bytes: Buffer, from: number, to: number): void {
    this.#peer.setTunnelTimeout(this.#timeoutMs)
    this.#peer.writeBody(Buffer.from(bytes.subarray(from, to)))
    if (this.#peer.queuedBytes > QUEUED_BYTES_MAX && !this.#isClientPaused) {
      this.#isClientPaused = true
      this.#exchange.connection.socket.pause()
    }
  }

  fromPeer(bytes: Buffer, from: number, to: number): void {
    const exchange = this.#exchange
    exchange.bytesSent += to - from
    exchange.bodyBytesSent += to - from
    this.#peer.setTunnelTimeout(this.#timeoutMs)
    exchange.connection.writeBytes(Buffer.from(bytes.subarray(from, to)))
    if (exchange.connection.queuedBytes > QUEUED_BYTES_MAX && !this.#isPeerPaused) {
      this.#isPeerPaused = true
      this.#peer.pause()
    }
  }

  onPeerDrain(): void {
    if (!this.#isClientPaused) return
    this.#isClientPaused = false
    this.#exchange.connection.socket.resume()
  }

  onClientDrain(): void {
    if (!this.#isPeerPaused) return
    this.#isPeerPaused = false
    this.#peer.resume()
    this.#peer.setTunnelTimeout(this.#timeoutMs)
  }

  onClientEnd(): void {
    this.#isClientEnded = true
    this.#peer.endTunnel()
    this.#doneWhenSent()
  }

  onPeerEnd(): void {
    this.#isPeerEnded = true
    this.#exchange.connection.socket.end()
    this.#doneWhenSent()
  }

  onPeerFailure(failure: Failure): void {
    if (this.#hasEnded) {
      // Not broken, but closed after the last byte on both sides.
      if (this.#exchange.connection.queuedBytes === 0) this.#done()
      return
    }
    this.#exchange.failure = failure
    const text = `${failureText(failure)} while proxying upgraded connection`
    logFailure(this.#exchange, 'error', text, failureReason(failure))
    this.#done()
  }

  onClientGone(): void {
    if (!this.#hasEnded || this.#peer.queuedBytes === 0) this.#done()
  }

  /** Both sides have said all that they will. */
  get #hasEnded(): boolean {
    return this.#isClientEnded && this.#isPeerEnded
  }

  /** What is queued for one side keeps the tunnel until that side's socket has sent it and closed by itself. */
  #doneWhenSent(): void {
    const { connection } = this.#exchange
    if (this.#hasEnded && connection.queuedBytes === 0 && this.#peer.queuedBytes === 0) this.#done()
  }

  #done(): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#peer.destroy()
    this.#onDone()
  }
}
