// Requests that no client waits for, made from one that a client has sent.

import { DetachedClient } from '../downstream/detached-client.ts'
import { Exchange } from './exchange.ts'

/** An exchange like another one, with a copy of its head and nobody who waits. Counts as one of its snapshot. */
export function detach(exchange: Exchange): Exchange {
  const { snapshot } = exchange
  const { nowMs } = snapshot.services.clock
  const head = exchange.head.copy()
  const client = new DetachedClient(exchange.connection, head, nowMs)
  const copy = new Exchange(client, head, snapshot, exchange.server, nowMs)
  snapshot.active++
  copy.location = exchange.location
  copy.uri = exchange.uri
  copy.args = exchange.args
  copy.captures = exchange.captures
  copy.namedCaptures = exchange.namedCaptures
  copy.method = exchange.method
  copy.isInternal = exchange.isInternal
  copy.isDetached = true
  return copy
}
