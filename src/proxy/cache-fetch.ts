// What a cache does with a peer's answer: it is stored and the client answered from what grows there, or it says that what
// is stored still holds, or it failed and something stale stands in for it; else it goes to the client as without a cache.

import type { BodyPart, CacheEntry, EntryMeta } from '../cache/entry.ts'
import { makeFamily } from '../cache/family.ts'
import { beginFastdfsCheck } from '../cache/fastdfs-check.ts'
import type { RequestDemand, StorePlan } from '../cache/policy/policy.ts'
import type { CacheStore, EntryKey, EntryWriter, Lookup } from '../cache/store/cache-store.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { StaleCondition } from '../model/cache.ts'
import { answerEntry } from './cache-answer.ts'
import { CombiningWriter } from './cache-combine.ts'
import { CacheDelivery, DiscardDelivery, VerifiedDelivery } from './cache-delivery.ts'
import { forwardedLine } from './cache-outcome.ts'
import type { Exchange } from './exchange.ts'
import type { Fetch, ResponseTaker, TakerOwner } from './fetch.ts'
import { isAsked } from './predicates.ts'
import type { CacheRuntime, Handler, LocationRuntime } from './runtime.ts'
import type { Tries } from './tries.ts'

/** What the lookup came to. */
export interface FetchPlan {
  readonly cache: CacheRuntime
  readonly store: CacheStore
  /** Of the entry that was looked for. */
  readonly key: EntryKey
  readonly demand: RequestDemand
  readonly lookup: Lookup
  /** Of the key's first entry, if there is one: what it varies by, and its family. */
  readonly main: Pick<EntryMeta, 'vary' | 'family'> | null
  /** What is stored, and may be answered if the peers fail; released by the fetch. */
  readonly stale: CacheEntry | null
  /** Stored parts of the representation, to which an answer may bring more; released by the fetch. */
  readonly base: CacheEntry | null
  /** Range and what belongs to it, where a part is asked for. */
  readonly rangeLines: string
  /** The answer may be stored. */
  readonly isStored: boolean
  /** Asks the peers. */
  readonly forward: Handler
  /** Of the key's lock; 0 = this request does not hold it. */
  readonly token: number
}

export class CacheFetch implements Fetch {
  readonly conditionLines: string
  readonly isWhole = true
  readonly #exchange: Exchange
  readonly #location: LocationRuntime
  readonly #plan: FetchPlan
  readonly #requestMs: number
  /** Whether what is stored still holds is asked for. */
  readonly #asks: boolean
  /** Handed out by the lookup, not released yet. */
  #stale: CacheEntry | null
  #base: CacheEntry | null
  #token: number
  /** The entry is being written: the lock is kept until it is there. */
  #isStoring = false
  #holdsSnapshot = false

