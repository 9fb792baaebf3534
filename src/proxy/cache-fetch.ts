// What a cache does with a peer's answer: it is stored and the client answered from what grows there, or it says that what
// is stored still holds, or it failed and something stale stands in for it; else it goes to the client as without a cache.

import type { CacheEntry } from '../cache/entry.ts'
import { beginFastdfsCheck } from '../cache/fastdfs-check.ts'
import type { StorePlan } from '../cache/policy/policy.ts'
import { FIELD } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { mayHaveBody } from '../http/status.ts'
import type { StaleCondition } from '../model/cache.ts'
import { answerEntry } from './cache-answer.ts'
import { CacheDelivery, DiscardDelivery, VerifiedDelivery } from './cache-delivery.ts'
import { abandonEntry, createEntry, createFailure, createPassing } from './cache-entry.ts'
import { noteForwarded, outcomeLine } from './cache-outcome.ts'
import type { Exchange } from './exchange.ts'
import { ExchangeHold } from './exchange-hold.ts'
import type { Fetch, ResponseTaker, TakerOwner } from './fetch.ts'
import type { FetchPlan } from './fetch-plan.ts'
import { isAsked } from './predicates.ts'
import type { LocationRuntime } from './runtime.ts'
import { piecePlan } from './slice-place.ts'
import type { Tries } from './tries.ts'

export class CacheFetch implements Fetch {
  readonly conditionLines: string
  readonly isWhole = true
  readonly #exchange: Exchange
  readonly #location: LocationRuntime
  readonly #plan: FetchPlan
  readonly #requestMs: number
  /** Before HEAD became GET. */
  readonly #method: string
  /** Whether what is stored still holds is asked for. */
  readonly #asks: boolean
  /** Handed out by the lookup, not released yet. */
  #stale: CacheEntry | null
  #base: CacheEntry | null
  #token: number
  /** The entry is being written: the lock is kept until it is there. */
  #isStoring = false
  /** Another fetch takes over what this one holds. */
  #isHandingOn = false
  #hold: ExchangeHold

