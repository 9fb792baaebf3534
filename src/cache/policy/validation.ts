// Stored responses after a peer was asked about them: a 304 (RFC 9111 §4.3.4), or a HEAD that says the same as the stored
// GET (§4.3.5). First whether the answer is about this entry, then what becomes of its fields and its freshness (§3.2).

import { FIELD, type FieldList } from '../../http/field-list.ts'
import type { RequestHead } from '../../http/request-parser.ts'
import type { ResponseHead } from '../../http/response-parser.ts'
import type { CacheEntry, EntryMeta } from '../entry.ts'
import { dateOf } from './date-value.ts'
import { entityTagOf, matchesStrongly, matchesWeakly } from './entity-tag.ts'
import { allValues, firstValue } from './field-values.ts'
import { fieldsLeftOut, renewMeta, type StandardOptions } from './plan.ts'
import type { ResponseTimes } from './policy.ts'
import { mergeHeads } from './stored-head.ts'

/** The meta of an entry after a 304 or the 200 of a HEAD; null = not about this entry, or it may not be kept. */
export function freshenMeta(
  entry: CacheEntry,
  request: RequestHead,
  response: ResponseHead,
  times: ResponseTimes,
  options: StandardOptions,
): EntryMeta | null {
  const { responseMs } = times
  const isAbout =
    response.status === 304
      ? isAboutEntry(entry.head.fields, response.fields, responseMs)
      : response.status === entry.head.status && saysTheSame(entry, response, responseMs)
  if (!isAbout) return null
  const changes = {
    contentLength: null,
    leftOut: fieldsLeftOut(response, options),
    responseMs,
  }
  const head = mergeHeads(entry.head, response, changes)
  return renewMeta(entry.meta, head, request, response, times, options)
}

/**
 * Whether a 304 speaks of a stored response: by the same strong tag; by a weak one that matches; else by Last-Modified.
 * One without any validator can only speak of the one that it was asked about.
 */
function isAboutEntry(stored: FieldList, update: FieldList, responseMs: number): boolean {
  const tag = entityTagOf(update)
  const own = entityTagOf(stored)
  if (tag !== null && own !== null) {
    return tag.isWeak ? matchesWeakly(tag, own) : matchesStrongly(tag, own)
  }
  const modified = dateOf(update, FIELD.last_modified, responseMs)
  if (!Number.isNaN(modified)) {
    return modified === dateOf(stored, FIELD.last_modified, responseMs)
  }
  // A tag that nobody has, or a validator that cannot be read, is about another response.
  return tag === null && !hasAny(update, FIELD.etag) && !hasAny(update, FIELD.last_modified)
}

/** Whether every validator that a HEAD brings is that of the stored GET, and the length too. */
function saysTheSame(entry: CacheEntry, { fields }: ResponseHead, responseMs: number): boolean {
  const stored = entry.head.fields
  if (hasAny(fields, FIELD.etag)) {
    const tag = entityTagOf(fields)
    const own = entityTagOf(stored)
    if (tag === null || own === null || tag.opaque !== own.opaque || tag.isWeak !== own.isWeak) {
      return false
    }
  }
  if (hasAny(fields, FIELD.last_modified)) {
    const modified = dateOf(fields, FIELD.last_modified, responseMs)
    if (modified !== dateOf(stored, FIELD.last_modified, responseMs)) return false
  }
  const length = firstValue(fields, FIELD.content_length)
  return length === null || Number(length) === entry.meta.length
}

function hasAny(fields: FieldList, id: number): boolean {
  return allValues(fields, id).length > 0
}
