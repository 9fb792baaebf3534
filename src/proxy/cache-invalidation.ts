// What a request with an unsafe method does to stored responses: an answer that is no error makes those of its target
// invalid, and those that it names in Location and Content-Location on the same origin (RFC 9111 §4.4). An answer to POST
// may itself be stored, for a later GET (RFC 9110 §9.3.3).

import type { CacheStore, EntryKey, Lookup } from '../cache/store/cache-store.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { CacheFetch } from './cache-fetch.ts'
import { piecesPrefix } from './cache-key.ts'
import { noteForwarded, outcomeLine } from './cache-outcome.ts'
import { detach } from './detach.ts'
import type { Exchange } from './exchange.ts'
import type { Fetch, ResponseTaker, TakerOwner } from './fetch.ts'
import { finishExchange } from './finish.ts'
import { readTarget } from './route.ts'
import type { CacheRuntime, Handler, LocationRuntime } from './runtime.ts'
import type { Tries } from './tries.ts'

/** What an unsafe request goes through. */
export interface UnsafePlace {
  readonly location: LocationRuntime
  readonly cache: CacheRuntime
  readonly store: CacheStore
  readonly forward: Handler
}

/** Asks the peers; what is stored changes with the answer. */
export function forwardUnsafe(exchange: Exchange, place: UnsafePlace): void {
  exchange.fetch = new CacheInvalidation(exchange, place)
  place.forward(exchange)
}

class CacheInvalidation implements Fetch {
  readonly conditionLines = ''
  readonly outlivesClient = false
  readonly isWhole = false
  readonly #exchange: Exchange
  readonly #place: UnsafePlace
  /** Of an answer that is stored itself. */
  #storing: CacheFetch | null = null

  constructor(exchange: Exchange, place: UnsafePlace) {
    this.#exchange = exchange
    this.#place = place
  }

  onResponse(head: ResponseHead, tries: Tries, owner: TakerOwner): ResponseTaker | null {
    const exchange = this.#exchange
    const { cache } = this.#place
    const { policy } = cache
    for (const target of policy.invalidates(exchange.head, head, 'http')) this.#remove(target)
    noteForwarded(exchange, cache, { reason: 'method', status: head.status })
    const taker = exchange.method === 'POST' ? this.#store(head, tries, owner) : null
    // Unless the one that would have stored it has said so.
    if (taker === null && exchange.ownLines === '')
      exchange.ownLines = outcomeLine(exchange, cache, head.status, null)
    return taker
  }

  #remove(target: string): void {
    const { cache } = this.#place
    const asked = detach(this.#exchange)
    asked.proxyHost = this.#exchange.proxyHost
    asked.method = 'GET'
    asked.head.method = 'GET'
    asked.head.target = target
    if (readTarget(asked) === null) {
      const prefix = piecesPrefix(asked, cache)
      const { purgePrefix } = asked.snapshot.services
      if (prefix !== null) purgePrefix(cache.nameOf(asked), prefix, () => {})
      else cache.storeOf(asked)?.remove({ text: cache.key(asked), variant: '' })
    }
    finishExchange(asked, false)
  }

  #store(head: ResponseHead, tries: Tries, owner: TakerOwner): ResponseTaker | null {
    const exchange = this.#exchange
    const { cache, store } = this.#place
    const key = { text: cache.key(exchange), variant: '' }
    let taker: ResponseTaker | null = null
    let isOver = false
    store.find(key, lookup => {
      lookup.entry?.release()
      // One that has to look at the disk first answers too late to take what comes now.
      if (isOver) return
      const fetch = this.#fetchFor(key, { ...lookup, entry: null })
      taker = fetch.onResponse(head, tries, owner)
      if (taker === null) fetch.onOver()
      else this.#storing = fetch
    })
    isOver = true
    return taker
  }

  #fetchFor(key: EntryKey, lookup: Lookup): CacheFetch {
    const { location, cache, store, forward } = this.#place
    return new CacheFetch(this.#exchange, location, {
      cache,
      store,
      key,
      demand: cache.policy.demandOf(this.#exchange.head),
      lookup,
      main: null,
      stale: null,
      base: null,
      rangeLines: '',
      isStored: true,
      token: 0,
      forward,
    })
  }

  onNoResponse(): boolean {
    return false
  }

  onClientGone(): void {}

  onOver(): void {
    this.#storing?.onOver()
  }
}
