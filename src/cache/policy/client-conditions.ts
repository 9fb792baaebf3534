// Preconditions of a client, judged against a stored response (RFC 9110 §13.2.2, RFC 9111 §4.3.2). If-Match and
// If-Unmodified-Since are about the origin's state, so a cache leaves them alone (§13.1.1, §13.1.4).

import { FIELD } from '../../http/field-list.ts'
import type { RequestHead } from '../../http/request-parser.ts'
import type { CacheEntry } from '../entry.ts'
import { dateOf } from './date-value.ts'
import { entityTagOf, matchesWeakly, parseTagList } from './entity-tag.ts'
import { allValues } from './field-values.ts'

const CONDITION_BITS = (1 << FIELD.if_none_match) | (1 << FIELD.if_modified_since)

/**
 * Stored fields that a 304 goes without, lower case: they describe a body that is not sent (RFC 9110 §15.4.5).
 */
export const FIELDS_NOT_IN_304: readonly string[] = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
]

/** @returns 304 when the client has what is stored; 0 when it must be sent */
export function judgeClientConditions(request: RequestHead, entry: CacheEntry): 0 | 304 {
  const { fields } = request
  if (!fields.mayHave(CONDITION_BITS)) return 0
  if (request.method !== 'GET' && request.method !== 'HEAD') return 0
  // Conditions count only where the answer would be a success without them (§13.2.1).
  const stored = entry.head
  if (stored.status < 200 || stored.status >= 300) return 0
  const lines = allValues(fields, FIELD.if_none_match)
  if (lines.length > 0) {
    const tags = parseTagList(lines)
    if (tags === '*') return 304
    const own = entityTagOf(stored.fields)
    return tags.some(tag => matchesWeakly(tag, own)) ? 304 : 0
  }
  const since = dateOf(fields, FIELD.if_modified_since, entry.meta.responseMs)
  return modifiedSeconds(entry) <= since ? 304 : 0
}

/** When what is stored was changed; where it does not say it, when it was made, or came. */
function modifiedSeconds({ head, meta }: CacheEntry): number {
  const modified = dateOf(head.fields, FIELD.last_modified, meta.responseMs)
  if (!Number.isNaN(modified)) return modified
  const date = dateOf(head.fields, FIELD.date, meta.responseMs)
  return Number.isNaN(date) ? Math.floor(meta.responseMs / 1000) : date
}
