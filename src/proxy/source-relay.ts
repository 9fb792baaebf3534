// A body of our own on its way to the client: pulled from its source only as fast as the client takes it.

import type { BodySource } from '../base/body-source.ts'
import { type Failure, fail, failureText } from '../base/failure.ts'
import type { ExchangeFlow } from '../downstream/client-handler.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { cutExchange, finishExchange } from './finish.ts'
import type { OutgoingFraming } from './response-head.ts'

const LAST_CHUNK = '0\r\n\r\n'
/** Pieces smaller than this are copied: the socket may keep them after the source has used its memory again. */
const COPY_BELOW_BYTES = 16_384

export class SourceRelay implements ExchangeFlow {
  readonly #exchange: Exchange
  readonly #source: BodySource
  readonly #isKeepAlive: boolean
  readonly #framing: OutgoingFraming
  readonly #lastChunk: () => string
  /** Of a body with a length. */
  #left: number
  #isBlocked = false

  constructor(
    exchange: Exchange,
    source: BodySource,
    contentLength: number,
    isKeepAlive: boolean,
    framing: OutgoingFraming = 'length',
    lastChunk = () => LAST_CHUNK,
  ) {
    this.#lastChunk = lastChunk
    this.#framing = framing
    this.#exchange = exchange
    this.#source = source
    this.#left = contentLength
    this.#isKeepAlive = isKeepAlive
  }

  start(head: string): void {
    const { connection } = this.#exchange
    if (connection.phase !== 'busy') {
      // The client left while the source was opened, when nobody listened.
      this.onClientGone(fail('client_gone', 'before the answer'))
      return
    }
    connection.flow = this
    this.#source.onReadable = () => this.#pump()
    if (!connection.writeText(head)) this.#isBlocked = true
    else this.#pump()
  }

  #pump(): void {
    const exchange = this.#exchange
    while (!this.#isBlocked && !exchange.isFinished) {
      const bytes = this.#source.read()
      if (bytes === 'wait') return
      if (bytes === null) {
        this.#end()
        return
      }
      this.#left -= bytes.length
      if (this.#framing === 'chunked') {
        this.#writeChunk(bytes)
        continue
      }
      exchange.bodyBytesSent += bytes.length
      exchange.bytesSent += bytes.length
      const piece = bytes.length < COPY_BELOW_BYTES ? Buffer.from(bytes) : bytes
      if (!exchange.connection.writeBytes(piece)) this.#isBlocked = true
    }
  }

  #writeChunk(bytes: Buffer): void {
    const exchange = this.#exchange
    const start = `${bytes.length.toString(16)}\r\n`
    exchange.bodyBytesSent += bytes.length
    exchange.bytesSent += start.length + bytes.length + 2
    const chunk = Buffer.allocUnsafe(start.length + bytes.length + 2)
    chunk.write(start, 0, 'latin1')
    bytes.copy(chunk, start.length)
    chunk.write('\r\n', start.length + bytes.length, 'latin1')
    if (!exchange.connection.writeBytes(chunk)) this.#isBlocked = true
  }

  #end(): void {
    const { failure } = this.#source
    this.#source.close()
    const isShort = this.#framing === 'length' && this.#left !== 0
    if (failure !== null || isShort) {
      // Fewer bytes than Content-Length promised: the client must see the cut.
      const text = failure === null ? 'the body ended early' : failureText(failure)
      logFailure(this.#exchange, 'crit', `${text} while sending response to client`)
      this.#exchange.failure = failure
      cutExchange(this.#exchange, this.#framing === 'close')
      return
    }
    if (this.#framing === 'chunked') {
      const last = this.#lastChunk()
      this.#exchange.bytesSent += last.length
      this.#exchange.connection.writeText(last)
    }
    finishExchange(this.#exchange, this.#isKeepAlive)
  }

  onDrain(): void {
    this.#isBlocked = false
    this.#pump()
  }

  onBodyData(): void {}

  onBodyEnd(): void {}

  onBodyFailure(): void {}

  onClientEnd(): void {}

  onClientGone(failure: Failure): void {
    this.#source.close()
    this.#exchange.failure = failure
    cutExchange(this.#exchange, false)
  }
}
