// A configuration compiled into what a request indexes: made once for each generation (worker/snapshot.ts), swapped whole,
// never changed. Every exchange keeps the snapshot that it began with.

import type { Logins } from '../auth/logins.ts'
import type { Clock } from '../base/clock.ts'
import type { ErrorLog } from '../base/error-log.ts'
import type { TimerWheel } from '../base/timer-wheel.ts'
import type { CachePolicy } from '../cache/policy/policy.ts'
import type { CacheStore } from '../cache/store/cache-store.ts'
import type { CacheSettings } from '../model/cache.ts'
import type { CompatProfile } from '../model/config.ts'
import type { ResolverSettings } from '../model/resolver.ts'
import type { Location, LocationMatch, Server } from '../model/route.ts'
import type { Settings } from '../model/settings.ts'
import type { Upstream } from '../model/upstream.ts'
import type { ConnectionPool } from '../upstream/connection-pool.ts'
import type { AccessLogger } from './access-log.ts'
import type { Exchange } from './exchange.ts'
import type { LimitsRuntime } from './limits.ts'
import type { LocationTable } from './location-table.ts'
import type { RequestTemplate } from './outgoing-head.ts'
import type { PeerSet } from './peer-set.ts'
import type { RequestQueue } from './queue.ts'
import type { RateRuntime, SizeOf } from './rate-limit.ts'
import type { RealIp } from './real-ip.ts'
import type { ResponseTemplate } from './response-head.ts'
import type { UpstreamLoad } from './retry-pacing.ts'
import type { RewriteScript } from './rewrite-run.ts'
import type { StickySessions } from './sticky.ts'
import type { Trace } from './trace.ts'
import type { TrailerRules } from './trailers.ts'
import type { Variable } from './variable.ts'

/** A template compiled: the text for one exchange. */
export type Render = (exchange: Exchange) => string

/** Finishes or passes on: answers the exchange, now or later. */
export type Handler = (exchange: Exchange) => void

/** What outlives generations in one worker. */
export interface Services {
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly errorLog: ErrorLog
  readonly workerIndex: number
  readonly pid: number
  readonly hostname: string
  readonly version: string
  /** Names and passwords of users files. */
  readonly logins: Logins
  /** A number for each exchange, for the log. */
  nextExchangeNumber(): number
  /** Removes from a cache all that has a key with this beginning; `onDone` is told how many entries, later. */
  purgePrefix(cache: string, prefix: string, onDone: (count: number) => void): void
}

/** One upstream in one worker. */
export interface UpstreamRuntime {
  readonly config: Upstream
  /** Replaced whole when a name's addresses or a peer's settings change: who goes on with it keeps what it took. */
  readonly peers: PeerSet
  /** What the method hashes a request by; null when it does not. */
  readonly keyOf: Render | null
  readonly pool: ConnectionPool
  readonly load: UpstreamLoad
  /** How sessions stay with their peer; null or nothing where they do not. */
  readonly sticky?: StickySessions | null
  /** Where requests wait for a peer; null or nothing where they do not. */
  readonly queue?: RequestQueue | null
  /** What answers while no peer can; null or nothing where that is a 502. */
  readonly fallback?: FallbackRuntime | null
}

/** What one upstream falls back to. */
export type FallbackRuntime =
  /** `group` names an upstream of the snapshot, `text` its address as written. */
  | { readonly kind: 'group'; readonly group: string; readonly text: string }
  | {
      readonly kind: 'answer'
      readonly status: number
      /** 0 = no Retry-After. */
      readonly retryAfterSeconds: number
      /** Of the page, for its type; empty = a text, or the error page of the status. */
      readonly path: string
      /** Latin-1. */
      readonly body: string
    }

