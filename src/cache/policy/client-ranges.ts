// Range and If-Range of a client, judged against a stored response (RFC 9110 §13.1.5, §14.1-14.2). What is not understood
// is ignored, as the section has it for a server: the answer is then the whole.

import { FIELD } from '../../http/field-list.ts'
import type { RequestHead } from '../../http/request-parser.ts'
import type { BodyPart, CacheEntry } from '../entry.ts'
import { parseDateAt } from './date-value.ts'
import { entityTagOf, matchesStrongly, parseEntityTag } from './entity-tag.ts'
import { allValues } from './field-values.ts'
import { hasStrongDate } from './validators.ts'

/** More are no reader's wish: the whole is sent. */
export const RANGES_MAX = 100

/** The parts to send, in the order asked for; null = the whole; `'unsatisfiable'` = 416. */
export type RangeChoice = readonly BodyPart[] | null | 'unsatisfiable'

/** Which parts of a stored response a request asks for. Whether the entry has them all is `holdsRange`'s to say. */
export function chooseRanges(request: RequestHead, entry: CacheEntry): RangeChoice {
  const { fields } = request
  if (fields.findId(FIELD.range) === -1 || request.method !== 'GET') return null
  if (entry.head.status !== 200 || !ifRangeHolds(request, entry)) return null
  const values = allValues(fields, FIELD.range)
  return values.length === 1 ? parseByteRanges(values[0]!, entry.meta.length) : null
}

/**
 * Reads a value of Range.
 *
 * @param length of the representation; -1 = not known: then only ranges with both ends mean something
 */
export function parseByteRanges(value: string, length: number): RangeChoice {
  const specs = /^bytes=(.*)$/i.exec(value)?.[1]?.split(',')
  if (specs === undefined || specs.length > RANGES_MAX) return null
  const parts: BodyPart[] = []
  let bytes = 0
  let isAny = false
  for (const spec of specs) {
    const text = spec.trim()
    if (text === '') continue
    const part = parseSpec(text, length)
    if (part === null) return null
    isAny = true
    if (part.start >= part.end) continue
    parts.push(part)
    bytes += part.end - part.start
  }
  if (!isAny) return null
  if (parts.length === 0) return 'unsatisfiable'
  // Ranges that come to more than the whole only cost (§14.2).
  return parts.length > 1 && length !== -1 && bytes > length ? null : parts
}

/** One range-spec; an empty part when the representation ends before it; null when it is none. */
function parseSpec(text: string, length: number): BodyPart | null {
  const match = /^(\d*)-(\d*)$/.exec(text)
  if (match === null) return null
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return null
  if (length === -1) {
    if (first === '' || last === '' || Number(last) < Number(first)) return null
    return { start: Number(first), end: Number(last) + 1 }
  }
  if (first === '') {
    // The end of nothing is the whole of it, but no range could say so.
    if (length === 0 && Number(last) > 0) return null
    return { start: Math.max(0, length - Number(last)), end: length }
  }
  const start = Number(first)
  if (last === '') return { start, end: length }
  return Number(last) < start ? null : { start, end: Math.min(Number(last) + 1, length) }
}

/** Whether If-Range lets Range hold: it is not there, or names exactly what is stored. */
function ifRangeHolds({ fields }: RequestHead, { head, meta }: CacheEntry): boolean {
  const values = allValues(fields, FIELD.if_range)
  if (values.length === 0) return true
  if (values.length > 1) return false
  const tag = parseEntityTag(values[0]!)
  if (tag !== null) return matchesStrongly(tag, entityTagOf(head.fields))
  const modified = parseDateAt(values[0]!, meta.responseMs)
  return hasStrongDate(head.fields, meta.responseMs, modified)
}
