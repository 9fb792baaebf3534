// What the walk over the tree has gathered, block by block: what was written and where, nothing
// inherited yet. As in nginx a line at the end of `http` also holds for the servers above it, so
// inheritance comes after the walk (build-settings.ts).

import type { AccessSettings } from '../../model/access.ts'
import type { CacheSettings, StaleCondition } from '../../model/cache.ts'
import type { Listen } from '../../model/listener.ts'
import type { Origin } from '../../model/origin.ts'
import type { PassiveHealth } from '../../model/passive-health.ts'
import type { Alerts } from '../../model/probe.ts'
import type {
  FieldTemplate,
  ProxySettings,
  RetryCondition,
  StoreSettings,
} from '../../model/proxy-settings.ts'
import type { RealIpSettings, TrustedPeer } from '../../model/real-ip.ts'
import type { RewriteCondition, RewriteStep } from '../../model/rewrite.ts'
import type { LocationMatch, ProxyTarget, ServerName, TryFiles } from '../../model/route.ts'
import type {
  AccessLog,
  AddedField,
  ClientSettings,
  ErrorLog,
  ErrorPage,
  Expires,
  FileSettings,
  LogFormat,
  Settings,
  SymlinkRule,
} from '../../model/settings.ts'
import type { Template } from '../../model/template.ts'
import type { PeerTls, ServerTls } from '../../model/tls.ts'
import type {
  Fallback,
  Keepalive,
  Method,
  Peer,
  ProxyProtocol,
  Queue,
  Sticky,
} from '../../model/upstream.ts'
import type { Word } from './lexer.ts'
import type { LimitValues } from './limit-directives.ts'
import type { MatchBlock } from './match-block.ts'
import type { WrittenProbe } from './probe-written.ts'
import type { WrittenResolver } from './resolver-directives.ts'

/**
 * One rule of `proxy_redirect` as written; `default` stands for the location's own `proxy_pass`.
 */
export type WrittenRedirect = Exclude<ProxySettings['redirects'], 'default'>[number] | 'default'

/**
 * `proxy_cache` and its kin, which are inherited one by one while the cache is off. `cache.cache` is empty for `off`.
 */
type CacheValues = {
  readonly [K in Exclude<keyof CacheSettings, 'useStale'> as `cache.${K}`]: CacheSettings[K]
} & {
  /** `off` wins over everything beside it. */
  readonly 'cache.useStale': readonly (StaleCondition | 'off')[]
}

/** `proxy_store` and its kin, inherited one by one. */
type StoreValues = {
  readonly 'store.path': StoreSettings['path'] | 'off'
  readonly 'store.mode': StoreSettings['mode']
}

/** `auth_basic` and its kin. An empty path of `auth_request` is its `off`. */
type AccessValues = {
  readonly [K in Exclude<
    keyof AccessSettings,
    'realm' | 'usersPath' | 'request'
  > as `access.${K}`]: AccessSettings[K]
} & {
  readonly 'access.realm': Template
  readonly 'access.usersPath': Template
  readonly 'access.request': string
}

/** `add_header_inherit`: what of the level above holds beside a level's own fields. */
export type FieldInheritance = 'on' | 'off' | 'merge'

/** `ssl_*` and `http2*`, inherited one by one. */
type ServerTlsValues = { readonly [K in keyof ServerTls as `tls.${K}`]: ServerTls[K] }

/** `proxy_ssl_*`, the same. */
type PeerTlsValues = { readonly [K in keyof PeerTls as `peerTls.${K}`]: PeerTls[K] }