  constructor(exchange: Exchange, location: LocationRuntime, plan: FetchPlan) {
    this.#exchange = exchange
    this.#hold = new ExchangeHold(exchange)
    this.#location = location
    this.#plan = plan
    this.#stale = plan.stale
    this.#base = plan.base
    this.#token = plan.token
    const { settings, policy } = plan.cache
    this.#asks = plan.stale !== null && (settings.isRevalidating || settings.mode === 'standard')
    this.conditionLines = (this.#asks ? policy.conditionLines(plan.stale!) : '') + plan.rangeLines
    this.#requestMs = exchange.snapshot.services.clock.wallMs
    this.#method = exchange.method
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
    exchange.method = this.#method
    if (stale !== null && head.status === 304 && this.#asks) {
      const meta = cache.policy.freshen(stale, exchange.head, head, this.#times)
      if (meta === null) return this.#askAgain(tries, owner, true)
      // Whoever waits, or asks in a moment, must find it so.
      this.#isStoring = true
      this.#hold.take()
      exchange.cacheStatus = 'REVALIDATED'
      noteForwarded(exchange, cache, { status: head.status })
      if (tries.current !== null) tries.onAnswer()
      const entry = this.#plan.store.freshen(key, stale, meta, () => {
        this.#answer(entry)
        this.#onWritten()
      })
      this.#takeStale()?.release()
      return new DiscardDelivery(exchange, tries, owner, true)
    }
    if (this.#mayStandIn(`http_${head.status}` as StaleCondition)) {
      exchange.cacheStatus = 'STALE'
      noteForwarded(exchange, cache, { status: head.status })
      const discard = new DiscardDelivery(exchange, tries, owner, false)
      this.#answer(this.#takeStale()!)
      return discard
    }
    const plan = this.#planOf(head, method)
    const stored = plan === null ? null : createEntry(exchange, this.#plan, plan, head, this.#times)
    if (this.#isCompleting && head.status !== 200 && stored?.entry.meta.parts !== null) {
      // What came does not make the whole of what is stored.
      if (stored !== null) abandonEntry(stored)
      return this.#askAgain(tries, owner)
    }
    noteForwarded(exchange, cache, { status: head.status, isStored: stored !== null })
    const writer = stored ?? createPassing(exchange, this.#plan, head, this.#times)
    if (stored === null) this.#unlock()
    if (writer === null) {
      this.#onUnstored(head)
      return null
    }
    this.#isStoring = true
    this.#hold.take()
    const parts = { exchange, tries, owner, writer, onWritten: () => this.#onWritten() }
    const check = cache.settings.verifiesFastdfs
      ? beginFastdfsCheck(exchange.uri, method, head)
      : null
    const answer = () => {
      // Before the head is made, to which it may add.
      if (tries.current !== null) tries.onAnswer()
      this.#answer(writer.entry, head)
    }
    if (check === null) {
      const delivery = new CacheDelivery(parts)
      answer()
      return delivery
    }
    // The client waits: nobody shall have a byte of what may be wrong.
    return new VerifiedDelivery(parts, check, answer, () => this.#onBroken(method))
  }

  /** The request to the peers goes on. */
  #onBroken(method: string): void {
    this.#isStoring = false
    this.#exchange.method = method
  }

  /** The client wants the whole, of which a part is stored. */
  get #isCompleting(): boolean {
    const { base, rangeLines } = this.#plan
    return base !== null && rangeLines !== '' && !this.#isRangeAsked
  }

  get #isRangeAsked(): boolean {
    return this.#exchange.head.fields.findId(FIELD.range) !== -1
  }

  /** The answer is not about what is stored: all is asked for, without a condition (RFC 9111 §4.3.4). */
  #askAgain(tries: Tries, owner: TakerOwner, isShort = false): ResponseTaker {
    const exchange = this.#exchange
    const isForgotten = this.#isCompleting
    this.#isHandingOn = true
    return new DiscardDelivery(exchange, tries, owner, isShort, () => {
      if (isForgotten) this.#releaseBase()
      const rangeLines = isForgotten ? '' : this.#plan.rangeLines
      const plan = { ...this.#plan, stale: null, base: this.#base, rangeLines, token: this.#token }
      const fetch = new CacheFetch(exchange, this.#location, plan)
      fetch.#hold = this.#hold
      exchange.fetch = fetch
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
    // Without a length nothing would tell it from a whole response with an empty body.
    if (method === 'HEAD' && mayHaveBody(head.status) && !head.hasLength) return null
    const { head: request, sliceRange } = this.#exchange
    const isPiece = sliceRange !== '' || this.#isCompleting
    const plan = cache.policy.plan(request, method, head, this.#times, isPiece)
    return plan === null || sliceRange === '' ? plan : piecePlan(plan, head)
  }

  /** An answer that is not stored, and is good, takes the place of what is (RFC 9111 §4.3.3); nginx leaves it. */
  #onUnstored(head: ResponseHead): void {
    const { cache, store, key, stale } = this.#plan
    const exchange = this.#exchange
    // Who waits has nothing to wait for, however long the client takes.
    this.#takeStale()?.release()
    this.#unlock()
    if (cache.settings.mode === 'nginx') return
    exchange.ownLines += outcomeLine(exchange, cache, head.status, null)
    if (stale !== null && head.status < 500) store.remove(key)
  }

  #onWritten(): void {
    this.#isStoring = false
    this.#releaseBase()
    this.#unlock()
    this.#hold.letGo()
  }

  // ── no answer ──────────────────────────────────────────────────────────────────────────────────────────────────

  onNoResponse(condition: StaleCondition, status: number): boolean {
    const exchange = this.#exchange
    exchange.method = this.#method
    if (!this.#mayStandIn(condition)) {
      this.#storeFailure(status)
      return false
    }
    if (exchange.isFinished) return false
    exchange.cacheStatus = 'STALE'
    noteForwarded(exchange, this.#plan.cache, { status, detail: 'no-response' })
    this.#answer(this.#takeStale()!)
    return true
  }

  /** A failure may be answered again for a while, as nginx does it: its status alone is stored. */
  #storeFailure(status: number): void {
    const { cache, isStored } = this.#plan
    if (!isStored || isAsked(cache.noCache, this.#exchange)) return
    const writer = createFailure(this.#exchange, this.#plan, status, this.#times)
    if (writer === null) return
    this.#isStoring = true
    writer.entry.release()
    writer.end('', () => this.#onWritten())
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
    if (exchange.body !== null && exchange.peerConnection?.isRequestSent !== true) {
      // The rest of the request has no place to go (RFC 9112 §9.3).
      exchange.mustClose = true
      exchange.body.discard()
    }
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
    this.#hold.take()
  }

  onOver(): void {
    const exchange = this.#exchange
    // An error page has another one by now.
    if (exchange.fetch === this) exchange.method = this.#method
    this.#takeStale()?.release()
    if (this.#isStoring || this.#isHandingOn) return
    this.#releaseBase()
    this.#unlock()
    this.#hold.letGo()
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
}
