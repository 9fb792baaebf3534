// A scripted origin: a bare TCP server that keeps every byte it got and does with each connection what the test says.

import { type AddressInfo, createServer, type Server } from 'node:net'
import type { TestContext } from 'node:test'
import { afterTest } from './after-test.ts'
import { RawConnection } from './raw-connection.ts'
import { type RawMessage, readRequest } from './raw-message.ts'

/** One connection that the proxy made. */
export class OriginConnection extends RawConnection {
  /** Reads the next request; fails when the connection ends before its head. */
  async request(): Promise<RawMessage> {
    const request = await readRequest(this)
    if (request === null) throw new Error(`no request; ${this.describe()}`)
    return request
  }
}

/** Answers one connection from its beginning to its end. */
export type OriginScript = (connection: OriginConnection, index: number) => Promise<void> | void

export class Origin {
  /** All connections so far, in the order in which they came. */
  readonly connections: OriginConnection[] = []
  /** What a script threw; the test's end reports the first. */
  readonly errors: unknown[] = []
  /** Requests that `answerWith` has read whole. */
  readonly requests: RawMessage[] = []
  readonly #server: Server
  readonly #waiting: ((connection: OriginConnection) => void)[] = []
  #script: OriginScript | null = null
  #port = 0
  #taken = 0

  constructor() {
    this.#server = createServer({ allowHalfOpen: true }, socket => {
      const connection = new OriginConnection(socket)
      this.connections.push(connection)
      if (this.#script !== null) {
        const index = this.connections.length - 1
        void Promise.resolve(this.#script(connection, index)).catch(error => {
          // A connection that the proxy cut in the middle of a request is for the test to judge.
          if (!connection.isOver) this.errors.push(error)
        })
      }
      this.#waiting.shift()?.(connection)
    })
  }

  get port(): number {
    return this.#port
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  /** From now on `accept` gives only connections that are still to come. */
  skipToNew(): void {
    this.#taken = this.connections.length
  }

  /** Bytes of all connections together. */
  get bytesReceived(): number {
    return this.connections.reduce((sum, connection) => sum + connection.bytesReceived, 0)
  }

  /** Listens; after `stopListening` on the same port again. */
  async open(): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Runs `script` for every connection from now on. */
  run(script: OriginScript): void {
    this.#script = script
  }

  /** Answers every request of every connection with what `answer` gives; null ends the connection. */
  answerWith(answer: (request: RawMessage, connection: OriginConnection) => string | null): void {
    this.run(async connection => {
      for (;;) {
        const request = await readNext(connection)
        if (request === null) break
        this.requests.push(request)
        const text = answer(request, connection)
        if (text === null) break
        await connection.send(text)
      }
      connection.end()
    })
  }

  /** The next connection that nobody took yet. */
  async accept(): Promise<OriginConnection> {
    const index = this.#taken++
    const known = this.connections[index]
    if (known !== undefined) return known
    const { promise, resolve, reject } = Promise.withResolvers<OriginConnection>()
    const timer = setTimeout(
      () => reject(new Error('waited for a connection at the origin')),
      5_000,
    )
    this.#waiting.push(connection => {
      clearTimeout(timer)
      resolve(connection)
    })
    return promise
  }

  /** Stops listening; connections go on. Resolves at once: connects are refused from now on. */
  stopListening(): void {
    this.#server.close()
  }

  close(): void {
    this.#server.close()
    for (const connection of this.connections) connection.destroy()
  }
}

async function readNext(connection: OriginConnection): Promise<RawMessage | null> {
  await connection.when(() => connection.unread.length > 0 || connection.isOver, 'a request', true)
  if (connection.unread.length === 0) return null
  return connection.request()
}

/** Opens an origin; the test's end closes it and reports what its scripts threw. */
export async function startOrigin(t: TestContext): Promise<Origin> {
  const origin = new Origin()
  await origin.open()
  afterTest(t, () => {
    origin.close()
    if (origin.errors.length > 0) throw origin.errors[0]
  })
  return origin
}

/** An answer with Content-Length. */
export function ok(body: string, ...lines: readonly string[]): string {
  const head = ['HTTP/1.1 200 OK', ...lines, `Content-Length: ${body.length}`]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/** A port of this machine that refuses connections. */
export async function refusingPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
