// What went wrong with an HTTP exchange, from what the client library says.

import { systemErrorCode } from '../base/system-error.ts'
import { PROBE_LIMITS } from './limits.ts'
import { bytesText, connectionFault, plain } from './reason.ts'

/**
 * Says what went wrong after the connection was open.
 *
 * @param hasHead the response's head had come
 */
export function httpFault(error: unknown, hasHead: boolean): string {
  const cause = (error as { cause?: unknown } | null)?.cause
  const code = systemErrorCode(error)
  switch (code) {
    case 'UND_ERR_SOCKET':
      // The library's word for an end; the system's error, where there was one, is its cause.
      if (systemErrorCode(cause) !== '') return connectionFault('recv', cause)
      return UNASKED[messageOf(error)] ?? closedText(hasHead)
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return closedText(true)
    case 'UND_ERR_HEADERS_OVERFLOW':
    case 'HPE_HEADER_OVERFLOW':
      return `response head is larger than ${bytesText(PROBE_LIMITS.headBytesMax)}`
    case 'ERR_HTTP2_STREAM_ERROR':
    case 'ERR_HTTP2_SESSION_ERROR':
    case 'ERR_HTTP2_ERROR':
      return `peer broke HTTP/2 (${plain(messageOf(error))})`
    default:
      return code.startsWith('HPE_') || nameOf(error) === 'HTTPParserError'
        ? `peer sent no valid HTTP (${plain(messageOf(error))})`
        : connectionFault('recv', error)
  }
}

/** Where the library closes the connection itself: its word for why, and ours. */
const UNASKED: Readonly<Record<string, string>> = {
  'bad response': 'peer sent 100 Continue, which nobody had asked for',
  'bad upgrade': 'peer went over to another protocol, which nobody had asked for',
}

function closedText(hasHead: boolean): string {
  return hasHead
    ? 'peer closed the connection before the response was complete'
    : 'peer closed the connection without a response'
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
