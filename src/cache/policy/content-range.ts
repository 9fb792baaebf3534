// Content-Range (RFC 9110 §14.4): which bytes of a representation a 206 brings.

import { FIELD, type FieldList } from '../../http/field-list.ts'
import type { BodyPart } from '../entry.ts'
import { allValues } from './field-values.ts'

/** A part, and the length of the whole; -1 = `*`, it is not known. */
export interface RangeOfWhole extends BodyPart {
  readonly length: number
}

const BYTES = /^bytes +(\d+)-(\d+)\/(?:(\d+)|\*)$/i

/** Reads the one Content-Range; null when it is none, or names bytes that cannot be. */
export function contentRangeOf(fields: FieldList): RangeOfWhole | null {
  const values = allValues(fields, FIELD.content_range)
  const match = values.length === 1 ? BYTES.exec(values[0]!) : null
  if (match === null) return null
  const start = Number(match[1])
  const end = Number(match[2]) + 1
  const length = match[3] === undefined ? -1 : Number(match[3])
  if (!Number.isSafeInteger(end) || !Number.isSafeInteger(length)) return null
  if (start >= end || (length !== -1 && end > length)) return null
  return { start, end, length }
}
