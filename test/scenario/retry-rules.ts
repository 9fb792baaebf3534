// `proxy_next_upstream` as rows: what the first of two peers does, what then comes of the request, and whether the first
// peer is held to blame for it (http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream).

/** What a peer does with a request; a number is the status it answers. */
export type PeerDeed = 'refuse' | 'close' | 'reset' | 'silent' | 'nonsense' | 'cut' | number

export interface RetryRow {
  readonly name: string
  readonly method?: string
  readonly deed: PeerDeed
  /** The second peer's deed; it answers 200 where nothing is said. */
  readonly second?: PeerDeed
  /** Lines of the location. */
  readonly lines?: string
  /** At the client; 0: an answer that does not come to its end. */
  readonly status: number
  /** `$upstream_status`. */
  readonly tries: string
  readonly isBlamed: boolean
}

const ERRORS: readonly RetryRow[] = [
  { name: 'a refused connect', deed: 'refuse', status: 200, tries: '502, 200', isBlamed: true },
  {
    name: 'a refused connect, POST: nothing was sent',
    method: 'POST',
    deed: 'refuse',
    status: 200,
    tries: '502, 200',
    isBlamed: true,
  },
  {
    name: 'a close without an answer',
    deed: 'close',
    status: 200,
    tries: '502, 200',
    isBlamed: true,
  },
  {
    name: 'a reset without an answer',
    deed: 'reset',
    status: 200,
    tries: '502, 200',
    isBlamed: true,
  },
  {
    name: 'a close, PUT',
    method: 'PUT',
    deed: 'close',
    status: 200,
    tries: '502, 200',
    isBlamed: true,
  },
  {
    name: 'a close, DELETE',
    method: 'DELETE',
    deed: 'close',
    status: 200,
    tries: '502, 200',
    isBlamed: true,
  },
  {
    name: 'a close, POST: it may have been done',
    method: 'POST',
    deed: 'close',
    status: 502,
    tries: '502',
    isBlamed: true,
  },
  {
    name: 'a close, PATCH',
    method: 'PATCH',
    deed: 'close',
    status: 502,
    tries: '502',
    isBlamed: true,
  },
  {
    name: 'a close, LOCK',
    method: 'LOCK',
    deed: 'close',
    status: 502,
    tries: '502',
    isBlamed: true,
  },
  {
    name: 'a close, POST with non_idempotent',
    method: 'POST',
    deed: 'close',
    lines: 'proxy_next_upstream error non_idempotent;',
    status: 200,
    tries: '502, 200',
    isBlamed: true,
  },
  {
    name: 'a close, with off',
    deed: 'close',
    lines: 'proxy_next_upstream off;',
    status: 502,
    tries: '502',
    isBlamed: true,
  },
  {
    name: 'a close, with timeout only',
    deed: 'close',
    lines: 'proxy_next_upstream timeout;',
    status: 502,
    tries: '502',
    isBlamed: true,
  },
  {
    name: 'a refused connect, with off',
    deed: 'refuse',
    lines: 'proxy_next_upstream off;',
    status: 502,
    tries: '502',
    isBlamed: true,
  },
  { name: 'silence', deed: 'silent', status: 200, tries: '504, 200', isBlamed: true },
  {
    name: 'silence, POST',
    method: 'POST',
    deed: 'silent',
    status: 504,
    tries: '504',
    isBlamed: true,
  },
  {
    name: 'silence, with error only',
    deed: 'silent',
    lines: 'proxy_next_upstream error;',
    status: 504,
    tries: '504',
    isBlamed: true,
  },
  { name: 'nonsense, not listed', deed: 'nonsense', status: 502, tries: '502', isBlamed: true },
  {
    name: 'nonsense, with invalid_header',
    deed: 'nonsense',
    lines: 'proxy_next_upstream invalid_header;',
    status: 200,
    tries: '502, 200',
    isBlamed: true,
  },
  {
    name: 'an answer that breaks off: it cannot be taken back',
    deed: 'cut',
    status: 0,
    tries: '200',
    isBlamed: false,
  },
]

const STATUSES: readonly RetryRow[] = [500, 502, 503, 504, 429].flatMap((status): RetryRow[] => [
  {
    name: `${status}, not listed, is the answer`,
    deed: status,
    status,
    tries: `${status}`,
    isBlamed: false,
  },
  {
    name: `${status}, listed`,
    deed: status,
    lines: `proxy_next_upstream http_${status};`,
    status: 200,
    tries: `${status}, 200`,
    isBlamed: true,
  },
  {
    name: `${status}, listed, POST: the answer is passed on`,
    method: 'POST',
    deed: status,
    lines: `proxy_next_upstream http_${status};`,
    status,
    tries: `${status}`,
    isBlamed: false,
  },
  {
    name: `${status}, listed, POST with non_idempotent`,
    method: 'POST',
    deed: status,
    lines: `proxy_next_upstream http_${status} non_idempotent;`,
    status: 200,
    tries: `${status}, 200`,
    isBlamed: true,
  },
])

const NOT_FOUND: readonly RetryRow[] = [403, 404].flatMap((status): RetryRow[] => [
  {
    name: `${status}, not listed, is the answer`,
    deed: status,
    status,
    tries: `${status}`,
    isBlamed: false,
  },
  {
    name: `${status}, listed, is nobody's failure`,
    deed: status,
    lines: `proxy_next_upstream http_${status};`,
    status: 200,
    tries: `${status}, 200`,
    isBlamed: false,
  },
])

const LIMITS: readonly RetryRow[] = [
  {
    name: 'one try, an error',
    deed: 'close',
    lines: 'proxy_next_upstream_tries 1;',
    status: 502,
    tries: '502',
    isBlamed: true,
  },
  {
    name: 'one try, a listed status: passed on',
    deed: 500,
    lines: 'proxy_next_upstream http_500; proxy_next_upstream_tries 1;',
    status: 500,
    tries: '500',
    isBlamed: false,
  },
  {
    name: 'two tries',
    deed: 'close',
    lines: 'proxy_next_upstream_tries 2;',
    status: 200,
    tries: '502, 200',
    isBlamed: true,
  },
  {
    name: 'no time is left for another',
    deed: 'silent',
    lines: 'proxy_next_upstream_timeout 100ms;',
    status: 504,
    tries: '504',
    isBlamed: true,
  },
  {
    name: 'time is left for another',
    deed: 'silent',
    lines: 'proxy_next_upstream_timeout 10s;',
    status: 200,
    tries: '504, 200',
    isBlamed: true,
  },
  {
    name: 'both fail',
    deed: 'close',
    second: 'reset',
    status: 502,
    tries: '502, 502',
    isBlamed: true,
  },
  {
    name: 'both are silent',
    deed: 'silent',
    second: 'silent',
    status: 504,
    tries: '504, 504',
    isBlamed: true,
  },
  {
    name: 'an error, then a status that is not listed',
    deed: 'close',
    second: 500,
    status: 500,
    tries: '502, 500',
    isBlamed: true,
  },
  {
    name: 'a listed status from both: the second answer is passed on',
    deed: 500,
    second: 503,
    lines: 'proxy_next_upstream http_500 http_503;',
    status: 503,
    tries: '500, 503',
    isBlamed: true,
  },
]

export const RETRY_ROWS: readonly RetryRow[] = [...ERRORS, ...STATUSES, ...NOT_FOUND, ...LIMITS]
