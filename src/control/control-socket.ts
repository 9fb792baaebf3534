// The unix socket on which a running process says how it is doing and takes orders: HTTP with a table
// of routes, for `headgate status` and for scripts (`curl --unix-socket`). Only its owner may connect.
// A socket that a dead process left behind is replaced, one that answers is left alone.

import { lstatSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

import { callFailedText, systemErrorText } from '../base/system-error.ts'
import { PROGRAM, VERSION } from '../base/version.ts'
import type { LogLevel } from '../model/settings.ts'
import {
  type ControlPlace,
  claimDirectory,
  SOCKET_PATH_BYTES_MAX,
  usualControlPaths,
} from './control-path.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { probeListeners } from './listen-probe.ts'

/** What one path answers. */
export type ControlRoute =
  | {
      readonly method: 'GET'
      readonly path: string
      /** Becomes the JSON of the response. */
      readonly answer: () => unknown
    }
  | {
      readonly method: 'POST'
      readonly path: string
      /**
       * Does what is asked for, however long that takes, and resolves to the JSON of the response.
       *
       * @param order the JSON of the request; null where it has no body
       * Fails with `OrderRefused` when the order makes no sense.
       */
      readonly obey: (order: unknown) => Promise<unknown>
    }

/** An order that cannot be obeyed as it stands: one line for whoever gave it. */
export class OrderRefused extends Error {}

export interface ControlSocketOptions {
  readonly routes: readonly ControlRoute[]
  readonly place: ControlPlace
  readonly log: (level: LogLevel, text: string) => void
}

/** One socket that listens. */
interface Open {
  readonly path: string
  readonly server: Server
  /** Of the file, to know it again. */
  readonly inode: number
}

/** The socket of this process, at whatever place the configuration wants it. */
export class ControlSocket {
  readonly #options: ControlSocketOptions
  #open: Open | null = null
  /** What was wanted last; a failed wish is not tried again by a reload that changes nothing. */
  #wanted: string | null | undefined
  #changing: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(options: ControlSocketOptions) {
    this.#options = options
  }

  /** Where it listens; null where it does not. */
  get path(): string | null {
    return this.#open?.path ?? null
  }

  /**
   * Listens where a configuration wants it from now on; what listened elsewhere is closed when the
   * new place is had. Never rejects.
   *
   * @param wanted absolute; null = at the usual place, empty = nowhere
   */
  use(wanted: string | null): Promise<void> {
    this.#changing = this.#changing.then(() => this.#change(wanted))
    return this.#changing
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#changing
    this.closeNow()
  }

  /** Lets go of the socket without waiting for anything. */
  closeNow(): void {
    this.#isClosed = true
    const open = this.#open
    this.#open = null
    if (open !== null) closeOne(open)
  }

  async #change(wanted: string | null): Promise<void> {
    if (this.#isClosed || (this.#wanted === wanted && (wanted === '' || this.#open !== null)))
      return
    this.#wanted = wanted
    const before = this.#open
    const { log, place } = this.#options
    const paths = wanted === null ? usualControlPaths(place) : wanted === '' ? [] : [wanted]
    if (before !== null && paths.includes(before.path)) return
    const problems: string[] = []
    for (const path of paths) {
      const problem = await this.#listen(path, wanted === null)
      if (problem === null) break
      problems.push(problem)
    }
    if (paths.length > 0 && this.#open === before) {
      const rest = before === null ? 'there is no control socket' : `it stays at ${before.path}`
      log('warn', `${problems.join('; ')}: ${rest}`)
    } else {
      if (before !== null) closeOne(before)
      if (this.#open === before) this.#open = null
    }
    if (this.#isClosed) this.closeNow()
  }

  /** Returns why it could not, or null. */
  async #listen(path: string, isUsual: boolean): Promise<string | null> {
    if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) {
      return `the path of control socket "${path}" is longer than ${SOCKET_PATH_BYTES_MAX} bytes`
    }
    if (isUsual) {
      const problem = claimDirectory(path, this.#options.place.userId)
      if (problem !== null) return problem
    }
    // Finds one that answers, and removes one that nobody serves.
    const [problem] = await probeListeners([{ kind: 'unix', path }])
    if (problem !== undefined) return problem.text
    if (this.#isClosed) return 'the process ends'
    const server = this.#makeServer()
    const { promise, resolve } = Promise.withResolvers<string | null>()
    server.once('error', error => {
      resolve(`bind() to control socket "${path}" failed (${systemErrorText(error)})`)
    })
    // Bound in this very call, so that no other file is made under this mask.
    const mask = process.umask(0o177)
    try {
      server.listen({ path }, () => resolve(null))
    } finally {
      process.umask(mask)
    }
    const failure = await promise
    if (failure !== null) return failure
    server.removeAllListeners('error')
    server.on('error', error => this.#options.log('error', systemErrorText(error)))
    try {
      this.#open = { path, server, inode: lstatSync(path).ino }
    } catch (error) {
      server.close()
      return callFailedText('lstat', `"${path}"`, error)
    }
    // It must not keep a process alive that has nothing else to do.
    server.unref()
    return null
  }

  #makeServer(): Server {
    const server = createServer({
      maxHeaderSize: CONTROL_LIMITS.controlHeadBytesMax,
      headersTimeout: CONTROL_LIMITS.controlRequestMs,
      requestTimeout: CONTROL_LIMITS.controlRequestMs,
      connectionsCheckingInterval: CONTROL_LIMITS.controlRequestMs,
      keepAlive: false,
    })
    server.maxConnections = CONTROL_LIMITS.controlConnectionsMax
    server.maxRequestsPerSocket = 1
    // A client that does not read either: nothing moves, and it ends.
    server.setTimeout(CONTROL_LIMITS.controlRequestMs, socket => socket.destroy())
    server.on('request', (request, response) => this.#answer(request, response))
    return server
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const [path = ''] = (request.url ?? '').split('?')
    const found = this.#options.routes.filter(route => route.path === path)
    // HEAD comes with GET (RFC 9110 §9.3.2); Node leaves the body out.
    const method = request.method === 'HEAD' ? 'GET' : request.method
    const route = found.find(each => each.method === method)
    if (route?.method === 'POST') {
      void this.#obey(route, request, response)
      return
    }
    // What a request has of a body is not wanted.
    request.resume()
    if (route !== undefined) {
      send(response, this.#make(route))
    } else if (found.length === 0) {
      const paths = this.#options.routes.map(each => each.path)
      send(response, {
        status: 404,
        value: { error: `no such path: ${path.slice(0, 200)}`, paths },
      })
    } else {
      const methods = found.map(each => each.method)
      const isRead = methods.includes('GET')
      response.setHeader('allow', [...methods, ...(isRead ? ['HEAD'] : [])].join(', '))
      send(response, { status: 405, value: { error: `${path} takes ${methods.join(', ')}` } })
    }
  }

  /** A mistake in one answer must not end the process that it is about. */
  #make(route: ControlRoute & { readonly method: 'GET' }): Answer {
    try {
      return { status: 200, value: route.answer() }
    } catch (error) {
      return this.#mistake(route.path, error)
    }
  }

  /** Reads an order, has it obeyed, and answers then. Never rejects. */
  async #obey(
    route: ControlRoute & { readonly method: 'POST' },
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const order = await readOrder(request)
    if ('status' in order) {
      // The rest of a body that is too long is not waited for.
      response.once('finish', () => request.destroy())
      send(response, order)
      return
    }
    // From here on it is we who take their time.
    request.socket.setTimeout(0)
    const answer = await this.#outcome(route, order.value)
    // Whoever does not read it is not waited for.
    request.socket.setTimeout(CONTROL_LIMITS.controlRequestMs)
    send(response, answer)
  }

  async #outcome(
    route: ControlRoute & { readonly method: 'POST' },
    order: unknown,
  ): Promise<Answer> {
    try {
      return { status: 200, value: await route.obey(order) }
    } catch (error) {
      if (error instanceof OrderRefused) return { status: 400, value: { error: error.message } }
      return this.#mistake(route.path, error)
    }
  }

  #mistake(path: string, error: unknown): Answer {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.#options.log('alert', `control socket, ${path}: ${text}`)
    const reason = 'the answer could not be made; the error log has the reason'
    return { status: 500, value: { error: reason } }
  }
}

