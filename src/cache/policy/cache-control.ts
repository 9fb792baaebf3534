// What the directives of Cache-Control come to (RFC 9111 §5.2, RFC 5861). Of a directive that is there twice the first
// one counts (§4.2.1); a freshness that is no number of seconds is one of 0, as the section advises. A malformed member
// never allows anything.

import { isToken, splitList } from '../../http/tokens.ts'
import { type Directive, parseDirectives } from './directive-list.ts'

/** The directives that this program knows, of requests and responses. Seconds; -1 = not there. */
export interface Directives {
  readonly maxAge: number
  readonly sharedMaxAge: number
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
  readonly minFresh: number
  /** Infinity = without a number: however stale. */
  readonly maxStale: number
  readonly isPublic: boolean
  /** Without names, or with some that are none. */
  readonly isPrivate: boolean
  /** Names in `private="…"`, lower case. */
  readonly privateFields: readonly string[]
  readonly isNoStore: boolean
  readonly isNoCache: boolean
  /** Names in `no-cache="…"`, lower case. */
  readonly noCacheFields: readonly string[]
  readonly mustRevalidate: boolean
  readonly proxyRevalidate: boolean
  readonly mustUnderstand: boolean
  readonly onlyIfCached: boolean
}

type Draft = { -readonly [name in keyof Directives]: Directives[name] }

export const NO_DIRECTIVES: Directives = {
  maxAge: -1,
  sharedMaxAge: -1,
  staleWhileRevalidate: -1,
  staleIfError: -1,
  minFresh: -1,
  maxStale: -1,
  isPublic: false,
  isPrivate: false,
  privateFields: [],
  isNoStore: false,
  isNoCache: false,
  noCacheFields: [],
  mustRevalidate: false,
  proxyRevalidate: false,
  mustUnderstand: false,
  onlyIfCached: false,
}

/** The largest number of seconds that counts (RFC 9111 §1.2.2). */
export const DELTA_SECONDS_MAX = 2_147_483_648

/** Reads the lines of a Cache-Control field. */
export function parseCacheControl(lines: readonly string[]): Directives {
  if (lines.length === 0) return NO_DIRECTIVES
  const list: Directive[] = []
  for (const line of lines) parseDirectives(line, list)
  const draft: Draft = { ...NO_DIRECTIVES }
  for (const directive of list) takeDirective(draft, directive)
  return draft
}

/** Reads delta-seconds: digits only, at most 2^31; -1 when they are none. */
export function parseDeltaSeconds(text: string | null): number {
  if (text === null || !/^\d+$/.test(text)) return -1
  return Math.min(Number(text), DELTA_SECONDS_MAX)
}

/**
 * Reads the names in `no-cache="…"` and `private="…"`.
 *
 * @returns lower case; null when one is no field name: then the directive is one without names
 */
export function parseFieldNames(text: string | null): readonly string[] | null {
  if (text === null) return null
  const names = splitList(text)
  if (names.length === 0 || !names.every(isToken)) return null
  return names.map(name => name.toLowerCase())
}

function takeDirective(draft: Draft, directive: Directive): void {
  const { name, value, isWellFormed } = directive
  const argument = isWellFormed ? value : null
  switch (name) {
    case 'max-age':
      if (draft.maxAge === -1) draft.maxAge = Math.max(0, parseDeltaSeconds(argument))
      break
    case 's-maxage':
      if (draft.sharedMaxAge === -1) draft.sharedMaxAge = Math.max(0, parseDeltaSeconds(argument))
      break
    case 'stale-while-revalidate':
      if (draft.staleWhileRevalidate === -1)
        draft.staleWhileRevalidate = Math.max(0, parseDeltaSeconds(argument))
      break
    case 'stale-if-error':
      if (draft.staleIfError === -1) draft.staleIfError = Math.max(0, parseDeltaSeconds(argument))
      break
    case 'min-fresh':
      if (draft.minFresh === -1) draft.minFresh = parseDeltaSeconds(argument)
      break
    case 'max-stale':
      if (draft.maxStale === -1 && isWellFormed)
        draft.maxStale = value === null ? Number.POSITIVE_INFINITY : parseDeltaSeconds(argument)
      break
    case 'no-cache':
    case 'private':
      takeNames(draft, name, parseFieldNames(argument))
      break
    default:
      takeFlag(draft, name, isWellFormed && value === null)
  }
}

/** Several lists add up; a directive without names is about everything. */
function takeNames(
  draft: Draft,
  directive: 'no-cache' | 'private',
  names: readonly string[] | null,
): void {
  if (directive === 'no-cache') {
    if (names === null) draft.isNoCache = true
    else draft.noCacheFields = [...draft.noCacheFields, ...names]
  } else if (names === null) draft.isPrivate = true
  else draft.privateFields = [...draft.privateFields, ...names]
}

/** @param isExact the member is the bare name: what allows something must be. */
function takeFlag(draft: Draft, name: string, isExact: boolean): void {
  switch (name) {
    case 'no-store':
      draft.isNoStore = true
      break
    case 'must-revalidate':
      draft.mustRevalidate = true
      break
    case 'proxy-revalidate':
      draft.proxyRevalidate = true
      break
    case 'only-if-cached':
      draft.onlyIfCached = true
      break
    case 'public':
      if (isExact) draft.isPublic = true
      break
    case 'must-understand':
      if (isExact) draft.mustUnderstand = true
      break
    default:
      // Directives that nobody knows change nothing (RFC 9111 §5.2.3).
      break
  }
}
