// What the main thread and a worker say to each other. Never a message per request: those go through shared memory.

import type { PlacementTable } from '../balance/placement.ts'
import type { Config } from '../model/config.ts'
import type { ListenAddress } from '../model/listener.ts'
import type { LogLevel } from '../model/settings.ts'

/** One address of an upstream after name resolution, and its slot in the peer zone. */
export interface ResolvedPeer {
  /** Index in `Upstream.peers`: the `server` line that it came from. */
  readonly peer: number
  readonly address: ListenAddress
  /** Addresses that connecting races between; then `address` has the name. */
  readonly rivals?: readonly ListenAddress[]
  /** Slot in the peer zone, the same in every worker and kept over reloads by upstream name and address. */
  readonly slot: number
  /** In place of the weight of its line: what the name's records say. */
  readonly weight?: number
  /** In place of the line's: what the name's records say. */
  readonly isBackup?: boolean
}

/** The resolved peers of one upstream, in the order of `Config.upstreams`. */
export interface ResolvedUpstream {
  readonly name: string
  /** The group's slot in the peer zone (its lock). */
  readonly group: number
  /** Names this list of peers: another one for the same upstream has another number, also in another generation. */
  readonly version: number
  readonly peers: readonly ResolvedPeer[]
  /** What the method looks keys up in, built once for all workers (docs/decisions/014-tables-of-consistent-hashing.md). */
  readonly table?: PlacementTable | null
}

/** Memory that all workers share for one upstream; null where it needs none. */
export interface UpstreamMemory {
  /** The table of `sticky learn` and `sticky source` (zone/session-zone.ts). */
  readonly sessions: SharedArrayBuffer | null
  /** The line of `queue` (zone/queue-zone.ts). */
  readonly line: SharedArrayBuffer | null
}

/** Memory that all threads share for one cache (zone/cache-zone.ts). */
export interface CacheMemory {
  readonly zone: SharedArrayBuffer
  /** Names this run of the program in the names of files that are being written: lower-case letters and digits. */
  readonly run: string
}

/** A key that a URL has in one cache. */
export interface CacheKeyFound {
  /** Name of the cache. */
  readonly cache: string
  readonly key: string
  /** The keys of a large response's pieces begin so. */
  readonly isPrefix: boolean
}

/** A configuration ready to run. */
export interface Generation {
  /** Rises by one with each reload. */
  readonly number: number
  readonly config: Config
  readonly upstreams: readonly ResolvedUpstream[]
  /** In the order of `Config.upstreams`. */
  readonly memories: readonly UpstreamMemory[]
  /** In the order of `Config.caches`. */
  readonly caches: readonly CacheMemory[]
  /** Memory that is counted in, in the order of `Config.limitZones`. */
  readonly limits: readonly SharedArrayBuffer[]
  /** Addresses to listen on, each once. Port 0 was replaced by the number that the first worker got. */
  readonly listeners: readonly ListenAddress[]
}

/** `workerData` of a worker thread. */
export interface WorkerStart {
  /** From 0; names the worker's column in the zones. A worker that replaces a dead one takes its index. */
  readonly index: number
  /** How many workers there are. */
  readonly count: number
  /** The peer zone (zone/peer-zone.ts). */
  readonly peerZone: SharedArrayBuffer
  /** The metric zone (zone/metric-zone.ts): counters for each worker. */
  readonly metricZone: SharedArrayBuffer
  readonly generation: Generation
  /** Listen without `reusePort`: the platform lacks it, and there is one worker. */
  readonly isAlone: boolean
}

/** Main thread → worker. */
export type ToWorker =
  /** Compile and swap; answered by `ready` or `failed`. Listeners that stay are not touched. */
  | { readonly kind: 'reload'; readonly generation: Generation }
  /**
   * Other peers for one upstream of a generation; `released-peers` names the ones before as soon as nobody uses them.
   * A worker that does not have the generation (any more) leaves it unanswered.
   */
  | { readonly kind: 'peers'; readonly generation: number; readonly upstream: ResolvedUpstream }
  /** WINCH: close the listeners, go on with what was accepted. */
  | { readonly kind: 'stop-accepting' }
  /** QUIT: close the listeners and idle connections, finish requests, answer `drained`, exit. */
  | { readonly kind: 'drain'; readonly timeoutMs: number /* 0 = for ever */ }
  /** TERM: write out what is buffered for log files and exit at once. */
  | { readonly kind: 'stop' }
  /** USR1: close log files and open them anew; answered by `reopened`. */
  | { readonly kind: 'reopen-logs' }
  /**
   * Which keys a request for a URL has, by the templates of the locations that it leads to; answered by `cache-key`.
   * One message for a command that somebody types, not one for a request.
   */
  | {
      readonly kind: 'cache-key'
      readonly id: number
      readonly url: string
      readonly method: string
    }
  /** Whether its loop turns; answered by `pong`. */
  | { readonly kind: 'ping'; readonly id: number }
  /** Answers `purge-prefix`. */
  | { readonly kind: 'purged'; readonly id: number; readonly count: number }

/** Worker → main thread. */
export type FromWorker =
  /** The generation serves, every listener is bound. `bound` gives the real ports, in the order of `listeners`. */
  | {
      readonly kind: 'ready'
      readonly generation: number
      readonly bound: readonly ListenAddress[]
    }
  /** The generation was not taken: one clear line why. A worker that starts exits after it. */
  | { readonly kind: 'failed'; readonly generation: number; readonly message: string }
  /** The last exchange on an old generation ended; its peers' slots may be used again. */
  | { readonly kind: 'released'; readonly generation: number }
  /** The last exchange on a list of peers that was replaced has ended. */
  | { readonly kind: 'released-peers'; readonly version: number }
  | { readonly kind: 'drained' }
  | { readonly kind: 'reopened' }
  | { readonly kind: 'pong'; readonly id: number }
  /** `problem`: one line why nothing was found; else empty. */
  | {
      readonly kind: 'cache-key'
      readonly id: number
      readonly found: readonly CacheKeyFound[]
      readonly problem: string
    }
  /** A request purges all keys that begin so (nginx: `proxy_cache_purge` with `*`); answered by `purged`. */
  | {
      readonly kind: 'purge-prefix'
      readonly id: number
      /** Name of the cache. */
      readonly cache: string
      readonly prefix: string
    }
  /** A line for the main error log of this process (workers write their own log files; this is for start and stop). */
  | { readonly kind: 'log'; readonly level: LogLevel; readonly text: string }
