// The end of an exchange, whatever it came to: logged once, counted, everything given back, and the connection goes on to
// the next request or closes.

import type { Exchange } from './exchange.ts'

/** Statuses after which the connection is not trusted any more. */
const CLOSING_STATUSES: ReadonlySet<number> = new Set([400, 408, 413, 414, 431, 501, 505])

/** Whether the client may send another request on this connection; decided when the response head is made. */
export function decideKeepAlive(exchange: Exchange, status: number): boolean {
  const { connection, head } = exchange
  if (exchange.mustClose || !head.isKeepAlive || !connection.mayServeNext) return false
  if (exchange.failure !== null && CLOSING_STATUSES.has(status)) return false
  const { client } = (exchange.location ?? exchange.server.fallback).settings
  if (client.keepaliveTimeoutMs === 0 || exchange.snapshot.isDraining) return false
  if (connection.requests >= client.keepaliveRequestsMax) return false
  return exchange.snapshot.services.clock.nowMs - connection.startedMs < client.keepaliveAgeMaxMs
}

/**
 * Ends an exchange whose response is wholly written.
 *
 * @param isKeepAlive what the response head told the client
 */
export function finishExchange(exchange: Exchange, isKeepAlive: boolean): void {
  if (!endOnce(exchange)) return
  const { client } = (exchange.location ?? exchange.server.fallback).settings
  exchange.connection.finishResponse(isKeepAlive ? client.keepaliveTimeoutMs : 0)
}

/**
 * Ends an exchange that cannot be answered, or not to its end: the connection is cut.
 *
 * @param isReset the client could take the end of the connection for the end of the response
 */
export function cutExchange(exchange: Exchange, isReset: boolean): void {
  exchange.isCut = true
  if (!endOnce(exchange)) return
  exchange.connection.abort(isReset)
}

function endOnce(exchange: Exchange): boolean {
  if (exchange.isFinished) return false
  exchange.isFinished = true
  exchange.state = 'done'
  const loggers = (exchange.location ?? exchange.server.fallback).accessLogs
  if (!exchange.isDetached) {
    for (let i = 0; i < loggers.length; i++) loggers[i]!.write(exchange)
    exchange.cacheStore?.count(exchange.cacheStatus, exchange.bodyBytesSent)
  }
  exchange.body?.close()
  exchange.snapshot.onExchangeEnd(exchange)
  const { entryTaker } = exchange
  exchange.entryTaker = null
  entryTaker?.(null)
  return true
}
