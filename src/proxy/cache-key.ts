// What a request's answer is stored under.

import type { EntryKey } from '../cache/store/cache-store.ts'
import type { Exchange } from './exchange.ts'
import type { CacheRuntime } from './runtime.ts'

/** The key; a piece of a large response has one of its own, which nginx's users write themselves. */
export function keyOf(exchange: Exchange, cache: CacheRuntime): EntryKey {
  const memo = cache.isKeyStable && !exchange.isInternal ? exchange.memo : null
  if (memo?.cacheKey != null && memo.uri === exchange.uri) return memo.cacheKey
  const { settings } = cache
  const text = cache.key(exchange)
  const key = { text: settings.mode === 'nginx' ? text : text + exchange.sliceRange, variant: '' }
  if (memo !== null && memo.uri === exchange.uri) memo.cacheKey = key
  return key
}

/** What the keys of a large response's pieces begin with; null = it is stored whole. */
export function piecesPrefix(exchange: Exchange, cache: CacheRuntime): string | null {
  if (cache.slices === null) return null
  const { sliceRange } = exchange
  exchange.sliceRange = 'bytes='
  const { text } = keyOf(exchange, cache)
  exchange.sliceRange = sliceRange
  return text
}
