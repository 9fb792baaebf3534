// Whether a response may be stored by a shared cache (RFC 9111 §3, §3.5, §5.2.2; RFC 9110 §9.3.3, §15.3.7), apart from what
// a store makes of it. Storing is allowed by a list of conditions, all of which must hold.

import { FIELD } from '../../http/field-list.ts'
import type { RequestHead } from '../../http/request-parser.ts'
import type { ResponseHead } from '../../http/response-parser.ts'
import { contentRangeOf, type RangeOfWhole } from './content-range.ts'
import { readDemand } from './demand.ts'
import { allValues } from './field-values.ts'
import { isOwnTarget } from './same-origin.ts'
import { HEURISTIC_STATUSES, UNDERSTOOD_STATUSES, UNSTORED_STATUSES } from './status-rules.ts'
import type { ResponseDirectives } from './targeted.ts'

/**
 * Whether method, status and directives let a response be stored.
 *
 * @param method that it was asked with
 * @param lifetime that it says itself, in seconds; -1 = it says none
 */
export function isStorable(
  request: RequestHead,
  method: string,
  response: ResponseHead,
  rules: ResponseDirectives,
  lifetime: number,
): boolean {
  const { status } = response
  if (status < 200 || UNSTORED_STATUSES.has(status)) return false
  if (!isStorableMethod(request, method, response, lifetime)) return false
  if (readDemand(request).isNotStored || !isAllowed(request, rules, status)) return false
  return lifetime !== -1 || rules.directives.isPublic || HEURISTIC_STATUSES.has(status)
}

/** Whether the directives let a shared cache keep a response, and keep it up to date. */
export function isAllowed(
  request: RequestHead,
  { directives }: ResponseDirectives,
  status: number,
): boolean {
  if (directives.isPrivate) return false
  // Who understands the status leaves no-store to those who do not (§5.2.2.3).
  if (directives.mustUnderstand) {
    if (!UNDERSTOOD_STATUSES.has(status)) return false
  } else if (directives.isNoStore) return false
  if (request.fields.findId(FIELD.authorization) === -1) return true
  return directives.isPublic || directives.mustRevalidate || directives.sharedMaxAge !== -1
}

/** GET; POST whose answer says that GET would give the same, and for how long (RFC 9110 §9.3.3). */
function isStorableMethod(
  request: RequestHead,
  method: string,
  response: ResponseHead,
  lifetime: number,
): boolean {
  if (method === 'GET') return true
  if (method !== 'POST' || response.status !== 200 || lifetime === -1) return false
  const places = allValues(response.fields, FIELD.content_location)
  return places.length === 1 && isOwnTarget(places[0]!, request)
}

/**
 * The bytes that a 206 brings, if they may be stored.
 *
 * @returns null when nobody asked for a range, when it is not one range, or when it is not as long as it says; also after
 * If-Range, as the response then describes nothing but its range (RFC 9110 §15.3.7)
 */
export function storablePart(request: RequestHead, response: ResponseHead): RangeOfWhole | null {
  const { fields } = request
  if (fields.findId(FIELD.range) === -1 || fields.findId(FIELD.if_range) !== -1) return null
  return partOf(response)
}

/** The one range of a 206; null when there is none, or the body has another length. */
export function partOf(response: ResponseHead): RangeOfWhole | null {
  const part = response.status === 206 ? contentRangeOf(response.fields) : null
  if (part === null) return null
  if (response.hasLength && response.bodyBytes !== part.end - part.start) return null
  return part
}