/** Every setting that a level may write, flat, named as in the model. */
export interface LevelValues
  extends Omit<ClientSettings, 'lingering' | 'sendTimeoutMs'>,
    Pick<
      FileSettings,
      | 'index'
      | 'defaultType'
      | 'types'
      | 'modifiedSince'
      | 'hasEtag'
      | 'hasAutoindex'
      | 'autoindexFormat'
      | 'autoindexExact'
      | 'autoindexLocal'
    >,
    Pick<
      Settings,
      | 'serverTokens'
      | 'mergesSlashes'
      | 'absoluteRedirect'
      | 'portInRedirect'
      | 'serverNameInRedirect'
      | 'logsNotFound'
      | 'logsRewrites'
      | 'warnsUnset'
    >,
    Omit<
      ProxySettings,
      | 'setFields'
      | 'hideFields'
      | 'redirects'
      | 'buffersBytes'
      | 'retry'
      | 'sendTimeoutMs'
      | 'cache'
      | 'store'
      | 'tls'
    >,
    AccessValues,
    CacheValues,
    LimitValues,
    PeerTlsValues,
    ServerTlsValues,
    StoreValues {
  /** `send_timeout` and `proxy_send_timeout` have one name in the model, in two groups. */
  readonly clientSendTimeoutMs: number
  readonly proxySendTimeoutMs: number
  readonly lingeringMode: 'off' | 'on' | 'always'
  readonly lingeringTimeMs: number
  readonly lingeringTimeoutMs: number
  readonly root: { readonly path: Template; readonly isAlias: boolean }
  readonly addFields: readonly AddedField[]
  readonly addTrailers: readonly AddedField[]
  readonly addFieldsInherit: FieldInheritance
  readonly addTrailersInherit: FieldInheritance
  readonly nestsErrorPages: boolean
  readonly rangesMax: number
  readonly symlinks: SymlinkRule | 'off'
  readonly expires: Expires
  readonly errorPages: readonly ErrorPage[]
  readonly accessLogs: readonly AccessLog[]
  readonly errorLogs: readonly ErrorLog[]
  readonly setFields: readonly FieldTemplate[]
  readonly hiddenFields: readonly string[]
  readonly passedFields: readonly string[]
  readonly redirects: readonly WrittenRedirect[]
  readonly buffers: { readonly count: number; readonly bytes: number }
  readonly retryOn: readonly RetryCondition[]
  readonly retryTriesMax: number
  readonly retryTimeoutMs: number
  readonly retryTryTimeoutMs: number
  readonly retryDeadlineMs: number
  readonly retryBackoff: { readonly backoffMs: number; readonly backoffMaxMs: number }
  readonly retryBudget: { readonly budgetPercent: number; readonly budgetMin: number }
  readonly connectHedgeMs: number
  readonly retryHedge: { readonly hedgePercentile: number; readonly hedgeMinMs: number }
  readonly isInternal: boolean
  readonly resolver: WrittenResolver
  readonly resolverTimeoutMs: number
  readonly 'realIp.from': readonly TrustedPeer[]
  readonly 'realIp.header': RealIpSettings['header']
  readonly 'realIp.isRecursive': boolean
}

/** What one block wrote, and the block around it. */
export class Level {
  readonly parent: Level | null
  readonly values: { -readonly [K in keyof LevelValues]?: LevelValues[K] } = {}
  readonly origins = new Map<keyof LevelValues, Origin>()
  /** Where each of `values.errorPages` stands. */
  readonly pageOrigins: Origin[] = []

  constructor(parent: Level | null) {
    this.parent = parent
  }

  set<K extends keyof LevelValues>(key: K, value: LevelValues[K], origin: Origin): void {
    this.values[key] = value
    this.origins.set(key, origin)
  }

  /** The value of the nearest level that wrote one. */
  find<K extends keyof LevelValues>(key: K): LevelValues[K] | undefined {
    return this.values[key] ?? this.parent?.find(key)
  }

  /** Where the nearest level wrote it. */
  findOrigin(key: keyof LevelValues): Origin | undefined {
    return this.origins.get(key) ?? this.parent?.findOrigin(key)
  }
}

