// A large response whose pieces are stored each by itself, as one entry: the first piece tells what it is and how long
// (nginx: ngx_http_slice_module).

import type { BodySource } from '../base/body-source.ts'
import type { CacheEntry, EntryMeta } from '../cache/entry.ts'
import { findHeadEnd } from '../http/request-parser.ts'
import { parseResponseHead, ResponseHead } from '../http/response-parser.ts'
import { detach } from './detach.ts'
import type { Exchange } from './exchange.ts'
import type { Handler, Slices } from './runtime.ts'
import { firstSlice, readContentRange, sliceRange } from './slice-place.ts'
import { SliceSource } from './slice-source.ts'

/** Makes the handler of a location that takes large responses in pieces. */
export function makeSliceHandler(slices: Slices): Handler {
  return exchange => {
    const isSliced = exchange.method === 'GET' || exchange.method === 'HEAD'
    if (isSliced) exchange.sliceRange = sliceRange(firstSlice(exchange, slices.bytes), slices.bytes)
    slices.handler(exchange)
  }
}

export class SlicedEntry implements CacheEntry {
  readonly meta: EntryMeta
  readonly head: ResponseHead
  readonly text = null
  readonly slot = -1
  readonly version = 0
  readonly #exchange: Exchange
  readonly #slices: Slices
  readonly #first: CacheEntry

  /** Takes the first piece over. */
  private constructor(exchange: Exchange, slices: Slices, first: CacheEntry, length: number) {
    this.#exchange = exchange
    this.#slices = slices
    this.#first = first
    this.head = wholeHead(first.head)
    this.meta = { ...first.meta, length, parts: null }
  }

  /** The whole that a piece belongs to; null = it is no piece. */
  static of(exchange: Exchange, slices: Slices, first: CacheEntry): SlicedEntry | null {
    const place = first.head.status === 206 ? readContentRange(first.head.fields) : null
    return place === null ? null : new SlicedEntry(exchange, slices, first, place.length)
  }

  open(start: number, end: number): BodySource {
    const to = Math.min(end, this.meta.length)
    return new SliceSource(detach(this.#exchange), this.#slices, this.#first, start, to)
  }

  hold(): void {
    this.#first.hold()
  }

  release(): void {
    this.#first.release()
  }
}

/** Large enough for every head that a piece came with. */
const LIMITS = {
  lineBytesMax: 1_048_576,
  headBytesMax: 1_048_576,
  fieldLineBytesMax: 1_048_576,
  fieldsMax: 4_096,
  allowUnderscores: true,
  ignoreInvalidFields: true,
}

/** What the response would have said of itself in one piece. */
function wholeHead({ fields }: ResponseHead): ResponseHead {
  const lines = fields.text
    .slice(fields.text.indexOf('\n') + 1)
    .replace(/^(?:content-range|content-length|accept-ranges):[^\n]*\n/gim, '')
  const bytes = Buffer.from(`HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\n${lines}`, 'latin1')
  const head = new ResponseHead()
  parseResponseHead(bytes, 0, findHeadEnd(bytes, 0, bytes.length), head, 'HEAD', LIMITS)
  return head
}
