// The socket under a client connection: errors heard from birth, writes with backpressure, pausing, and the ways to end it.
// Knows nothing of HTTP.

import type { Socket } from 'node:net'
import { heldByHandle, unsentBytes, writeBytes, writeText } from '../base/direct-write.ts'
import type { AcceptedOwner, OwnedSocket } from './accept.ts'

/** Who owns the socket. */
export interface ClientSocketOwner extends AcceptedOwner {
  /** The client closed its sending side. */
  onEnd(): void
  /** Everything written was taken by the kernel, after a write that was not. */
  onDrained(): void
  /** Exactly once, last. */
  onGone(code: string): void
}

export class ClientSocket {
  readonly remoteAddress: string
  readonly remotePort: number
  /** A write waits for the client. */
  awaitsDrain = false
  readonly #socket: Socket
  readonly #onSent: (status?: number) => void
  #isPaused = false
  #localAddress: string | null = null
  #localPort = 0

  constructor(socket: OwnedSocket, owner: ClientSocketOwner) {
    this.#socket = socket
    this.#onSent = (status = 0) => {
      if (status < 0) socket.destroy()
      else if (unsentBytes(socket) === 0) owner.onDrained()
    }
    this.remoteAddress = socket.remoteAddress ?? 'unix:'
    this.remotePort = socket.remotePort ?? 0
    socket.owner = owner
    socket.on('error', onSocketError)
    socket.on('close', onSocketClose)
    socket.on('end', onSocketEnd)
    socket.on('drain', onSocketDrain)
    socket.setNoDelay(true)
  }

  get localAddress(): string {
    if (this.#localAddress === null) this.#readLocal()
    return this.#localAddress!
  }

  get localPort(): number {
    if (this.#localAddress === null) this.#readLocal()
    return this.#localPort
  }

  #readLocal(): void {
    this.#localAddress = this.#socket.localAddress ?? ''
    this.#localPort = this.#socket.localPort ?? 0
  }

  /** Bytes that the kernel has not taken yet. */
  get queuedBytes(): number {
    return unsentBytes(this.#socket)
  }

  /** The same, but falling while the client reads, however slowly. */
  get unsentBytes(): number {
    return heldByHandle(this.#socket)
  }

  get isDestroyed(): boolean {
    return this.#socket.destroyed
  }

  /** Writes a latin-1 string. Returns false when more should wait for `onDrained`. */
  writeText(text: string): boolean {
    if (writeText(this.#socket, text, this.#onSent)) return true
    this.awaitsDrain = true
    return false
  }

  /**
   * Writes bytes. Pieces of `WRITE_HIGH_WATER_BYTES` or more are lent: they must stay unchanged until this returned true
   * or `onDrained` was called. Smaller ones must be the caller's to give away.
   */
  writeBytes(bytes: Buffer): boolean {
    if (writeBytes(this.#socket, bytes, this.#onSent)) return true
    this.awaitsDrain = true
    return false
  }

  /** Stops reading. */
  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#socket.resume()
  }

  /** Sends FIN after what is queued; the other direction stays open. */
  end(): void {
    if (!this.#socket.destroyed) this.#socket.end()
  }

  /** Closes when the kernel has taken all; returns false when it has not yet. */
  destroyWhenSent(): boolean {
    if (unsentBytes(this.#socket) === 0) {
      this.#socket.destroy()
      return true
    }
    this.#socket.end()
    this.#socket.once('finish', destroySocket)
    return false
  }

  /** Closes at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Closes at once with RST, so that nobody takes it for the end of a message. */
  reset(): void {
    if (!this.#socket.destroyed) this.#socket.resetAndDestroy()
  }
}

function ownerOf(socket: Socket): ClientSocketOwner | undefined {
  return (socket as OwnedSocket).owner as ClientSocketOwner | undefined
}

function onSocketError(this: Socket, error: NodeJS.ErrnoException): void {
  ownerOf(this)?.onGone(error.code ?? error.message)
}

function onSocketClose(this: Socket): void {
  ownerOf(this)?.onGone('closed')
}

function onSocketEnd(this: Socket): void {
  ownerOf(this)?.onEnd()
}

function onSocketDrain(this: Socket): void {
  if (unsentBytes(this) === 0) ownerOf(this)?.onDrained()
}

function destroySocket(this: Socket): void {
  this.destroy()
}
