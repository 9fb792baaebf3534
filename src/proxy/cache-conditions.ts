// What a client's conditions and ranges make of a stored response: all of it, a part, or only word that it still holds.

import { type CacheEntry, type EntryMeta, holdsRange } from '../cache/entry.ts'
import { judgeClientConditions } from '../cache/policy/client-conditions.ts'
import { chooseRanges, type RangeChoice } from '../cache/policy/client-ranges.ts'
import { parseHttpDate } from '../http/date.ts'
import { FIELD } from '../http/field-list.ts'
import type { RequestHead } from '../http/request-parser.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import type { CacheMode } from '../model/cache.ts'
import type { ProxySettings } from '../model/proxy-settings.ts'
import type { FileSettings } from '../model/settings.ts'
import { judgeConditions, rangeHolds, type Validators } from './file-conditions.ts'
import { type ByteRange, contentRange, parseRanges } from './file-range.ts'
import type { FilePart } from './file-source.ts'
import { makeMultipart } from './multipart.ts'

/** What `if_modified_since` and `max_ranges` say. */
type RangeSettings = Pick<FileSettings, 'modifiedSince' | 'rangesMax'>
/** What a client does not see, nginx does not judge by; `forcesRanges` is whatever the peer said (`proxy_force_ranges`). */
type PassedSettings = Pick<ProxySettings, 'forcesRanges' | 'hideFields'>

export interface JudgedEntry {
  /** 0 = the entry's own. */
  readonly status: number
  /** Bytes of the body; of `parts` alone. */
  readonly length: number
  /** Null = the whole body. */
  readonly parts: readonly FilePart[] | null
  /** Field lines of our own. */
  readonly lines: string
  /** The entry's Content-Type does not hold for what is sent. */
  readonly dropsType: boolean
}

export const ANSWER_WHOLE: JudgedEntry = {
  status: 0,
  length: 0,
  parts: null,
  lines: '',
  dropsType: false,
}

const NOT_MODIFIED: JudgedEntry = { ...ANSWER_WHOLE, status: 304, dropsType: true }

/** One bit for each field that could make a difference. */
const CONDITION_BITS = [
  FIELD.if_none_match,
  FIELD.if_modified_since,
  FIELD.if_match,
  FIELD.if_unmodified_since,
  FIELD.range,
].reduce((bits, id) => bits | (1 << id), 0)

/** Whether parts of an entry can be asked for: in `nginx` mode only where its peer has said so. */
export function isRanged(
  { head, meta }: CacheEntry,
  mode: CacheMode,
  { forcesRanges, hideFields }: PassedSettings,
): boolean {
  if (meta.length === -1 || head.status !== 200) return false
  if (forcesRanges || mode === 'standard') return true
  return head.fields.findId(FIELD.accept_ranges) !== -1 && !hideFields.includes('accept-ranges')
}

/**
 * Judges the request's conditions, then its ranges (RFC 9110 §13.2.2).
 *
 * @param isNew the entry is being made for this request: nginx then takes one range only
 */
export function judgeEntry(
  request: RequestHead,
  entry: CacheEntry,
  mode: CacheMode,
  isNew: boolean,
  proxy: PassedSettings,
  files: RangeSettings,
): JudgedEntry {
  const isPart = entry.meta.parts !== null
  if (!isPart && !request.fields.mayHave(CONDITION_BITS)) return ANSWER_WHOLE
  return mode === 'standard'
    ? judgeByRfc(request, entry)
    : judgeAsNginx(request, entry, isNew, proxy, files)
}

function judgeByRfc(request: RequestHead, entry: CacheEntry): JudgedEntry {
  if (judgeClientConditions(request, entry) === 304) return NOT_MODIFIED
  if (request.method === 'HEAD') return ANSWER_WHOLE
  const { length } = entry.meta
  const ranges = length === -1 && entry.meta.parts === null ? null : chooseRanges(request, entry)
  if (entry.meta.parts !== null && !holdsAll(entry.meta, ranges))
    // The peer has sent another part than it was asked for: that is what there is.
    return answerRanges(entry.meta.parts.slice(0, 1), length, entry.head)
  return ranges === null ? ANSWER_WHOLE : answerRanges(ranges, length, entry.head)
}

/** Whether an entry of parts has the bytes that a request asks for. */
export function holdsAll(meta: EntryMeta, ranges: RangeChoice): boolean {
  if (ranges === null || ranges === 'unsatisfiable') return false
  return ranges.every(({ start, end }) => holdsRange(meta, start, end))
}

function judgeAsNginx(
  request: RequestHead,
  entry: CacheEntry,
  isNew: boolean,
  proxy: PassedSettings,
  files: RangeSettings,
): JudgedEntry {
  if (entry.head.status !== 200) return ANSWER_WHOLE
  const validators = validatorsOf(entry.head, proxy.hideFields)
  const condition = judgeConditions(request.fields, validators, files.modifiedSince)
  if (condition !== 0) return { ...ANSWER_WHOLE, status: condition, dropsType: true }
  const index = request.fields.findId(FIELD.range)
  const { length } = entry.meta
  if (index === -1 || request.method !== 'GET' || files.rangesMax === 0) return ANSWER_WHOLE
  if (!isRanged(entry, 'nginx', proxy)) return ANSWER_WHOLE
  if (!rangeHolds(request.fields, validators)) return ANSWER_WHOLE
  const ranges = parseRanges(request.fields.value(index), length, files.rangesMax)
  if (ranges === null || (isNew && ranges.length > 1 && ranges !== 'unsatisfiable'))
    return ANSWER_WHOLE
  return answerRanges(ranges, length, entry.head)
}

function answerRanges(
  ranges: readonly ByteRange[] | 'unsatisfiable',
  length: number,
  head: ResponseHead,
): JudgedEntry {
  if (ranges === 'unsatisfiable') {
    const lines = `Content-Range: bytes */${length}\r\n`
    return { status: 416, length: 0, parts: [], lines, dropsType: true }
  }
  const [first] = ranges
  if (first !== undefined && ranges.length === 1) {
    const lines = `Content-Range: ${contentRange(first, length)}\r\n`
    const bytes = first.end - first.start
    return { status: 206, length: bytes, parts: [first], lines, dropsType: false }
  }
  const index = head.fields.findId(FIELD.content_type)
  const type = index === -1 ? '' : `Content-Type: ${head.fields.value(index)}\r\n`
  const body = makeMultipart(ranges, length, type)
  return { status: 206, length: body.length, parts: body.parts, lines: body.line, dropsType: true }
}

function validatorsOf({ fields }: ResponseHead, hidden: readonly string[]): Validators {
  const etag = hidden.includes('etag') ? -1 : fields.findId(FIELD.etag)
  const modified = hidden.includes('last-modified') ? -1 : fields.findId(FIELD.last_modified)
  return {
    etag: etag === -1 ? '' : fields.value(etag),
    modified: modified === -1 ? Number.NaN : parseHttpDate(fields.value(modified)),
  }
}
