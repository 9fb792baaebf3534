// What is stored of a response, and for how long it is good: all the rules of this folder put together for a response
// that is new (RFC 9111 §3), and for one that was asked about again (§3.2).

import { FIELD } from '../../http/field-list.ts'
import type { RequestHead } from '../../http/request-parser.ts'
import type { ResponseHead } from '../../http/response-parser.ts'
import type { StaleCondition } from '../../model/cache.ts'
import type { EntryMeta } from '../entry.ts'
import { initialAge } from './age.ts'
import { explicitLifetime, freshnessOf, guessedLifetime } from './freshness.ts'
import type { ResponseTimes, StorePlan } from './policy.ts'
import { tagsOf } from './response-tags.ts'
import { isAllowed, isStorable, partOf, storablePart } from './storable.ts'
import { buildStoredHead, parseStoredHead } from './stored-head.ts'
import { directivesOf } from './targeted.ts'
import { hasValidator } from './validators.ts'
import { parseVary, variantOf } from './vary.ts'

/** What a cache in `standard` mode may be told. */
export interface StandardOptions {
  /** Names of targeted fields, lower case, the first one being tried first (RFC 9213 §2.2). */
  readonly targets: readonly string[]
  /** False: a response with Set-Cookie is not stored. RFC 9111 lets it be stored (§7.3). */
  readonly storesSetCookie: boolean
  /** What a stale response may be used for though it does not say so itself: by contract (RFC 9111 §4.2.4). */
  readonly useStale: readonly StaleCondition[]
}

/** Decides whether a new response is stored, and how; null = it is not. */
export function planStore(
  request: RequestHead,
  method: string,
  response: ResponseHead,
  times: ResponseTimes,
  options: StandardOptions,
  isPiece = false,
): StorePlan | null {
  const { fields, status } = response
  const { responseMs } = times
  const rules = directivesOf(fields, options.targets)
  const lifetime = explicitLifetime(rules, fields, responseMs)
  if (!isStorable(request, method, response, rules, lifetime)) return null
  if (!options.storesSetCookie && fields.findId(FIELD.set_cookie) !== -1) return null
  const vary = parseVary(fields)
  const part = isPiece ? partOf(response) : storablePart(request, response)
  if (vary === null || (status === 206 && part === null)) return null
  const seconds = lifetime === -1 ? guessedLifetime(rules, status, fields, responseMs) : lifetime
  const age = initialAge(fields, times)
  const freshness = freshnessOf(rules, seconds, age, responseMs)
  const staleMs = Math.max(freshness.staleWhileMs, freshness.staleErrorMs)
  const isUsable = !freshness.isAlwaysValidated && freshness.freshUntilMs + staleMs > responseMs
  // What can neither be answered nor asked about is dead weight.
  if (!isUsable && !hasValidator(fields, responseMs)) return null
  const isWhole = part === null || (part.start === 0 && part.end === part.length)
  const head = buildStoredHead(response, {
    contentLength: part === null ? null : part.length,
    leftOut: rules.directives.privateFields,
    responseMs,
  })
  const tags = tagsOf(fields)
  return { freshness, initialAgeSeconds: age, vary, head, tags, part: isWhole ? null : part }
}

/**
 * The meta of an entry after its head changed.
 *
 * @param head the new head's text
 * @param update the response that changed it: its Age and Date count
 * @returns null when the entry may not be kept any more
 */
export function renewMeta(
  meta: EntryMeta,
  head: string,
  request: RequestHead,
  update: ResponseHead,
  times: ResponseTimes,
  options: StandardOptions,
): EntryMeta | null {
  const parsed = parseStoredHead(head)
  if (parsed === null) return null
  const { fields, status } = parsed
  const { requestMs, responseMs } = times
  const rules = directivesOf(fields, options.targets)
  const vary = parseVary(fields)
  if (vary === null || !isAllowed(request, rules, status)) return null
  const lifetime = explicitLifetime(rules, fields, responseMs)
  const seconds = lifetime === -1 ? guessedLifetime(rules, status, fields, responseMs) : lifetime
  const age = initialAge(update.fields, times)
  return {
    ...meta,
    vary,
    variant: variantOf(vary, request),
    head,
    requestMs,
    responseMs,
    initialAgeSeconds: age,
    freshness: freshnessOf(rules, seconds, age, responseMs),
    tags: tagsOf(fields),
  }
}

/** Fields that a later response may not bring into an entry: `private="…"`, and Set-Cookie where that is not stored. */
export function fieldsLeftOut(update: ResponseHead, options: StandardOptions): readonly string[] {
  const { privateFields } = directivesOf(update.fields, options.targets).directives
  return options.storesSetCookie ? privateFields : [...privateFields, 'set-cookie']
}
