// Step 9, relay: a peer's response on its way to the client. Small responses leave in one write; a body that the client
// takes at once never leaves the buffer it was read into; a slow client first holds the peer back for a moment, then,
// with `proxy_buffering`, the rest goes through memory and a temporary file so that the peer is free (nginx's rule).

import type { Failure } from '../base/failure.ts'
import {
  giveReadBuffer,
  HEADROOM_BYTES,
  type ReadBuffer,
  takeReadBuffer,
} from '../base/read-buffers.ts'
import { Timer } from '../base/timer-wheel.ts'
import { WRITE_HIGH_WATER_BYTES } from '../downstream/accept.ts'
import type { ClientLink } from '../downstream/detached-client.ts'
import { latin1Text } from '../http/latin1.ts'
import type { ProxySettings } from '../model/proxy-settings.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import type { Exchange } from './exchange.ts'
import { isBuffered } from './peer-buffering.ts'
import { Spool } from './spool.ts'
import type { SpoolReader } from './spool-reader.ts'

/** Text and body pieces up to this are gathered into one write. */
const GATHER_BYTES_MAX = 16_384
/** Bytes lent to the client's socket before the peer is held back. */
const LENT_BYTES_MAX = 262_144
/** How long a client may hold the peer back before its response is spooled. */
const SPOOL_AFTER_MS = 300

/** What the relay tells its exchange. */
export interface RelayOwner {
  /** Everything was given to the kernel. */
  onRelayed(): void
  onRelayFailure(failure: Failure): void
}

export class Relay {
  readonly #exchange: Exchange
  readonly #connection: ClientLink
  readonly #peer: PeerConnection
  readonly #owner: RelayOwner
  readonly #proxy: ProxySettings
  readonly #isChunked: boolean
  /** Not written yet: the head, and what of the body was gathered with it. */
  #pending: string
  #isEnded = false
  #isPeerPaused = false
  #lent: ReadBuffer[] | null = null
  #spool: Spool | null = null
  #reader: SpoolReader | null = null
  #timer: Timer | null = null
  #isBlocked = false
  #endText = ''
  /** Something of the response has reached the socket. */
  hasWritten = false

  constructor(
    exchange: Exchange,
    peer: PeerConnection,
    owner: RelayOwner,
    head: string,
    isChunked: boolean,
    proxy: ProxySettings,
  ) {
    this.#exchange = exchange
    this.#connection = exchange.connection
    this.#peer = peer
    this.#owner = owner
    this.#proxy = proxy
    this.#isChunked = isChunked
    this.#pending = head
    exchange.bytesSent += head.length
  }

