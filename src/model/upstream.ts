// A named group of peers with one balancing method (nginx: `upstream {}`; HAProxy: `backend`).

import type { ListenAddress } from './listener.ts'
import type { Sourced } from './origin.ts'
import { NGINX_HEALTH, type PassiveHealth } from './passive-health.ts'
import type { Alerts, Probe } from './probe.ts'
import type { ResolverSettings } from './resolver.ts'
import type { Template } from './template.ts'

/**
 * How a key finds its peer: `modulo` = by the remainder, and nearly every key moves when a peer
 * comes or goes; `ketama` = a ring of 160 points for each unit of weight; `maglev` = a table of
 * 65,537 places.
 */
export const HASH_PLACEMENTS = ['modulo', 'ketama', 'maglev'] as const
export type HashPlacement = (typeof HASH_PLACEMENTS)[number]

/** Which time `least_time` compares: until the response's head, or until its last byte. */
export const TIME_MEASURES = ['header', 'last_byte'] as const
export type TimeMeasure = (typeof TIME_MEASURES)[number]

/** By what `random two` chooses between its two. */
export const RANDOM_RULES = ['least_conn', 'least_time=header', 'least_time=last_byte'] as const
export type RandomRule = (typeof RANDOM_RULES)[number]

/** A balancing method with what it was told; a row in `balance/methods.ts` for each kind. */
export type Method =
  | { readonly kind: 'round_robin' }
  | { readonly kind: 'least_conn' }
  | { readonly kind: 'ip_hash' }
  | {
      readonly kind: 'hash'
      readonly key: Template
      readonly placement: HashPlacement
      /**
       * The load that a peer takes by its hash, in percent of its fair share of what is in flight
       * (101 to 1000); above it the key goes on to the next. Null = no bound. Never with `modulo`.
       */
      readonly boundedPercent: number | null
    }
  | { readonly kind: 'random'; readonly isTwo: boolean; readonly by: RandomRule }
  | { readonly kind: 'least_time'; readonly by: TimeMeasure; readonly countsInflight: boolean }
  | { readonly kind: 'peak_ewma' }

export type MethodKind = Method['kind']

/** What holds where no method is written. */
export const ROUND_ROBIN: Method = { kind: 'round_robin' }

/** What a method cannot do with a peer (nginx.org, `server`: "cannot be used along with …"). */
export const METHODS_WITHOUT_BACKUP: ReadonlySet<MethodKind> = new Set([
  'hash',
  'ip_hash',
  'random',
])

/** How a session stays with its peer (nginx: `sticky`). */
export type Sticky =
  | {
      readonly kind: 'cookie'
      readonly name: string
      /** Seconds; `'max'` = the end of 2037; null = as long as the browser runs. */
      readonly expires: number | 'max' | null
      /** Empty = not sent. */
      readonly domain: Template
      /** Empty = not sent. */
      readonly path: string
      readonly httpOnly: boolean
      readonly secure: boolean
      /** Empty = not sent. */
      readonly sameSite: Template
    }
  | {
      readonly kind: 'route'
      /** The first that is not empty names the peer's route. */
      readonly values: readonly Template[]
    }
  | {
      readonly kind: 'learn'
      /** The first that is not empty makes a session. */
      readonly create: readonly Template[]
      /** The first that is not empty looks one up. */
      readonly lookup: readonly Template[]
      readonly zone: { readonly name: string; readonly bytes: number }
      readonly timeoutMs: number
      /** Sessions are made as soon as the response's head is there, not at its end. */
      readonly isAfterHeader: boolean
    }
  | {
      /** By the client's address or network (ldirectord: `persistent`, `netmask`; HAProxy: `stick on src`). */
      readonly kind: 'source'
      /** Bits of the address that make the network. */
      readonly prefix4: number
      readonly prefix6: number
      readonly zone: { readonly name: string; readonly bytes: number }
      /** A network without a request for so long is bound no more. */
      readonly timeoutMs: number
    }

/** A `source` of which nothing is written but its zone. */
export const PLAIN_SOURCE: Pick<
  Extract<Sticky, { kind: 'source' }>,
  'prefix4' | 'prefix6' | 'timeoutMs'
> = { prefix4: 32, prefix6: 64, timeoutMs: 600_000 }

/**
 * What is served while no peer of a group can be: another address, a page, a status (ldirectord:
 * `fallback`; keepalived: `sorry_server`).
 */
