// What nginx's error log calls the failures of a proxied exchange, and how severe it finds them: the words that alarms
// and searches look for (ngx_http_upstream_module's messages, compared with a real nginx in test/system).

import { errnoText } from '../base/errno-text.ts'
import { FAILURES, type Failure, failureText } from '../base/failure.ts'
import type { LogLevel } from '../model/settings.ts'
import type { Step } from './steps.ts'

/** Errors of connect(2) that a network makes; what is none of them is a mistake of this machine. */
const NETWORK_ERRORS: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EAGAIN',
  'ENETDOWN',
  'ENETUNREACH',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ETIMEDOUT',
])

/** Errors that connect(2) gives at once, before anything was sent: nginx then names the address. */
const IMMEDIATE_ERRORS: ReadonlySet<string> = new Set([
  'EACCES',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EINVAL',
  'ENETUNREACH',
  'ENOENT',
  'EPERM',
])

/** What is no HTTP for nginx. */
const NO_STATUS_LINE = /^(no HTTP\/1 status line|status is |byte 0x)/

/** Of a peer's framing that was refused: nginx's words by our particular. */
const FRAMING_WORDS: Readonly<Record<string, string>> = {
  'Content-Length is not one decimal number': 'upstream sent invalid "Content-Length" header',
  'Content-Length with Transfer-Encoding':
    'upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time',
  'unknown transfer coding': 'upstream sent unknown "Transfer-Encoding"',
}

/**
 * Says how a try at a peer failed, with what was being done: `connect() failed (111: Connection refused) while connecting
 * to upstream`.
 *
 * @param address of the peer, as `$upstream_addr` has it
 */
export function peerFailureText(failure: Failure, step: Step, address: string): string {
  return `${peerWords(failure, step, address)} while ${peerActivity(failure, step)}`
}

function peerWords(failure: Failure, step: Step, address: string): string {
  const { failure: kind, detail } = failure
  switch (kind) {
    case 'connect_failed': {
      const isAtOnce = address.startsWith('unix:') || IMMEDIATE_ERRORS.has(detail)
      return isAtOnce
        ? `connect() to ${address} failed${errnoBrackets(detail)}`
        : failureText(failure)
    }
    case 'peer_reset':
      return detail === 'EPIPE' ? `writev() failed${errnoBrackets(detail)}` : failureText(failure)
    case 'truncated_response': {
      const errno = errnoBrackets(detail)
      return errno === '' ? failureText(failure) : `readv() failed${errno}`
    }
    case 'bad_response_framing':
      if (step === 'relay') return 'upstream sent invalid chunked response'
      return (FRAMING_WORDS[detail] ?? failureText(failure)) + quoted(failure.quote, '')
    case 'bad_response':
      if (failure.quote !== undefined) return failureText(failure) + quoted(failure.quote, '...')
      return NO_STATUS_LINE.test(detail)
        ? 'upstream sent no valid HTTP/1.0 header'
        : failureText(failure)
    default:
      return failureText(failure)
  }
}

function quoted(quote: string | undefined, end: string): string {
  return quote === undefined ? '' : `: "${quote}${end}"`
}

function errnoBrackets(code: string): string {
  const errno = errnoText(code)
  return errno === null ? '' : ` (${errno})`
}

/** What nginx says that it was doing when a peer failed. */
export function peerActivity(failure: Failure, step: Step): string {
  if (step === 'connect' || step === 'pick') return 'connecting to upstream'
  if (step === 'relay') return 'reading upstream'
  const isSending = failure.failure === 'send_timeout' || failure.detail === 'EPIPE'
  return isSending ? 'sending request to upstream' : 'reading response header from upstream'
}

/** How severe nginx finds it that a try failed. */
export function peerFailureLevel(failure: Failure): LogLevel {
  if (failure.failure === 'out_of_sockets') return 'alert'
  if (FAILURES[failure.failure].side === 'proxy') return 'crit'
  const isOdd = failure.failure === 'connect_failed' && errnoText(failure.detail) !== null
  return isOdd && !NETWORK_ERRORS.has(failure.detail) ? 'crit' : 'error'
}

/** Says that the client left before it had its answer. */
export function clientGoneText(failure: Failure, step: Step): string {
  if (failure.failure === 'client_timeout') return `${failureText(failure)} while sending to client`
  const errno = errnoBrackets(failure.detail)
  if (step === 'relay') {
    return errno === ''
      ? 'client prematurely closed connection while sending to client'
      : `writev() failed${errno} while sending to client`
  }
  const activity =
    step === 'connect' || step === 'pick' ? 'connecting to upstream' : 'sending request to upstream'
  return (
    'epoll_wait() reported that client prematurely closed connection, ' +
    `so upstream connection is closed too${errno} while ${activity}`
  )
}

/**
 * Says why a request body was refused, and how severe nginx finds it.
 *
 * @param isChunked how the body came
 */
export function bodyFailureWords(
  failure: Failure,
  isChunked: boolean,
): { readonly level: LogLevel; readonly text: string } {
  const text = failureText(failure)
  switch (failure.failure) {
    case 'bad_chunk':
      return { level: 'error', text }
    case 'body_too_large': {
      const what = isChunked ? 'too large chunked body' : 'too large body'
      return { level: 'error', text: `client intended to send ${what}: ${failure.detail}` }
    }
    case 'client_gone':
      return { level: 'info', text }
    case 'client_timeout':
      return { level: 'info', text: `${text} while reading client request body` }
    default:
      return { level: FAILURES[failure.failure].side === 'client' ? 'info' : 'crit', text }
  }
}
