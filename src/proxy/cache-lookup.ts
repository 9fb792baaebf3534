// Step 5, lookup: what is stored for a request, and whether it is answered with that or a peer is asked first. Deciding is
// the policy's (cache/policy/); here stands in which order things are asked.

import { type Failure, fail } from '../base/failure.ts'
import { type CacheEntry, type EntryMeta, isWithoutBody } from '../cache/entry.ts'
import { chooseRanges } from '../cache/policy/client-ranges.ts'
import { PLAIN_DEMAND, type RequestDemand } from '../cache/policy/policy.ts'
import type { CacheStore, EntryKey, Lookup } from '../cache/store/cache-store.ts'
import { answerFailure } from './answer.ts'
import { answerEntry } from './cache-answer.ts'
import { holdsAll } from './cache-conditions.ts'
import { CacheFetch } from './cache-fetch.ts'
import { forwardUnsafe } from './cache-invalidation.ts'
import { keyOf } from './cache-key.ts'
import { noteForwarded } from './cache-outcome.ts'
import { purgeKey } from './cache-purge.ts'
import { isRangePassed, rangeLines } from './cache-ranges.ts'
import { makeUpdate } from './cache-update.ts'
import type { Exchange } from './exchange.ts'
import type { FetchPlan } from './fetch-plan.ts'
import { isAsked } from './predicates.ts'
import type { CacheRuntime, Handler, LocationRuntime } from './runtime.ts'
import { WaitingFlow } from './waiting-flow.ts'

/** A location's way with requests whose answers may be stored. */
export function makeCacheHandler(
  location: LocationRuntime,
  cache: CacheRuntime,
  forward: Handler,
): Handler {
  const { methods, mode } = cache.settings
  return exchange => {
    exchange.proxyHost = cache.proxyHost(exchange)
    exchange.fetch = null
    exchange.forwarded = null
    // Whatever its method: it is PURGE most of the time.
    const isPurge = cache.purge.length > 0 && isAsked(cache.purge, exchange)
    const isCacheable = methods.includes(exchange.method)
    const isLookedAt = isCacheable || isPurge || mode === 'standard'
    const store = isLookedAt ? cache.storeOf(exchange) : null
    if (store === null) {
      forward(exchange)
      return
    }
    if (isPurge) {
      purgeKey(exchange, store, cache)
      return
    }
    if (!isCacheable) {
      forwardUnsafe(exchange, { location, cache, store, forward })
      return
    }
    exchange.cacheStore = store
    const demand = cache.policy.demandOf(exchange.head)
    const key = keyOf(exchange, cache)
    const isBypassed = cache.bypass.length > 0 && isAsked(cache.bypass, exchange)
    if (!isBypassed && !demand.isValidated) {
      // What is asked for most is answered without another object.
      const entry = store.peek(key)
      if (
        entry !== null &&
        entry.meta.parts === null &&
        cache.policy.isSelected(entry.meta, exchange.head) &&
        isUsable(entry, exchange)
      ) {
        const nowMs = exchange.snapshot.services.clock.wallMs
        if (cache.policy.reuse(entry, demand, nowMs) === 'fresh') {
          exchange.cacheStatus = 'HIT'
          answerEntry(exchange, location, cache, entry)
          return
        }
      }
      entry?.release()
    }
    new CacheLookup(exchange, location, cache, store, key, demand, forward).start(isBypassed)
  }
}

/** What was stored of HEAD has nothing for GET, if a configuration gives both one key. */
function isUsable(entry: CacheEntry, { head }: Exchange): boolean {
  return head.method === 'HEAD' || !isWithoutBody(entry)
}

/** One request that memory alone could not answer. */
class CacheLookup extends WaitingFlow {
  readonly #location: LocationRuntime
  readonly #cache: CacheRuntime
  readonly #store: CacheStore
  readonly #demand: RequestDemand
  readonly #forward: Handler
  readonly #startedMs: number
  /** Of the key's first entry, or of the variant that the request selects. */
  #key: EntryKey
  #isBypassed = false
  /** The key's first entry, when that is not the one. */
  #main: EntryMeta | null = null
  #endWait: (() => void) | null = null
  #hasWaited = false
  /** Parts that are stored, and are not those that are asked for. */
  #base: CacheEntry | null = null