export interface Fallback extends Sourced {
  readonly answer:
    | { readonly kind: 'address'; readonly name: string; readonly address: ListenAddress }
    /** A file, absolute; read when the configuration is taken. */
    | {
        readonly kind: 'page'
        readonly path: string
        readonly status: number
        /** What stands in the file; put in with the taking. */
        readonly content?: Uint8Array
      }
    /** Without a text it is the error page of the status. */
    | { readonly kind: 'status'; readonly status: number; readonly text: string }
  /** `Retry-After` of a page or a status, in seconds; 0 = none. */
  readonly retryAfterSeconds: number
  /**
   * Program that is run with `start` when the last peer goes down by its probes and with `stop`
   * when the first comes back, and after it the address of clients and `tcp` (ldirectord:
   * `fallbackcommand`); null = none.
   */
  readonly command: string | null
}

/** Requests that wait while no peer can be picked (nginx: `queue`). */
export interface Queue {
  readonly size: number
  readonly timeoutMs: number
}

/** Versions of the PROXY protocol, by which a peer is told whose connection it gets. */
export const PROXY_PROTOCOLS = ['v1', 'v2'] as const
export type ProxyProtocol = (typeof PROXY_PROTOCOLS)[number]

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
  /** Gets only requests that are bound to it; no others. */
  readonly isDraining: boolean
  /** How long its weight takes to rise from a tenth after it recovered; 0 = it has all at once. */
  readonly slowStartSeconds: number
  /** What `sticky` calls it, at most 32 bytes; null = a digest of its address. */
  readonly route: string | null
  /** Its name is looked up again and again while the program runs. */
  readonly isResolving: boolean
  /** Service of the SRV records to look up, with `isResolving`; null = addresses. */
  readonly service: string | null
  /** Its name's addresses are one peer, and each connect a race between them (RFC 8305). */
  readonly isRaced: boolean
}

/** A peer of which nothing is written but its address. */
export const PLAIN_PEER = {
  weight: 1,
  maxConns: 0,
  maxFails: 1,
  failTimeoutSeconds: 10,
  isBackup: false,
  isDown: false,
  isDraining: false,
  slowStartSeconds: 0,
  route: null,
  isResolving: false,
  service: null,
  isRaced: false,
} as const satisfies Omit<Peer, 'name' | 'address' | 'origin'>

/** The sum of the weights in one group: with it, no sum in a pick leaves 32 bits. */
export const WEIGHT_TOTAL_MAX = 0x1fff_ffff

/** The largest count that a peer or a queue can be given: they are kept in 32 bits. */
export const PEER_COUNT_MAX = 0x7fff_ffff

/** Bytes of a `route`. */
export const ROUTE_BYTES_MAX = 32

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
  /** Locations do not use one another's connections (nginx: `local`). */
  readonly isLocal: boolean
}

export interface Upstream extends Sourced {
  readonly name: string
  readonly method: Method
  readonly peers: readonly Peer[]
  readonly keepalive: Keepalive
  readonly passiveHealth: PassiveHealth
  /** Active checks: a peer is up while all of them say so. */
  readonly probes: readonly Probe[]
  /** Who is told of a peer's going down and coming back; null = the log alone. */
  readonly alerts: Alerts | null
  /**
   * Absolute: a file in it named after a peer (`10.0.0.1:80`, `10.0.0.1`, `host:80`, `host`) takes
   * that peer out at once; null = none (ldirectord: `maintenancedir`).
   */
  readonly maintenancePath: string | null
  readonly sticky: Sticky | null
  readonly queue: Queue | null
  readonly fallback: Fallback | null
  /** What each new connection begins with; null = nothing. */
  readonly proxyProtocol: ProxyProtocol | null
  /** Absolute: the file that keeps the peers over restarts; null = the configuration does. */
  readonly statePath: string | null
  /** Who is asked for the names of peers that resolve; null = the machine's own, with defaults. */
  readonly resolver: ResolverSettings | null
  /** Made from a `proxy_pass http://host:port` without an `upstream {}` of that name (nginx: implicit group). */
  readonly isImplicit: boolean
}

/** A group of which nothing is written but its peers. */
export const PLAIN_UPSTREAM = {
  method: ROUND_ROBIN,
  passiveHealth: NGINX_HEALTH,
  probes: [],
  alerts: null,
  maintenancePath: null,
  sticky: null,
  queue: null,
  fallback: null,
  proxyProtocol: null,
  statePath: null,
  resolver: null,
} as const satisfies Partial<Upstream>