  constructor(exchange: Exchange, location: LocationRuntime, plan: FetchPlan) {
    this.#exchange = exchange
    this.#location = location
    this.#plan = plan
    this.#stale = plan.stale
    this.#base = plan.base
    this.#token = plan.token
    const { settings, policy } = plan.cache
    this.#asks = plan.stale !== null && (settings.isRevalidating || settings.mode === 'standard')
    this.conditionLines = (this.#asks ? policy.conditionLines(plan.stale!) : '') + plan.rangeLines
    this.#requestMs = exchange.snapshot.services.clock.wallMs
    if (exchange.method === 'HEAD' && settings.convertsHead) exchange.method = 'GET'
  }

  get outlivesClient(): boolean {
    return this.#plan.isStored
  }

  // ── the peer's answer ──────────────────────────────────────────────────────────────────────────────────────────

  onResponse(head: ResponseHead, tries: Tries, owner: TakerOwner): ResponseTaker | null {
    const exchange = this.#exchange
    const { cache, stale, key } = this.#plan
    const method = exchange.method
    exchange.method = exchange.head.method
    if (stale !== null && head.status === 304 && this.#asks) {
      const meta = cache.policy.freshen(stale, exchange.head, head, this.#times)
      if (meta === null) return this.#askAgain(tries, owner)
      const entry = this.#plan.store.freshen(key, stale, meta)
      this.#takeStale()?.release()
      exchange.cacheStatus = 'REVALIDATED'
      this.#answer(entry)
      return new DiscardDelivery(exchange, tries, owner, true)
    }
    if (this.#mayStandIn(`http_${head.status}` as StaleCondition)) {
      exchange.cacheStatus = 'STALE'
      this.#answer(this.#takeStale()!)
      return new DiscardDelivery(exchange, tries, owner, false)
    }
    const plan = this.#planOf(head, method)
    const writer = plan === null ? null : this.#create(plan, head)
    if (writer === null) {
      this.#onUnstored(head)
      return null
    }
    this.#isStoring = true
    this.#own()
    const parts = { exchange, tries, owner, writer, onWritten: () => this.#onWritten() }
    const check = cache.settings.verifiesFastdfs
      ? beginFastdfsCheck(exchange.uri, method, head)
      : null
    if (check === null) {
      this.#answer(writer.entry, head)
      return new CacheDelivery(parts)
    }
    // The client waits: nobody shall have a byte of what may be wrong.
    return new VerifiedDelivery(
      parts,
      check,
      () => this.#answer(writer.entry, head),
      () => this.#onBroken(method),
    )
  }

  /** The request to the peers goes on. */
  #onBroken(method: string): void {
    this.#exchange.method = method
  }

  /** The answer is not about what is stored: it is asked for without a condition (RFC 9111 §4.3.4). */
  #askAgain(tries: Tries, owner: TakerOwner): ResponseTaker {
    const exchange = this.#exchange
    const plan = { ...this.#plan, stale: null, token: this.#token }
    this.#token = 0
    return new DiscardDelivery(exchange, tries, owner, true, () => {
      exchange.fetch = new CacheFetch(exchange, this.#location, plan)
      plan.forward(exchange)
    })
  }

  get #times() {
    const { wallMs } = this.#exchange.snapshot.services.clock
    return { requestMs: this.#requestMs, responseMs: wallMs }
  }

  #planOf(head: ResponseHead, method: string): StorePlan | null {
    const { cache, demand, isStored } = this.#plan
    if (!isStored || demand.isNotStored || isAsked(cache.noCache, this.#exchange)) return null
    return cache.policy.plan(this.#exchange.head, method, head, this.#times)
  }

  #create(plan: StorePlan, head: ResponseHead): EntryWriter | null {
    const exchange = this.#exchange
    const { cache, store, key, lookup, main } = this.#plan
    const isOfFamily = main !== null && main.vary === plan.vary
    const bytes = head.bodyBytes >= 0 ? head.bodyBytes : -1
    const { requestMs, responseMs } = this.#times
    const meta: EntryMeta = {
      key: key.text,
      vary: plan.vary,
      variant: plan.vary === '' ? '' : cache.policy.variantOf(plan.vary, exchange.head),
      url: urlOf(exchange),
      head: plan.head,
      trailers: '',
      family: isOfFamily ? main.family : makeFamily(),
      requestMs,
      responseMs,
      initialAgeSeconds: plan.initialAgeSeconds,
      freshness: plan.freshness,
      tags: plan.tags,
      length: plan.part === null ? bytes : plan.part.length,
      parts: plan.part === null ? null : [plan.part],
    }
    if (plan.part === null || exchange.sliceRange !== '')
      return store.create(key, { ...meta, length: bytes, parts: null }, bytes, lookup)
    return this.#createPart(plan.part, meta, head)
  }

  /** Begins an entry that has a part, or one more than there was. */
  #createPart(part: BodyPart, meta: EntryMeta, head: ResponseHead): EntryWriter | null {
    const { store, key, lookup, base, cache } = this.#plan
    if (head.bodyBytes >= 0 && head.bodyBytes !== part.end - part.start) return null
    const { policy } = cache
    const combination =
      base === null ? null : policy.combine(base, this.#exchange.head, head, this.#times)
    const joined = combination?.meta ?? meta
    const segments = combination?.segments ?? [{ ...part, isNew: true }]
    const bytes = segments.reduce((sum, each) => sum + each.end - each.start, 0)
    const writer = store.create(key, joined, bytes, lookup)
    return writer === null ? null : new CombiningWriter(writer, base, segments)
  }

  /** An answer that is not stored, and is good, takes the place of what is (RFC 9111 §4.3.3); nginx leaves it. */
  #onUnstored(head: ResponseHead): void {
    const { cache, store, key, stale } = this.#plan
    const exchange = this.#exchange
    if (cache.settings.mode === 'nginx') return
    exchange.ownLines += forwardedLine(exchange.cacheStatus)
    if (stale !== null && head.status < 500) store.remove(key)
  }

  #onWritten(): void {
    this.#isStoring = false
    this.#releaseBase()
    this.#unlock()
    this.#disown()
  }

  // ── no answer ──────────────────────────────────────────────────────────────────────────────────────────────────

  onNoResponse(status: number): boolean {
    const exchange = this.#exchange
    exchange.method = exchange.head.method
    if (exchange.isFinished || !this.#mayStandIn(status === 504 ? 'timeout' : 'error')) return false
    exchange.cacheStatus = 'STALE'
    this.#answer(this.#takeStale()!)
    return true
  }

  /** Whether what is stale stands in for a failure of the peers. */
  #mayStandIn(condition: StaleCondition): boolean {
    const { cache, demand } = this.#plan
    const { wallMs } = this.#exchange.snapshot.services.clock
    return (
      this.#stale !== null && cache.policy.mayServeOnError(this.#stale, demand, wallMs, condition)
    )
  }

  #answer(entry: CacheEntry, own: ResponseHead | null = null): void {
    const exchange = this.#exchange
    if (exchange.isFinished) entry.release()
    else answerEntry(exchange, this.#location, this.#plan.cache, entry, own)
  }

  #takeStale(): CacheEntry | null {
    const stale = this.#stale
    this.#stale = null
    return stale
  }

  // ── the end ────────────────────────────────────────────────────────────────────────────────────────────────────

  onClientGone(): void {
    this.#own()
  }

  onOver(): void {
    const exchange = this.#exchange
    exchange.method = exchange.head.method
    this.#takeStale()?.release()
    if (this.#isStoring) return
    this.#releaseBase()
    this.#unlock()
    this.#disown()
  }

  #releaseBase(): void {
    const base = this.#base
    this.#base = null
    base?.release()
  }

  #unlock(): void {
    if (this.#token === 0) return
    this.#plan.store.unlock(this.#plan.lookup.slot, this.#token)
    this.#token = 0
  }

  /** Makes what the request to the peers needs its own: the client's next request takes the rest. */
  #own(): void {
    if (this.#holdsSnapshot) return
    const exchange = this.#exchange
    this.#holdsSnapshot = true
    exchange.snapshot.active++
    exchange.head = exchange.head.copy()
  }

  #disown(): void {
    if (!this.#holdsSnapshot) return
    this.#holdsSnapshot = false
    this.#exchange.snapshot.onExchangeEnd(this.#exchange)
  }
}

/** `http://host/path?query` of the request, as purging by URL looks for it. */
export function urlOf({ head, connection }: Exchange): string {
  const { localAddress } = connection
  const place = localAddress.includes(':') ? `[${localAddress}]` : localAddress
  return `http://${head.authority === '' ? place : head.authority.toLowerCase()}${head.target}`
}
