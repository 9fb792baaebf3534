// Dates in response fields, as caching reckons with them (RFC 9110 §5.6.7, §6.6.1; RFC 9111 §4.2). All three formats, each
// exactly; the two digits of an RFC 850 year are those of the year that is nearest, at most 50 years ahead.

import { parseHttpDate } from '../../http/date.ts'
import { FIELD, type FieldList } from '../../http/field-list.ts'
import { allValues } from './field-values.ts'

const SHORT_YEARS_AHEAD_MAX = 50

/** Reads a date; seconds since 1970, NaN when it is none. @param nowMs wall time, for years of two digits */
export function parseDateAt(text: string, nowMs: number): number {
  const seconds = parseHttpDate(text)
  if (Number.isNaN(seconds) || text.indexOf(',') <= 3) return seconds
  const date = new Date(seconds * 1000)
  const latest = new Date(nowMs)
  latest.setUTCFullYear(latest.getUTCFullYear() + SHORT_YEARS_AHEAD_MAX)
  while (addCentury(date, 1) <= latest) date.setTime(addCentury(date, 1).getTime())
  while (date > latest) date.setTime(addCentury(date, -1).getTime())
  return date.getTime() / 1000
}

/** The one value of a date field; NaN when it is not there, is there more than once, or is no date. */
export function dateOf(fields: FieldList, id: number, nowMs: number): number {
  const values = allValues(fields, id)
  return values.length === 1 ? parseDateAt(values[0]!, nowMs) : Number.NaN
}

/** When a response was made: Date, else when it came (RFC 9110 §6.6.1). */
export function originSeconds(fields: FieldList, responseMs: number): number {
  const date = dateOf(fields, FIELD.date, responseMs)
  return Number.isNaN(date) ? Math.floor(responseMs / 1000) : date
}

function addCentury(date: Date, centuries: number): Date {
  const moved = new Date(date)
  moved.setUTCFullYear(moved.getUTCFullYear() + centuries * 100)
  return moved
}
