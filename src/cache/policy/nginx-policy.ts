// The caching rules of nginx, to the letter: what ngx_http_upstream and ngx_http_file_cache of 1.28
// and 1.30 store, for how long, and what stands in for a peer that fails. Whole seconds as there: a
// response of one second is fresh until the second after the next one begins.
// https://nginx.org/en/docs/http/ngx_http_proxy_module.html

import { formatHttpDate } from '../../http/date.ts'
import { FIELD } from '../../http/field-list.ts'
import type { RequestHead } from '../../http/request-parser.ts'
import type { ResponseHead } from '../../http/response-parser.ts'
import type { CacheSettings, IgnorableField, StaleCondition } from '../../model/cache.ts'
import type { CacheEntry, EntryMeta, Freshness } from '../entry.ts'
import { parseNginxDate } from './nginx-date.ts'
import {
  beginNextHead,
  makeNginxTimes,
  type NginxTimes,
  readNginxTimes,
  secondsAfter,
  validSeconds,
} from './nginx-times.ts'
import { nginxVariant, nginxVaryNames } from './nginx-vary.ts'
import {
  type CachePolicy,
  PLAIN_DEMAND,
  type ResponseTimes,
  type Reuse,
  type StorePlan,
} from './policy.ts'
import { tagsOf } from './response-tags.ts'

/** What of the settings the rules look at. */
export interface NginxPolicySettings
  extends Pick<CacheSettings, 'valid' | 'useStale' | 'isRevalidating'> {
  /** `proxy_ignore_headers` */
  readonly ignoreFields: readonly IgnorableField[]
  /** `proxy_buffering`: what is not buffered is not stored. */
  readonly isBuffering: boolean
}

/** Longest ETag that is asked with. */
const ETAG_BYTES_MAX = 128

/** The rules of one location in `nginx` mode. */
export class NginxPolicy implements CachePolicy {
  readonly #settings: NginxPolicySettings
  readonly #ignored: ReadonlySet<IgnorableField>
  readonly #isStaleWhileUpdating: boolean

  constructor(settings: NginxPolicySettings) {
    this.#settings = settings
    this.#ignored = new Set(settings.ignoreFields)
    this.#isStaleWhileUpdating = settings.useStale.includes('updating')
  }

  /** The fields of requests do not count. */
  demandOf(): typeof PLAIN_DEMAND {
    return PLAIN_DEMAND
  }

  isSelected(meta: EntryMeta, request: RequestHead): boolean {
    return meta.vary === '' || nginxVariant(meta.vary, request.fields) === meta.variant
  }

  variantOf(vary: string, request: RequestHead): string {
    return nginxVariant(vary, request.fields)
  }

  reuse(entry: CacheEntry, _demand: typeof PLAIN_DEMAND, nowMs: number): Reuse {
    const { freshUntilMs, staleWhileMs } = entry.meta.freshness
    if (nowMs < freshUntilMs) return 'fresh'
    const mayServe = this.#isStaleWhileUpdating || nowMs < freshUntilMs + staleWhileMs
    return mayServe ? 'stale-while-updating' : 'validate'
  }

