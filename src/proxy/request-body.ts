// The request body on its way to a peer. Buffered (`proxy_request_buffering on`) it is read whole before a peer is
// picked, in memory and then in a temporary file, and can be sent again to the next peer; unbuffered it passes as it comes.

import { type Failure, fail } from '../base/failure.ts'
import type { ClientConnection } from '../downstream/client-connection.ts'
import { latin1Text } from '../http/latin1.ts'
import type { Settings } from '../model/settings.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import type { BodySource } from './body-source.ts'
import { Spool } from './spool.ts'

/** A whole body up to this goes to the peer in one write with the head. */
const INLINE_BYTES_MAX = 16_384
const UNLIMITED_FILE_BYTES = Number.MAX_SAFE_INTEGER
const COPY_BELOW_BYTES = 16_384

/** What the body tells the exchange. */
export interface RequestBodyOwner {
  /** A buffered body is whole, an unbuffered one may start. */
  onBodyReady(): void
  onBodyRefused(failure: Failure): void
}

export class RequestBody {
  readonly #connection: ClientConnection
  #owner: RequestBodyOwner
  readonly #isBuffered: boolean
  readonly #bytesMax: number
  readonly #spool: Spool
  #inline = ''
  #isInline = true
  #isWhole = false
  #isStarted = false
  #peer: PeerConnection | null = null
  #reader: BodySource | null = null
  #isChunkedOut = false
  #hasSentAny = false
  #isPumping = false
  #isUnwanted = false

  constructor(connection: ClientConnection, owner: RequestBodyOwner, settings: Settings) {
    const { client, proxy } = settings
    this.#connection = connection
    this.#owner = owner
    // HTTP/1.0 has no chunks: the length must be known before the first byte goes.
    const isChunked = (connection.head?.bodyBytes ?? 0) < 0
    this.#isBuffered = proxy.isRequestBuffering || (isChunked && proxy.httpVersion === '1.0')
    this.#bytesMax = client.bodyBytesMax
    this.#spool = new Spool({
      memoryBytesMax: client.bodyBufferBytes,
      fileBytesMax: this.#isBuffered ? UNLIMITED_FILE_BYTES : 0,
      tempPath: client.bodyTempPath,
      isConsumed: !this.#isBuffered,
    })
    this.#spool.onReady = () => this.#connection.resumeBody()
    this.#spool.onFailure = () => this.#refuse(this.#spool.failure ?? fail('spool_failed'))
  }

  /** Bytes received so far. */
  get length(): number {
    return this.#isInline ? this.#inline.length : this.#spool.length
  }

  /** Whether all of it has arrived. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** The body while it stands in memory as one text (`$request_body`), else null. */
  get text(): string | null {
    return this.#isInline && this.#isWhole ? this.#inline : null
  }

  /** The temporary file that holds it (`$request_body_file`), or empty. */
  get filePath(): string {
    return this.#spool.path
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
    if (!this.#isBuffered) {
      this.#isInline = false
      this.#owner.onBodyReady()
      if (!this.#isStarted) return
    }
    this.#connection.startBody(timeoutMs)
  }

  /** From the connection: bytes, borrowed. */
  append(bytes: Buffer, from: number, to: number): void {
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
      if (this.#inline !== '')
        this.#spool.append(Buffer.from(this.#inline, 'latin1'), 0, this.#inline.length)
      this.#inline = ''
    }
    const result = this.#spool.append(bytes, from, to)
    if (result === 'wait') this.#connection.pauseBody()
    else if (result === 'full') this.#onFull()
    this.#pump()
  }

  #onFull(): void {
    if (this.#spool.failure !== null) return
    this.#refuse(fail('spool_failed', 'request body does not fit its buffer'))
  }

  /** From the connection: the body is whole. */
  end(): void {
    if (!this.#isStarted || this.#isUnwanted) return
    this.#isWhole = true
    if (!this.#isInline) this.#spool.end()
    if (this.#isBuffered) this.#owner.onBodyReady()
    else this.#pump()
  }

  #refuse(failure: Failure): void {
    if (!this.#isStarted && failure.failure !== 'body_too_large') return
    this.#isStarted = false
    this.#owner.onBodyRefused(failure)
  }

  /** The framing lines and, when it is small and whole, the body itself: what follows the outgoing head. */
  framing(declaredBytes: number): { readonly text: string; readonly isWhole: boolean } {
    if (this.#isInline && this.#isWhole) {
      return {
        text: `Content-Length: ${this.#inline.length}\r\n\r\n${this.#inline}`,
        isWhole: true,
      }
    }
    this.#isChunkedOut = !this.#isWhole && declaredBytes < 0
    if (this.#isChunkedOut) return { text: 'Transfer-Encoding: chunked\r\n\r\n', isWhole: false }
    const length = this.#isWhole ? this.#spool.length : declaredBytes
    return { text: `Content-Length: ${length}\r\n\r\n`, isWhole: false }
  }

  /** Sends the body to `peer` after the head; from the start, for a try that is not the first. */
  sendTo(peer: PeerConnection): void {
    this.#peer = peer
    this.#reader?.close()
    this.#reader = this.#spool.reader()
    this.#reader.onReadable = () => this.#pump()
    this.#pump()
  }

  /** The peer is gone; nothing more is sent to it. */
  stopSending(): void {
    this.#peer = null
    this.#reader?.close()
    this.#reader = null
  }

  /** The peer has answered before it got the whole body: the rest is read and forgotten. */
  discard(): void {
    this.stopSending()
    this.#isUnwanted = true
    this.#connection.resumeBody()
  }

  /** The peer's socket took all: send more. */
  onPeerDrain(): void {
    this.#pump()
  }

  #pump(): void {
    const peer = this.#peer
    const reader = this.#reader
    // Reading may make room, and room may bring more bytes: those wait until what was read is written.
    if (peer === null || reader === null || this.#isPumping) return
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
      this.#hasSentAny = true
      // Small pieces must be the socket's own: it may take them later, when the reader has used its memory again.
      const piece = bytes.length < COPY_BELOW_BYTES ? Buffer.from(bytes) : bytes
      let isTaken: boolean
      if (this.#isChunkedOut) {
        peer.writeBody(Buffer.from(`${bytes.length.toString(16)}\r\n`, 'latin1'))
        peer.writeBody(Buffer.from(piece))
        isTaken = peer.writeBody(Buffer.from('\r\n', 'latin1'))
      } else {
        isTaken = peer.writeBody(piece)
      }
      if (!isTaken) return
    }
  }

  /** Frees memory and files. */
  close(): void {
    this.#isStarted = false
    this.stopSending()
    this.#spool.close()
  }
}
