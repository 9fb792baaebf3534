// Targeted cache control (RFC 9213): fields as CDN-Cache-Control speak to caches of one kind. The first of the list that
// is there and good takes the place of Cache-Control and Expires; one that is empty, no dictionary, or has a known
// directive with a value of another type, counts as not sent (§2.1, §2.2).

import { FIELD, type FieldList, lookupFieldId } from '../../http/field-list.ts'
import {
  DELTA_SECONDS_MAX,
  type Directives,
  NO_DIRECTIVES,
  parseCacheControl,
  parseFieldNames,
} from './cache-control.ts'
import { allValues, namedValues } from './field-values.ts'
import { type MemberValue, parseDictionary } from './structured-dictionary.ts'

/** The directives that a response's caching goes by. */
export interface ResponseDirectives {
  readonly directives: Directives
  /** They came from a targeted field: Expires does not count. */
  readonly isTargeted: boolean
}

/** The target list of a cache that is told nothing else (RFC 9213 §2.2, §3.1). */
export const DEFAULT_TARGETS: readonly string[] = ['cdn-cache-control']

/** @param targets field names in lower case, the first one being tried first */
export function directivesOf(fields: FieldList, targets: readonly string[]): ResponseDirectives {
  for (const target of targets) {
    const id = lookupFieldId(target)
    const lines = id === 0 ? namedValues(fields, target) : allValues(fields, id)
    const directives = lines.length === 0 ? null : parseTargeted(lines)
    if (directives !== null) return { directives, isTargeted: true }
  }
  const directives = parseCacheControl(allValues(fields, FIELD.cache_control))
  return { directives, isTargeted: false }
}

/** Reads the lines of one targeted field; null = it does not count. */
export function parseTargeted(lines: readonly string[]): Directives | null {
  const members = parseDictionary(lines.join(', '))
  if (members === null || members.size === 0) return null
  const read = new TypedMembers(members)
  const noCache = read.names('no-cache')
  const isPrivate = read.names('private')
  const directives: Directives = {
    ...NO_DIRECTIVES,
    maxAge: read.seconds('max-age'),
    sharedMaxAge: read.seconds('s-maxage'),
    staleWhileRevalidate: read.seconds('stale-while-revalidate'),
    staleIfError: read.seconds('stale-if-error'),
    isPublic: read.flag('public'),
    isPrivate: isPrivate === true,
    privateFields: Array.isArray(isPrivate) ? isPrivate : [],
    isNoStore: read.flag('no-store'),
    isNoCache: noCache === true,
    noCacheFields: Array.isArray(noCache) ? noCache : [],
    mustRevalidate: read.flag('must-revalidate'),
    proxyRevalidate: read.flag('proxy-revalidate'),
    mustUnderstand: read.flag('must-understand'),
  }
  return read.hasWrongType ? null : directives
}

/** Reads members by the types that Cache-Control's grammar gives them (RFC 9213 §2.1). */
class TypedMembers {
  readonly #members: ReadonlyMap<string, MemberValue>
  hasWrongType = false

  constructor(members: ReadonlyMap<string, MemberValue>) {
    this.#members = members
  }

  /** A number below 0 is no time: nothing is fresh for it. */
  seconds(name: string): number {
    const member = this.#members.get(name)
    if (member === undefined) return -1
    if (member.type === 'integer') return Math.min(Math.max(member.value, 0), DELTA_SECONDS_MAX)
    this.hasWrongType = true
    return -1
  }

  flag(name: string): boolean {
    const member = this.#members.get(name)
    if (member === undefined) return false
    if (member.type === 'boolean') return member.value
    this.hasWrongType = true
    return false
  }

  /** True = without names. */
  names(name: string): readonly string[] | boolean {
    const member = this.#members.get(name)
    if (member === undefined || (member.type !== 'string' && member.type !== 'token')) {
      return this.flag(name)
    }
    return parseFieldNames(member.value) ?? true
  }
}
