// What the cache of a location has to do with a request: whether it is looked up, under which key, and how long an answer
// would be kept. The cache itself is not asked.

import { printDuration } from '../../config/yaml/measures.ts'
import { templateText } from '../../model/template.ts'
import { keyOf, piecesPrefix } from '../../proxy/cache-key.ts'
import type { Exchange } from '../../proxy/exchange.ts'
import { isAsked } from '../../proxy/predicates.ts'
import type { CacheRuntime, LocationRuntime } from '../../proxy/runtime.ts'
import type { Decision } from './explanation.ts'
import type { Chain, Places } from './places.ts'

/** What was decided, and whether a peer is asked on behalf of the cache. */
export interface CacheReasons {
  readonly decisions: readonly Decision[]
  readonly isFetch: boolean
}

const NONE: CacheReasons = { decisions: [], isFetch: false }

/** Explains the cache of a location that an exchange has come to. */
export function cacheReasons(
  exchange: Exchange,
  { cache }: LocationRuntime,
  chain: Chain,
  places: Places,
): CacheReasons {
  if (cache === null) return NONE
  const name = cache.nameOf(exchange)
  const at = (directive: string, property: string) =>
    places.find(chain, { nginx: directive, model: property })
  const say = (text: string, place: string): Decision => ({ topic: 'cache', text, at: place })
  const own = at('proxy_cache', 'proxy.cache')
  const { settings } = cache
  if (name === '' || name === 'off') return { ...NONE, decisions: [say('switched off here', own)] }
  const keyPlace = at('proxy_cache_key', 'proxy.cache.key')
  if (isAsked(cache.purge, exchange)) {
    const text = `"${name}": the request removes what is stored for "${keyText(exchange, cache)}"`
    return { ...NONE, decisions: [say(text, at('proxy_cache_purge', 'proxy.cache.purge'))] }
  }
  if (!settings.methods.includes(exchange.method)) {
    const text = `"${name}" is not asked for ${exchange.method}`
    return { ...NONE, decisions: [say(text, at('proxy_cache_methods', 'proxy.cache.methods'))] }
  }
  const decisions = [
    say(`"${name}" by the rules of ${settings.mode}`, own),
    say(`key "${keyText(exchange, cache)}"`, keyPlace),
    isAsked(cache.bypass, exchange)
      ? say('not looked up', at('proxy_cache_bypass', 'proxy.cache.bypass'))
      : say('looked up; what follows holds when nothing fresh is stored', ''),
    ...storeDecisions(cache, say, at),
  ]
  return { decisions, isFetch: true }
}

function keyText(exchange: Exchange, cache: CacheRuntime): string {
  const pieces = piecesPrefix(exchange, cache)
  return pieces === null ? keyOf(exchange, cache).text : `${pieces}…`
}

function storeDecisions(
  { settings }: CacheRuntime,
  say: (text: string, place: string) => Decision,
  at: (directive: string, property: string) => string,
): readonly Decision[] {
  const decisions: Decision[] = []
  const { valid, usesMin, noCache, isLocking, useStale, sliceBytes } = settings
  const times = valid.map(({ statuses, seconds }) => {
    const codes = statuses.length === 0 ? 'any' : statuses.join(' ')
    return `${codes} for ${printDuration(seconds * 1000)}`
  })
  const text =
    times.length === 0
      ? 'kept as long as the answer says itself'
      : `kept as long as the answer says, else ${times.join(', ')}`
  decisions.push(say(text, at('proxy_cache_valid', 'proxy.cache.valid')))
  if (usesMin > 1) {
    const often = `stored from request ${usesMin} on`
    decisions.push(say(often, at('proxy_cache_min_uses', 'proxy.cache.usesMin')))
  }
  if (noCache.length > 0) {
    const unless = noCache.map(template => `"${templateText(template)}"`).join(', ')
    const rule = `not stored when one of these is neither empty nor 0: ${unless}`
    decisions.push(say(rule, at('proxy_no_cache', 'proxy.cache.noCache')))
  }
  if (isLocking) {
    decisions.push(say('one fetches, others wait', at('proxy_cache_lock', 'proxy.cache.isLocking')))
  }
  if (useStale.length > 0) {
    const stale = `something stale is answered on ${useStale.join(', ')}`
    decisions.push(say(stale, at('proxy_cache_use_stale', 'proxy.cache.useStale')))
  }
  if (sliceBytes > 0) {
    const pieces = `fetched in pieces of ${sliceBytes} bytes`
    decisions.push(say(pieces, at('slice', 'proxy.cache.sliceBytes')))
  }
  return decisions
}
