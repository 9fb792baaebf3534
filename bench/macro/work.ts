/**
 * The kinds of work every proxy has to do, as one table.
 * A row says what the client sends, what the origin answers, and how many connections are used;
 * the load, the check of answers and the report all read the same row.
 */

/** One kind of work: a request repeated over a number of connections. */
export interface WorkItem {
  readonly name: string
  readonly title: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Bytes sent with each request; 0 for GET. */
  readonly requestBytes: number
  /** Bytes of the body expected in each answer. */
  readonly responseBytes: number
  readonly connections: number
  /** Whether the client sends `Connection: close` and dials anew for each request. */
  readonly isNewConnectionEach: boolean
  readonly hasAccessLog: boolean
  /** Every request asks for another query and carries another field: no two heads are the same. */
  readonly isVaried: boolean
  readonly cache: CacheKind
  /** Different targets, by their query, that take turns; 1 = the path alone. */
  readonly keys: number
  /** Keys that the cache has counted once, besides those asked for, before anything is measured. */
  readonly filledKeys: number
  /** Takes so long that it is measured only when it is named. */
  readonly isOnDemand: boolean
}

/** What answers: the origin, the cache, or the cache without keeping anything in memory of its own. */
export type CacheKind = 'none' | 'memory' | 'disk'

const KIB = 1024
const MIB = 1024 * 1024

/** The body the origin answers a POST with, once it has read the whole request. */
export const SINK_ANSWER = 'received\n'

const SMALL_GET = {
  method: 'GET',
  path: '/small',
  requestBytes: 0,
  responseBytes: 100,
  connections: 64,
  isNewConnectionEach: false,
  hasAccessLog: false,
  isVaried: false,
  cache: 'none',
  keys: 1,
  filledKeys: 0,
  isOnDemand: false,
} as const

const POST = {
  ...SMALL_GET,
  method: 'POST',
  path: '/sink',
  responseBytes: SINK_ANSWER.length,
} as const

export const WORK: readonly WorkItem[] = [
  { ...SMALL_GET, name: 'small', title: 'GET 100 B, 64 keep-alive connections' },
  {
    ...SMALL_GET,
    name: 'small-log',
    title: 'GET 100 B, access log to a file',
    hasAccessLog: true,
  },
  {
    ...SMALL_GET,
    name: 'small-varied',
    title: 'GET 100 B, no two requests the same',
    isVaried: true,
  },
  {
    ...SMALL_GET,
    name: '64k',
    title: 'GET 64 KiB, 64 keep-alive connections',
    path: '/64k',
    responseBytes: 64 * KIB,
  },
  {
    ...SMALL_GET,
    name: '1m',
    title: 'GET 1 MiB, 16 keep-alive connections',
    path: '/1m',
    responseBytes: MIB,
    connections: 16,
  },
  {
    ...POST,
    name: 'post-1k',
    title: 'POST 1 KiB, 64 keep-alive connections',
    requestBytes: KIB,
  },
  {
    ...POST,
    name: 'post-1m',
    title: 'POST 1 MiB, 16 keep-alive connections',
    requestBytes: MIB,
    connections: 16,
  },
  {
    ...SMALL_GET,
    name: 'connect',
    title: 'GET 100 B, a new connection for each request, 64 at a time',
    isNewConnectionEach: true,
  },
  {
    ...SMALL_GET,
    name: '1000',
    title: 'GET 100 B, 1,000 keep-alive connections',
    connections: 1000,
  },
  {
    ...SMALL_GET,
    name: 'cache-small',
    title: 'GET 100 B from the cache, 64 keep-alive connections',
    cache: 'memory',
  },
  {
    ...SMALL_GET,
    name: 'cache-64k',
    title: 'GET 64 KiB from the cache, 64 keep-alive connections',
    path: '/64k',
    responseBytes: 64 * KIB,
    cache: 'memory',
  },
  {
    ...SMALL_GET,
    name: 'cache-1m',
    title: 'GET 1 MiB from the cache, 16 keep-alive connections',
    path: '/1m',
    responseBytes: MIB,
    connections: 16,
    cache: 'memory',
  },
  {
    ...SMALL_GET,
    name: 'cache-disk',
    title: 'GET 100 B from the files of the cache, 1,000 of them in turn',
    cache: 'disk',
    keys: 1000,
  },
  {
    ...SMALL_GET,
    name: 'cache-1000000',
    title: 'GET 100 B from the files of the cache, 1,000,000 keys known',
    cache: 'disk',
    keys: 1000,
    filledKeys: 1_000_000,
    isOnDemand: true,
  },
]

/**
 * Makes a body that does not repeat itself, so that lost, doubled or swapped pieces change its
 * hash.
 *
 * @param byteCount length of the body, 0 or more
 * @returns printable ASCII without quotes, backslashes or dollar signs
 */
export function makeBody(byteCount: number): Buffer {
  const body = Buffer.allocUnsafe(byteCount)
  let state = 12345
  for (let index = 0; index < byteCount; index++) {
    // The constants of the C library's rand(); the seed is fixed, so every run has the same body.
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    body[index] = 0x61 /* a */ + ((state >>> 16) % 26)
  }
  return body
}
