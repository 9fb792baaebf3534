// What a response's fields say of storing it, read line by line in their order as ngx_http_upstream
// does, for in nginx the order decides: X-Accel-Expires rules what comes after it and undoes a
// refusal that came before it.
// https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_valid

import { FIELD, type FieldList } from '../../http/field-list.ts'
import type { CacheValid, IgnorableField } from '../../model/cache.ts'
import { parseNginxDate } from './nginx-date.ts'

/** What the lines up to now came to. */
export interface NginxTimes {
  /** The last second in which it is fresh, since 1970; 0 = not said. */
  validUntil: number
  /** Seconds after that: answered while it is fetched anew. */
  updatingSeconds: number
  /** Seconds after that: answered when no peer can be reached. */
  errorSeconds: number
  /** Nothing that comes later undoes a false. */
  isCacheable: boolean
  /** `no-cache`, `no-store`, `private` or an age of 0; X-Accel-Expires undoes it. */
  isNoCache: boolean
  /** By Expires; a `max-age` undoes it, and X-Accel-Expires. */
  isExpired: boolean
  /** Values of all Vary lines. */
  vary: string
  hasAccelExpires: boolean
  hasExpires: boolean
}

/** Longest Vary, of all lines together: one that is longer is not stored. */
const VARY_BYTES_MAX = 128
/** The end of the year 9999: as good as for ever, and a date can still be made of it. */
const LAST_SECOND = 253_402_300_799
/** nginx counts in 64 bits; a number that does not fit is none. */
const LAST_NUMBER = 2n ** 63n - 1n

/** Ids of the fields that `readNginxTimes` looks at, as the list's own bits. */
const LOOKED_AT =
  bit(FIELD.x_accel_expires) |
  bit(FIELD.expires) |
  bit(FIELD.cache_control) |
  bit(FIELD.set_cookie) |
  bit(FIELD.vary)

export function makeNginxTimes(): NginxTimes {
  return {
    validUntil: 0,
    updatingSeconds: 0,
    errorSeconds: 0,
    isCacheable: true,
    isNoCache: false,
    isExpired: false,
    vary: '',
    hasAccelExpires: false,
    hasExpires: false,
  }
}

/** Reads the fields of one head into `times`. */
export function readNginxTimes(
  fields: FieldList,
  ignored: ReadonlySet<IgnorableField>,
  now: number,
  times: NginxTimes,
): void {
  if (!fields.mayHave(LOOKED_AT)) return
  for (let i = 0; i < fields.count; i++) {
    switch (fields.id(i)) {
      case FIELD.x_accel_expires:
        if (times.hasAccelExpires) break
        // Also an ignored one counts as there: Cache-Control asks for it.
        times.hasAccelExpires = true
        if (!ignored.has('x-accel-expires')) readAccelExpires(fields.value(i), now, times)
        break
      case FIELD.expires:
        if (times.hasExpires) break
        times.hasExpires = true
        if (!ignored.has('expires')) readExpires(fields.value(i), now, times)
        break
      case FIELD.cache_control:
        if (!ignored.has('cache-control')) readCacheControl(fields.value(i), now, times)
        break
      case FIELD.set_cookie:
        if (!ignored.has('set-cookie')) times.isCacheable = false
        break
      case FIELD.vary:
        if (!ignored.has('vary')) readVary(fields.value(i), times)
    }
  }
}

/** Forgets what belongs to one head only, before another one is read on top of it. */
export function beginNextHead(times: NginxTimes): void {
  times.isNoCache = false
  times.isExpired = false
  times.hasAccelExpires = false
  times.hasExpires = false
}

/** What `proxy_cache_valid` says for a status, the first that fits; 0 = it is not stored. */
export function validSeconds(valid: readonly CacheValid[], status: number): number {
  for (const each of valid) {
    if (each.statuses.length === 0 || each.statuses.includes(status)) return each.seconds
  }
  return 0
}

/** A moment some seconds from now, of those that a date can be made of. */
export function secondsAfter(now: number, seconds: number): number {
  return Math.min(now + seconds, LAST_SECOND)
}

function readAccelExpires(value: string, now: number, times: NginxTimes): void {
  const isMoment = value.startsWith('@')
  const number = readWholeNumber(isMoment ? value.slice(1) : value)
  if (number < 0) return
  if (!isMoment && number === 0) {
    times.isCacheable = false
    return
  }
  times.validUntil = isMoment ? Math.min(number, LAST_SECOND) : secondsAfter(now, number)
  times.isNoCache = false
  times.isExpired = false
}

function readExpires(value: string, now: number, times: NginxTimes): void {
  if (times.validUntil !== 0) return
  const moment = parseNginxDate(value)
  if (moment >= now) times.validUntil = Math.min(moment, LAST_SECOND)
  else times.isExpired = true
}

function readCacheControl(value: string, now: number, times: NginxTimes): void {
  const lower = value.toLowerCase()
  if (times.validUntil === 0 || !times.hasAccelExpires) {
    if (lower.includes('no-cache') || lower.includes('no-store') || lower.includes('private')) {
      times.isNoCache = true
      return
    }
    if (!readAge(lower, now, times)) return
  }
  readStaleExtensions(lower, times)
}

/** Reads `s-maxage`, else `max-age`; false when the rest of the line is not looked at. */
function readAge(lower: string, now: number, times: NginxTimes): boolean {
  let seconds = secondsBehind(lower, 's-maxage=')
  if (seconds === null) seconds = secondsBehind(lower, 'max-age=')
  if (seconds === null) return true
  if (seconds < 0) times.isCacheable = false
  else if (seconds === 0) times.isNoCache = true
  if (seconds <= 0) return false
  times.validUntil = secondsAfter(now, seconds)
  times.isExpired = false
  return true
}

function readStaleExtensions(lower: string, times: NginxTimes): void {
  const updating = secondsBehind(lower, 'stale-while-revalidate=')
  if (updating !== null) {
    if (updating < 0) {
      times.isCacheable = false
      return
    }
    times.updatingSeconds = updating
    times.errorSeconds = updating
  }
  const error = secondsBehind(lower, 'stale-if-error=')
  if (error === null) return
  if (error < 0) times.isCacheable = false
  else times.errorSeconds = error
}

/**
 * The number behind the first `name` anywhere in the text, also in the middle of a word.
 *
 * @returns null when it is not there, -1 when something else than digits comes before `,`, `;`, a
 * space or the end
 */
function secondsBehind(lower: string, name: string): number | null {
  const at = lower.indexOf(name)
  if (at < 0) return null
  let number = 0
  for (let i = at + name.length; i < lower.length; i++) {
    const code = lower.charCodeAt(i)
    if (code === 0x2c /* , */ || code === 0x3b /* ; */ || code === 0x20) break
    if (code < 0x30 || code > 0x39) return -1
    number = number * 10 + code - 0x30
  }
  return Math.min(number, LAST_SECOND)
}

function readVary(value: string, times: NginxTimes): void {
  if (!times.isCacheable) return
  if (value === '*') {
    times.isCacheable = false
    return
  }
  times.vary = times.vary === '' ? value : `${times.vary}, ${value}`
  if (times.vary.length > VARY_BYTES_MAX) times.isCacheable = false
}

/** A text of digits alone, as a number; -1 for anything else. */
function readWholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) return -1
  return text.length > 15 && BigInt(text) > LAST_NUMBER ? -1 : Number(text)
}

function bit(id: number): number {
  return 1 << (id % 32)
}
