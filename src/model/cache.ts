// What is cached, where and for how long: `proxy_cache_path` and the `proxy_cache_*` directives, and YAML's `caches` and
// `cache`. `nginx` mode keeps to ngx_http_proxy_module and ngx_http_file_cache; `standard` mode to RFC 9111 and its kin.

import type { Sourced } from './origin.ts'
import type { Template } from './template.ts'

export const CACHE_MODES = ['nginx', 'standard'] as const
/** Whose rules say what may be stored and used again. */
export type CacheMode = (typeof CACHE_MODES)[number]

/** In `standard` mode, where nothing else is said: what lies behind is asked for, and stored, by itself. */
export const STANDARD_RANGE_OFFSET_MAX = 1_048_576

/** One directory of stored responses and the memory that all workers share for it (nginx: `proxy_cache_path`). */
export interface CachePath extends Sourced {
  /** Of `keys_zone`: by it locations name the cache. */
  readonly name: string
  /** Shared memory for the keys. */
  readonly zoneBytes: number
  /** Absolute. */
  readonly path: string
  /** Digits of each level of directories: at most three of one or two. */
  readonly levels: readonly number[]
  /** What nobody asked for in this time goes, fresh or not. */
  readonly inactiveMs: number
  /** Of all files together; 0 = no limit. */
  readonly bytesMax: number
  /** Left free on the file system; 0 = no limit. */
  readonly freeBytesMin: number
  readonly manager: CachePacing
  readonly loader: CachePacing
  /** Files are written in the location's temporary directory first, not beside their place. */
  readonly usesTempPath: boolean
  /** Memory for the responses that are asked for most, over all workers; 0 = none. */
  readonly memoryBytes: number
  /** How what a purge of many took out is removed from the disk. */
  readonly purger: CachePacing
}

/** How a background task goes easy on the disk (nginx: `loader_*`, `manager_*`, `purger_*`). */
export interface CachePacing {
  /** Files of one round. */
  readonly files: number
  /** Longest round. */
  readonly thresholdMs: number
  /** Rest between two rounds. */
  readonly sleepMs: number
}

export const LOADER_PACING: CachePacing = { files: 100, thresholdMs: 200, sleepMs: 50 }
export const MANAGER_PACING: CachePacing = { files: 100, thresholdMs: 200, sleepMs: 50 }
export const PURGER_PACING: CachePacing = { files: 10, thresholdMs: 50, sleepMs: 50 }

/** What holds of a cache where nothing is written: nginx's defaults, and a memory of ours. */
export const PLAIN_CACHE_PATH = {
  levels: [],
  inactiveMs: 600_000,
  bytesMax: 0,
  freeBytesMin: 0,
  manager: MANAGER_PACING,
  loader: LOADER_PACING,
  purger: PURGER_PACING,
  usesTempPath: true,
  memoryBytes: 32 * 1024 * 1024,
} as const satisfies Omit<CachePath, 'origin' | 'name' | 'path' | 'zoneBytes'>

/** How long responses of certain statuses are fresh where they do not say it (nginx: `proxy_cache_valid`). */
export interface CacheValid {
  /** Empty = any. */
  readonly statuses: readonly number[]
  /** 0 = not stored. */
  readonly seconds: number
}

/** When something stale may be answered (nginx: `proxy_cache_use_stale`). */
export const STALE_CONDITIONS = [
  'error',
  'timeout',
  'invalid_header',
  'updating',
  'http_500',
  'http_502',
  'http_503',
  'http_504',
  'http_403',
  'http_404',
  'http_429',
] as const
export type StaleCondition = (typeof STALE_CONDITIONS)[number]

/** Response fields that `proxy_ignore_headers` may name, in lower case. */
export const IGNORABLE_FIELDS = [
  'x-accel-redirect',
  'x-accel-expires',
  'x-accel-limit-rate',
  'x-accel-buffering',
  'x-accel-charset',
  'expires',
  'cache-control',
  'set-cookie',
  'vary',
] as const
export type IgnorableField = (typeof IGNORABLE_FIELDS)[number]

/** What one location does with its cache. */
export interface CacheSettings {
  /** Name of the cache; variables may choose it, and `off` or nothing is none. */
  readonly cache: Template
  readonly mode: CacheMode
  readonly key: Template
  /** GET, HEAD, POST: those whose responses are looked up and stored. */
  readonly methods: readonly string[]
  /** HEAD is asked and stored as GET. */
  readonly convertsHead: boolean
  readonly valid: readonly CacheValid[]
  /** Requests for a key after which its response is stored. */
  readonly usesMin: number
  /** One request fetches, the others wait for it. */
  readonly isLocking: boolean
  /** After this one more request is let through to the peer. */
  readonly lockAgeMs: number
  /** Who waited so long asks the peer, and its response is not stored. */
  readonly lockTimeoutMs: number
  readonly useStale: readonly StaleCondition[]
  /** What is stale is answered at once and fetched anew beside that. */
  readonly isUpdatedInBackground: boolean
  /** Stale responses are asked for with If-Modified-Since and If-None-Match. */
  readonly isRevalidating: boolean
  /** One that is neither empty nor `0`: the peer is asked. */
  readonly bypass: readonly Template[]
  /** One that is neither empty nor `0`: the response is not stored. */
  readonly noCache: readonly Template[]
  /** A range that starts behind this goes to the peer as it is; null = no limit. */
  readonly rangeOffsetMax: number | null
  /** One that is neither empty nor `0`: the request removes what is stored (nginx: `proxy_cache_purge`). */
  readonly purge: readonly Template[]
  /** Large responses are fetched and stored in pieces of this size; 0 = whole (nginx: `slice`). */
  readonly sliceBytes: number
  /** Size and checksum in a FastDFS file name must be those of the body, else nothing is stored and another peer is asked. */
  readonly verifiesFastdfs: boolean
}

/** The methods that `methods` may hold; the first two always are in it. */
export const CACHE_METHODS = ['GET', 'HEAD', 'POST'] as const

/** What holds in a location with a cache where nothing else is written: nginx's defaults. */
export const PLAIN_CACHE = {
  mode: 'nginx',
  key: [{ variable: 'scheme' }, { variable: 'proxy_host' }, { variable: 'request_uri' }],
  methods: ['GET', 'HEAD'],
  convertsHead: true,
  valid: [],
  usesMin: 1,
  isLocking: false,
  lockAgeMs: 5000,
  lockTimeoutMs: 5000,
  useStale: [],
  isUpdatedInBackground: false,
  isRevalidating: false,
  bypass: [],
  noCache: [],
  rangeOffsetMax: null,
  purge: [],
  sliceBytes: 0,
  verifiesFastdfs: false,
} as const satisfies Omit<CacheSettings, 'cache'>