/** One location, or the server's own level when nothing matched. */
export interface LocationRuntime {
  /** Null for the server's own level. */
  readonly config: Location | null
  /** What the location with the `alias` that holds here matched; null without one. */
  readonly aliasMatch: LocationMatch | null
  readonly settings: Settings
  readonly handler: Handler
  /** Its steps; null where there are none. */
  readonly rewrite: RewriteScript | null
  /** Null when the location does not proxy. */
  readonly request: RequestTemplate | null
  readonly response: ResponseTemplate
  /** Null when nothing is cached here. */
  readonly cache: CacheRuntime | null
  /** Null where requests and connections are not counted. */
  readonly limits: LimitsRuntime | null
  /** How fast responses go to clients; null where nothing is said of it. */
  readonly rate: RateRuntime | null
  /** How fast those of peers are read; null = as they come. */
  readonly readRate: SizeOf | null
  /** One that is neither empty nor `0`: 103 of peers goes on; null = as the profile has it. */
  readonly earlyHints: readonly Render[] | null
  /** Which trailers of peers go on; null where none do. */
  readonly trailers: TrailerRules | null
  /** Our name as error pages show it: `headgate/0.1.0`, or without the version. */
  readonly signature: string
  /** `error_log` of this level. */
  readonly errorLog: ErrorLog
  readonly accessLogs: readonly AccessLogger[]
  readonly errorPages: readonly ErrorPageRuntime[]
}

/** What a location does with its cache, compiled. */
export interface CacheRuntime {
  readonly settings: CacheSettings
  readonly policy: CachePolicy
  /** The cache that the exchange's variables choose. */
  readonly nameOf: Render
  /** The same; null = there is none of that name. */
  storeOf(exchange: Exchange): CacheStore | null
  readonly key: Render
  /** A repeated head gives the same key: its texts depend on the head and its connection only, and pieces are not asked for. */
  readonly isKeyStable: boolean
  /** `$proxy_host`, which keys begin with. */
  readonly proxyHost: Render
  readonly bypass: readonly Render[]
  readonly noCache: readonly Render[]
  readonly purge: readonly Render[]
  /** Of requests whose answers may be stored: what a client asked for only a part or on a condition is asked for whole. */
  readonly request: RequestTemplate
  /** Set with the location's handler; null = responses come whole. */
  slices: Slices | null
  /** Asks the peers; looks what is stored up first. Set with the location's handler. */
  forward: Handler | null
  lookUp: Handler | null
}

/** How a location takes large responses in pieces. */
export interface Slices {
  /** Of one piece. */
  readonly bytes: number
  /** Looks one piece up, or fetches it. */
  readonly handler: Handler
}

/** What makes the head that goes to a peer. */
export function requestOf(exchange: Exchange, location: LocationRuntime): RequestTemplate {
  const { cache, request } = location
  return cache !== null && exchange.fetch?.isWhole === true ? cache.request : request!
}

export interface ErrorPageRuntime {
  readonly statuses: readonly number[]
  readonly status: number | null
  readonly target: Render
}

export interface ServerRuntime {
  readonly config: Server
  /** Who the client is; null = the connection's far end. */
  readonly realIp: RealIp | null
  readonly locations: LocationTable
  readonly fallback: LocationRuntime
  /** What is passed before a location is looked for; null where there is nothing. */
  readonly rewrite: RewriteScript | null
}

/** Everything of one generation. */
export interface Snapshot {
  readonly generation: number
  readonly services: Services
  readonly compat: CompatProfile
  readonly isStrict: boolean
  /** Exchanges that run on it. */
  active: number
  /** The worker stops: every response is the last of its connection. */
  isDraining: boolean
  /** Who watches what becomes of requests; null where they are served. */
  readonly trace: Trace | null
  readonly upstreams: ReadonlyMap<string, UpstreamRuntime>
  /** What the configuration defines (`map`, `geo`, `split_clients`), by lower-case name. */
  readonly definedVariables: ReadonlyMap<string, Variable>
  /** The group of an address that was made from variables at run time; null for a name, which has to be looked up. */
  findDynamicUpstream(address: string): UpstreamRuntime | null
  /** Whether names that are made at run time can be looked up with these settings. */
  hasResolver(resolver: ResolverSettings): boolean
  /**
   * Looks a name with or without a port up. `onAnswer` is called once, now or later, with the group or with why there
   * is none, in nginx's words.
   *
   * @returns gives up: then `onAnswer` is not called any more
   */
  lookUpUpstream(
    name: string,
    resolver: ResolverSettings,
    onAnswer: (answer: UpstreamRuntime | string) => void,
  ): () => void
  /** Finds the location of the exchange's path and lets it answer; also after internal redirects. */
  runLocation(exchange: Exchange): void
  onExchangeEnd(exchange: Exchange): void
}
