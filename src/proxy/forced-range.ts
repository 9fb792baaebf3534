// `proxy_force_ranges`: a part of an answer that its peer gave whole, whatever that says of Accept-Ranges. As in nginx one
// range is cut out of what passes; several are not worth it, and give the whole
// (http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_force_ranges).

import { parseHttpDate } from '../http/date.ts'
import { FIELD, type FieldList } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { answerStatus, hasErrorPage } from './answer.ts'
import type { Exchange } from './exchange.ts'
import { rangeHolds } from './file-conditions.ts'
import { type ByteRange, contentRange, parseRanges } from './file-range.ts'
import type { OutgoingFraming } from './response-head.ts'
import type { LocationRuntime } from './runtime.ts'

/** The part that the client asks for; null = all of it. */
export function forcedRange(
  { head, errorStatus, location, server }: Exchange,
  { fields, status, hasLength }: ResponseHead,
): ByteRange | null | 'unsatisfiable' {
  const index = head.fields.findId(FIELD.range)
  if (index === -1 || status !== 200 || errorStatus > 0 || !hasLength) return null
  const modified = fields.findId(FIELD.last_modified)
  const etag = fields.findId(FIELD.etag)
  const validators = {
    etag: etag === -1 ? '' : fields.value(etag),
    modified: modified === -1 ? Number.NaN : parseHttpDate(fields.value(modified)),
  }
  if (!rangeHolds(head.fields, validators)) return null
  const { rangesMax } = (location ?? server.fallback).settings.files
  if (rangesMax === 0) return null
  const ranges = parseRanges(head.fields.value(index), lengthOf(fields), rangesMax)
  if (ranges === null || ranges === 'unsatisfiable') return ranges
  return ranges.length === 1 ? ranges[0]! : null
}

/** Answers 416. As in nginx, the fields of the whole, and what is added to it, stay with what could not be given. */
export function refuseRange(
  exchange: Exchange,
  { response }: LocationRuntime,
  head: ResponseHead,
): void {
  const line = `Content-Range: bytes */${lengthOf(head.fields)}\r\n`
  const staying = response.stayingLines(
    exchange,
    head,
    hasErrorPage(exchange, 416) ? [] : ['etag', 'last-modified'],
  )
  exchange.ownLines = line + staying + response.addedLines(exchange, head)
  answerStatus(exchange, 416)
}

/** Also of the answer to HEAD. */
function lengthOf(fields: FieldList): number {
  return Number(fields.value(fields.findId(FIELD.content_length)))
}

/** The head of an answer of which parts can be asked for: it is we who say so. */
export function rangedHead(
  exchange: Exchange,
  { response, settings }: LocationRuntime,
  head: ResponseHead,
  cut: RangeCut | null,
  framing: OutgoingFraming,
  isKeepAlive: boolean,
): string {
  const { status, hasLength, fields } = head
  const whole = hasLength ? lengthOf(fields) : -1
  return response.fromStore(exchange, head, {
    status: cut === null ? status : 206,
    lines: cut === null ? '' : `Content-Range: ${contentRange(cut.range, whole)}\r\n`,
    length: cut === null ? whole : cut.range.end - cut.range.start,
    framing,
    isKeepAlive,
    dropsType: false,
    dropsRanges: true,
    isRanged: status === 200 && cut === null && hasLength,
    keepsDate: !settings.proxy.hideFields.includes('date'),
    isKept: false,
    hides: [],
  })
}

/** Passes of a body what lies in the range. */
export class RangeCut {
  readonly range: ByteRange
  #at = 0

  constructor(range: ByteRange) {
    this.range = range
  }

  /** Of bytes[from,to), which come next: where the wanted ones begin; `end` tells where they end. */
  start(from: number): number {
    return from + Math.max(0, this.range.start - this.#at)
  }

  /** Counts the bytes; @returns where the wanted ones end */
  end(from: number, to: number): number {
    const end = from + Math.max(0, this.range.end - this.#at)
    this.#at += to - from
    return Math.min(to, end)
  }
}