  /** Body bytes of the peer, borrowed. */
  data(bytes: Buffer, from: number, to: number, isLendable: boolean): void {
    const size = to - from
    const exchange = this.#exchange
    exchange.bodyBytesSent += size
    exchange.bytesSent += size
    if (this.#spool !== null) {
      this.#appendToSpool(bytes, from, to)
      return
    }
    if (this.#isBlocked && this.#connection.queuedBytes >= LENT_BYTES_MAX) this.#holdPeer()
    if (this.#pending.length + size <= GATHER_BYTES_MAX) {
      const text = latin1Text(bytes, from, to)
      this.#pending += this.#isChunked ? this.#chunkOfText(text) : text
      return
    }
    if (this.#isChunked) this.#pending += this.#chunkStart(size)
    if (isLendable && size >= WRITE_HIGH_WATER_BYTES) this.#lend(from, to)
    else this.#writeCopy(bytes, from, to)
    if (this.#isChunked) this.#pending += '\r\n'
  }

  #chunkStart(size: number): string {
    const start = `${size.toString(16)}\r\n`
    this.#exchange.bytesSent += start.length + 2
    return start
  }

  #chunkOfText(text: string): string {
    return `${this.#chunkStart(text.length)}${text}\r\n`
  }

  /**
   * Writes out of the peer's own buffer, the text before the bytes put into the room that is there. When the kernel does
   * not take all of it, the buffer stays lent until it has.
   */
  #lend(from: number, to: number): void {
    const text = this.#pending
    const buffer = this.#peer.buffer!
    const start = HEADROOM_BYTES + from - text.length
    if (start < 0) this.flush()
    else this.#pending = ''
    if (start >= 0) buffer.memory.write(text, start, 'latin1')
    this.hasWritten = true
    const first = start < 0 ? HEADROOM_BYTES + from : start
    if (this.#connection.writeBytes(buffer.memory.subarray(first, HEADROOM_BYTES + to))) return
    this.#isBlocked = true
    this.#peer.detachBuffer()
    if (this.#lent === null) this.#lent = [buffer]
    else this.#lent.push(buffer)
  }

  /** Writes a copy, the text before it included, in one piece. */
  #writeCopy(bytes: Buffer, from: number, to: number): void {
    const text = this.#pending
    const total = text.length + to - from
    this.#pending = ''
    this.hasWritten = true
    const buffer = takeReadBuffer()
    const memory = total <= buffer.memory.length ? buffer.memory : Buffer.allocUnsafeSlow(total)
    memory.write(text, 0, 'latin1')
    bytes.copy(memory, text.length, from, to)
    if (this.#connection.writeBytes(memory.subarray(0, total))) {
      giveReadBuffer(buffer)
      return
    }
    this.#isBlocked = true
    if (this.#lent === null) this.#lent = [buffer]
    else this.#lent.push(buffer)
  }

  /** Writes what is gathered. */
  flush(): void {
    const text = this.#pending
    if (text === '' || this.#reader !== null) return
    this.#pending = ''
    this.hasWritten = true
    if (!this.#connection.writeText(text)) this.#isBlocked = true
  }

  /** The peer's response is whole. */
  end(endText: string): void {
    this.#isEnded = true
    this.#endText = endText
    // From here on the connection may serve somebody else.
    this.#isPeerPaused = false
    this.#stopTimer()
    if (this.#spool !== null) {
      this.#spool.end()
      return
    }
    this.#pending += endText
    this.#exchange.bytesSent += endText.length
    this.flush()
    if (!this.#isBlocked) this.#owner.onRelayed()
  }

  // ── slow clients ─────────────────────────────────────────────────────────────────────────────────────────────────

  #holdPeer(): void {
    if (this.#isPeerPaused) return
    this.#isPeerPaused = true
    this.#peer.pause()
    if (this.#proxy.tempFileBytesMax === 0) return
    if (!isBuffered(this.#exchange.responseHead, this.#proxy)) return
    this.#timer ??= new Timer(() => this.#startSpool())
    this.#peer.wheel.set(this.#timer, SPOOL_AFTER_MS)
  }

  #releasePeer(): void {
    this.#stopTimer()
    if (!this.#isPeerPaused) return
    this.#isPeerPaused = false
    this.#peer.resume()
  }

  #startSpool(): void {
    if (this.#isEnded || this.#spool !== null) return
    this.flush()
    const spool = new Spool({
      memoryBytesMax: this.#proxy.buffersBytes,
      fileBytesMax: this.#proxy.tempFileBytesMax,
      tempPath: this.#proxy.tempPath,
      isConsumed: true,
      writeBytes: this.#proxy.tempFileWriteBytes,
    })
    spool.onReady = () => this.#releasePeer()
    spool.onFailure = () => this.#fail(spool)
    this.#spool = spool
    this.#reader = spool.reader()
    this.#reader.onReadable = () => this.#pump()
    this.#releasePeer()
  }

  #appendToSpool(bytes: Buffer, from: number, to: number): void {
    const spool = this.#spool!
    const result = spool.append(bytes, from, to)
    if (result === 'ok') return
    if (result === 'full' && spool.failure !== null) return
    if (!this.#isPeerPaused) {
      this.#isPeerPaused = true
      this.#peer.pause()
    }
  }

  /** Sends spooled bytes while the client takes them. */
  #pump(): void {
    const reader = this.#reader
    if (reader === null) return
    while (!this.#isBlocked) {
      const bytes = reader.read()
      if (bytes === 'wait') return
      if (bytes === null) {
        this.#onSpoolEnd(reader)
        return
      }
      const copy = Buffer.from(bytes)
      if (this.#isChunked && !this.#connection.writeText(this.#chunkStart(copy.length)))
        this.#isBlocked = true
      if (!this.#connection.writeBytes(copy)) this.#isBlocked = true
      if (this.#isChunked && !this.#connection.writeText('\r\n')) this.#isBlocked = true
    }
  }

  #onSpoolEnd(reader: SpoolReader): void {
    if (reader.failure !== null) return
    reader.close()
    this.#reader = null
    this.#spool?.close()
    this.#spool = null
    this.#pending = this.#endText
    this.flush()
    if (!this.#isBlocked) this.#owner.onRelayed()
  }

  #fail(spool: Spool): void {
    const { failure } = spool
    if (failure !== null) this.#owner.onRelayFailure(failure)
  }

  /** The client took everything that was written. */
  onDrain(): void {
    this.#isBlocked = false
    const lent = this.#lent
    if (lent !== null) {
      this.#lent = null
      for (const buffer of lent) giveReadBuffer(buffer)
    }
    if (this.#spool !== null) {
      this.#pump()
      return
    }
    this.#releasePeer()
    if (this.#isEnded && this.#pending === '') this.#owner.onRelayed()
  }

  #stopTimer(): void {
    if (this.#timer !== null) this.#peer.wheel.remove(this.#timer)
  }

  /** Gives everything back; any time. Lent buffers are left to the garbage collector: the socket may still hold them. */
  close(): void {
    this.#stopTimer()
    this.#lent = null
    this.#reader?.close()
    this.#reader = null
    this.#spool?.close()
    this.#spool = null
  }
}
