// Requests that no client waits for, made from one that a client has sent.

import { DetachedClient } from '../downstream/detached-client.ts'
import { FRAMING_NONE } from '../http/body-framing.ts'
import type { RequestHead } from '../http/request-parser.ts'
import { Exchange } from './exchange.ts'

/**
 * An exchange like another one, with a copy of its head and nobody who waits. Counts as one of its snapshot.
 *
 * @param head the copy
 * @param client stands in for the one who waits
 */
export function detach(
  exchange: Exchange,
  head: RequestHead = exchange.head.copy(),
  client: DetachedClient | null = null,
): Exchange {
  const { snapshot } = exchange
  const { nowMs } = snapshot.services.clock
  client ??= new DetachedClient(exchange.connection, head, nowMs)
  const copy = new Exchange(client, head, snapshot, exchange.server, nowMs)
  // A body that came is its client's, and the request that has it.
  head.framing = FRAMING_NONE
  head.hasLength = false
  head.hasBody = false
  head.bodyBytes = 0
  head.expectsContinue = false
  snapshot.active++
  copy.location = exchange.location
  copy.uri = exchange.uri
  copy.args = exchange.args
  copy.captures = exchange.captures
  copy.namedCaptures = exchange.namedCaptures
  copy.ownVariables = exchange.ownVariables === null ? null : new Map(exchange.ownVariables)
  copy.isTargetKept = exchange.isTargetKept
  copy.isLocationKept = exchange.isLocationKept
  copy.realClient = exchange.realClient
  copy.method = exchange.method
  copy.isInternal = exchange.isInternal
  copy.requestLimit = exchange.requestLimit
  copy.connectionLimit = exchange.connectionLimit
  copy.isDetached = true
  return copy
}
