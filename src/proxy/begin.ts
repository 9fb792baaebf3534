// Step 2, begin: from a request head to an exchange that some location answers.

import { FAILURES, type Failure, failureText } from '../base/failure.ts'
import type { ClientConnection } from '../downstream/client-connection.ts'
import { FIELD } from '../http/field-list.ts'
import { RequestHead } from '../http/request-parser.ts'
import { answerFailure, answerMissingSlash, answerStatus } from './answer.ts'
import { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { findLocation, readTarget, setCaptures } from './route.ts'
import type { Snapshot } from './runtime.ts'
import type { ServerTable } from './server-table.ts'

/** Starts the exchange of `connection.head` on `snapshot`. */
export function beginExchange(
  connection: ClientConnection,
  snapshot: Snapshot,
  servers: ServerTable,
): void {
  const head = connection.head!
  const { server, captures } = servers.find(head.host)
  const exchange = new Exchange(connection, head, snapshot, server, connection.requestStartedMs)
  snapshot.active++
  exchange.requestBytes = head.headBytes
  if (captures !== null) setCaptures(exchange, captures)
  exchange.step = 'route'
  if (head.method === 'TRACE' || head.method === 'CONNECT') {
    refuse(exchange, { failure: 'method_not_allowed', detail: head.method })
    return
  }
  const failure = readTarget(exchange)
  if (failure !== null) {
    refuse(exchange, failure)
    return
  }
  if (head.method === 'OPTIONS' && (exchange.uri === '*' || isLastHop(head))) {
    answerStatus(exchange, 204)
    return
  }
  runLocation(exchange)
}

/** Answers a head that was refused by the parser, or never came. */
export function refuseRequest(
  connection: ClientConnection,
  failure: Failure,
  snapshot: Snapshot,
  servers: ServerTable,
): void {
  const head = connection.head ?? new RequestHead()
  const exchange = new Exchange(
    connection,
    head,
    snapshot,
    servers.defaultServer,
    connection.requestStartedMs,
  )
  snapshot.active++
  exchange.mustClose = true
  exchange.step = 'receive'
  refuse(exchange, failure)
}

/** Finds the location of the exchange's path and lets it answer. */
export function runLocation(exchange: Exchange): void {
  const routed = findLocation(exchange)
  if (routed === 'slash-missing') answerMissingSlash(exchange)
  else if (routed === 'internal-only') answerStatus(exchange, 404)
  else exchange.location!.handler(exchange)
}

function refuse(exchange: Exchange, failure: Failure): void {
  exchange.mustClose = true
  exchange.failure = failure
  logFailure(exchange, 'info', `${failureText(failure)} while reading client request`)
  answerFailure(exchange, failure, FAILURES[failure.failure].status)
}

/** `Max-Forwards: 0`: we are the final recipient (RFC 9110 §7.6.2). */
function isLastHop(head: RequestHead): boolean {
  const index = head.fields.findId(FIELD.max_forwards)
  return index !== -1 && /^0+$/.test(head.fields.value(index))
}
