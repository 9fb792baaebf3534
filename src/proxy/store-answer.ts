// The answer to a client whose response is becoming a file: the head is the one that it would get without that, the body
// follows what is written.

import type { GrowingBody } from '../cache/store/growing-body.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { mayHaveBody } from '../http/status.ts'
import type { Exchange } from './exchange.ts'
import { decideKeepAlive, finishExchange } from './finish.ts'
import type { OutgoingFraming } from './response-head.ts'
import type { LocationRuntime } from './runtime.ts'
import { SourceRelay } from './source-relay.ts'

/** Up to the end, wherever that will be. */
const TO_THE_END = Number.MAX_SAFE_INTEGER

/**
 * Answers with the peer's head and the body that grows.
 *
 * @param lastChunk what ends a chunked body, asked once it has ended
 */
export function answerFollowing(
  exchange: Exchange,
  location: LocationRuntime,
  head: ResponseHead,
  body: GrowingBody,
  lastChunk: () => string,
): void {
  // `error_page … =204`: the status that goes out has no body.
  const hasBody = head.hasBody && (exchange.errorStatus <= 0 || mayHaveBody(exchange.errorStatus))
  const isEndless = hasBody && head.bodyBytes < 0
  const isChunked = isEndless && exchange.head.minor === 1
  const framing: OutgoingFraming = !isEndless ? 'length' : isChunked ? 'chunked' : 'close'
  if (framing === 'close') exchange.mustClose = true
  exchange.status = exchange.errorStatus > 0 ? exchange.errorStatus : head.status
  const isKeepAlive = decideKeepAlive(exchange, exchange.status)
  const text = location.response.fromPeer(exchange, head, framing, isKeepAlive)
  exchange.step = 'relay'
  exchange.state = 'head'
  exchange.sentHead = text
  exchange.bytesSent += text.length
  const { connection } = exchange
  connection.setSendTimeout(location.settings.client.sendTimeoutMs)
  if (!hasBody || head.bodyBytes === 0) {
    connection.writeText(text)
    finishExchange(exchange, isKeepAlive)
    return
  }
  const length = isEndless ? TO_THE_END : head.bodyBytes
  const source = body.open(0, length)
  new SourceRelay(exchange, source, length, isKeepAlive, framing, lastChunk).start(text)
}
