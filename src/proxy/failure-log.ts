// One line in the error log for what went wrong in an exchange: nginx's text and particulars first, in nginx's order,
// then what only we know: the reason in full, the step, and every peer that was tried with its failure and time.

import { type Failure, failureReason } from '../base/failure.ts'
import { FIELD } from '../http/field-list.ts'
import type { LogLevel } from '../model/settings.ts'
import { clientAddress } from './client-address.ts'
import type { Exchange, Try } from './exchange.ts'
import {
  bodyFailureWords,
  clientGoneText,
  peerFailureLevel,
  peerFailureText,
} from './failure-words.ts'
import { requestLine } from './request-variables.ts'

/**
 * Writes one line.
 *
 * @param text in nginx's words; latin-1 as it came where it quotes a client
 * @param reason what nginx would not say
 * @param asked the try that it is about: not the last one where another has begun beside it
 */
export function logFailure(
  exchange: Exchange,
  level: LogLevel,
  text: string,
  reason = '',
  asked: Try | undefined = exchange.tries.at(-1),
): void {
  const { errorLog } = exchange.location ?? exchange.server.fallback
  if (!errorLog.isWanted(level)) return
  const { connection, server, tries } = exchange
  const fields: Record<string, unknown> = {
    connection: connection.serial,
    client: clientAddress(exchange),
    server: server.config.name,
  }
  addQuoted(fields, 'request', requestLine(exchange))
  if (asked !== undefined && asked.address !== '') {
    addQuoted(fields, 'upstream', upstreamUrl(exchange, asked))
  }
  addQuoted(fields, 'host', ownField(exchange, FIELD.host))
  addQuoted(fields, 'referrer', ownField(exchange, FIELD.referer))
  if (reason !== '') fields.reason = reason
  fields.step = exchange.step
  if (tries.length > 0) {
    fields.tries = tries
      .filter(each => each.address !== '')
      .map(describeTry)
      .join('; ')
  }
  errorLog.write(level, shownBytes(text), fields)
}

/**
 * Writes the line of a try at a peer that failed.
 *
 * @param asked the try: not the last one where another has begun beside it
 */
export function logPeerFailure(
  exchange: Exchange,
  failure: Failure,
  asked: Try | undefined = exchange.tries.at(-1),
): void {
  const text = peerFailureText(failure, exchange.step, asked?.address ?? '')
  logFailure(exchange, peerFailureLevel(failure), text, failureReason(failure), asked)
}

/** Writes the line of a request body that was refused. */
export function logBodyFailure(exchange: Exchange, failure: Failure): void {
  const { level, text } = bodyFailureWords(failure, exchange.head.bodyBytes < 0)
  const reason = failureReason(failure)
  logFailure(exchange, level, text, text.includes(reason) ? '' : reason)
}

/** Writes the line of a client that left before it had its answer. */
export function logClientGone(exchange: Exchange, failure: Failure): void {
  const text = clientGoneText(failure, exchange.step)
  logFailure(exchange, 'info', text, failureReason(failure))
}

/** `http://127.0.0.1:80/path?query`: what was asked of the peer, and a colon where a path of a socket ends. */
function upstreamUrl(exchange: Exchange, { address, failure }: Try): string {
  const action = exchange.location?.config?.action ?? exchange.server.config.action
  const scheme = action.kind === 'proxy' ? action.target.scheme : 'http'
  const { outgoingHead } = exchange
  const from = outgoingHead.indexOf(' ') + 1
  const target = outgoingHead.slice(from, Math.max(from, outgoingHead.indexOf(' ', from)))
  // Without a live peer it is the group's name.
  const isSocket = address.startsWith('unix:') && failure?.failure !== 'no_live_upstreams'
  return `${scheme}://${address}${isSocket ? ':' : ''}${target}`
}

function ownField({ head }: Exchange, id: number): string | null {
  const index = head.fields.findId(id)
  return index === -1 ? null : head.fields.value(index)
}

function addQuoted(fields: Record<string, unknown>, name: string, bytes: string | null): void {
  if (bytes !== null) fields[name] = shownBytes(bytes)
}

const NOT_ASCII = /[^\x00-\x7f]/
const decoder = new TextDecoder('utf-8', { fatal: true })

/** Bytes as the text that they are in UTF-8; where they are none, each by its number. */
function shownBytes(bytes: string): string {
  if (!NOT_ASCII.test(bytes)) return bytes
  try {
    return decoder.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return bytes.replace(
      /[\x80-\xff]/g,
      char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
    )
  }
}

function describeTry(each: Try): string {
  const { failure } = each
  const detail = failure === null || failure.detail === '' ? '' : ` ${failure.detail}`
  const outcome = failure === null ? `${each.status}` : `${failure.failure}${detail}`
  return `${each.address} ${outcome} in ${Math.max(0, each.responseMs).toFixed(0)} ms`
}