  constructor(
    exchange: Exchange,
    location: LocationRuntime,
    cache: CacheRuntime,
    store: CacheStore,
    key: EntryKey,
    demand: RequestDemand,
    forward: Handler,
  ) {
    super(exchange)
    this.#location = location
    this.#cache = cache
    this.#store = store
    this.#key = key
    this.#demand = demand
    this.#forward = forward
    this.#startedMs = exchange.snapshot.services.clock.nowMs
  }

  start(isBypassed: boolean): void {
    this.#isBypassed = isBypassed
    this.exchange.step = 'lookup'
    this.exchange.connection.flow = this
    this.#find()
  }

  #find(): void {
    if (this.#key.variant === '') this.#main = null
    this.#store.find(this.#key, lookup => this.#onFound(lookup))
  }

  #onFound(found: Lookup): void {
    const exchange = this.exchange
    const isUsed = found.entry === null || isUsable(found.entry, exchange)
    if (!isUsed) found.entry?.release()
    const lookup = isUsed ? found : { ...found, entry: null }
    const { entry } = lookup
    if (exchange.isFinished) {
      entry?.release()
      this.#dropBase()
      return
    }
    const { policy } = this.#cache
    if (entry !== null && this.#key.variant === '') this.#main = entry.meta
    if (entry !== null && !this.#isSelected(entry.meta)) {
      const variant = policy.variantOf(entry.meta.vary, exchange.head)
      entry.release()
      if (this.#key.variant === '') {
        this.#key = { text: this.#key.text, variant }
        this.#find()
      } else {
        this.#onMiss({ ...lookup, entry: null })
      }
      return
    }
    if (this.#isBypassed) {
      entry?.release()
      exchange.cacheStatus = 'BYPASS'
      noteForwarded(exchange, this.#cache, { reason: 'bypass' })
      this.#fetch({ lookup, stale: null, isStored: true, token: 0 })
    } else if (entry !== null && !this.#hasAskedFor(entry)) {
      this.#dropBase()
      this.#base = entry
      this.#onMiss(lookup)
    } else if (entry === null) {
      this.#onMiss(lookup)
    } else {
      this.#onEntry(entry, lookup)
    }
  }

  /** A variant that was left over from before its key was purged is none. */
  #isSelected(meta: EntryMeta): boolean {
    if (!this.#cache.policy.isSelected(meta, this.exchange.head)) return false
    return this.#key.variant === '' || meta.family === this.#main?.family
  }

  #hasAskedFor(entry: CacheEntry): boolean {
    if (entry.meta.parts === null || this.exchange.head.method === 'HEAD') return true
    return holdsAll(entry.meta, chooseRanges(this.exchange.head, entry))
  }

