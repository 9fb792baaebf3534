// From a path to the location that answers it: the search, and what it may find instead.

import { fail } from '../base/failure.ts'
import { answerFailure, answerMissingSlash, answerStatus } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { logBodyFailure } from './failure-log.ts'
import { findLocation, type Routed } from './route.ts'

/** Finds the location of the exchange's path and lets it answer. */
export function searchLocation(exchange: Exchange): void {
  answerRouted(exchange, findLocation(exchange))
}

/** Lets what a search found answer. */
export function answerRouted(exchange: Exchange, routed: Routed): void {
  if (routed !== 'found') exchange.snapshot.trace?.onUnserved(exchange, routed)
  if (routed === 'internal-only') answerStatus(exchange, 404)
  else if (refusesBody(exchange)) refuseBody(exchange)
  else if (routed === 'slash-missing') answerMissingSlash(exchange)
  else exchange.location!.handler(exchange)
}

/**
 * Whether the body is too large by its own word: as in nginx that is found with the location, before anything of it
 * happens, and an error page of the refusal does not come to it again.
 */
export function refusesBody({ location, head, failure }: Exchange): boolean {
  const { bodyBytesMax } = location!.settings.client
  return (
    head.hasBody &&
    bodyBytesMax > 0 &&
    head.bodyBytes > bodyBytesMax &&
    failure?.failure !== 'body_too_large'
  )
}

function refuseBody(exchange: Exchange): void {
  const failure = fail('body_too_large', `${exchange.head.bodyBytes} bytes`)
  exchange.mustClose = true
  exchange.failure = failure
  logBodyFailure(exchange, failure)
  answerFailure(exchange, failure, 413)
}
