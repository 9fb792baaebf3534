// A scripted client: raw bytes out, answers in.

import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { afterTest } from './after-test.ts'
import { RawConnection } from './raw-connection.ts'
import { type RawResponse, readResponse } from './raw-message.ts'

export class Client extends RawConnection {
  /** Reads the next answer; fails when the connection ends before its head. */
  async response(method = 'GET'): Promise<RawResponse> {
    const response = await readResponse(this, method)
    if (response === null) throw new Error(`no answer; ${this.describe()}`)
    return response
  }

  /** Sends a request in one piece and reads its answer. */
  async ask(request: string, method = 'GET'): Promise<RawResponse> {
    await this.send(request)
    return this.response(method)
  }
}

export interface ClientOptions {
  /** Does not read until `socket.resume()`. */
  readonly isPaused?: boolean
  /** Counts bytes without keeping them. */
  readonly isCounting?: boolean
}

/** Connects to a port of this machine; the test's end closes the connection. */
export async function connectClient(
  t: TestContext,
  port: number,
  options: ClientOptions = {},
): Promise<Client> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  const client = new Client(socket, options.isCounting !== true)
  if (options.isPaused === true) socket.pause()
  afterTest(t, () => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return client
}

/** One request on a connection of its own. */
export async function askOnce(
  t: TestContext,
  port: number,
  request: string,
  method = 'GET',
): Promise<RawResponse> {
  const client = await connectClient(t, port)
  try {
    return await client.ask(request, method)
  } finally {
    client.destroy()
  }
}

/** A request without body: `GET` and `Host`, and the lines given. */
export function get(target: string, ...lines: readonly string[]): string {
  return request('GET', target, '', ...lines)
}

/** A request in HTTP/1.1 with Host; a body brings its Content-Length. */
export function request(
  method: string,
  target: string,
  body: string,
  ...lines: readonly string[]
): string {
  const length = body === '' ? [] : [`Content-Length: ${body.length}`]
  const head = [`${method} ${target} HTTP/1.1`, 'Host: test.example', ...lines, ...length]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
