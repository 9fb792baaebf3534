// Parts of one representation put together (RFC 9110 §15.3.7.3, RFC 9111 §3.3-3.4): only with the same strong validator,
// as only that says that bytes of two responses fit. Which bytes come from where is laid out; moving them is the store's.

import type { RequestHead } from '../../http/request-parser.ts'
import type { ResponseHead } from '../../http/response-parser.ts'
import type { BodyPart, CacheEntry, EntryMeta } from '../entry.ts'
import { fieldsLeftOut, renewMeta, type StandardOptions } from './plan.ts'
import type { ResponseTimes } from './policy.ts'
import { partOf } from './storable.ts'
import { mergeHeads } from './stored-head.ts'
import { ifRangeLine, isSameRepresentation } from './validators.ts'

/** More runs than this are not worth a place: the new part then stands alone. */
export const PARTS_MAX = 64

/** Bytes [start, end) of the representation, and where they are. */
export interface Segment extends BodyPart {
  /** In the new response; else in the entry. */
  readonly isNew: boolean
}

/** What an entry and a new part come to. */
export interface Combination {
  /** `parts` is null when the whole is there. */
  readonly meta: EntryMeta
  /** In order, without overlaps: all bytes of `meta.parts`. */
  readonly segments: readonly Segment[]
}

/** Combines a partial entry with a 206; null when they do not belong together, or may not be kept. */
export function combineParts(
  entry: CacheEntry,
  request: RequestHead,
  response: ResponseHead,
  times: ResponseTimes,
  options: StandardOptions,
): Combination | null {
  const { meta, head } = entry
  const part = partOf(response)
  if (part === null || meta.parts === null || head.status !== 200) return null
  if (!isSameRepresentation(head.fields, response.fields, times.responseMs)) return null
  if (meta.length !== -1 && part.length !== -1 && meta.length !== part.length) return null
  const length = Math.max(meta.length, part.length)
  const parts = addPart(meta.parts, part)
  if (parts.length > PARTS_MAX || (length !== -1 && parts.at(-1)!.end > length)) return null
  const changes = {
    contentLength: length,
    leftOut: fieldsLeftOut(response, options),
    responseMs: times.responseMs,
  }
  const text = mergeHeads(head, response, changes)
  const renewed = renewMeta(meta, text, request, response, times, options)
  if (renewed === null) return null
  const isWhole = parts.length === 1 && parts[0]!.start === 0 && parts[0]!.end === length
  return {
    meta: { ...renewed, length, parts: isWhole ? null : parts },
    segments: layOut(meta.parts, part),
  }
}

/** Runs of bytes in order with one more; those that touch or overlap are one. */
export function addPart(parts: readonly BodyPart[], part: BodyPart): readonly BodyPart[] {
  const sorted = [...parts, part].sort((left, right) => left.start - right.start)
  const merged: { start: number; end: number }[] = []
  for (const { start, end } of sorted) {
    const last = merged.at(-1)
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end)
    else merged.push({ start, end })
  }
  return merged
}

/** Where the bytes of the runs together come from: from the new one where it has them. */
export function layOut(parts: readonly BodyPart[], part: BodyPart): readonly Segment[] {
  const segments: Segment[] = [{ start: part.start, end: part.end, isNew: true }]
  for (const { start, end } of parts) {
    if (start < part.start) segments.push({ start, end: Math.min(end, part.start), isNew: false })
    if (end > part.end) segments.push({ start: Math.max(start, part.end), end, isNew: false })
  }
  return segments.sort((left, right) => left.start - right.start)
}

/**
 * Request lines that ask for what a partial entry lacks: Range with If-Range, so that a changed representation comes
 * whole. Empty = it lacks more than one run, or has no strong validator.
 */
export function completingLines(entry: CacheEntry): string {
  const { parts, length, responseMs } = entry.meta
  if (parts === null || length === -1) return ''
  const gaps: BodyPart[] = []
  let at = 0
  for (const part of parts) {
    if (part.start > at) gaps.push({ start: at, end: part.start })
    at = part.end
  }
  if (at < length) gaps.push({ start: at, end: length })
  const condition = ifRangeLine(entry.head.fields, responseMs)
  const [gap] = gaps
  if (gap === undefined || gaps.length > 1 || condition === '') return ''
  return `Range: bytes=${gap.start}-${gap.end - 1}\r\n${condition}`
}
