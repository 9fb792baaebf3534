// Validators of stored responses (RFC 9110 §8.8): what asks a peer whether a response still holds, and whether two
// responses are of one representation, byte for byte.

import { formatHttpDate } from '../../http/date.ts'
import { FIELD, type FieldList } from '../../http/field-list.ts'
import { dateOf } from './date-value.ts'
import { entityTagOf, matchesStrongly, tagText } from './entity-tag.ts'

/** Whether a response has anything to ask a peer about it with. */
export function hasValidator(fields: FieldList, responseMs: number): boolean {
  return entityTagOf(fields) !== null || isDate(dateOf(fields, FIELD.last_modified, responseMs))
}

/** Request lines that ask whether a response still holds (RFC 9111 §4.3.1); empty = it has no validator. */
export function validatingLines(fields: FieldList, responseMs: number): string {
  const tag = entityTagOf(fields)
  const modified = dateOf(fields, FIELD.last_modified, responseMs)
  const tagLine = tag === null ? '' : `If-None-Match: ${tagText(tag)}\r\n`
  return isDate(modified) ? `${tagLine}If-Modified-Since: ${formatHttpDate(modified)}\r\n` : tagLine
}

/** The request line that asks for a range of this very representation; empty = it has no strong validator. */
export function ifRangeLine(fields: FieldList, responseMs: number): string {
  const tag = entityTagOf(fields)
  if (tag !== null) return tag.isWeak ? '' : `If-Range: ${tagText(tag)}\r\n`
  const modified = dateOf(fields, FIELD.last_modified, responseMs)
  if (!hasStrongDate(fields, responseMs, modified)) return ''
  return `If-Range: ${formatHttpDate(modified)}\r\n`
}

/** Whether Last-Modified is `modified`, and surely the last change in its second (RFC 9110 §8.8.2.2). */
export function hasStrongDate(fields: FieldList, responseMs: number, modified: number): boolean {
  const date = dateOf(fields, FIELD.date, responseMs)
  return dateOf(fields, FIELD.last_modified, responseMs) === modified && modified <= date - 1
}

/** Whether two responses have the same strong validator, so that their bytes go together (RFC 9111 §3.4). */
export function isSameRepresentation(left: FieldList, right: FieldList, nowMs: number): boolean {
  const tag = entityTagOf(left)
  const other = entityTagOf(right)
  if (tag !== null || other !== null) return matchesStrongly(tag, other)
  const modified = dateOf(left, FIELD.last_modified, nowMs)
  return hasStrongDate(left, nowMs, modified) && hasStrongDate(right, nowMs, modified)
}

function isDate(seconds: number): boolean {
  return !Number.isNaN(seconds)
}
