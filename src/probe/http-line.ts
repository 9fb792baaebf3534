// Asks one origin one HTTP request at a time, through undici, over a connection that is opened
// here: so that it is known what a check was doing, and that nothing is left of it when it is
// stopped.

import type { LookupFunction, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Client, Dispatcher } from 'undici'
import { assert } from '../base/assert.ts'
import type { SystemClock } from '../base/clock.ts'
import type { ListenAddress } from '../model/listener.ts'
import type { ProbeTls } from '../model/probe.ts'
import { httpFault } from './http-fault.ts'
import { PROBE_LIMITS } from './limits.ts'
import { OpeningSocket } from './open-socket.ts'
import { bytesText } from './reason.ts'

export interface HttpLineOptions {
  readonly address: ListenAddress
  readonly tls: ProbeTls | null
  /** SNI where `tls` names none. */
  readonly serverName: string
  readonly isHttp2: boolean
  /** How long one connection serves; 0 = for one request. */
  readonly keepaliveMs: number
  readonly clock: SystemClock
  readonly lookUp: LookupFunction
}

export interface HttpAsk {
  readonly method: string
  readonly path: string
  /** Names and values in turn. */
  readonly headers: readonly string[]
  /** Empty = none. */
  readonly body: string
}

/** Hears of one response. */
export interface HttpSink {
  onHead(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void
  /** @returns false to stop here: the rest is not read, and nothing more is called */
  onBody(chunk: Buffer): boolean
  onEnd(): void
  /** What went wrong, in one line; nothing more is called. */
  onFault(fault: string): void
}

/** What the library is asked to keep apart from its own failures. */
const STOPPED = new Error('stopped')

const TOO_LARGE = `response takes more than ${bytesText(PROBE_LIMITS.responseBytesMax)} to be sent`

/** Loading the library takes longer than starting the program: only who asks by HTTP pays. */
let loading: Promise<void> | null = null
let undici: typeof import('undici') | null = null

/** Loads the library that `HttpLine` asks through, once. */
export function loadHttpClient(): Promise<void> {
  loading ??= import('undici').then(loaded => {
    undici = loaded
  })
  return loading
}

export class HttpLine {
  readonly #options: HttpLineOptions
  #client: Client | null = null
  #opening: OpeningSocket | null = null
  /** Tells the library that the connection which is being opened will not come. */
  #giveUpOpening: () => void = () => {}
  /** Why the last connection could not be opened. */
  #openFault = ''
  #socket: Socket | null = null
  /** The library has a connection, perhaps one that is being closed. */
  #isConnected = false
  #openedMs = 0
  #ask: { readonly ask: HttpAsk; readonly sink: HttpSink } | null = null
  #controller: Dispatcher.DispatchController | null = null
  /** The library has the request that is asked. */
  #isHandedOver = false
  #hasHead = false
  /** The request went over a connection that had served before. */
  #isReused = false
  /** What the connection had brought before the request. */
  #bytesBefore = 0

  constructor(options: HttpLineOptions) {
    this.#options = options
  }

  /** Sends a request, once `loadHttpClient` is through. */
  ask(ask: HttpAsk, sink: HttpSink): void {
    this.#ask = { ask, sink }
    this.#isHandedOver = false
    this.#dispatch()
  }

