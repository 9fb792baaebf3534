// Step 3, route: from a head to the server and the location that serve it, and back here on internal redirects.

import { type Failure, fail } from '../base/failure.ts'
import { normalizePath, pathEnd } from '../http/target.ts'
import type { Exchange } from './exchange.ts'
import type { LocationFound } from './location-table.ts'
import type { LocationRuntime } from './runtime.ts'

/** Internal redirects of one exchange, as in nginx. */
export const REDIRECTS_MAX = 10

const found: LocationFound = { location: null, captures: null, isSlashMissing: false }

/**
 * Sets `uri` and `args` from the target that the client sent.
 *
 * @param by who says whether slashes are merged: as in nginx the default server of the address, as the line is read before
 *   the name is known
 */
export function readTarget(exchange: Exchange, by = exchange.server): Failure | null {
  const { target } = exchange.head
  const end = pathEnd(target)
  const uri = normalizePath(
    end === target.length ? target : target.slice(0, end),
    by.config.settings.mergesSlashes,
  )
  if (typeof uri !== 'string') return uri
  exchange.uri = uri
  exchange.args = end === target.length ? '' : target.slice(end + 1)
  return null
}

/** What routing came to. */
export type Routed = 'found' | 'slash-missing' | 'internal-only'

/** Finds the location of `exchange.uri`. */
export function findLocation(exchange: Exchange): Routed {
  const { server } = exchange
  server.locations.find(exchange.uri, found)
  if (found.isSlashMissing) {
    exchange.location = found.location
    const isClosed = found.location?.config?.isInternal === true && !exchange.isInternal
    return isClosed ? 'internal-only' : 'slash-missing'
  }
  if (found.captures !== null) setCaptures(exchange, found.captures)
  const location = found.location ?? server.fallback
  exchange.location = location
  return location.config?.isInternal === true && !exchange.isInternal ? 'internal-only' : 'found'
}

/** Keeps the captures of a regex for `$1` and named variables. */
export function setCaptures(exchange: Exchange, captures: RegExpExecArray): void {
  exchange.captures = captures
  if (captures.groups !== undefined) {
    exchange.namedCaptures = { ...exchange.namedCaptures, ...captures.groups }
    // What `set` gave before does not count any more.
    const own = exchange.ownVariables
    if (own !== null) for (const name of Object.keys(captures.groups)) own.delete(name)
  }
}

/** Points the exchange at another path of the same server. Fails when it has been redirected too often. */
export function redirectInternally(exchange: Exchange, target: string): Failure | null {
  if (++exchange.redirects > REDIRECTS_MAX) {
    const text = 'rewrite or internal redirection cycle while internally redirecting to'
    return fail('internal', `${text} "${target}"`)
  }
  const end = pathEnd(target)
  exchange.uri = target.slice(0, end)
  exchange.args = end === target.length ? '' : target.slice(end + 1)
  exchange.isInternal = true
  exchange.isTargetKept = false
  exchange.fetch = null
  return null
}

/** Points the exchange at `@name`. Null: there is none. */
export function findNamedLocation(exchange: Exchange, name: string): LocationRuntime | null {
  exchange.redirects++
  exchange.isInternal = true
  exchange.fetch = null
  return exchange.server.locations.findNamed(name)
}
