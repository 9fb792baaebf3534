// The request body on its way to a peer. Buffered (`proxy_request_buffering on`) it is read whole before a peer is
// picked, in memory and then in a temporary file, and can be sent again to the next peer; unbuffered it passes as it
// comes, out of the buffer that it was read into while the peer takes it at once.

import type { BodySource } from '../base/body-source.ts'
import { type Failure, fail } from '../base/failure.ts'
import { giveReadBuffer, type ReadBuffer } from '../base/read-buffers.ts'
import type { ClientLink } from '../downstream/detached-client.ts'
import { latin1Text } from '../http/latin1.ts'
import type { Settings } from '../model/settings.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import { Spool } from './spool.ts'

/** A whole body up to this goes to the peer in one write with the head. */
const INLINE_BYTES_MAX = 16_384
const UNLIMITED_FILE_BYTES = Number.MAX_SAFE_INTEGER
/** Smaller pieces are copied: a socket may hold them until its next `drain`. */
const COPY_BELOW_BYTES = 16_384

/** What the body tells the exchange. */
export interface RequestBodyOwner {
  /** A buffered body is whole, an unbuffered one may start. */
  onBodyReady(): void
  onBodyRefused(failure: Failure): void
}

export class RequestBody {
  readonly #connection: ClientLink
  #owner: RequestBodyOwner
  readonly #settings: Settings
  readonly #isBuffered: boolean
  readonly #bytesMax: number
  /** Made for what does not fit `inline`. */
  #spool: Spool | null = null
  #inline = ''
  #isInline: boolean
  /** It becomes a file, whatever its size. */
  readonly #isFile: boolean
  /** Bytes that went to the peer without a stay in the spool. */
  #passed = 0
  #isWhole = false
  #isStarted = false
  #peer: PeerConnection | null = null
  #reader: BodySource | null = null
  /** The peer's socket has not taken all that it was given. */
  #isPeerFull = false
  #lent: ReadBuffer | null = null
  #isChunkedOut = false
  #hasSentAny = false
  #isPumping = false
  #isUnwanted = false

  constructor(connection: ClientLink, owner: RequestBodyOwner, settings: Settings) {
    const { client, proxy } = settings
    this.#connection = connection
    this.#owner = owner
    this.#settings = settings
    // HTTP/1.0 has no chunks: the length must be known before the first byte goes.
    const isChunked = (connection.head?.bodyBytes ?? 0) < 0
    this.#isBuffered =
      proxy.isRequestBuffering ||
      (isChunked && proxy.httpVersion === '1.0') ||
      proxy.body !== null ||
      !proxy.passesBody
    this.#isFile = this.#isBuffered && client.bodyFile !== 'off'
    this.#isInline = !this.#isFile
    this.#bytesMax = client.bodyBytesMax
  }

  /** Bytes received so far. */
  get length(): number {
    return this.#isInline ? this.#inline.length : this.#passed + (this.#spool?.length ?? 0)
  }

