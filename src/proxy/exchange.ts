// One request and its response, with all their state: what other proxies pass as ten arguments is one object here, its
// fields in the order in which the steps fill them. It holds data; the steps act on it.

import type { Failure } from '../base/failure.ts'
import type { CacheEntry } from '../cache/entry.ts'
import type { CacheStore } from '../cache/store/cache-store.ts'
import type { ClientLink } from '../downstream/detached-client.ts'
import type { PacedClient } from '../downstream/paced-client.ts'
import type { FieldList } from '../http/field-list.ts'
import type { RequestHead } from '../http/request-parser.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import type { Forwarded } from './cache-outcome.ts'
import type { ClientEnd } from './client-address.ts'
import type { ConnectionHolds } from './connection-limits.ts'
import type { Fetch } from './fetch.ts'
import type { HeadMemo } from './head-memo.ts'
import type { RequestBody } from './request-body.ts'
import type { LocationRuntime, ServerRuntime, Snapshot, UpstreamRuntime } from './runtime.ts'
import type { Step } from './steps.ts'

/** One try at one peer, as the `$upstream_*` variables and the error log tell it. Times in milliseconds, -1 = not reached. */
export interface Try {
  /** `127.0.0.1:80`, `unix:/path`, or the group's name when no peer was live. */
  address: string
  readonly startedMs: number
  /** In the queue before it; -1 = it did not wait. */
  readonly queuedMs: number
  connectMs: number
  headerMs: number
  responseMs: number
  /** The peer's status, or the one that our failure stands for (502, 504); 0 = none yet. */
  status: number
  bytesSent: number
  bytesReceived: number
  /** Body bytes received. */
  bodyBytes: number
  failure: Failure | null
}

/** The response while its head is being made: what variables say of it then. */
export interface PendingHead {
  readonly status: number
  /** Of a peer's answer; null = one of our own. */
  readonly fields: FieldList | null
  /** Of our own: ready-made field lines. */
  readonly lines: string
}

/** Where the response stands towards the client. */
export type ResponseState = 'none' | 'head' | 'body' | 'done'

/** Most exchanges have one try, and their list is made with it. */
const NO_TRIES: Try[] = []

