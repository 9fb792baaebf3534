// What is limited and by what: requests over time and requests at once, each counted by a key in memory that all workers
// share, and bytes per second (http://nginx.org/en/docs/http/ngx_http_limit_req_module.html,
// ngx_http_limit_conn_module.html, ngx_http_core_module.html#limit_rate).

import type { LogLevel } from '../base/log-level.ts'
import type { Sourced } from './origin.ts'
import type { Template } from './template.ts'

export const LIMIT_KINDS = ['requests', 'connections'] as const
/** What a zone counts. */
export type LimitKind = (typeof LIMIT_KINDS)[number]

/** Memory for what is counted (nginx: `limit_req_zone`, `limit_conn_zone`). */
export interface LimitZone extends Sourced {
  readonly kind: LimitKind
  readonly name: string
  /** Who is counted apart from whom; a request for which it is empty is not counted. */
  readonly key: Template
  readonly bytes: number
  /** Of requests, in thousandths of one per second, from 1; 0 for connections. */
  readonly rate: number
}

/** As nginx: eight pages. */
export const LIMIT_ZONE_BYTES_MIN = 32_768
/** Room for tens of millions of keys. */
export const LIMIT_ZONE_BYTES_MAX = 1024 * 1024 * 1024

/** nginx takes numbers up to 2⁶³ here; this is so many requests that nobody can mean it. */
export const BURST_MAX = 1_000_000_000
/** As nginx. */
export const CONNECTIONS_MAX = 65_535

/** `limit_req`. */
export interface RequestLimit extends Sourced {
  readonly zone: string
  /** Requests above the rate that are still let through. */
  readonly burst: number
  /** Requests above the rate that need not wait; null = none of those within `burst` waits. */
  readonly delay: number | null
}

/** `limit_conn`. */
export interface ConnectionLimit extends Sourced {
  readonly zone: string
  readonly max: number
}

export const LIMIT_LOG_LEVELS = [
  'info',
  'notice',
  'warn',
  'error',
] as const satisfies readonly LogLevel[]
export type LimitLogLevel = (typeof LIMIT_LOG_LEVELS)[number]

/** Bytes per second or bytes; 0 = no limit. With variables it is read for each response. */
export type Rate = number | Template

/** What holds at one level. */
export interface LimitSettings {
  readonly requests: readonly RequestLimit[]
  readonly requestStatus: number
  /** Of refusals; delays are logged one level below. */
  readonly requestLogLevel: LimitLogLevel
  /** Counts, logs and lets all through. */
  readonly isRequestDryRun: boolean
  readonly connections: readonly ConnectionLimit[]
  readonly connectionStatus: number
  readonly connectionLogLevel: LimitLogLevel
  readonly isConnectionDryRun: boolean
  /** Of a response to its client. */
  readonly rate: Rate
  /** Bytes of it that go as fast as they can. */
  readonly rateAfter: Rate
}

/** Where nothing is written nothing is limited. */
export const NO_LIMITS: LimitSettings = {
  requests: [],
  requestStatus: 503,
  requestLogLevel: 'error',
  isRequestDryRun: false,
  connections: [],
  connectionStatus: 503,
  connectionLogLevel: 'error',
  isConnectionDryRun: false,
  rate: 0,
  rateAfter: 0,
}
