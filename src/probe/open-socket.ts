// Opens the connection of a check: TCP or a unix socket, with TLS when asked. The peer's
// certificate is looked at here and not by the TLS library, so that a reason can say what is wrong
// with it.

import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { SystemClock } from '../base/clock.ts'
import type { ListenAddress } from '../model/listener.ts'
import type { ProbeTls } from '../model/probe.ts'
import { certificateFault } from './certificate.ts'
import { connectionFault } from './reason.ts'
import { secureContextFor } from './secure-context.ts'

export interface SocketOptions {
  readonly address: ListenAddress
  readonly tls: ProbeTls | null
  /** SNI, and the name that the certificate must have, where `tls` names none. */
  readonly serverName: string
  /** ALPN; empty = none is offered. */
  readonly protocols: readonly string[]
  readonly clock: SystemClock
  /** How a name is looked up; addresses need none. */
  readonly lookUp?: LookupFunction
}

/** A connection that is being opened. */
export class OpeningSocket {
  /** What it is doing, to follow `while`. */
  during = 'connecting'
  readonly #onEnd: (socket: Socket | null, fault: string) => void
  #socket: Socket | null = null
  #isEnded = false

  /** @param onEnd called once, later: with an open socket, or with what went wrong */
  constructor(options: SocketOptions, onEnd: (socket: Socket | null, fault: string) => void) {
    this.#onEnd = onEnd
    const { address, tls, lookUp } = options
    const found = lookUp === undefined ? {} : { lookup: lookUp }
    const place =
      address.kind === 'unix'
        ? { path: address.path }
        : { host: address.host, port: address.port, ...found }
    if (tls === null) {
      const socket = connectTcp(place)
      socket.once('connect', () => this.#end(socket, ''))
      this.#watch(socket)
      return
    }
    const name = tls.serverName ?? options.serverName
    const context = secureContextFor(tls)
    if (typeof context === 'string') {
      queueMicrotask(() => this.#end(null, context))
      return
    }
    const socket = connectTls({
      ...place,
      secureContext: context,
      servername: isIP(name) === 0 ? name : '',
      rejectUnauthorized: false,
      // A name that does not fit is found below, together with all else.
      checkServerIdentity: () => undefined,
      ALPNProtocols: [...options.protocols],
    })
    socket.once('connect', () => {
      this.during = 'the TLS handshake was going on'
    })
    socket.once('secureConnect', () => {
      options.clock.refresh()
      this.#onSecure(socket, tls, name, options.clock.wallMs)
    })
    this.#watch(socket)
  }

  /** Gives up. */
  stop(): void {
    this.#isEnded = true
    this.#socket?.destroy()
  }

  #watch(socket: Socket): void {
    this.#socket = socket
    // Stays for as long as the socket lives: an error after its end is nobody's business.
    socket.on('error', error => {
      const isHandshake = this.during !== 'connecting'
      this.#end(null, connectionFault(isHandshake ? 'recv' : 'connect', error))
    })
    socket.once('close', () => {
      this.#end(null, 'peer closed the connection during the TLS handshake')
    })
  }

  #onSecure(socket: TLSSocket, tls: ProbeTls, name: string, wallMs: number): void {
    const fault = certificateFault(socket, tls, name, wallMs)
    if (fault === '') this.#end(socket, '')
    else this.#end(null, fault)
  }

  #end(socket: Socket | null, fault: string): void {
    if (this.#isEnded) return
    this.#isEnded = true
    if (socket === null) this.#socket?.destroy()
    this.#onEnd(socket, fault)
  }
}
