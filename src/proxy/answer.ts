// Answers that do not come from a peer: statuses with their error pages, redirects, texts, and bodies pulled from a source.

import type { BodySource } from '../base/body-source.ts'
import { type Failure, fail, failureText } from '../base/failure.ts'
import { FIELD } from '../http/field-list.ts'
import { mayHaveBody } from '../http/status.ts'
import { escapeUri } from '../http/target.ts'
import { builtInPage } from './error-page.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { cutExchange, decideKeepAlive, finishExchange } from './finish.ts'
import { paceResponse } from './rate-limit.ts'
import { findNamedLocation, REDIRECTS_MAX, redirectInternally } from './route.ts'
import type { ErrorPageRuntime, LocationRuntime } from './runtime.ts'
import { fieldText } from './safe-text.ts'
import { SourceRelay } from './source-relay.ts'
import { isTrailed, lastChunk } from './trailers.ts'

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** What conditions and ranges make of 200. */
const OF_200: ReadonlySet<number> = new Set([206, 304, 412, 416])
/** nginx's own code for too large a head; clients get 400 in its place. */
const HEAD_TOO_LARGE = 494
/** Their pages are the last answer on a connection, whoever said so (ngx_http_special_response_handler). */
const LAST_ANSWERS: ReadonlySet<number> = new Set([400, 413, 414, 495, 496, 497, 500, 501])
const CONTENT_TYPE = /^Content-Type: .*\r\n/m
const HTML = 'Content-Type: text/html\r\n'

function locationOf(exchange: Exchange): LocationRuntime {
  return exchange.location ?? exchange.server.fallback
}

/** Answers with `status`: through `error_page` where one is configured, else with the built-in page. */
export function answerStatus(exchange: Exchange, status: number): void {
  if (exchange.isFinished || exchange.state !== 'none') return
  if (isSilent(exchange, status)) {
    exchange.status = status
    const { resetsTimedOut } = locationOf(exchange).settings.client
    cutExchange(exchange, status === 444 && resetsTimedOut)
    return
  }
  if (LAST_ANSWERS.has(status)) exchange.mustClose = true
  if (mayHavePage(exchange) && status >= 300 && answerErrorPage(exchange, status)) return
  const sent = isNginxCode(status) ? 400 : status
  const location = locationOf(exchange)
  // An error page that itself comes to a status has that one: it is only what the page says that keeps the error's.
  const page = mayHaveBody(sent) ? builtInPage(sent, location.signature) : ''
  sendText(exchange, sent, page === '' ? '' : HTML, page)
}

/** Codes that stand for the end of the connection; 408 only where it is not we who waited in vain, nor the peer. */
function isSilent({ failure, responseHead }: Exchange, status: number): boolean {
  if (status === 444 || status === 499) return true
  return status === 408 && failure === null && responseHead === null
}

/** Answers what a failure stands for. 499 means that nobody is left to answer. */
export function answerFailure(exchange: Exchange, failure: Failure, status: number): void {
  exchange.failure ??= failure
  if (status === 499) {
    exchange.status = 499
    cutExchange(exchange, false)
    return
  }
  const { client } = locationOf(exchange).settings
  if (failure.failure === 'client_timeout' && client.resetsTimedOut) {
    exchange.status = status
    cutExchange(exchange, true)
    return
  }
  answerStatus(exchange, status)
}

/** An error page has none itself, unless the location that it stands for says so (`recursive_error_pages`). */
function mayHavePage({ errorStatus, nestsErrorPage }: Exchange): boolean {
  return errorStatus === 0 || nestsErrorPage
}

/** Whether an `error_page` of the location names `status`, be it that of an error page that has none itself. */
export function interceptsStatus(exchange: Exchange, status: number): boolean {
  if (status < 300 || !locationOf(exchange).settings.proxy.interceptsErrors) return false
  return locationOf(exchange).errorPages.some(page => page.statuses.includes(status))
}

/** Whether `status` would have an error page. */
export function hasErrorPage(exchange: Exchange, status: number): boolean {
  return (
    mayHavePage(exchange) &&
    locationOf(exchange).errorPages.some(page => page.statuses.includes(status))
  )
}

/** Too large a head has a code of its own in nginx, and pages for that are meant for it. */
function findErrorPage(exchange: Exchange, status: number): ErrorPageRuntime | undefined {
  const { errorPages } = locationOf(exchange)
  const pageOf = (code: number) => errorPages.find(each => each.statuses.includes(code))
  const isTooLarge = status === 431 && exchange.failure?.failure === 'head_too_large'
  return (isTooLarge ? pageOf(HEAD_TOO_LARGE) : undefined) ?? pageOf(status)
}

/** Codes that only configurations see: too large a head, and what is wrong with a client's TLS. */
function isNginxCode(status: number): boolean {
  return status >= HEAD_TOO_LARGE && status <= 497
}

