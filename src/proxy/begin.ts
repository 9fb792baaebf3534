// Step 2, begin: from a request head to an exchange that some location answers.

import { FAILURES, type Failure } from '../base/failure.ts'
import type { ClientConnection } from '../downstream/client-connection.ts'
import { FIELD } from '../http/field-list.ts'
import { RequestHead } from '../http/request-parser.ts'
import { answerFailure, answerStatus } from './answer.ts'
import { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { finishExchange } from './finish.ts'
import { HeadMemo, recall } from './head-memo.ts'
import { readRefused } from './refused-head.ts'
import { passServer } from './rewrite-phase.ts'
import { findLocation, readTarget, setCaptures } from './route.ts'
import { answerRouted, refusesBody, searchLocation } from './run-location.ts'
import type { Snapshot } from './runtime.ts'
import type { ServerTable } from './server-table.ts'
import { isAsSent } from './set-variable.ts'

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
  const failure = head.method === 'CONNECT' ? null : readTarget(exchange, servers.defaultServer)
  if (failure !== null) {
    refuseTarget(exchange, failure, servers)
    return
  }
  if (server.realIp !== null) exchange.realClient = server.realIp.find(exchange)
  if (head.method === 'TRACE' || head.method === 'CONNECT') {
    const text = `client sent ${head.method} method while reading client request headers`
    refuse(exchange, { failure: 'method_not_allowed', detail: head.method }, text, '')
    return
  }
  if (head.method === 'OPTIONS' && (exchange.uri === '*' || isLastHop(head))) {
    answerStatus(exchange, 204)
    return
  }
  const { rewrite } = server
  if (rewrite === null) route(exchange, servers)
  else passServer(exchange, rewrite, passed => route(passed, servers))
}

/** Finds the location, and remembers it where the head says it all. */
function route(exchange: Exchange, servers: ServerTable): void {
  const { head } = exchange
  const routed = findLocation(exchange)
  const isKnown = routed === 'found' && exchange.captures === null && !refusesBody(exchange)
  if (isKnown && head.isRepeated && isAsSent(exchange)) {
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
  exchange.realClient = memo.realClient
  exchange.step = 'route'
  const { rewrite } = memo.server
  if (rewrite !== null) {
    passServer(exchange, rewrite, passed => routeAgain(passed, memo))
    return
  }
  exchange.location = location
  exchange.memo = memo
  location.handler(exchange)
}

/** What the steps of its server did to a request is not known from the one before. */
function routeAgain(exchange: Exchange, memo: HeadMemo): void {
  if (!isAsSent(exchange)) {
    searchLocation(exchange)
    return
  }
  exchange.location = memo.location
  exchange.memo = memo
  memo.location.handler(exchange)
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
  if (head.target !== '') readTarget(exchange, servers.defaultServer)
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

/** Goes on with the path that an internal redirect gave the exchange: from the steps of its server on, as in nginx. */
export function runLocation(exchange: Exchange): void {
  const { rewrite } = exchange.server
  exchange.isLocationKept = true
  if (rewrite === null) {
    searchLocation(exchange)
    return
  }
  exchange.location = null
  passServer(exchange, rewrite, searchLocation)
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
