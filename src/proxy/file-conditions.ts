// Preconditions of a request for a file (RFC 9110 §13), judged as nginx judges them: entity tags before dates where
// both are there, and a date of If-Modified-Since must be exactly the file's.

import { parseHttpDate } from '../http/date.ts'
import { FIELD, type FieldList } from '../http/field-list.ts'
import type { FileSettings } from '../model/settings.ts'

/** What a request's conditions are compared with. */
export interface Validators {
  /** With its quotes; empty = none. */
  readonly etag: string
  /** Seconds since 1970. */
  readonly modified: number
}

/** The status that the conditions demand in place of 200; 0 = none. */
export function judgeConditions(
  fields: FieldList,
  { etag, modified }: Validators,
  modifiedSince: FileSettings['modifiedSince'] = 'exact',
): 0 | 304 | 412 {
  const unmodifiedSince = fieldValue(fields, FIELD.if_unmodified_since)
  if (unmodifiedSince !== null && !(parseHttpDate(unmodifiedSince) >= modified)) return 412
  const match = fieldValue(fields, FIELD.if_match)
  if (match !== null && !listsTag(match, etag, false)) return 412
  const since = fieldValue(fields, FIELD.if_modified_since)
  const noneMatch = fieldValue(fields, FIELD.if_none_match)
  if (since === null && noneMatch === null) return 0
  if (since !== null && isModified(parseHttpDate(since), modified, modifiedSince)) return 0
  if (noneMatch !== null && !listsTag(noneMatch, etag, true)) return 0
  return 304
}

function isModified(since: number, modified: number, rule: FileSettings['modifiedSince']): boolean {
  if (rule === 'off' || Number.isNaN(modified)) return true
  return rule === 'before' ? !(since >= modified) : since !== modified
}

/** Whether If-Range lets the ranges hold: it is absent, or names this very state of the file. */
export function rangeHolds(fields: FieldList, { etag, modified }: Validators): boolean {
  const ifRange = fieldValue(fields, FIELD.if_range)
  if (ifRange === null) return true
  if (ifRange.length >= 2 && ifRange.endsWith('"')) return ifRange === etag
  return parseHttpDate(ifRange) === modified
}

function fieldValue(fields: FieldList, id: number): string | null {
  const index = fields.findId(id)
  return index === -1 ? null : fields.value(index)
}

/** Whether a list of entity tags has `ownTag`, or is `*`. Those of files are strong, a peer's may be weak. */
function listsTag(list: string, ownTag: string, isWeak: boolean): boolean {
  if (list === '*') return true
  if (ownTag === '') return false
  const etag = isWeak && ownTag.startsWith('W/') ? ownTag.slice(2) : ownTag
  let at = 0
  while (at < list.length) {
    if (isWeak && list.startsWith('W/', at)) at += 2
    if (list.startsWith(etag, at)) {
      const end = skip(list, at + etag.length, false)
      if (end === list.length || list[end] === ',') return true
    }
    const comma = list.indexOf(',', at)
    if (comma === -1) return false
    at = skip(list, comma, true)
  }
  return false
}

/** Index of the first character at or after `from` that is no blank, and with `commas` no comma. */
function skip(text: string, from: number, commas: boolean): number {
  let at = from
  while (at < text.length) {
    const char = text[at]
    if (char !== ' ' && char !== '\t' && !(commas && char === ',')) break
    at++
  }
  return at
}
