// What a location adds to responses of others and of its own, and what of theirs has to make room for it: `add_header` and
// `expires` (ngx_http_headers_module).

import { FIELD, type FieldList } from '../http/field-list.ts'
import type { Exchange } from './exchange.ts'
import type { Render } from './runtime.ts'
import { fieldText } from './safe-text.ts'

/** A field of `add_header`. */
export interface AddField {
  readonly name: string
  readonly render: Render
  readonly isAlways: boolean
}

/** What `expires` sets; empty strings leave the response's own fields. */
export interface ExpiresFields {
  readonly expires: string
  readonly cacheControl: string
}

/** Statuses for which `add_header` without `always` and `expires` apply (ngx_http_headers_module). */
export const ADD_STATUSES: ReadonlySet<number> = new Set([
  200, 201, 204, 206, 301, 302, 303, 304, 307, 308,
])

/** What is added, and what stays behind for it. */
export interface Extra {
  readonly lines: string
  /** The peer's Expires and Cache-Control stay behind. */
  readonly replacesExpires: boolean
  /** `add_header` takes the place of these two, as in nginx, also with an empty value. */
  readonly replacesEtag: boolean
  readonly replacesLastModified: boolean
  /** The status has no body, so there is nothing to name the type of. */
  readonly dropsType: boolean
  /** We say ourselves whether parts can be asked for. */
  readonly dropsRanges: boolean
  /** More names that stay behind, lower case. */
  readonly hides: readonly string[]
}

export const NO_EXTRA: Extra = {
  lines: '',
  replacesExpires: false,
  replacesEtag: false,
  replacesLastModified: false,
  dropsType: false,
  dropsRanges: false,
  hides: [],
}

/** Of a stored response that is answered whole. */
export const WHOLE_EXTRA: Extra = { ...NO_EXTRA, dropsRanges: true }

/** Whether a field of the response makes room for one of ours. */
export function isReplacing(extra: Extra | null): boolean {
  if (extra === null) return false
  return extra.replacesExpires || extra.replacesEtag || extra.replacesLastModified
}

export interface ExtraOptions {
  readonly addFields: readonly AddField[]
  readonly expires: ((exchange: Exchange, lastModified: string) => ExpiresFields | null) | null
}

/** Makes what one response gets. @param ownLines of an answer of our own, which has no `fields` */
export function makeExtra(
  options: ExtraOptions,
  exchange: Exchange,
  status: number,
  fields: FieldList | null,
  ownLines = '',
): Extra {
  const isListed = ADD_STATUSES.has(status)
  exchange.pending = { status, fields, lines: ownLines }
  let lines = ''
  let replacesExpires = false
  let replacesEtag = false
  let replacesLastModified = false
  if (isListed && options.expires !== null) {
    const set = options.expires(exchange, lastModifiedOf(fields, ownLines))
    if (set !== null) {
      replacesExpires = true
      if (set.expires !== '') lines += `Expires: ${set.expires}\r\n`
      if (set.cacheControl !== '') lines += `Cache-Control: ${set.cacheControl}\r\n`
    }
  }
  for (const field of options.addFields) {
    if (!isListed && !field.isAlways) continue
    const name = field.name.toLowerCase()
    if (name === 'etag') replacesEtag = true
    else if (name === 'last-modified') replacesLastModified = true
    const value = field.render(exchange)
    if (value !== '') lines += `${field.name}: ${fieldText(value)}\r\n`
  }
  return { ...NO_EXTRA, lines, replacesExpires, replacesEtag, replacesLastModified }
}

function lastModifiedOf(fields: FieldList | null, ownLines: string): string {
  if (fields !== null) {
    const index = fields.findId(FIELD.last_modified)
    return index === -1 ? '' : fields.value(index)
  }
  const match = /^last-modified: (.*)$/im.exec(ownLines)
  return match === null ? '' : match[1]!.trimEnd()
}