  /** What it is doing, to follow `while`. */
  get during(): string {
    if (this.#opening !== null) return this.#opening.during
    return this.#hasHead ? 'reading the body' : 'waiting for the response'
  }

  /** Gives the request up; its connection is closed. */
  stop(): void {
    if (this.#ask === null) return
    this.#ask = null
    if (this.#opening !== null) {
      this.#opening.stop()
      this.#opening = null
      this.#giveUpOpening()
    }
    this.#controller?.abort(STOPPED)
    this.#controller = null
    this.#drop()
  }

  /** Closes what is open. */
  close(): void {
    this.stop()
    this.#drop()
    const client = this.#client
    this.#client = null
    // Nothing is asked any more; what it says when it ends is nobody's business.
    client?.destroy().catch(() => {})
  }

  #drop(): void {
    // With a reason that is there already: the library would make one, stack and all.
    this.#socket?.destroy(STOPPED)
    this.#socket = null
  }

  #isSocketGone(): boolean {
    if (this.#socket?.destroyed === true) this.#socket = null
    return this.#socket === null
  }

  #dispatch(): void {
    const asked = this.#ask
    // What is asked before the old connection has gone fails with it.
    if (asked === null || this.#isHandedOver) return
    if (this.#isConnected && this.#isSocketGone()) return
    this.#isHandedOver = true
    assert(undici !== null, 'the library is loaded before anything is asked')
    this.#client ??= this.#makeClient(undici)
    this.#hasHead = false
    this.#openFault = ''
    const { keepaliveMs, clock } = this.#options
    this.#isReused = this.#socket !== null
    this.#bytesBefore = this.#socket?.bytesRead ?? 0
    // A connection that is old serves once more, and says so.
    const isLast =
      keepaliveMs === 0 || (this.#isReused && clock.nowMs - this.#openedMs >= keepaliveMs)
    const { method, path, headers, body } = asked.ask
    this.#client.dispatch(
      {
        // The library's list of methods is its own; any token is good.
        method: method as Dispatcher.HttpMethod,
        path,
        headers: [...headers],
        body: body === '' ? null : body,
        ...(isLast && !this.#options.isHttp2 ? { reset: true } : {}),
      },
      this.#handlerFor(asked.sink, isLast),
    )
  }

  #handlerFor(sink: HttpSink, isLast: boolean): Dispatcher.DispatchHandler {
    const asked = this.#ask
    const isOver = () => this.#ask !== asked
    return {
      onRequestStart: controller => {
        if (isOver()) controller.abort(STOPPED)
        else this.#controller = controller
      },
      onResponseStart: (_controller, status, headers) => {
        // 1xx are on the way to a response.
        if (isOver() || status < 200) return
        this.#hasHead = true
        sink.onHead(status, headers)
      },
      onResponseData: (_controller, chunk) => {
        if (!isOver() && !sink.onBody(chunk)) this.stop()
      },
      onResponseEnd: () => {
        if (isOver()) return
        this.#finish(isLast)
        sink.onEnd()
        if (isLast) skipStacks()
      },
      onResponseError: (_controller, error) => {
        if (isOver()) return
        // It may have been closed while it was idle: that says nothing about the peer.
        if (this.#isReused && !this.#hasHead) {
          this.#drop()
          this.#controller = null
          this.#isHandedOver = false
          queueMicrotask(() => this.#dispatch())
          return
        }
        const fault = this.#openFault || httpFault(error, this.#hasHead)
        this.#finish(true)
        sink.onFault(fault)
      },
    }
  }

  #finish(isLast: boolean): void {
    this.#ask = null
    this.#controller = null
    this.#opening = null
    if (isLast) this.#drop()
  }

  #makeClient(library: typeof import('undici')): Client {
    const { address, tls, isHttp2, keepaliveMs } = this.#options
    const scheme = tls === null ? 'http' : 'https'
    // Where to connect is decided in `#open`; this is the name that the library writes nowhere.
    const port = address.kind === 'unix' ? 1 : address.port
    const client = new library.Client(`${scheme}://peer.invalid:${port}`, {
      maxHeaderSize: PROBE_LIMITS.headBytesMax,
      // The deadline over all is the prober's.
      headersTimeout: 0,
      bodyTimeout: 0,
      ...(keepaliveMs === 0
        ? {}
        : {
            keepAliveTimeout: keepaliveMs,
            keepAliveMaxTimeout: keepaliveMs,
            keepAliveTimeoutThreshold: 0,
          }),
      allowH2: isHttp2,
      connect: (_options, callback) => this.#open(callback),
    })
    const onGone = () => {
      this.#isConnected = false
      // Once the library is through with it.
      queueMicrotask(() => this.#dispatch())
    }
    client.on('disconnect', onGone)
    client.on('connectionError', onGone)
    return client
  }

  #open(callback: (...answer: [null, Socket] | [Error, null]) => void): void {
    const { address, tls, isHttp2, serverName, clock, lookUp } = this.#options
    // A connection is opened for a request; the library may ask for one when it has gone.
    if (this.#ask === null) return void queueMicrotask(() => callback(STOPPED, null))
    const protocols = isHttp2 ? ['h2', 'http/1.1'] : ['http/1.1']
    const options = { address, tls, serverName, protocols, clock, lookUp }
    const opening = new OpeningSocket(options, (socket, fault) => {
      if (this.#opening === opening) this.#opening = null
      const wrong = socket === null ? fault : this.#protocolFault(socket)
      if (socket === null || wrong !== '') {
        socket?.destroy()
        this.#openFault = wrong
        callback(new Error(wrong), null)
        return
      }
      clock.refresh()
      this.#openedMs = clock.nowMs
      this.#isReused = false
      this.#bytesBefore = 0
      this.#socket = socket
      this.#isConnected = true
      if (!isHttp2) socket.on('readable', () => this.#count(socket))
      callback(null, socket)
    })
    this.#opening = opening
    this.#giveUpOpening = () => callback(STOPPED, null)
  }

  /** Chunks may be nearly all frame and no body: what came over the wire has a limit of its own. */
  #count(socket: Socket): void {
    const asked = this.#ask
    if (asked === null || socket !== this.#socket) return
    if (socket.bytesRead - this.#bytesBefore <= PROBE_LIMITS.responseBytesMax) return
    // The library takes what has come first; perhaps that is all that was wanted.
    queueMicrotask(() => {
      if (this.#ask !== asked) return
      this.stop()
      asked.sink.onFault(TOO_LARGE)
    })
  }

  /** Makes sure that both sides speak the same version. */
  #protocolFault(socket: Socket): string {
    if (!this.#options.isHttp2) return ''
    // With TLS the peer chose; without, the library is told what we know.
    const secured = socket as TLSSocket & { alpnProtocol?: string | false | null }
    if (this.#options.tls === null) {
      secured.alpnProtocol = 'h2'
      return ''
    }
    return secured.alpnProtocol === 'h2' ? '' : 'peer does not speak HTTP/2 (ALPN)'
  }
}

let isSkippingStacks = false

/**
 * Errors that are made until the end of this turn have no stack. The library makes one for every
 * connection that it closes as it was asked to, and its stack, which leads through WebAssembly,
 * costs more than the connect: a sixth of a whole check.
 */
function skipStacks(): void {
  if (isSkippingStacks) return
  isSkippingStacks = true
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  queueMicrotask(() => {
    Error.stackTraceLimit = stackTraceLimit
    isSkippingStacks = false
  })
}
