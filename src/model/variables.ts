// The variables that a template may name, with what they hold: nginx's names and meanings. Readers
// refuse others, the worker compiles exactly these, and docs/directives.md lists them.

/** One variable. A variable without a value (no such field, no TLS) is the empty string. */
export interface KnownVariable {
  readonly name: string
  readonly doc: string
  /** Known, and never has a value: the platform does not tell. */
  readonly isBlind?: true
}

/** Variables by their whole name. */
export const VARIABLES: readonly KnownVariable[] = [
  { name: 'args', doc: 'query string of the request, without `?`' },
  { name: 'binary_remote_addr', doc: 'client address in binary, 4 or 16 bytes' },
  { name: 'body_bytes_sent', doc: 'bytes of body sent to the client' },
  { name: 'bytes_sent', doc: 'bytes sent to the client, head included' },
  { name: 'connection', doc: 'serial number of the client connection' },
  { name: 'connection_requests', doc: 'requests so far on this client connection' },
  { name: 'connection_time', doc: 'age of the client connection in seconds with milliseconds' },
  { name: 'content_length', doc: 'field Content-Length of the request' },
  { name: 'content_type', doc: 'field Content-Type of the request' },
  { name: 'date_gmt', doc: 'now, in GMT' },
  { name: 'date_local', doc: 'now, in the local time zone' },
  { name: 'document_root', doc: '`root` or `alias` of this request' },
  { name: 'document_uri', doc: 'same as `$uri`' },
  { name: 'gzip_ratio', doc: 'ratio of our own compression; empty where nothing was compressed' },
  { name: 'host', doc: 'host of the request line, else of the Host field, else the server name' },
  { name: 'hostname', doc: 'name of this machine' },
  { name: 'http2', doc: '`h2` or `h2c` on HTTP/2, else empty' },
  { name: 'https', doc: '`on` over TLS, else empty' },
  { name: 'invalid_referer', doc: 'empty where the referer is valid' },
  { name: 'is_args', doc: '`?` where there is a query string, else empty' },
  { name: 'limit_conn_status', doc: 'result of limiting connections' },
  { name: 'limit_rate', doc: 'bytes per second to the client; 0 without limit' },
  { name: 'limit_req_status', doc: 'result of limiting requests' },
  { name: 'msec', doc: 'now in seconds with milliseconds' },
  { name: 'nginx_version', doc: 'version of the nginx whose behaviour is copied' },
  { name: 'pid', doc: 'process id' },
  { name: 'pipe', doc: '`p` where the request was pipelined, else `.`' },
  {
    name: 'proxy_add_x_forwarded_for',
    doc: 'field X-Forwarded-For of the request with the client address added at its end',
  },
  { name: 'proxy_host', doc: 'name and port of the proxied group as in `proxy_pass`' },
  { name: 'proxy_port', doc: 'port in `proxy_pass`, or the one of its protocol' },
  { name: 'proxy_protocol_addr', doc: 'client address of the PROXY protocol' },
  { name: 'proxy_protocol_port', doc: 'client port of the PROXY protocol' },
  { name: 'proxy_protocol_server_addr', doc: 'server address of the PROXY protocol' },
  { name: 'proxy_protocol_server_port', doc: 'server port of the PROXY protocol' },
  { name: 'query_string', doc: 'same as `$args`' },
  { name: 'realip_remote_addr', doc: 'client address before it was replaced' },
  { name: 'realip_remote_port', doc: 'client port before it was replaced' },
  { name: 'realpath_root', doc: '`root` or `alias` with links resolved' },
  { name: 'remote_addr', doc: 'client address' },
  { name: 'remote_port', doc: 'client port' },
  { name: 'remote_user', doc: 'user name of Basic authentication' },
  { name: 'request', doc: 'the whole request line as it came' },
  { name: 'request_body', doc: 'request body where it was read into memory' },
  { name: 'request_body_file', doc: 'temporary file of the request body' },
  { name: 'request_completion', doc: '`OK` where the request was completed, else empty' },
  { name: 'request_filename', doc: 'path of the file of this request' },
  { name: 'request_id', doc: '32 random hexadecimal digits' },
  { name: 'request_length', doc: 'bytes of the request: line, head and body' },
  { name: 'request_method', doc: 'method of the request' },
  { name: 'request_time', doc: 'seconds with milliseconds since the first byte of the request' },
  { name: 'request_uri', doc: 'target of the request as it came, with its query string' },
  { name: 'scheme', doc: '`http` or `https`' },
  { name: 'server_addr', doc: 'address that accepted the request' },
  { name: 'server_name', doc: 'first name of the server that took the request' },
  { name: 'server_port', doc: 'port that accepted the request' },
  { name: 'server_protocol', doc: 'protocol of the request: `HTTP/1.1`' },
  {
    name: 'slice_range',
    doc: 'the piece of a large response that is fetched: `bytes=0-1048575`; empty without `slice`',
  },
  { name: 'status', doc: 'status of the response' },
  {
    name: 'tcpinfo_rcv_space',
    doc: 'always empty: the receive window of the client connection',
    isBlind: true,
  },
  {
    name: 'tcpinfo_rtt',
    doc: 'always empty: the round trip time of the client connection',
    isBlind: true,
  },
  { name: 'tcpinfo_rttvar', doc: 'always empty: how the round trip time varies', isBlind: true },
  {
    name: 'tcpinfo_snd_cwnd',
    doc: 'always empty: the congestion window of the client connection',
    isBlind: true,
  },
  { name: 'time_iso8601', doc: 'local time in ISO 8601' },
  { name: 'time_local', doc: 'local time in the form of the common log' },
  { name: 'upstream_addr', doc: 'addresses of the peers that were tried' },
  { name: 'upstream_bytes_received', doc: 'bytes received from the peers' },
  { name: 'upstream_bytes_sent', doc: 'bytes sent to the peers' },
  { name: 'upstream_cache_etag', doc: 'ETag of the stale response that a peer is asked about' },
  {
    name: 'upstream_cache_last_modified',
    doc: 'Last-Modified of the stale response that a peer is asked about',
  },
  {
    name: 'upstream_cache_status',
    doc:
      'what the cache had to say: `MISS`, `BYPASS`, `EXPIRED`, `STALE`, `UPDATING`, ' +
      '`REVALIDATED` or `HIT`; empty without one',
  },
  { name: 'upstream_connect_time', doc: 'seconds to connect to the peers' },
  { name: 'upstream_header_time', doc: 'seconds to the response heads of the peers' },
  { name: 'upstream_queue_time', doc: 'seconds in the queue before the tries; `-` without a wait' },
  { name: 'upstream_response_length', doc: 'bytes of body received from the peers' },
  { name: 'upstream_response_time', doc: 'seconds to the last byte of the peers' },
  { name: 'upstream_status', doc: 'statuses of the peers that were tried' },
  { name: 'uri', doc: 'path of the request, decoded and normalised, as it stands now' },
]

