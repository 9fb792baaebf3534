// Stands in for a client connection where nobody waits for the answer: updates of stored responses, pieces of large ones,
// questions that the control side asks. It tells who the client was in whose place it runs; what is written goes nowhere.

import { assert } from '../base/assert.ts'
import type { ProxyHeader } from '../http/proxy-header.ts'
import type { RequestHead } from '../http/request-parser.ts'
import type { BodyFeed } from './body-feed.ts'
import type { ClientConnection, ClientPhase } from './client-connection.ts'
import type { ExchangeFlow } from './client-handler.ts'
import type { ClientSocket } from './client-socket.ts'

/** What an exchange needs of its client. */
export type ClientLink = Pick<
  ClientConnection,
  | 'serial'
  | 'startedMs'
  | 'requests'
  | 'isPipelined'
  | 'phase'
  | 'head'
  | 'requestStartedMs'
  | 'flow'
  | 'isHalfClosed'
  | 'body'
  | 'socket'
  | 'remoteAddress'
  | 'remotePort'
  | 'localAddress'
  | 'localPort'
  | 'proxyHeader'
  | 'bodyBytesRead'
  | 'mayServeNext'
  | 'setSendTimeout'
  | 'queuedBytes'
  | 'writeText'
  | 'writeBytes'
  | 'finishResponse'
  | 'abort'
  | 'startTunnel'
>

/** Who the client is. */
export type ClientFacts = Pick<
  ClientLink,
  | 'serial'
  | 'startedMs'
  | 'requests'
  | 'remoteAddress'
  | 'remotePort'
  | 'localAddress'
  | 'localPort'
> & { readonly proxyHeader?: ProxyHeader | null }

export class DetachedClient implements ClientLink {
  readonly serial: number
  readonly startedMs: number
  requests: number
  isPipelined = false
  phase: ClientPhase = 'busy'
  head: RequestHead | null
  requestStartedMs: number
  flow: ExchangeFlow | null = null
  isHalfClosed = false
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly proxyHeader: ProxyHeader | null
  readonly bodyBytesRead = 0
  readonly mayServeNext = false
  readonly queuedBytes = 0

  /**
   * @param client in whose place it runs
   * @param head of its request, a copy that is its own
   */
  constructor(client: ClientFacts, head: RequestHead, nowMs: number) {
    this.serial = client.serial
    this.requests = client.requests
    this.startedMs = client.startedMs
    this.requestStartedMs = nowMs
    this.head = head
    this.remoteAddress = client.remoteAddress
    this.remotePort = client.remotePort
    this.localAddress = client.localAddress
    this.localPort = client.localPort
    this.proxyHeader = client.proxyHeader ?? null
  }

  /** Its requests have no body. */
  get body(): BodyFeed {
    return none('body')
  }

  get socket(): ClientSocket {
    return none('socket')
  }

  startTunnel(): Buffer | null {
    return none('upgrade')
  }

  setSendTimeout(): void {}

  writeText(): boolean {
    return true
  }

  writeBytes(): boolean {
    return true
  }

  finishResponse(): void {
    this.phase = 'closed'
  }

  abort(): void {
    this.phase = 'closed'
  }
}

function none(name: string): never {
  return assert(false, `a detached request has no ${name}`) as never
}
