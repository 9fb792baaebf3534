// Step 2, begin: from a request head to an exchange that some location answers.

import { FAILURES, type Failure } from '../base/failure.ts'
import type { ClientConnection } from '../downstream/client-connection.ts'
import { FIELD } from '../http/field-list.ts'
import { RequestHead } from '../http/request-parser.ts'
import { answerFailure, answerMissingSlash, answerStatus } from './answer.ts'
import { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { finishExchange } from './finish.ts'
import { HeadMemo, recall } from './head-memo.ts'
import { readRefused } from './refused-head.ts'
import { findLocation, type Routed, readTarget, setCaptures } from './route.ts'
import type { Snapshot } from './runtime.ts'
import type { ServerTable } from './server-table.ts'

/** Starts the exchange of `connection.head` on `snapshot`. */
export function beginExchange(
  connection: ClientConnection,
  snapshot: Snapshot,
  servers: ServerTable,
): void {
  const head = connection.head!
  const memo = head.isRepeated ? recall(head, snapshot, servers) : null
  if (memo !== null) {
    beginAgain(connection, memo)
    return
  }
  const { server, captures } = servers.find(head.host)
  const exchange = new Exchange(connection, head, snapshot, server, connection.requestStartedMs)
  snapshot.active++
  exchange.requestBytes = head.headBytes
  if (captures !== null) setCaptures(exchange, captures)
  exchange.step = 'route'
  const failure = head.method === 'CONNECT' ? null : readTarget(exchange)
  if (failure !== null) {
    refuseTarget(exchange, failure, servers)
    return
  }
  if (head.method === 'TRACE' || head.method === 'CONNECT') {
    const text = `client sent ${head.method} method while reading client request headers`
    refuse(exchange, { failure: 'method_not_allowed', detail: head.method }, text, '')
    return
  }
  if (head.method === 'OPTIONS' && (exchange.uri === '*' || isLastHop(head))) {
    answerStatus(exchange, 204)
    return
  }
  const routed = findLocation(exchange)
  if (routed === 'found' && head.isRepeated && exchange.captures === null) {
    exchange.memo = new HeadMemo(exchange, servers, exchange.location!)
    head.memo = exchange.memo
  }
  answerRouted(exchange, routed)
}

/** Starts the exchange of a head whose way is known. */
function beginAgain(connection: ClientConnection, memo: HeadMemo): void {
  const head = connection.head!
  const { snapshot, location } = memo
  const exchange = new Exchange(
    connection,
    head,
    snapshot,
    memo.server,
    connection.requestStartedMs,
  )
  snapshot.active++
  exchange.requestBytes = head.headBytes
  exchange.uri = memo.uri
  exchange.args = memo.args
  exchange.location = location
  exchange.memo = memo
  exchange.step = 'route'
  location.handler(exchange)
}

/** Answers a head that was refused by the parser, or never came. */
export function refuseRequest(
  connection: ClientConnection,
  failure: Failure,
  snapshot: Snapshot,
  servers: ServerTable,
): void {
  const head = connection.head ?? new RequestHead()
  const refusal = readRefused(head, failure, servers.defaultServer.config.settings.client)
  const { server, captures } =
    head.host === '' ? { server: servers.defaultServer, captures: null } : servers.find(head.host)
  const exchange = new Exchange(connection, head, snapshot, server, connection.requestStartedMs)
  snapshot.active++
  if (captures !== null) setCaptures(exchange, captures)
  exchange.requestBytes = refusal.bytes
  exchange.step = 'receive'
  if (head.target !== '') readTarget(exchange)
  refuse(exchange, failure, refusal.text, refusal.reason)
}

/** Answers a path that no server can read: as in nginx the first line counts alone, and whoever takes what has no name. */
function refuseTarget(exchange: Exchange, failure: Failure, servers: ServerTable): void {
  const { head } = exchange
  exchange.server = servers.defaultServer
  exchange.captures = null
  exchange.namedCaptures = null
  const refusal = readRefused(head, failure, exchange.server.config.settings.client)
  exchange.requestBytes = refusal.bytes
  refuse(exchange, failure, refusal.text, refusal.reason)
}

/** Finds the location of the exchange's path and lets it answer. */
export function runLocation(exchange: Exchange): void {
  answerRouted(exchange, findLocation(exchange))
}

function answerRouted(exchange: Exchange, routed: Routed): void {
  if (routed === 'slash-missing') answerMissingSlash(exchange)
  else if (routed === 'internal-only') answerStatus(exchange, 404)
  else exchange.location!.handler(exchange)
}

function refuse(exchange: Exchange, failure: Failure, text: string, reason: string): void {
  exchange.mustClose = true
  exchange.failure = failure
  logFailure(exchange, 'info', text, reason)
  if (failure.failure !== 'client_gone') {
    answerFailure(exchange, failure, FAILURES[failure.failure].status)
    return
  }
  // Half a head, and nobody is left to answer: only the log hears of it.
  exchange.status = 400
  exchange.isCut = true
  finishExchange(exchange, false)
}

/** `Max-Forwards: 0`: we are the final recipient (RFC 9110 §7.6.2). */
function isLastHop(head: RequestHead): boolean {
  const index = head.fields.findId(FIELD.max_forwards)
  return index !== -1 && /^0+$/.test(head.fields.value(index))
}
