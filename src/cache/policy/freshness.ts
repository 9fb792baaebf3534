// How long a response may be answered (RFC 9111 §4.2, RFC 5861): what it says itself for shared caches, else a tenth of
// the time since it was changed last, and only where the status allows a guess.

import { FIELD, type FieldList } from '../../http/field-list.ts'
import type { Freshness } from '../entry.ts'
import { dateOf, originSeconds } from './date-value.ts'
import { allValues } from './field-values.ts'
import { HEURISTIC_STATUSES } from './status-rules.ts'
import type { ResponseDirectives } from './targeted.ts'

/** A guess is never longer: who changes a thing after a year of rest should not wait for a month. */
const GUESSED_SECONDS_MAX = 86_400
const GUESSED_FRACTION = 0.1

/** The lifetime that a response says itself, in seconds; -1 = it says none. */
export function explicitLifetime(
  { directives, isTargeted }: ResponseDirectives,
  fields: FieldList,
  responseMs: number,
): number {
  if (directives.sharedMaxAge !== -1) return directives.sharedMaxAge
  if (directives.maxAge !== -1) return directives.maxAge
  if (isTargeted || allValues(fields, FIELD.expires).length === 0) return -1
  // What is no date, or are two, is the past (§5.3).
  const expires = dateOf(fields, FIELD.expires, responseMs)
  return Number.isNaN(expires) ? 0 : Math.max(0, expires - originSeconds(fields, responseMs))
}

/** The lifetime that is guessed where none is said, in seconds; 0 = none. */
export function guessedLifetime(
  { directives }: ResponseDirectives,
  status: number,
  fields: FieldList,
  responseMs: number,
): number {
  if (!directives.isPublic && !HEURISTIC_STATUSES.has(status)) return 0
  const modified = dateOf(fields, FIELD.last_modified, responseMs)
  const age = originSeconds(fields, responseMs) - modified
  if (!(age > 0)) return 0
  return Math.min(Math.floor(age * GUESSED_FRACTION), GUESSED_SECONDS_MAX)
}

/** The moments at which a response changes what may be done with it. */
export function freshnessOf(
  { directives }: ResponseDirectives,
  lifetimeSeconds: number,
  initialAgeSeconds: number,
  responseMs: number,
): Freshness {
  const freshUntilMs = responseMs + (lifetimeSeconds - initialAgeSeconds) * 1000
  // s-maxage has proxy-revalidate in it (RFC 9111 §5.2.2.10).
  const mustRevalidate =
    directives.mustRevalidate || directives.proxyRevalidate || directives.sharedMaxAge !== -1
  const mayBeStale = !mustRevalidate && !directives.isNoCache
  return {
    freshUntilMs,
    staleWhileMs: mayBeStale ? Math.max(0, directives.staleWhileRevalidate) * 1000 : 0,
    staleErrorMs: mayBeStale ? Math.max(0, directives.staleIfError) * 1000 : 0,
    mustRevalidate,
    isAlwaysValidated: directives.isNoCache,
  }
}
