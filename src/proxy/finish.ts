// The end of an exchange, whatever it came to: logged once, counted, everything given back, and the connection goes on to
// the next request or closes.

import type { PacedClient } from '../downstream/paced-client.ts'
import type { Exchange } from './exchange.ts'
import { isTooOld } from './old-browsers.ts'

/** Statuses after which the connection is not trusted any more. */
const CLOSING_STATUSES: ReadonlySet<number> = new Set([400, 408, 413, 414, 431, 501, 505])

/** Whether the client may send another request on this connection; decided when the response head is made. */
export function decideKeepAlive(exchange: Exchange, status: number): boolean {
  const { connection, head } = exchange
  if (exchange.mustClose || !head.isKeepAlive || !connection.mayServeNext) return false
  if (exchange.failure !== null && CLOSING_STATUSES.has(status)) return false
  const { client } = (exchange.location ?? exchange.server.fallback).settings
  if (client.keepaliveTimeoutMs === 0) return false
  if (exchange.snapshot.isDraining && client.keepaliveMinMs === 0) return false
  if (connection.requests >= client.keepaliveRequestsMax) return false
  if (client.keepaliveDisable.length > 0 && isTooOld(head, client.keepaliveDisable)) return false
  return exchange.snapshot.services.clock.nowMs - connection.startedMs < client.keepaliveAgeMaxMs
}

/**
 * Ends an exchange whose response is wholly written.
 *
 * @param isKeepAlive what the response head told the client
 */
export function finishExchange(exchange: Exchange, isKeepAlive: boolean): void {
  if (exchange.pacer !== null && isPacing(exchange, isKeepAlive)) return
  if (!endOnce(exchange)) return
  const { client } = (exchange.location ?? exchange.server.fallback).settings
  const { keepaliveTimeoutMs, keepaliveMinMs } = client
  if (keepaliveMinMs > 0 && isKeepAlive && exchange.snapshot.isDraining) {
    exchange.connection.finishResponse(Math.min(keepaliveMinMs, keepaliveTimeoutMs))
    return
  }
  exchange.connection.finishResponse(isKeepAlive ? keepaliveTimeoutMs : 0, keepaliveMinMs)
}

/**
 * Ends an exchange that cannot be answered, or not to its end: the connection is cut.
 *
 * @param isReset the client could take the end of the connection for the end of the response
 */
export function cutExchange(exchange: Exchange, isReset: boolean): void {
  exchange.isCut = true
  if (exchange.pacer !== null && !exchange.isFinished) uncountWaiting(exchange, exchange.pacer)
  if (!endOnce(exchange)) return
  exchange.connection.abort(isReset)
}

/** What waits for its time when the connection is cut was not sent. */
function uncountWaiting(exchange: Exchange, { waitingBytes }: PacedClient): void {
  exchange.bytesSent -= waitingBytes
  exchange.bodyBytesSent = Math.max(0, exchange.bodyBytesSent - waitingBytes)
}

/** What is written waits for its time: the exchange ends when it is gone. */
function isPacing(exchange: Exchange, isKeepAlive: boolean): boolean {
  if (exchange.isFinished) return false
  return exchange.pacer!.waitUntilSent({
    onSent: () => finishExchange(exchange, isKeepAlive),
    onGone: failure => {
      exchange.failure ??= failure
      cutExchange(exchange, false)
    },
  })
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
  if (exchange.connectionHolds !== null) exchange.connectionHolds.release()
  exchange.snapshot.onExchangeEnd(exchange)
  const { entryTaker } = exchange
  exchange.entryTaker = null
  entryTaker?.(null)
  exchange.onEnd?.()
  return true
}
