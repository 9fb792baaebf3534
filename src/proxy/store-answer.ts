// The answer to a client whose response is becoming a file: the head is the one that it would get without that, the body
// follows what is written.

import type { GrowingBody } from '../cache/store/growing-body.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { mayHaveBody } from '../http/status.ts'
import type { Exchange } from './exchange.ts'
import { decideKeepAlive, finishExchange } from './finish.ts'
import { paceResponse } from './rate-limit.ts'
import type { OutgoingFraming } from './response-head.ts'
import type { LocationRuntime } from './runtime.ts'
import { SourceRelay } from './source-relay.ts'
import { isTrailed, lastChunk } from './trailers.ts'

/** Up to the end, wherever that will be. */
const TO_THE_END = Number.MAX_SAFE_INTEGER

/**
 * Answers with the peer's head and the body that grows.
 *
 * @param trailerLines of the peer's trailers, asked once the body has ended
 */
export function answerFollowing(
  exchange: Exchange,
  location: LocationRuntime,
  head: ResponseHead,
  body: GrowingBody,
  trailerLines: () => string,
): void {
  // `error_page … =204`: the status that goes out has no body.
  const hasBody = head.hasBody && (exchange.errorStatus <= 0 || mayHaveBody(exchange.errorStatus))
  const isTrailing = hasBody && isTrailed(exchange, location, statusOf(exchange, head))
  const isEndless = hasBody && head.bodyBytes < 0
  const isChunked =
    isTrailing || (isEndless && exchange.head.minor === 1 && location.settings.client.sendsChunks)
  const framing: OutgoingFraming = isChunked ? 'chunked' : isEndless ? 'close' : 'length'
  if (framing === 'close') exchange.mustClose = true
  exchange.status = statusOf(exchange, head)
  const isKeepAlive = decideKeepAlive(exchange, exchange.status)
  const text = location.response.fromPeer(exchange, head, framing, isKeepAlive)
  exchange.step = 'relay'
  exchange.state = 'head'
  exchange.sentHead = text
  exchange.bytesSent += text.length
  paceResponse(exchange, location)
  const { connection } = exchange
  connection.setSendTimeout(location.settings.client)
  const end = () => lastChunk(exchange, location, trailerLines())
  if (!hasBody || head.bodyBytes === 0) {
    connection.writeText(isTrailing ? text + end() : text)
    finishExchange(exchange, isKeepAlive)
    return
  }
  const length = isEndless ? TO_THE_END : head.bodyBytes
  const source = body.open(0, length)
  new SourceRelay(exchange, source, length, isKeepAlive, framing, end).start(text)
}

function statusOf({ errorStatus }: Exchange, { status }: ResponseHead): number {
  return errorStatus > 0 ? errorStatus : status
}
