// From a path to the location that answers it: the search, and what it may find instead.

import { answerMissingSlash, answerStatus } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { findLocation, type Routed } from './route.ts'

/** Finds the location of the exchange's path and lets it answer. */
export function searchLocation(exchange: Exchange): void {
  answerRouted(exchange, findLocation(exchange))
}

/** Lets what a search found answer. */
export function answerRouted(exchange: Exchange, routed: Routed): void {
  if (routed !== 'found') exchange.snapshot.trace?.onUnserved(exchange, routed)
  if (routed === 'slash-missing') answerMissingSlash(exchange)
  else if (routed === 'internal-only') answerStatus(exchange, 404)
  else exchange.location!.handler(exchange)
}