  /**
   * `stale-if-error` is for peers that cannot be reached or answer no HTTP; a status needs
   * `proxy_cache_use_stale`.
   */
  mayServeOnError(
    entry: CacheEntry,
    _demand: typeof PLAIN_DEMAND,
    nowMs: number,
    condition: StaleCondition,
  ): boolean {
    if (condition === 'updating') return false
    if (this.#settings.useStale.includes(condition)) return true
    if (condition.startsWith('http_')) return false
    const { freshUntilMs, staleErrorMs } = entry.meta.freshness
    return nowMs < freshUntilMs + staleErrorMs
  }

  plan(
    _request: RequestHead,
    _method: string,
    response: ResponseHead,
    times: ResponseTimes,
  ): StorePlan | null {
    if (response.status < 200 || this.#isRelayedOnly(response)) return null
    const now = Math.floor(times.responseMs / 1000)
    const read = makeNginxTimes()
    readNginxTimes(response.fields, this.#ignored, now, read)
    if (!read.isCacheable || read.isNoCache || read.isExpired) return null
    if (!this.#fillIn(read, response.status, now)) return null
    return {
      freshness: freshnessOf(read),
      initialAgeSeconds: 0,
      vary: nginxVaryNames(read.vary),
      head: headText(response),
      tags: tagsOf(response.fields),
      part: null,
    }
  }

  /**
   * The times only: those of the 304, else those that the stored head gives when it is read once
   * more. Its fields stay, its Date too; the 304's are not passed on.
   */
  freshen(
    entry: CacheEntry,
    request: RequestHead,
    response: ResponseHead,
    times: ResponseTimes,
  ): EntryMeta | null {
    if (response.status !== 304) return null
    const now = Math.floor(times.responseMs / 1000)
    const read = makeNginxTimes()
    readNginxTimes(response.fields, this.#ignored, now, read)
    if (read.validUntil === 0) {
      beginNextHead(read)
      readNginxTimes(entry.head.fields, this.#ignored, now, read)
    }
    if (!this.#fillIn(read, entry.head.status, now)) return entry.meta
    const vary = entry.meta.vary === '' ? nginxVaryNames(read.vary) : entry.meta.vary
    return {
      ...entry.meta,
      ...times,
      vary,
      variant: nginxVariant(vary, request.fields),
      freshness: freshnessOf(read),
    }
  }

  planFailure(status: number, nowMs: number): Freshness | null {
    const seconds = validSeconds(this.#settings.valid, status)
    if (seconds === 0) return null
    const times = makeNginxTimes()
    times.validUntil = secondsAfter(Math.floor(nowMs / 1000), seconds)
    return freshnessOf(times)
  }

  conditionLines(entry: CacheEntry): string {
    const { fields, status } = entry.head
    if (!this.#settings.isRevalidating || (status !== 200 && status !== 206)) return ''
    const modifiedAt = fields.findId(FIELD.last_modified)
    const etagAt = fields.findId(FIELD.etag)
    let lines = ''
    if (modifiedAt >= 0) {
      const seconds = parseNginxDate(fields.value(modifiedAt))
      if (!Number.isNaN(seconds)) lines = `If-Modified-Since: ${formatHttpDate(seconds)}\r\n`
    }
    if (etagAt < 0) return lines
    const etag = fields.value(etagAt)
    if (etag === '' || etag.length > ETAG_BYTES_MAX) return lines
    return `${lines}If-None-Match: ${etag}\r\n`
  }

  /** Nothing: a 206 is stored as what it is. */
  combine(): null {
    return null
  }

  completingLines(): string {
    return ''
  }

  /** No Age. */
  answerLines(): string {
    return ''
  }

  readonly hidesOnReuse = (): readonly string[] => NONE

  /** Nothing: POST and the like leave the store alone. */
  invalidates(): readonly string[] {
    return NONE
  }

  /**
   * Whether the peer itself says that its response goes by the store: a redirect of its own, or no
   * buffering.
   */
  #isRelayedOnly({ fields }: ResponseHead): boolean {
    if (!this.#ignored.has('x-accel-redirect') && fields.findId(FIELD.x_accel_redirect) >= 0)
      return true
    let isBuffering = this.#settings.isBuffering
    if (this.#ignored.has('x-accel-buffering')) return !isBuffering
    const id = FIELD.x_accel_buffering
    for (let i = fields.findId(id); i >= 0; i = fields.findId(id, i + 1)) {
      const word = fields.value(i).toLowerCase()
      if (word === 'yes') isBuffering = true
      else if (word === 'no') isBuffering = false
    }
    return !isBuffering
  }

  /**
   * Takes the time of `proxy_cache_valid` where the fields say none; false when there is none
   * either.
   */
  #fillIn(times: NginxTimes, status: number, now: number): boolean {
    if (times.validUntil !== 0) return true
    const seconds = validSeconds(this.#settings.valid, status)
    if (seconds === 0) return false
    times.validUntil = secondsAfter(now, seconds)
    return true
  }
}

const NONE: readonly string[] = []

function freshnessOf(times: NginxTimes): Freshness {
  // The last fresh second counts to its end.
  const freshUntilMs = (times.validUntil + 1) * 1000
  return {
    freshUntilMs,
    staleWhileMs: times.updatingSeconds * 1000,
    staleErrorMs: times.errorSeconds * 1000,
    mustRevalidate: false,
    isAlwaysValidated: false,
  }
}

/** The head as it is stored: all that is not about the connection. */
export function headText(response: ResponseHead): string {
  const { fields } = response
  let text = `${response.statusLine}\r\n`
  for (let i = 0; i < fields.count; i++) {
    if (fields.isHidden(i)) continue
    text += fields.isCanonical(i)
      ? fields.text.slice(fields.lineStart(i), fields.lineEnd(i))
      : `${fields.name(i)}: ${fields.value(i)}\r\n`
  }
  return `${text}\r\n`
}
