// A socket as tests see it: keeps every byte that came, lets a test wait for what it expects instead of sleeping, and
// sends exactly the bytes, in exactly the pieces, that the test says. Both ends of the proxy's world are made of it.

import type { Socket } from 'node:net'

/** How long a test waits for bytes before it fails and says what came instead. */
const PATIENCE_MS = 5_000

/** How the other side ended: FIN, RST, or not yet. */
export type Ending = 'open' | 'end' | 'reset'

interface Waiter {
  check(): boolean
}

export class RawConnection {
  readonly socket: Socket
  /** Bytes that came in all. */
  bytesReceived = 0
  ending: Ending = 'open'
  isClosed = false
  readonly #waiters = new Set<Waiter>()
  readonly #record: Buffer[] = []
  /** What came and was not read yet; joined only when somebody looks, because answers may be large. */
  #unread: Buffer[] = []
  #unreadLength = 0
  readonly #isRecording: boolean

  /** @param isRecording keeps all bytes for `received`, and hands none to readers when false */
  constructor(socket: Socket, isRecording = true) {
    this.socket = socket
    this.#isRecording = isRecording
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => {
      this.bytesReceived += bytes.length
      if (this.#isRecording) {
        this.#record.push(bytes)
        this.#unread.push(bytes)
        this.#unreadLength += bytes.length
      }
      this.#wake()
    })
    socket.on('end', () => {
      if (this.ending === 'open') this.ending = 'end'
      this.#wake()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') this.ending = 'reset'
      this.#wake()
    })
    socket.on('close', () => {
      this.isClosed = true
      this.#wake()
    })
  }

  /** Bytes that came and were not read yet. */
  get unread(): Buffer {
    if (this.#unread.length > 1) this.#unread = [Buffer.concat(this.#unread)]
    return this.#unread[0] ?? Buffer.alloc(0)
  }

  /** Everything that came, as latin-1 text. */
  get received(): string {
    return Buffer.concat(this.#record).toString('latin1')
  }

  /** Whether nothing more can come. */
  get isOver(): boolean {
    return this.ending !== 'open' || this.isClosed
  }

  /**
   * Waits until `condition` holds; it is asked again whenever something came or ended.
   *
   * @param isPatient waits for ever: for the next request of a connection that may be idle
   */
  when(condition: () => boolean, what: string, isPatient = false): Promise<void> {
    if (condition()) return Promise.resolve()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter = {
      check: () => {
        if (!condition()) return false
        clearTimeout(timer)
        resolve()
        return true
      },
    }
    const expire = () => {
      this.#waiters.delete(waiter)
      reject(new Error(`waited for ${what}; ${this.describe()}`))
    }
    const timer = isPatient ? undefined : setTimeout(expire, PATIENCE_MS)
    this.#waiters.add(waiter)
    return promise
  }

  /** What came, for messages. */
  describe(): string {
    const text = JSON.stringify(this.unread.subarray(0, 300).toString('latin1'))
    return `${this.ending}, ${this.bytesReceived} bytes in all, unread: ${text}`
  }

  /** Reads up to and with `marker`; null when the connection ends before it. */
  async until(marker: string): Promise<string | null> {
    let at = -1
    await this.when(() => {
      at = this.unread.indexOf(marker, 0, 'latin1')
      return at !== -1 || this.isOver
    }, JSON.stringify(marker))
    return at === -1 ? null : this.take(at + marker.length).toString('latin1')
  }

  /** Reads `count` bytes, or fewer when the connection ends before. */
  async bytes(count: number): Promise<Buffer> {
    await this.when(() => this.#unreadLength >= count || this.isOver, `${count} bytes`)
    return this.take(Math.min(count, this.#unreadLength))
  }

  /** Reads to the end of the connection. */
  async rest(): Promise<Buffer> {
    await this.when(() => this.isOver, 'the end of the connection')
    return this.take(this.#unreadLength)
  }

  /** Waits for the other side's end. */
  async ended(): Promise<Ending> {
    await this.when(() => this.isOver, 'the end of the connection')
    return this.ending
  }

  /** Waits until the socket is closed on both sides. */
  closed(): Promise<void> {
    return this.when(() => this.isClosed, 'the close of the connection')
  }

  /** Takes unread bytes. */
  take(count: number): Buffer {
    const all = this.unread
    this.#unread = count === all.length ? [] : [all.subarray(count)]
    this.#unreadLength = all.length - count
    return all.subarray(0, count)
  }

  /** Sends pieces, each in a write of its own, with a turn of the event loop after each. Resolves when all are sent. */
  async send(...pieces: readonly (string | Buffer)[]): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece
      if (this.socket.destroyed || !this.socket.writable) return
      await new Promise<void>(resolve => this.socket.write(bytes, () => resolve()))
      if (index < pieces.length - 1) await nextTurn()
    }
  }

  /** Sends FIN after what was sent. */
  end(): void {
    this.socket.end()
  }

  /** Sends RST. */
  reset(): void {
    this.socket.resetAndDestroy()
  }

  /** Closes without ceremony: FIN, or RST when bytes were not read. */
  destroy(): void {
    this.socket.destroy()
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.check()) this.#waiters.delete(waiter)
    }
  }
}

/** The next turn of this thread's event loop. */
export function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

/** The pieces of `text`, one byte each. */
export function bytewise(text: string): string[] {
  return [...text]
}

/** `text` in two halves. */
export function inHalves(text: string): string[] {
  const middle = Math.floor(text.length / 2)
  return text.length < 2 ? [text] : [text.slice(0, middle), text.slice(middle)]
}
