// What became of a request that a cache was asked for, in the words of RFC 9211: answered from the store, or sent on to a
// peer, why, and what that said. nginx has a variable for it and no field.

import {
  type CacheOutcome,
  cacheStatusLine,
  type ForwardReason,
} from '../cache/policy/cache-status.ts'
import type { Exchange } from './exchange.ts'
import type { CacheRuntime } from './runtime.ts'

/** How we name ourselves. */
const CACHE_NAME = 'headgate'

/** A request that went on to a peer, or waited for another one that did. */
export interface Forwarded {
  readonly reason: ForwardReason
  /** What the peer answered, or what its silence stands for; 0 = nothing yet. */
  readonly status: number
  /** The answer is stored. */
  readonly isStored: boolean
  /** It was another request that went on. */
  readonly isCollapsed: boolean
  readonly detail: string
}

const PLAIN: Forwarded = {
  reason: 'miss',
  status: 0,
  isStored: false,
  isCollapsed: false,
  detail: '',
}

/** Adds to what is known of how the request went on. */
export function noteForwarded(
  exchange: Exchange,
  { settings }: CacheRuntime,
  changes: Partial<Forwarded>,
): void {
  if (settings.mode === 'nginx') return
  exchange.forwarded = { ...(exchange.forwarded ?? PLAIN), ...changes }
}

/**
 * The Cache-Status line of an answer; empty in `nginx` mode.
 *
 * @param status of the answer
 * @param freshUntilMs of what is stored; null = the answer goes by the store
 */
export function outcomeLine(
  exchange: Exchange,
  { settings }: CacheRuntime,
  status: number,
  freshUntilMs: number | null,
): string {
  if (settings.mode === 'nginx') return ''
  const { forwarded, snapshot } = exchange
  const { wallMs } = snapshot.services.clock
  const ttlSeconds = freshUntilMs === null ? null : Math.round((freshUntilMs - wallMs) / 1000)
  if (forwarded === null) {
    return ttlSeconds === null ? '' : `Cache-Status: ${CACHE_NAME}; hit; ttl=${ttlSeconds}\r\n`
  }
  const outcome: CacheOutcome = {
    cache: CACHE_NAME,
    forward: forwarded.reason,
    // Not told, it is that of the answer (RFC 9211 §2.3).
    forwardStatus: forwarded.status === status ? 0 : forwarded.status,
    ttlSeconds,
    isStored: forwarded.isStored,
    isCollapsed: forwarded.isCollapsed,
    key: '',
    detail: forwarded.detail,
  }
  return cacheStatusLine(outcome)
}
