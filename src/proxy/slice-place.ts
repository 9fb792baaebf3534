// Where a piece of a large response lies in the whole: Content-Range read, `$slice_range` written.

import type { StorePlan } from '../cache/policy/policy.ts'
import { FIELD, type FieldList } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { statusText } from '../http/status.ts'
import type { Exchange } from './exchange.ts'

/** What a Content-Range says of a piece. */
export interface SlicePlace {
  readonly start: number
  /** The byte after the last one. */
  readonly end: number
  /** Bytes of the whole. */
  readonly length: number
}

/** `bytes 0-99/1234`; null = it says something else. */
export function readContentRange(fields: FieldList): SlicePlace | null {
  const index = fields.findId(FIELD.content_range)
  if (index === -1) return null
  const match = /^bytes +(\d{1,15})-(\d{1,15})\/(\d{1,15})$/i.exec(fields.value(index))
  if (match === null) return null
  const [start, last, length] = [Number(match[1]), Number(match[2]), Number(match[3])]
  return start <= last && last < length ? { start, end: last + 1, length } : null
}

/** The first piece that a request needs: the one in which its first range begins. */
export function firstSlice(exchange: Exchange, sliceBytes: number): number {
  const { fields } = exchange.head
  const index = fields.findId(FIELD.range)
  if (index === -1) return 0
  const match = /^bytes *= *(\d{1,15}) *-/i.exec(fields.value(index))
  return match === null ? 0 : Math.floor(Number(match[1]) / sliceBytes) * sliceBytes
}

/** `$slice_range` of the piece that begins at `start`. */
export function sliceRange(start: number, sliceBytes: number): string {
  return `bytes=${start}-${start + sliceBytes - 1}`
}

/** How a piece is stored: as what it is. Null = it is not as long as it says. */
export function piecePlan(plan: StorePlan, { status, fields, bodyBytes }: ResponseHead) {
  const place = status === 206 ? readContentRange(fields) : null
  if (place === null) return plan
  const { start, end, length } = place
  if (bodyBytes >= 0 && bodyBytes !== end - start) return null
  if (plan.part === null) return plan
  const lines = plan.head.slice(plan.head.indexOf('\n') + 1)
  const range = `Content-Range: bytes ${start}-${end - 1}/${length}\r\n`
  const rest = lines.replace(/^content-length:[^\n]*\n/gim, '')
  return { ...plan, part: null, head: `HTTP/1.1 ${statusText(206)}\r\n${range}${rest}` }
}

/** The entity tag as written; empty = none. */
export function etagOf({ fields }: ResponseHead): string {
  const index = fields.findId(FIELD.etag)
  return index === -1 ? '' : fields.value(index)
}
