// Requests that remove what is stored (nginx: `proxy_cache_purge`): 204 when there was something, 404 when not. A key that
// ends with an asterisk stands for all that begin with what is before it.

import type { CacheStore } from '../cache/store/cache-store.ts'
import { answerStatus } from './answer.ts'
import { piecesPrefix } from './cache-key.ts'
import type { Exchange } from './exchange.ts'
import type { CacheRuntime } from './runtime.ts'
import { WaitingFlow } from './waiting-flow.ts'

/** Removes what the request's key names and answers. */
export function purgeKey(exchange: Exchange, store: CacheStore, cache: CacheRuntime): void {
  const key = cache.key(exchange)
  const isPattern = key.endsWith('*')
  const prefix = isPattern ? key.slice(0, -1) : piecesPrefix(exchange, cache)
  new Purge(exchange).start(store, cache.nameOf(exchange), key, prefix)
}

class Purge extends WaitingFlow {
  /** @param prefix of all keys that go; null = `key` alone */
  start(store: CacheStore, cache: string, key: string, prefix: string | null): void {
    const exchange = this.exchange
    exchange.step = 'lookup'
    exchange.connection.flow = this
    if (prefix !== null) {
      const { purgePrefix } = exchange.snapshot.services
      purgePrefix(cache, prefix, count => this.#answer(count > 0))
      return
    }
    const name = { text: key, variant: '' }
    store.find(name, ({ entry }) => {
      entry?.release()
      // Also what is being fetched now must not be stored.
      store.remove(name)
      this.#answer(entry !== null)
    })
  }

  #answer(wasThere: boolean): void {
    const exchange = this.exchange
    if (exchange.isFinished) return
    this.leave()
    answerStatus(exchange, wasThere ? 204 : 404)
  }
}
