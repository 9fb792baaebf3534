// Expected failures of an exchange, as values (never thrown on the hot path: a throw twelve frames deep costs
// seventy times a returned value). One row per kind: who caused it, what the client gets, what it says.

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
  bad_request_line: { side: 'client', status: 400, text: 'client sent invalid request line' },
  bad_method: { side: 'client', status: 400, text: 'client sent invalid method' },
  bad_target: { side: 'client', status: 400, text: 'client sent invalid request target' },
  bad_path: {
    side: 'client',
    status: 400,
    text: 'client sent a path that leaves the root or has a bad escape',
  },
  bad_version: { side: 'client', status: 505, text: 'client sent unsupported HTTP version' },
  bad_host: {
    side: 'client',
    status: 400,
    text: 'client sent no, more than one, or an invalid Host',
  },
  bad_field: { side: 'client', status: 400, text: 'client sent invalid header line' },
  bad_content_length: { side: 'client', status: 400, text: 'client sent invalid Content-Length' },
  bad_transfer_encoding: {
    side: 'client',
    status: 400,
    text: 'client sent invalid Transfer-Encoding',
  },
  unknown_transfer_coding: {
    side: 'client',
    status: 501,
    text: 'client sent unknown Transfer-Encoding',
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
  head_too_large: { side: 'client', status: 431, text: 'client sent too large header' },
  body_too_large: { side: 'client', status: 413, text: 'client intended to send too large body' },
  client_timeout: { side: 'client', status: 408, text: 'client timed out' },
  client_gone: { side: 'client', status: 499, text: 'client prematurely closed connection' },
  connect_failed: { side: 'peer', status: 502, text: 'connect() failed' },
  connect_timeout: { side: 'peer', status: 504, text: 'peer timed out while connecting' },
  peer_closed: { side: 'peer', status: 502, text: 'peer prematurely closed connection' },
  peer_reset: { side: 'peer', status: 502, text: 'peer reset connection' },
  send_timeout: { side: 'peer', status: 504, text: 'peer timed out while sending request' },
  read_timeout: { side: 'peer', status: 504, text: 'peer timed out while reading response' },
  bad_response: { side: 'peer', status: 502, text: 'peer sent invalid header' },
  bad_response_framing: {
    side: 'peer',
    status: 502,
    text: 'peer sent ambiguous or broken framing',
  },
  response_head_too_large: { side: 'peer', status: 502, text: 'peer sent too big header' },
  unasked_upgrade: { side: 'peer', status: 502, text: 'peer switched protocols unasked' },
  truncated_response: {
    side: 'peer',
    status: 502,
    text: 'peer closed connection in the middle of the body',
  },
  no_live_upstreams: { side: 'proxy', status: 502, text: 'no live upstreams' },
  bad_upstream_name: {
    side: 'proxy',
    status: 502,
    text: 'no host or no resolver for the upstream',
  },
  spool_failed: { side: 'proxy', status: 500, text: 'cannot write the temporary file' },
  out_of_sockets: { side: 'proxy', status: 500, text: 'no socket can be opened' },
  internal: { side: 'proxy', status: 500, text: 'internal error' },
} as const satisfies Record<string, FailureRow>

export type FailureKind = keyof typeof FAILURES

/** An expected failure: one kind and, where known, the particular. */
export interface Failure {
  readonly failure: FailureKind
  /** What exactly: the errno, the byte, the field. Never holds bytes that a terminal could obey. */
  readonly detail: string
}

/** Makes a failure value. */
export function fail(failure: FailureKind, detail = ''): Failure {
  return { failure, detail }
}

/** Says the failure in words: the kind's text, and the particular in brackets. */
export function failureText(failure: Failure): string {
  const { text } = FAILURES[failure.failure]
  return failure.detail === '' ? text : `${text} (${failure.detail})`
}
