// A proxy with one cache, as scenario tests want it: the configuration, what the cache holds, making it stale without
// waiting, and the question whether anything is left behind when all is over.

import assert from 'node:assert/strict'
import { Caretaker } from '../../src/control/cache/caretaker.ts'
import { SlotRecord } from '../../src/zone/cache-slot.ts'
import { type ConfParts, type TestProxy, toPeers } from './proxy.ts'
import { fieldOf, type RawMessage } from './raw-message.ts'

const PATIENCE_MS = 5_000

export interface CachedParts {
  /** Lines of the location. */
  readonly location?: string
  /** Lines of the server. */
  readonly server?: string
  /** What follows in `proxy_cache_path`. */
  readonly path?: string
  /** Lines of `http`. */
  readonly http?: string
  /** Of the upstream. */
  readonly upstream?: string
  readonly peer?: string
}

/** Every path goes to one group of peers through the cache `pages`; X-Cache says what that had to say. */
export function cached(addresses: readonly string[], parts: CachedParts = {}): ConfParts {
  const conf = toPeers(addresses, {
    upstream: parts.upstream ?? '',
    peer: parts.peer ?? '',
    server: parts.server ?? '',
    location: `proxy_cache pages; add_header X-Cache $upstream_cache_status always; ${parts.location ?? ''}`,
  })
  const path = `proxy_cache_path DIR/cache keys_zone=pages:1m use_temp_path=off ${parts.path ?? ''};`
  return { ...conf, http: `${path} ${parts.http ?? ''} ${conf.http}` }
}

/** The same by the rules of RFC 9111. */
export function standard(addresses: readonly string[], parts: CachedParts = {}): ConfParts {
  return cached(addresses, {
    ...parts,
    location: `proxy_cache_mode standard; ${parts.location ?? ''}`,
  })
}

/** `$upstream_cache_status`. */
export function cacheOf(message: RawMessage): string | null {
  return fieldOf(message, 'x-cache')
}

/** How many responses are stored. */
export function storedCount(proxy: TestProxy): number {
  return proxy.cacheZones.reduce((sum, zone) => sum + zone.entryCount, 0)
}

/** Waits until so many responses are stored: the file follows the answer. */
export async function whenStored(proxy: TestProxy, count: number): Promise<void> {
  const until = performance.now() + PATIENCE_MS
  while (storedCount(proxy) !== count && performance.now() < until) await proxy.holdings()
  assert.equal(storedCount(proxy), count, 'responses that are stored')
}

/** Makes all that is stored stale, as a soft purge does. */
export function makeStale(proxy: TestProxy): void {
  const record = new SlotRecord()
  for (const zone of proxy.cacheZones) {
    for (let slot = 0; slot < zone.slotsEnd; slot++) {
      if (zone.read(slot, record) && record.isStored) zone.expire(slot, record.hash)
    }
  }
}

/** Keys that somebody fetches. */
export function locksHeld(proxy: TestProxy): number {
  let count = 0
  for (const zone of proxy.cacheZones) {
    for (let slot = 0; slot < zone.slotsEnd; slot++) if (zone.isLocked(slot)) count++
  }
  return count
}

/** Waits until no exchange runs, and fails when one stays, or a lock does. */
export async function assertAtRest(proxy: TestProxy): Promise<void> {
  const until = performance.now() + PATIENCE_MS
  let exchanges = Number.POSITIVE_INFINITY
  while ((exchanges !== 0 || locksHeld(proxy) > 0) && performance.now() < until)
    exchanges = (await proxy.holdings()).exchanges
  assert.equal(exchanges, 0, 'exchanges that still run')
  assert.equal(locksHeld(proxy), 0, 'keys that are still locked')
}

/** Lets purges of many be done, as the control side does it. */
export function servePurges(proxy: TestProxy): void {
  proxy.onMessage = message => {
    if (message.kind !== 'purge-prefix') return
    const { config, caches } = proxy.generation
    const index = config.caches.findIndex(({ name }) => name === message.cache)
    const kept = { id: 1, path: config.caches[index]!, memory: caches[index]! }
    const time = {
      now: () => performance.now(),
      wallNow: () => Date.now(),
      delay: () => Promise.resolve(),
    }
    const scope = { kind: 'prefix', prefix: message.prefix, isOfKey: true } as const
    void new Caretaker(kept, { log: () => {}, time }).purge(scope, false).then(counts => {
      proxy.post({ kind: 'purged', id: message.id, count: counts?.entries ?? 0 })
    })
  }
}

/** Lets the proxy read what was sent to it. */
export async function settle(proxy: TestProxy): Promise<void> {
  for (let i = 0; i < 20; i++) await proxy.holdings()
}