interface Answer {
  readonly status: number
  readonly value: unknown
}

/** The JSON that a request brings, or what there is to say to one that brings none. */
function readOrder(request: IncomingMessage): Promise<{ readonly value: unknown } | Answer> {
  const { promise, resolve } = Promise.withResolvers<{ readonly value: unknown } | Answer>()
  const refuse = (status: number, error: string) => resolve({ status, value: { error } })
  const bytesMax = CONTROL_LIMITS.controlBodyBytesMax
  const chunks: Buffer[] = []
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes <= bytesMax) return
    request.pause()
    refuse(413, `the body is longer than ${bytesMax} bytes`)
  })
  // Who sent half a body is gone.
  request.on('close', () => refuse(400, 'the body did not come'))
  request.on('error', () => refuse(400, 'the body did not come'))
  request.on('end', () => {
    try {
      const text = Buffer.concat(chunks).toString()
      resolve({ value: text === '' ? null : (JSON.parse(text) as unknown) })
    } catch {
      refuse(400, 'the body is no JSON')
    }
  })
  return promise
}

function send(response: ServerResponse, { status, value }: Answer): void {
  response.statusCode = status
  const body = Buffer.from(`${JSON.stringify(value)}\n`)
  response.setHeader('content-type', 'application/json')
  response.setHeader('content-length', body.length)
  response.setHeader('cache-control', 'no-store')
  response.setHeader('server', `${PROGRAM}/${VERSION}`)
  response.setHeader('connection', 'close')
  response.end(body)
}

function closeOne({ path, server, inode }: Open): void {
  server.closeAllConnections()
  // Closing removes the file by its name: another process's that stands there now is left alone.
  if (inodeOf(path) === inode) server.close()
  else server.unref()
}

function inodeOf(path: string): number {
  try {
    return lstatSync(path).ino
  } catch {
    return 0
  }
}