function answerErrorPage(exchange: Exchange, status: number): boolean {
  const page = findErrorPage(exchange, status)
  if (page === undefined) return false
  const target = page.target(exchange)
  exchange.snapshot.trace?.onErrorPage(exchange, status, target)
  exchange.nestsErrorPage = locationOf(exchange).settings.nestsErrorPages
  if (target.startsWith('/') || target.startsWith('@')) {
    // -1: the page's own status counts (`=` without a number).
    exchange.errorStatus = page.status === 0 ? -1 : (page.status ?? status)
    if (target.startsWith('@')) {
      runNamedLocation(exchange, target.slice(1))
    } else {
      if (exchange.method !== 'HEAD') exchange.method = 'GET'
      internalRedirect(exchange, target)
    }
    return true
  }
  const redirect = page.status !== null && REDIRECT_STATUSES.has(page.status) ? page.status : 302
  exchange.errorStatus = -1
  answerRedirect(exchange, redirect, target)
  return true
}

/** Goes on with the location `@name`, with the method as it is. */
export function runNamedLocation(exchange: Exchange, name: string): void {
  const { isInternal } = exchange
  const location = findNamedLocation(exchange, name)
  // The path is no other than before: a target that the client sent goes on as it came.
  exchange.isInternal = isInternal
  if (exchange.redirects > REDIRECTS_MAX) {
    const text = 'rewrite or internal redirection cycle while redirect to named location'
    endCycle(exchange, fail('internal', `${text} "@${name}"`))
    return
  }
  if (location === null) {
    logFailure(exchange, 'error', `could not find named location "@${name}"`)
    answerStatus(exchange, 500)
    return
  }
  exchange.location = location
  location.handler(exchange)
}

/**
 * Goes on with another path of the same server, with the method as it is.
 *
 * @param args null = they follow the path behind a question mark
 */
export function internalRedirect(
  exchange: Exchange,
  uri: string,
  args: string | null = null,
): void {
  const failure = redirectInternally(exchange, uri)
  if (failure !== null) {
    endCycle(exchange, failure)
    return
  }
  if (args !== null) {
    exchange.uri = uri
    exchange.args = args
  }
  exchange.snapshot.runLocation(exchange)
}

/** No error page leads out of a circle. */
function endCycle(exchange: Exchange, failure: Failure): void {
  logFailure(exchange, 'error', failureText(failure))
  exchange.errorStatus = 500
  exchange.nestsErrorPage = false
  exchange.failure = failure
  answerStatus(exchange, 500)
}

/** Answers with Location; a path gets scheme and host as `absolute_redirect` and its companions say. */
export function answerRedirect(exchange: Exchange, status: number, location: string): void {
  if (exchange.isFinished || exchange.state !== 'none') return
  const target = location.startsWith('/') ? absoluteUrl(exchange, location) : location
  const page = builtInPage(status, locationOf(exchange).signature)
  sendText(exchange, status, `${HTML}Location: ${fieldText(target)}\r\n`, page)
}

