// An answer from a stored response, or from one that is being stored: the client's conditions and ranges are judged
// against it, its head goes through the location's templates as a peer's would.

import { type CacheEntry, isWithoutBody } from '../cache/entry.ts'
import { FIELDS_NOT_IN_304 } from '../cache/policy/client-conditions.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { mayHaveBody } from '../http/status.ts'
import { answerStatus, interceptsStatus } from './answer.ts'
import { ANSWER_WHOLE, isRanged, judgeEntry } from './cache-conditions.ts'
import { outcomeLine } from './cache-outcome.ts'
import { EntrySource } from './entry-source.ts'
import type { Exchange } from './exchange.ts'
import type { FilePart } from './file-source.ts'
import { decideKeepAlive, finishExchange } from './finish.ts'
import { paceResponse, takeAccelRate } from './rate-limit.ts'
import type { OutgoingFraming } from './response-head.ts'
import type { CacheRuntime, LocationRuntime } from './runtime.ts'
import { SlicedEntry } from './sliced-entry.ts'
import { SourceRelay } from './source-relay.ts'
import { isTrailed, lastChunk } from './trailers.ts'

/** Up to the end, wherever that will be. */
const TO_THE_END = Number.MAX_SAFE_INTEGER

/**
 * Answers the client; the entry is released when it is not needed any more.
 *
 * @param own the head of the peer's answer to this request, of which the entry was made; null = it was stored before
 */
export function answerEntry(
  exchange: Exchange,
  location: LocationRuntime,
  cache: CacheRuntime,
  found: CacheEntry,
  own: ResponseHead | null = null,
): void {
  const { entryTaker } = exchange
  if (entryTaker !== null) {
    exchange.entryTaker = null
    exchange.status = found.head.status
    entryTaker(found)
    return
  }
  if (exchange.isDetached && exchange.askedFor === null) {
    // Nobody waits for what it says.
    found.release()
    exchange.status = found.head.status
    finishExchange(exchange, false)
    return
  }
  const isPiece = exchange.sliceRange !== '' && cache.slices !== null
  const entry = isPiece ? (SlicedEntry.of(exchange, cache.slices!, found) ?? found) : found
  const { meta } = entry
  const isNew = own !== null
  // What may not be stored of an answer, who asked for it gets all the same.
  const isOwn = isNew && entry === found && own.status === entry.head.status
  const head = isOwn ? own : entry.head
  exchange.responseHead = head
  if (meta.isOwn) {
    entry.release()
    answerStatus(exchange, head.status)
    return
  }
  if (interceptsStatus(exchange, head.status)) {
    entry.release()
    answerStatus(exchange, head.status)
    return
  }
  const isErrorPage = exchange.errorStatus > 0
  const { files, proxy } = location.settings
  const judged = isErrorPage
    ? ANSWER_WHOLE
    : judgeEntry(exchange.head, entry, cache.settings.mode, isNew, proxy, files)
  if (judged.status === 412 || judged.status === 416) {
    entry.release()
    // As in nginx, what is added to the whole stays with what could not be given.
    exchange.ownLines =
      judged.status === 416 ? judged.lines + location.response.addedLines(exchange, head) : ''
    answerStatus(exchange, judged.status)
    return
  }
  const status = isErrorPage ? exchange.errorStatus : judged.status || head.status
  const length = judged.parts === null ? meta.length : judged.length
  const hasBody = mayHaveBody(status)
  const isHead = exchange.head.method === 'HEAD'
  const isEndless = hasBody && length === -1
  const isTrailing = hasBody && !isHead && isTrailed(exchange, location, status)
  const framing: OutgoingFraming = isTrailing
    ? 'chunked'
    : !isEndless
      ? 'length'
      : exchange.head.minor === 1 && location.settings.client.sendsChunks
        ? 'chunked'
        : 'close'
  if (framing === 'close') exchange.mustClose = true
  const isKeepAlive = decideKeepAlive(exchange, status)
  const isRangedEntry = isRanged(entry, cache.settings.mode, proxy)
  const text = location.response.fromStore(exchange, head, {
    status,
    lines:
      judged.lines +
      outcomeLine(exchange, cache, status, meta.freshness.freshUntilMs) +
      (isNew && (head === own || meta.initialAgeSeconds === 0)
        ? ''
        : ageLines(exchange, cache, entry)),
    length: !hasBody ? -1 : isHead && isWithoutBody(entry) ? entry.head.bodyBytes : length,
    framing,
    isKeepAlive,
    dropsType: judged.dropsType,
    dropsRanges: isRangedEntry,
    isRanged: isRangedEntry && status === 200 && files.rangesMax !== 0,
    keepsDate: cache.settings.mode === 'standard',
    isKept: head !== own,
    hides: hiddenFields(cache, entry, judged.status, isNew),
  })
  exchange.step = 'relay'
  exchange.status = status
  exchange.state = 'head'
  exchange.sentHead = text
  exchange.bytesSent += text.length
  takeAccelRate(exchange, entry.head, location.settings.proxy.ignoreFields)
  paceResponse(exchange, location)
  const { connection } = exchange
  connection.setSendTimeout(location.settings.client)
  if (isHead || !hasBody || length === 0) {
    entry.release()
    connection.writeText(isTrailing ? text + lastChunk(exchange, location) : text)
    finishExchange(exchange, isKeepAlive)
    return
  }
  if (entry.text !== null && judged.parts === null && !isTrailing) {
    const body = entry.text
    entry.release()
    exchange.bodyBytesSent = body.length
    exchange.bytesSent += body.length
    connection.writeText(text + body)
    finishExchange(exchange, isKeepAlive)
    return
  }
  const parts: readonly FilePart[] = judged.parts ?? [
    { start: 0, end: length === -1 ? TO_THE_END : length },
  ]
  const source = new EntrySource(exchange, cache, entry, parts)
  const end = isTrailing ? () => lastChunk(exchange, location) : undefined
  new SourceRelay(exchange, source, length, isKeepAlive, framing, end).start(text)
}

function ageLines(exchange: Exchange, { policy }: CacheRuntime, entry: CacheEntry): string {
  return policy.answerLines(entry, exchange.snapshot.services.clock.wallMs)
}

function hiddenFields(
  { policy, settings }: CacheRuntime,
  entry: CacheEntry,
  status: number,
  isNew: boolean,
): readonly string[] {
  const names = isNew ? NONE : policy.hidesOnReuse(entry)
  return status === 304 && settings.mode === 'standard' ? [...names, ...FIELDS_NOT_IN_304] : names
}

const NONE: readonly string[] = []
