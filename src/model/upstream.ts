// A named group of peers with one balancing method (nginx: `upstream {}`; HAProxy: `backend`).

import type { ListenAddress } from './listener.ts'
import type { Sourced } from './origin.ts'

/** Balancing methods; a row in `balance/methods.ts` each. */
export type Method = 'round_robin'

/** One `server` line: after name resolution it may stand for several addresses, each a peer. */
export interface Peer extends Sourced {
  /** As written: `10.0.0.1:80`, `example.com`, `unix:/run/app.sock`. */
  readonly name: string
  /** Where to connect. A name stands in `host`; it is resolved when the configuration is loaded. */
  readonly address: ListenAddress
  readonly weight: number
  /** 0 = no limit. Counts requests in flight over all workers. */
  readonly maxConns: number
  /** Failures inside `failTimeoutSeconds` that make the peer unavailable for as long; 0 = never. */
  readonly maxFails: number
  readonly failTimeoutSeconds: number
  readonly isBackup: boolean
  readonly isDown: boolean
}

/** The idle connections that each worker keeps to a group (nginx: `keepalive*` in `upstream`). */
export interface Keepalive {
  /** Idle connections per worker; 0 = every connection closes after its response. */
  readonly idleMax: number
  /** Requests that one connection may carry. */
  readonly requestsMax: number
  /** A connection older than this closes after its response. */
  readonly ageMaxMs: number
  /** An idle connection closes after this. */
  readonly idleTimeoutMs: number
}

export interface Upstream extends Sourced {
  readonly name: string
  readonly method: Method
  readonly peers: readonly Peer[]
  readonly keepalive: Keepalive
  /** Made from a `proxy_pass http://host:port` without an `upstream {}` of that name (nginx: implicit group). */
  readonly isImplicit: boolean
}