  /** Whether all of it has arrived. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** The body while it stands in memory as one text (`$request_body`), else null. */
  get text(): string | null {
    if (!this.#isWhole) return null
    return this.#isInline ? this.#inline : (this.#spool?.text ?? null)
  }

  /** The temporary file that holds it (`$request_body_file`), or empty. */
  get filePath(): string {
    return this.#spool?.path ?? ''
  }

  /** Whether it can be sent from its start. */
  get canReplay(): boolean {
    return this.#isBuffered || !this.#hasSentAny
  }

  /** Whether it is all here and can be sent as often as one likes, also by another location. */
  get isKept(): boolean {
    return this.#isBuffered && this.#isWhole
  }

  /** An internal redirect came to another upstream: a body that `isKept` goes there too. */
  adopt(owner: RequestBodyOwner): void {
    this.#owner = owner
    owner.onBodyReady()
  }

  /** Begins to read. */
  start(timeoutMs: number): void {
    const bytes = this.#connection.head?.bodyBytes ?? 0
    if (this.#bytesMax > 0 && bytes > this.#bytesMax) {
      this.#refuse(fail('body_too_large', `${bytes} bytes`))
      return
    }
    this.#isStarted = true
    // A small body that came with its head leaves with it, in one write.
    const isHere =
      bytes > 0 && bytes <= INLINE_BYTES_MAX && bytes <= this.#connection.body.arrivedBytes
    if (!this.#isBuffered && !isHere) {
      this.#isInline = false
      this.#owner.onBodyReady()
      if (!this.#isStarted) return
      this.#connection.body.useOwnBuffer()
    }
    this.#connection.body.start(timeoutMs)
  }

  /** From the connection: bytes, borrowed; see `ExchangeFlow.onBodyData`. */
  append(bytes: Buffer, from: number, to: number, isLendable: boolean): void {
    if (!this.#isStarted || this.#isUnwanted) return
    const length = this.length + to - from
    if (this.#bytesMax > 0 && length > this.#bytesMax) {
      this.#refuse(fail('body_too_large', `more than ${this.#bytesMax} bytes`))
      return
    }
    if (this.#isInline) {
      if (length <= INLINE_BYTES_MAX) {
        this.#inline += latin1Text(bytes, from, to)
        return
      }
      this.#isInline = false
      const text = this.#inline
      this.#inline = ''
      if (text !== '') this.#madeSpool().append(Buffer.from(text, 'latin1'), 0, text.length)
    }
    if (this.#mayPass()) this.#pass(bytes, from, to, isLendable)
    else this.#store(bytes, from, to)
  }

  #store(bytes: Buffer, from: number, to: number): void {
    const result = this.#madeSpool().append(bytes, from, to)
    if (result === 'wait') this.#connection.body.pause()
    else if (result === 'full') this.#onFull()
    this.#pump()
  }

  #madeSpool(): Spool {
    if (this.#spool !== null) return this.#spool
    const { client } = this.#settings
    const spool = new Spool({
      memoryBytesMax: client.bodyBufferBytes,
      fileBytesMax: this.#isBuffered ? UNLIMITED_FILE_BYTES : 0,
      tempPath: client.bodyTempPath,
      isConsumed: !this.#isBuffered,
      ...(this.#isFile ? { file: client.bodyFile === 'on' ? 'kept' : 'removed' } : {}),
    })
    spool.onStored = () => this.#owner.onBodyReady()
    spool.onReady = () => this.#connection.body.resume()
    spool.onFailure = () => this.#refuse(spool.failure ?? fail('spool_failed'))
    this.#spool = spool
    return spool
  }

  #onFull(): void {
    if (this.#spool === null || this.#spool.failure !== null) return
    this.#refuse(fail('spool_failed', 'request body does not fit its buffer'))
  }

  /** From the connection: the body is whole. */
  end(): void {
    if (!this.#isStarted || this.#isUnwanted) return
    this.#isWhole = true
    if (!this.#isInline) this.#madeSpool().end()
    // The owner hears of it when the file has all.
    if (this.#isFile) return
    if (this.#isBuffered || this.#isInline) this.#owner.onBodyReady()
    else this.#pump()
  }

  #refuse(failure: Failure): void {
    if (!this.#isStarted && failure.failure !== 'body_too_large') return
    this.#isStarted = false
    this.#owner.onBodyRefused(failure)
  }

  // ── to the peer ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** The framing lines and, when it is small and whole, the body itself: what follows the outgoing head. */
  framing(declaredBytes: number): { readonly text: string; readonly isWhole: boolean } {
    if (this.#isInline && this.#isWhole) {
      this.#hasSentAny = true
      return {
        text: `Content-Length: ${this.#inline.length}\r\n\r\n${this.#inline}`,
        isWhole: true,
      }
    }
    this.#isChunkedOut = !this.#isWhole && declaredBytes < 0
    if (this.#isChunkedOut) return { text: 'Transfer-Encoding: chunked\r\n\r\n', isWhole: false }
    const length = this.#isWhole ? this.length : declaredBytes
    return { text: `Content-Length: ${length}\r\n\r\n`, isWhole: false }
  }

  /** Sends the body to `peer` after the head; from the start, for a try that is not the first. */
  sendTo(peer: PeerConnection): void {
    this.#peer = peer
    this.#isPeerFull = false
    this.#reader?.close()
    this.#reader = this.#madeSpool().reader()
    this.#reader.onReadable = () => this.#pump()
    this.#pump()
  }

  /** The peer is gone; nothing more is sent to it. */
  stopSending(): void {
    this.#peer = null
    // Its socket may hold the lent buffer still: that is left to the garbage collector.
    this.#lent = null
    this.#reader?.close()
    this.#reader = null
  }

  /** The peer has answered before it got the whole body: the rest is read and forgotten. */
  discard(): void {
    this.stopSending()
    this.#isUnwanted = true
    this.#connection.body.resume()
  }

  /** The peer's socket took all: send more. */
  onPeerDrain(): void {
    this.#isPeerFull = false
    const lent = this.#lent
    this.#lent = null
    if (lent !== null) giveReadBuffer(lent)
    this.#pump()
    if (!this.#isPeerFull && this.#peer !== null) this.#connection.body.resume()
  }

  /** Whether what comes can go to the peer at once: nothing that came before it is left. */
  #mayPass(): boolean {
    if (this.#isBuffered || this.#peer === null || this.#isPeerFull || this.#isPumping) return false
    return this.#spool?.isRead === true
  }

  #pass(bytes: Buffer, from: number, to: number, isLendable: boolean): void {
    const size = to - from
    this.#passed += size
    const isLent = isLendable && size >= COPY_BELOW_BYTES
    const piece = bytes.subarray(from, to)
    if (this.#write(this.#peer!, isLent ? piece : Buffer.from(piece))) return // hot-path: a small piece of an upload
    if (isLent) {
      this.#lent = this.#connection.body.buffer
      this.#connection.body.detachBuffer()
    }
    this.#connection.body.pause()
  }

  #pump(): void {
    const peer = this.#peer
    const reader = this.#reader
    // Reading may make room, and room may bring more bytes: those wait until what was read is written.
    if (peer === null || reader === null || this.#isPumping || this.#isPeerFull) return
    this.#isPumping = true
    this.#send(peer, reader)
    this.#isPumping = false
  }

  #send(peer: PeerConnection, reader: BodySource): void {
    for (;;) {
      const bytes = reader.read()
      if (bytes === 'wait') return
      if (bytes === null) {
        if (reader.failure !== null) return
        this.#peer = null
        reader.close()
        this.#reader = null
        peer.endBody(this.#isChunkedOut ? '0\r\n\r\n' : '')
        return
      }
      // Small pieces must be the socket's own: it may take them later, when the reader has used its memory again.
      const isOwn = bytes.length < COPY_BELOW_BYTES || this.#isChunkedOut
      if (!this.#write(peer, isOwn ? Buffer.from(bytes) : bytes)) return
    }
  }

  /** Writes one piece with its framing; false when the peer must take what it has first. */
  #write(peer: PeerConnection, piece: Buffer): boolean {
    this.#hasSentAny = true
    let isTaken: boolean
    if (this.#isChunkedOut) {
      peer.writeBody(Buffer.from(`${piece.length.toString(16)}\r\n`, 'latin1'))
      peer.writeBody(piece)
      isTaken = peer.writeBody(Buffer.from('\r\n', 'latin1'))
    } else {
      isTaken = peer.writeBody(piece)
    }
    if (!isTaken) this.#isPeerFull = true
    return isTaken
  }

  /** Frees memory and files. */
  close(): void {
    this.#isStarted = false
    this.stopSending()
    this.#spool?.close()
  }
}
