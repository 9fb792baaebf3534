// Expected failures of an exchange, as values (never thrown on the hot path: a throw twelve frames deep costs
// seventy times a returned value). One row per kind: who caused it, what the client gets, what it says: nginx's words
// where nginx knows the failure, because alarms and searches look for them.

import { errnoText } from './errno-text.ts'

/** Who caused the failure. */
export type FailureSide = 'client' | 'peer' | 'proxy'

interface FailureRow {
  readonly side: FailureSide
  /** The status that answers the client; 0 means that nobody is left to answer: cut the connection. */
  readonly status: number
  readonly text: string
}

/** Every failure kind. `status` follows nginx (http://nginx.org/en/docs/http/ngx_http_proxy_module.html). */
export const FAILURES = {
  bad_request_line: { side: 'client', status: 400, text: 'client sent invalid request' },
  bad_method: { side: 'client', status: 400, text: 'client sent invalid method' },
  bad_target: { side: 'client', status: 400, text: 'client sent invalid request' },
  bad_path: { side: 'client', status: 400, text: 'client sent invalid request' },
  bad_version: { side: 'client', status: 505, text: 'client sent invalid version' },
  bad_host: { side: 'client', status: 400, text: 'client sent invalid host header' },
  bad_field: { side: 'client', status: 400, text: 'client sent invalid header line' },
  bad_content_length: {
    side: 'client',
    status: 400,
    text: 'client sent invalid "Content-Length" header',
  },
  bad_transfer_encoding: {
    side: 'client',
    status: 400,
    text: 'client sent invalid "Transfer-Encoding" header',
  },
  unknown_transfer_coding: {
    side: 'client',
    status: 501,
    text: 'client sent unknown "Transfer-Encoding"',
  },
  bad_chunk: { side: 'client', status: 400, text: 'client sent invalid chunked body' },
  bad_expect: {
    side: 'client',
    status: 417,
    text: 'client sent an Expect that is not 100-continue',
  },
  bad_upgrade: { side: 'client', status: 400, text: 'client sent an Upgrade together with a body' },
  method_not_allowed: { side: 'client', status: 405, text: 'method is not allowed' },
  target_too_long: { side: 'client', status: 414, text: 'client sent too long URI' },
  head_too_large: { side: 'client', status: 431, text: 'client sent too long header line' },
  body_too_large: { side: 'client', status: 413, text: 'client intended to send too large body' },
  client_timeout: { side: 'client', status: 408, text: 'client timed out' },
  client_gone: { side: 'client', status: 499, text: 'client prematurely closed connection' },
  not_cached: {
    side: 'client',
    status: 504,
    text: 'client wants only what is cached, and this is not',
  },
  connect_failed: { side: 'peer', status: 502, text: 'connect() failed' },
  connect_slow: { side: 'peer', status: 504, text: 'upstream connect is slower than usual' },
  peer_dark: { side: 'peer', status: 504, text: 'upstream does not answer at all' },
  peer_unhealthy: {
    side: 'peer',
    status: 504,
    text: 'upstream was found down by its probe while it was waited for',
  },
  connect_timeout: { side: 'peer', status: 504, text: 'upstream timed out' },
  peer_closed: { side: 'peer', status: 502, text: 'upstream prematurely closed connection' },
  peer_reset: { side: 'peer', status: 502, text: 'recv() failed' },
  send_timeout: { side: 'peer', status: 504, text: 'upstream timed out' },
  read_timeout: { side: 'peer', status: 504, text: 'upstream timed out' },
  bad_response: { side: 'peer', status: 502, text: 'upstream sent invalid header' },
  bad_response_framing: {
    side: 'peer',
    status: 502,
    text: 'upstream sent ambiguous or broken framing',
  },
  response_head_too_large: { side: 'peer', status: 502, text: 'upstream sent too big header' },
  unasked_upgrade: { side: 'peer', status: 502, text: 'upstream switched protocols unasked' },
  truncated_response: {
    side: 'peer',
    status: 502,
    text: 'upstream prematurely closed connection',
  },
  wrong_body: { side: 'peer', status: 502, text: 'upstream sent a wrong body' },
  no_live_upstreams: { side: 'proxy', status: 502, text: 'no live upstreams' },
  bad_upstream_name: {
    side: 'proxy',
    status: 502,
    text: 'no host or no resolver for the upstream',
  },
  spool_failed: { side: 'proxy', status: 500, text: 'cannot write the temporary file' },
  bind_failed: { side: 'proxy', status: 500, text: 'bind() failed' },
  out_of_sockets: { side: 'proxy', status: 500, text: 'socket() failed' },
  internal: { side: 'proxy', status: 500, text: 'internal error' },
} as const satisfies Record<string, FailureRow>

export type FailureKind = keyof typeof FAILURES

/** An expected failure: one kind and, where known, the particular. */
export interface Failure {
  readonly failure: FailureKind
  /** What exactly: the errno, the byte, the field. Never holds bytes that a terminal could obey. */
  readonly detail: string
  /** The sender's own bytes up to the bad one, for the log to show; latin-1. */
  readonly quote?: string
}

/** Makes a failure value. */
export function fail(failure: FailureKind, detail = ''): Failure {
  return { failure, detail }
}

/** Kinds that are a time that ran out: nginx shows them as the system's error. */
const TIMEOUTS: ReadonlySet<FailureKind> = new Set([
  'client_timeout',
  'connect_timeout',
  'send_timeout',
  'read_timeout',
])
const TIMED_OUT = ` (${errnoText('ETIMEDOUT')})`

/** Kinds whose particular says it all. */
const TOLD_BY_DETAIL: ReadonlySet<FailureKind> = new Set([
  'spool_failed',
  'bind_failed',
  'internal',
])

/** Says the failure in nginx's words: `connect() failed (111: Connection refused)`. */
export function failureText(failure: Failure): string {
  const { failure: kind, detail } = failure
  const { text } = FAILURES[kind]
  if (TIMEOUTS.has(kind)) return text + TIMED_OUT
  if (TOLD_BY_DETAIL.has(kind) && detail !== '') return detail
  const errno = errnoText(detail)
  return errno === null ? text : `${text} (${errno})`
}

/** What `failureText` leaves out: the byte, the field, our own rule; empty where it tells all. */
export function failureReason(failure: Failure): string {
  const { failure: kind, detail } = failure
  return TOLD_BY_DETAIL.has(kind) || errnoText(detail) !== null ? '' : detail
}