export class Exchange {
  // receive
  /** Replaced by `pacer` where the response may only go so fast. */
  connection: ClientLink
  /** Replaced by a copy where the exchange goes on for a cache after its client has its answer. */
  head: RequestHead
  readonly snapshot: Snapshot
  /** Monotonic milliseconds when the first byte of the request came. */
  readonly startedMs: number
  step: Step = 'begin'
  // route
  server: ServerRuntime
  location: LocationRuntime | null = null
  /** Of a head that repeats itself: what it came to before. */
  memo: HeadMemo | null = null
  /** `$uri`: decoded, normalised, latin-1; changes on internal redirects. */
  uri = ''
  /** `$args`: as sent, without the question mark. */
  args = ''
  /** Captures of the last regex that matched: [0] is the whole match. */
  captures: readonly (string | undefined)[] | null = null
  namedCaptures: Readonly<Record<string, string>> | null = null
  /** Values that the configuration gave to variables of its own (`set`), by lower-case name; null = none. */
  ownVariables: Map<string, string> | null = null
  /** Method after internal redirects (error pages answer as GET). */
  method: string
  isInternal = false
  /** The client's target still says what is asked for; not after `rewrite` or `set $args`. */
  isTargetKept = true
  /** The path is one that the location has matched; not after `rewrite … break`. */
  isLocationKept = true
  /** Whom a trusted peer says that it speaks for (realip.ts); null = the connection's own far end. */
  realClient: ClientEnd | null = null
  /** No client waits for it, and the access log does not know of it. */
  isDetached = false
  redirects = 0
  /** Status that an `error_page` redirect keeps for the final answer; 0 = none. */
  errorStatus = 0
  /** The error page that it goes to may have one itself. */
  nestsErrorPage = false
  /** `$limit_req_status` and `$limit_conn_status`; empty = not counted so far. */
  requestLimit = ''
  connectionLimit = ''
  /** What it counts for while it is in hand; null = nothing. */
  connectionHolds: ConnectionHolds | null = null
  // request body
  body: RequestBody | null = null
  /** Bytes of the head. */
  requestBytes = 0
  // lookup
  /** What the cache had to say: `HIT`, `MISS` and so on; empty = it was not asked. */
  cacheStatus = ''
  /** How it went on to a peer, for Cache-Status; null = it did not. */
  forwarded: Forwarded | null = null
  /** Where it was looked for. */
  cacheStore: CacheStore | null = null
  /** `bytes=0-1048575`: the piece of a large response that this exchange is for; empty = all of it. */
  sliceRange = ''
  /** Takes the place of the client where a stored response is wanted as such; null = the exchange ended without one. */
  entryTaker: ((entry: CacheEntry | null) => void) | null = null
  /** The exchange on whose behalf this one asks whether it may pass (`auth_request`). */
  askedFor: Exchange | null = null
  /** Called when it is over; of one that asks on behalf of another. */
  onEnd: (() => void) | null = null
  /** Null = what a peer answers goes to the client and nowhere else. */
  fetch: Fetch | null = null
  // pick, connect, forward
  upstream: UpstreamRuntime | null = null
  /** `$proxy_host`. */
  proxyHost = ''
  /** The request target that variables in `proxy_pass` came to; empty = by the template. */
  proxyTarget = ''
  peerConnection: PeerConnection | null = null
  tries: Try[] = NO_TRIES
  /** The request head as it goes to the peer, complete; made once. */
  outgoingHead = ''
  wantsUpgrade = false
  /** The method that peers are asked with, where it is not `method` (`proxy_method`). */
  peerMethod = ''
  /** The client may not reuse the connection after this exchange. */
  mustClose = false
  // relay
  responseHead: ResponseHead | null = null
  /** Lines of our own in a peer's answer: the Set-Cookie that binds the client to it, Cache-Status. */
  ownLines = ''
  /** Bytes per second of the response; 0 = no limit, -1 = nobody has said it yet. */
  limitRate = -1
  pacer: PacedClient | null = null
  /** Fields of an answer that sent the request on to another location (X-Accel-Redirect), and its content type. */
  keptLines = ''
  keptType = ''
  state: ResponseState = 'none'
  /** Status sent to the client; 0 = nothing sent. */
  status = 0
  /** Bytes written to the client, head included, and of these the body's. */
  bytesSent = 0
  bodyBytesSent = 0
  /** Null until a head is made in which variables may stand. */
  pending: PendingHead | null = null
  /** The response head as it went to the client: what `$sent_http_NAME` reads. */
  sentHead = ''
  failure: Failure | null = null
  isFinished = false
  /** The client did not get the whole answer. */
  isCut = false
  /** `$request_id`, made when somebody asks. */
  requestId = ''

  /**
   * Whether the client's body goes to a peer. With an internal redirect the method may become GET; as in nginx the body
   * goes along all the same, unless it was what failed.
   */
  get sendsBody(): boolean {
    return this.method === this.head.method || this.failure === null || this.body !== null
  }

  /** Takes a try back that was none. */
  dropTry(entry: Try | null): void {
    const index = entry === null ? -1 : this.tries.indexOf(entry)
    if (index !== -1) this.tries.splice(index, 1)
  }

  /** Adds a try to the list. */
  addTry(entry: Try): void {
    if (this.tries.length === 0) this.tries = [entry]
    else this.tries.push(entry)
  }

  constructor(
    connection: ClientLink,
    head: RequestHead,
    snapshot: Snapshot,
    server: ServerRuntime,
    startedMs: number,
  ) {
    this.connection = connection
    this.head = head
    this.snapshot = snapshot
    this.server = server
    this.startedMs = startedMs
    this.method = head.method
  }
}
