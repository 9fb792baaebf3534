// An origin that counts what it has in hand, and answers at once or only when the test says so.

import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { afterTest } from './after-test.ts'

/** What it does with a request, when it is not held. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void

export class CountingOrigin {
  readonly name: string
  /** Requests that it has got so far. */
  count = 0
  /** Requests that it has in hand, and the most that it ever had. */
  active = 0
  activeMax = 0
  /** Requests are kept until `release`. */
  isHolding = false
  #answer: Answer = (_, response) => response.end(this.name)
  readonly #held: (() => void)[] = []
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = []
  readonly #server = createServer((asked, response) => this.#onRequest(asked, response))
  #port = 0

  private constructor(name: string) {
    this.name = name
  }

  /** Listens; the test's end closes it. */
  static async open(t: TestContext, name: string, answer?: Answer): Promise<CountingOrigin> {
    const origin = new CountingOrigin(name)
    if (answer !== undefined) origin.#answer = answer
    await origin.listen()
    afterTest(t, () => origin.close())
    return origin
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** Listens, after `close` on the same port again. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Takes no connections any more, and cuts those that it has. */
  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** Resolves when it has got so many requests in all. */
  async got(count: number): Promise<void> {
    if (this.count >= count) return
    await new Promise<void>(resolve => this.#waiting.push({ count, resolve }))
  }

  /** Lets go of the oldest requests that it holds. */
  release(count = this.#held.length): void {
    for (const answer of this.#held.splice(0, count)) answer()
  }

  #onRequest(asked: IncomingMessage, response: ServerResponse): void {
    this.count++
    this.active++
    this.activeMax = Math.max(this.activeMax, this.active)
    response.once('close', () => this.active--)
    if (this.isHolding) this.#held.push(() => this.#answer(asked, response))
    else this.#answer(asked, response)
    for (const each of this.#waiting.filter(({ count }) => count <= this.count)) {
      this.#waiting.splice(this.#waiting.indexOf(each), 1)
      each.resolve()
    }
  }
}

/** What `GET` on a connection of its own came to. */
export interface Answered {
  readonly status: number
  readonly body: string
  readonly headers: IncomingHttpHeaders
}

/** Asks on a new connection, which lands at any worker. */
export async function ask(
  address: string,
  path = '/',
  headers: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Answered> {
  const [host, port] = address.split(':')
  const asked = request({
    host,
    port,
    path,
    agent: false,
    headers: { host: 'a.test', ...headers },
    ...(signal === undefined ? {} : { signal }),
  })
  asked.end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  let body = ''
  for await (const chunk of response) body += chunk
  return { status: response.statusCode!, body, headers: response.headers }
}