  #onEntry(entry: CacheEntry, lookup: Lookup): void {
    const exchange = this.exchange
    this.#dropBase()
    const { policy, settings } = this.#cache
    const nowMs = exchange.snapshot.services.clock.wallMs
    const reuse = policy.reuse(entry, this.#demand, nowMs)
    if (reuse === 'fresh') {
      if (this.#hasWaited) noteForwarded(exchange, this.#cache, { isCollapsed: true })
      this.#answer(entry, 'HIT')
      return
    }
    exchange.forwarded = null
    if (this.#demand.onlyIfCached) {
      entry.release()
      this.#refuse()
      return
    }
    const token = this.#store.lock(lookup.slot, settings.lockAgeMs)
    const isFirst = token !== 0
    if (reuse === 'stale-while-updating') {
      if (!isFirst) {
        this.#answer(entry, 'UPDATING')
        return
      }
      if (settings.isUpdatedInBackground) {
        // Made before the answer, with which the client's head may go.
        const update = makeUpdate(exchange, this.#planOf(lookup, entry, token), this.#location)
        this.#answer(entry, 'STALE')
        this.#forward(update)
        return
      }
    }
    // Fresh, but not for this request (RFC 9211 §2.2).
    const isForRequest = policy.reuse(entry, PLAIN_DEMAND, nowMs) === 'fresh'
    noteForwarded(exchange, this.#cache, { reason: isForRequest ? 'request' : 'stale' })
    const mayWait = reuse === 'validate' && settings.mode === 'standard' && settings.isLocking
    if (!isFirst && mayWait && this.#wait(lookup)) {
      entry.release()
      return
    }
    exchange.cacheStatus = 'EXPIRED'
    this.#fetch({ lookup, stale: entry, isStored: true, token })
  }

  /** Nothing is stored, or not what is asked for. */
  #onMiss(lookup: Lookup): void {
    const exchange = this.exchange
    const { settings } = this.#cache
    exchange.cacheStatus = 'MISS'
    if (this.#demand.onlyIfCached) {
      this.#refuse()
      return
    }
    const found = this.#main === null ? 'uri-miss' : 'vary-miss'
    noteForwarded(exchange, this.#cache, { reason: this.#base === null ? found : 'partial' })
    const isStored = lookup.uses >= settings.usesMin
    let token = 0
    if (settings.isLocking && isStored) {
      token = this.#store.lock(lookup.slot, settings.lockAgeMs)
      if (token === 0 && this.#wait(lookup)) return
    }
    // Who waited in vain does not store: the one that is waited for still may.
    const mayStore = isStored && (token !== 0 || !settings.isLocking)
    this.#fetch({ lookup, stale: null, isStored: mayStore, token })
  }

  /** Waits for the one that fetches; false = it has waited long enough. */
  #wait(lookup: Lookup): boolean {
    const { clock } = this.exchange.snapshot.services
    const { lockTimeoutMs, lockAgeMs } = this.#cache.settings
    const leftMs = lockTimeoutMs - (clock.nowMs - this.#startedMs)
    if (leftMs <= 0) this.#store.countTimeout()
    if (leftMs <= 0 || lookup.slot === -1) return false
    // A lock that has grown too old wakes nobody.
    this.#hasWaited = true
    this.#endWait = this.#store.wait(lookup.slot, Math.min(leftMs, lockAgeMs), () => {
      this.#endWait = null
      if (!this.exchange.isFinished) this.#find()
    })
    return true
  }

  #planOf(lookup: Lookup, stale: CacheEntry | null, token: number): FetchPlan {
    return {
      cache: this.#cache,
      store: this.#store,
      key: this.#key,
      demand: this.#demand,
      lookup,
      main: this.#main,
      base: this.#base,
      rangeLines: rangeLines(this.exchange, this.#cache, this.#base),
      forward: this.#forward,
      stale,
      isStored: true,
      token,
    }
  }

  #fetch(part: Pick<FetchPlan, 'lookup' | 'stale' | 'isStored' | 'token'>): void {
    const exchange = this.exchange
    this.leave()
    if (isRangePassed(exchange, this.#cache)) {
      part.stale?.release()
      this.#base?.release()
      if (part.token !== 0) this.#store.unlock(part.lookup.slot, part.token)
      this.#forward(exchange)
      return
    }
    const plan = { ...this.#planOf(part.lookup, part.stale, part.token), ...part }
    exchange.fetch = new CacheFetch(exchange, this.#location, plan)
    this.#forward(exchange)
  }

  #answer(entry: CacheEntry, status: string): void {
    this.leave()
    this.exchange.cacheStatus = status
    answerEntry(this.exchange, this.#location, this.#cache, entry)
  }

  #dropBase(): void {
    this.#base?.release()
    this.#base = null
  }

  /** RFC 9111 §5.2.1.7. */
  #refuse(): void {
    this.leave()
    this.#dropBase()
    answerFailure(this.exchange, fail('not_cached'), 504)
  }

  // ── the client, while it waits ─────────────────────────────────────────────────────────────────────────────────

  override onClientGone(failure: Failure): void {
    this.#endWait?.()
    this.#endWait = null
    this.#dropBase()
    super.onClientGone(failure)
  }
}