/** A path with scheme and host before it, as `absolute_redirect` and its companions say. */
export function absoluteUrl(exchange: Exchange, path: string): string {
  const { settings } = locationOf(exchange)
  if (!settings.absoluteRedirect) return path
  const { head, connection, server } = exchange
  const host =
    settings.serverNameInRedirect && server.config.name !== '' ? server.config.name : head.host
  const port =
    settings.portInRedirect && connection.localPort !== 80 ? `:${connection.localPort}` : ''
  return `http://${host === '' ? bracketed(connection.localAddress) : host}${port}${path}`
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

/** The 301 of a path that lacks its slash. */
export function answerMissingSlash(exchange: Exchange): void {
  const args = exchange.args === '' ? '' : `?${exchange.args}`
  answerRedirect(exchange, 301, `${escapeUri(exchange.uri)}/${args}`)
}

/** Answers `return CODE text`. */
export function answerText(exchange: Exchange, status: number, type: string, text: string): void {
  const final = exchange.errorStatus > 0 ? exchange.errorStatus : status
  sendText(exchange, final, final === 204 || type === '' ? '' : `Content-Type: ${type}\r\n`, text)
}

function sendText(exchange: Exchange, status: number, lines: string, body: string): void {
  const isKeepAlive = decideKeepAlive(exchange, status)
  const hasBody = mayHaveBody(status)
  const length = hasBody ? body.length : -1
  const location = locationOf(exchange)
  const sends = hasBody && exchange.method !== 'HEAD' && exchange.head.method !== 'HEAD'
  const isTrailing = sends && isTrailed(exchange, location, status)
  const head = location.response.ofOwn(
    exchange,
    status,
    lines + statusLines(exchange, status),
    length,
    isTrailing ? 'chunked' : 'length',
    isKeepAlive,
  )
  beginResponse(exchange, status, head)
  const sent = isTrailing ? chunkOf(body) + lastChunk(exchange, location) : body
  if (sends) {
    exchange.bodyBytesSent = sent.length
    exchange.bytesSent += sent.length
  }
  exchange.connection.writeText(sends ? head + sent : head)
  finishExchange(exchange, isKeepAlive)
}

function chunkOf(text: string): string {
  return text === '' ? '' : `${text.length.toString(16)}\r\n${text}\r\n`
}

/**
 * Answers with a body pulled from `source`.
 *
 * @param lines ready-made field lines, each with CRLF, without Content-Length
 * @param contentLength bytes that the source will give
 * @param source null = no body (HEAD, 304)
 */
export function answerSource(
  exchange: Exchange,
  status: number,
  lines: string,
  contentLength: number,
  source: BodySource | null,
): void {
  if (exchange.isFinished || exchange.state !== 'none') {
    source?.close()
    return
  }
  // An error page that counts as 200 may be given in part, or not at all, as any file.
  const isOwn = exchange.errorStatus <= 0 || (exchange.errorStatus === 200 && OF_200.has(status))
  const final = isOwn ? status : exchange.errorStatus
  const isKeepAlive = decideKeepAlive(exchange, final)
  const hasBody = mayHaveBody(final)
  const length = hasBody ? contentLength : -1
  const location = locationOf(exchange)
  const isTrailing = isTrailed(exchange, location, final)
  const framing = isTrailing ? 'chunked' : 'length'
  const head = location.response.ofOwn(
    exchange,
    final,
    (hasBody ? lines : lines.replace(CONTENT_TYPE, '')) + statusLines(exchange, final),
    length,
    framing,
    isKeepAlive,
  )
  beginResponse(exchange, final, head)
  if (source === null || !hasBody || exchange.method === 'HEAD') {
    source?.close()
    exchange.connection.writeText(isTrailing ? head + lastChunk(exchange, location) : head)
    finishExchange(exchange, isKeepAlive)
    return
  }
  const end = isTrailing ? () => lastChunk(exchange, location) : undefined
  new SourceRelay(exchange, source, contentLength, isKeepAlive, framing, end).start(head)
}

/** Answers 200 with a text whose length is not told, as nginx does where it begins before it knows. */
export function answerStream(exchange: Exchange, lines: string, text: string): void {
  if (exchange.isFinished || exchange.state !== 'none') return
  const status = exchange.errorStatus > 0 ? exchange.errorStatus : 200
  const location = locationOf(exchange)
  const sends = mayHaveBody(status) && exchange.method !== 'HEAD'
  const isChunked = sends && exchange.head.minor === 1 && location.settings.client.sendsChunks
  if (sends && !isChunked) exchange.mustClose = true
  const isKeepAlive = decideKeepAlive(exchange, status)
  const framing = isChunked ? 'chunked' : 'close'
  const head = location.response.ofOwn(exchange, status, lines, -1, framing, isKeepAlive)
  beginResponse(exchange, status, head)
  const body = isChunked ? chunkOf(text) + lastChunk(exchange, location) : text
  if (sends) {
    exchange.bodyBytesSent = body.length
    exchange.bytesSent += body.length
  }
  exchange.connection.writeText(sends ? head + body : head)
  finishExchange(exchange, isKeepAlive)
}

/** Fields that go with our own answers of a status. */
function statusLines(exchange: Exchange, status: number): string {
  const { failure, upstream } = exchange
  const isUnhelped = failure?.failure === 'no_live_upstreams'
  const own = isUnhelped ? upstream?.fallback : null
  const refusal = isUnhelped ? upstream?.queue?.refusal : null
  let seconds = 0
  if (own?.kind === 'answer' && own.status === status) seconds = own.retryAfterSeconds
  else if (status === 503) seconds = refusal?.retryAfterSeconds ?? 0
  const retryLine = seconds === 0 ? '' : `Retry-After: ${seconds}\r\n`
  // Content-Range of what could not be given.
  const rangeLine = status === 416 ? exchange.ownLines : ''
  return retryLine + rangeLine + challengeLines(exchange, status)
}

/** Whoever gets our page for a peer's 401 must still learn how to log in. */
function challengeLines(exchange: Exchange, status: number): string {
  const head = exchange.responseHead
  if (status !== 401 || head === null || head.status !== 401) return ''
  const { fields } = head
  const id = FIELD.www_authenticate
  let lines = ''
  for (let i = fields.findId(id); i !== -1; i = fields.findId(id, i + 1))
    lines += `WWW-Authenticate: ${fields.value(i)}\r\n`
  return lines
}

function beginResponse(exchange: Exchange, status: number, head: string): void {
  exchange.step = 'relay'
  exchange.status = status
  exchange.state = 'head'
  exchange.sentHead = head
  exchange.bytesSent += head.length
  paceResponse(exchange, locationOf(exchange))
  exchange.connection.setSendTimeout(locationOf(exchange).settings.client)
}