interface ScopeBase {
  readonly origin: Origin
  /** Directives that stood in this block, for "is duplicate". */
  readonly seen: Map<string, Origin>
}

export interface MainScope extends ScopeBase {
  readonly kind: 'main'
  errorLogs: ErrorLog[]
  hasEvents: boolean
  http: HttpScope | null
}

export interface EventsScope extends ScopeBase {
  readonly kind: 'events'
}

export interface HttpScope extends ScopeBase {
  readonly kind: 'http'
  readonly level: Level
  readonly servers: ServerScope[]
  readonly upstreams: UpstreamScope[]
  readonly logFormats: LogFormat[]
  /** `match` blocks by name. */
  readonly matches: Map<string, MatchBlock>
}

/** A step as written: the location of an `if` is made when everything is known. */
export type WrittenStep =
  | Exclude<RewriteStep, { kind: 'if' }>
  | {
      readonly kind: 'if'
      readonly origin: Origin
      readonly condition: RewriteCondition
      readonly scope: LocationScope
    }

/** What `server` and `location` have in common: what a request gets there. */
interface RouteScope extends ScopeBase {
  readonly level: Level
  readonly locations: LocationScope[]
  /** `if`, `set`, `rewrite`, `break` and `return`, in their order. */
  readonly steps: WrittenStep[]
  tryFiles: TryFiles | null
}

export interface ServerScope extends RouteScope {
  readonly kind: 'server'
  readonly listens: Listen[]
  readonly names: ServerName[]
  /** The first name as nginx shows it. */
  name: string | null
}

export interface LocationScope extends RouteScope {
  readonly kind: 'location'
  /**
   * A block inside a location that is a location of its own, with the match of the one around it: `if`, `limit_except`.
   * `if` in a server has steps only.
   */
  readonly block: 'location' | 'if' | 'server if' | 'limit_except'
  readonly match: LocationMatch
  /** The match as written, for messages. */
  readonly text: string
  readonly parent: ServerScope | LocationScope
  /** `limit_except`, with the block as a location of its own. */
  limitExcept?: { readonly methods: readonly string[]; readonly scope: LocationScope }
  target: ProxyTarget | null
  /** The words of `proxy_pass`, for what is checked after the walk. */
  targetWord: Word | null
  /** `health_check` lines: of the group that `target` names. */
  readonly probes: WrittenProbe[]
}

/** What a location is made of at its `{`. */
type LocationStart = Pick<LocationScope, 'block' | 'origin' | 'match' | 'text'>

/** The scope of a location, or of a block that stands for one, with nothing in it yet. */
export function locationScope(
  parent: ServerScope | LocationScope,
  start: LocationStart,
): LocationScope {
  return {
    kind: 'location',
    ...start,
    seen: new Map(),
    level: new Level(parent.level),
    parent,
    locations: [],
    steps: [],
    tryFiles: null,
    target: null,
    targetWord: null,
    probes: [],
  }
}

export interface UpstreamScope extends ScopeBase {
  readonly kind: 'upstream'
  readonly name: string
  /** Where each written property of the model stands, those of `keepalive` too. */
  readonly origins: Record<string, Origin>
  method: Method
  readonly peers: Peer[]
  readonly keepalive: { -readonly [K in keyof Keepalive]?: Keepalive[K] }
  sticky: Sticky | null
  queue: Queue | null
  fallback: Fallback | null
  readonly passiveHealth: { -readonly [K in keyof PassiveHealth]: PassiveHealth[K] }
  proxyProtocol: ProxyProtocol | null
  statePath: string | null
  /** `health_check` lines. */
  readonly probes: WrittenProbe[]
  alerts: Alerts | null
  maintenancePath: string | null
  hasZone: boolean
  resolver?: WrittenResolver
  resolverTimeoutMs?: number
}

export type Scope =
  | MainScope
  | EventsScope
  | HttpScope
  | ServerScope
  | LocationScope
  | UpstreamScope
