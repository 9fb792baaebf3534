// The head of a response as it is stored (RFC 9111 §3.1), and what it becomes when a later response brings it up to date
// (§3.2). What goes no further than one hop is hidden by the parser already; Age is reckoned anew on each answer.

import { formatHttpDate } from '../../http/date.ts'
import { FIELD, type FieldList } from '../../http/field-list.ts'
import type { HeadLimits } from '../../http/request-parser.ts'
import { parseResponseHead, ResponseHead } from '../../http/response-parser.ts'
import { statusText } from '../../http/status.ts'
import { dateOf } from './date-value.ts'

/** How a head differs from what came. */
export interface HeadChanges {
  /** Value of Content-Length in place of the response's own; -1 = none is known; null = as it came. */
  readonly contentLength: number | null
  /** Fields that may not be stored, lower case. */
  readonly leftOut: readonly string[]
  /** When the response came: its Date where it has none. */
  readonly responseMs: number
}

/** Never stored: of this hop, about a proxy (RFC 9111 §3.1), or made anew. */
const UNSTORED_IDS: ReadonlySet<number> = new Set([
  FIELD.age,
  FIELD.connection,
  FIELD.keep_alive,
  FIELD.proxy_connection,
  FIELD.proxy_authenticate,
  FIELD.proxy_authorization,
  FIELD.te,
  FIELD.transfer_encoding,
  FIELD.upgrade,
])
const UNSTORED_NAMES: ReadonlySet<string> = new Set(['proxy-authentication-info'])

/** Not taken from a response without its body: they are about the bytes that are stored (§3.2). */
const BODY_IDS: ReadonlySet<number> = new Set([
  FIELD.content_length,
  FIELD.content_encoding,
  FIELD.content_range,
])
const BODY_NAMES: ReadonlySet<string> = new Set(['content-digest', 'content-md5'])

/** Nobody parses a stored head but who wrote it, so it may be as large as it is. */
const STORED_LIMITS: HeadLimits = {
  lineBytesMax: 1 << 20,
  headBytesMax: 1 << 24,
  fieldsMax: 1 << 16,
  fieldLineBytesMax: 1 << 24,
  allowUnderscores: true,
  ignoreInvalidFields: false,
}

/** Writes the head of a response for the store; that of a 206 becomes the head of the whole, with status 200. */
export function buildStoredHead(response: ResponseHead, changes: HeadChanges): string {
  const { fields, status } = response
  const { contentLength, leftOut } = changes
  const isPart = status === 206
  const reason = isPart ? statusText(200) : `${status} ${response.reason}`
  let text = `HTTP/1.1 ${reason}\r\n`
  for (let i = 0; i < fields.count; i++) {
    const id = fields.id(i)
    if (!isStored(fields, i, leftOut)) continue
    if (id === FIELD.content_length && contentLength !== null) continue
    if (id === FIELD.content_range && isPart) continue
    if (id === FIELD.date && !hasDate(fields, changes.responseMs)) continue
    text += `${fields.name(i)}: ${fields.value(i)}\r\n`
  }
  if (contentLength !== null && contentLength >= 0) text += `Content-Length: ${contentLength}\r\n`
  if (!hasDate(fields, changes.responseMs)) text += dateLine(changes.responseMs)
  return `${text}\r\n`
}

/**
 * Puts the fields of a later response without a body (304, or of HEAD) or with a part of it in the place of the stored
 * ones of the same name; the others stay.
 */
export function mergeHeads(
  stored: ResponseHead,
  update: ResponseHead,
  { contentLength, leftOut, responseMs }: HeadChanges,
): string {
  const old = stored.fields
  const { fields } = update
  let text = `${stored.statusLine}\r\n`
  for (let i = 0; i < old.count; i++) {
    const id = old.id(i)
    const isReplaced =
      id === FIELD.date ||
      (id === FIELD.content_length && contentLength !== null) ||
      hasUpdate(fields, old, i, leftOut)
    if (!isReplaced && isStored(old, i, leftOut)) text += `${old.name(i)}: ${old.value(i)}\r\n`
  }
  for (let i = 0; i < fields.count; i++) {
    if (fields.id(i) === FIELD.date || !isUpdating(fields, i, leftOut)) continue
    text += `${fields.name(i)}: ${fields.value(i)}\r\n`
  }
  const date = dateOf(fields, FIELD.date, responseMs)
  if (contentLength !== null && contentLength >= 0) text += `Content-Length: ${contentLength}\r\n`
  return `${text}${dateLine(Number.isNaN(date) ? responseMs : date * 1000)}\r\n`
}

/** Parses a head that `buildStoredHead` or `mergeHeads` wrote; null when a field of it is not good. */
export function parseStoredHead(text: string): ResponseHead | null {
  const bytes = Buffer.from(text, 'latin1')
  const head = new ResponseHead()
  return parseResponseHead(bytes, 0, bytes.length, head, 'GET', STORED_LIMITS) === null
    ? head
    : null
}

function isStored(fields: FieldList, index: number, leftOut: readonly string[]): boolean {
  const id = fields.id(index)
  if (fields.isHidden(index) || UNSTORED_IDS.has(id)) return false
  if (id !== 0 && leftOut.length === 0) return true
  const name = fields.name(index).toLowerCase()
  return !UNSTORED_NAMES.has(name) && !leftOut.includes(name)
}

function isUpdating(fields: FieldList, index: number, leftOut: readonly string[]): boolean {
  if (BODY_IDS.has(fields.id(index)) || !isStored(fields, index, leftOut)) return false
  return fields.id(index) !== 0 || !BODY_NAMES.has(fields.name(index).toLowerCase())
}

/** Whether the later response has something for the field at `index` of the stored ones. */
function hasUpdate(
  fields: FieldList,
  old: FieldList,
  index: number,
  leftOut: readonly string[],
): boolean {
  const name = old.name(index).toLowerCase()
  const hash = old.hash(index)
  for (let i = fields.findName(name, hash); i !== -1; i = fields.findName(name, hash, i + 1)) {
    if (isUpdating(fields, i, leftOut)) return true
  }
  return false
}

function hasDate(fields: FieldList, responseMs: number): boolean {
  return !Number.isNaN(dateOf(fields, FIELD.date, responseMs))
}

function dateLine(ms: number): string {
  return `Date: ${formatHttpDate(Math.floor(ms / 1000))}\r\n`
}