/** Families of variables: the rest of the name says which. */
export const VARIABLE_PREFIXES: readonly KnownVariable[] = [
  { name: 'arg_', doc: 'argument of the query string' },
  { name: 'cookie_', doc: 'cookie of the request' },
  { name: 'http_', doc: 'field of the request; lower case, `-` as `_`' },
  { name: 'proxy_protocol_tlv_', doc: 'value of the PROXY protocol' },
  { name: 'sent_http_', doc: 'field of the response as sent' },
  { name: 'sent_trailer_', doc: 'trailer of the response as sent' },
  { name: 'ssl_', doc: 'property of the TLS connection' },
  { name: 'upstream_cookie_', doc: 'cookie that the last peer set' },
  { name: 'upstream_http_', doc: 'field of the last peer’s response' },
  { name: 'upstream_trailer_', doc: 'trailer of the last peer’s response' },
]

const NAMES: ReadonlySet<string> = new Set(VARIABLES.map(variable => variable.name))

/**
 * Tells whether a variable exists; captures (`$1`…`$9` and named ones) are the reader's to know.
 */
export function isKnownVariable(name: string): boolean {
  if (NAMES.has(name)) return true
  return VARIABLE_PREFIXES.some(row => name.length > row.name.length && name.startsWith(row.name))
}

const BLIND: ReadonlySet<string> = new Set(
  VARIABLES.filter(variable => variable.isBlind === true).map(variable => variable.name),
)

/** Tells whether a variable is accepted although it never has a value: readers warn where one is used. */
export function isBlindVariable(name: string): boolean {
  return BLIND.has(name)
}
