// Trailers of an answer that goes to its client in chunks (RFC 9110 §6.5): those of a peer (`proxy_pass_trailers`), and those
// that a location adds (`add_trailer`), for which a body with a known length is chunked, too. What no trailer of a peer may
// be was dropped when they were read (chunked-decoder.ts); here goes what the location keeps from clients, as in nginx.

import { FIELD, type FieldList } from '../http/field-list.ts'
import { mayHaveBody } from '../http/status.ts'
import type { Exchange } from './exchange.ts'
import { ADD_STATUSES, type AddField } from './response-extras.ts'
import type { LocationRuntime } from './runtime.ts'
import { fieldText } from './safe-text.ts'

const NONE: readonly AddField[] = []

export class TrailerRules {
  readonly #hidden: ReadonlySet<string>
  readonly #passes: boolean
  readonly #added: readonly AddField[]

  /**
   * @param hideFields names that stay behind, in lower case
   * @param passes those of peers go on
   */
  constructor(hideFields: readonly string[], passes = true, added = NONE) {
    this.#hidden = new Set(hideFields)
    this.#passes = passes
    this.#added = added
  }

  /** The lines of those that go on, each with CRLF. */
  linesOf(trailers: FieldList): string {
    let lines = ''
    for (let i = 0; this.#passes && i < trailers.count; i++) {
      if (trailers.isHidden(i)) continue
      const name = trailers.name(i)
      if (!this.#hidden.has(name.toLowerCase())) lines += `${name}: ${trailers.value(i)}\r\n`
    }
    return lines
  }

  /** What a peer says of the trailers that will come (RFC 9110 §6.6.2), for an answer that goes on in chunks. */
  announcingLines(fields: FieldList): string {
    let lines = ''
    if (!this.#passes) return lines
    for (let i = fields.findId(FIELD.trailer); i !== -1; i = fields.findId(FIELD.trailer, i + 1)) {
      if (!fields.isHidden(i)) lines += `Trailer: ${fields.value(i)}\r\n`
    }
    return lines
  }

  /** Whether the location adds any to answers of a status. */
  adds(status: number): boolean {
    return this.#added.some(field => field.isAlways || ADD_STATUSES.has(status))
  }

  /** The lines of those that are added, asked when the body has ended. */
  addedLines(exchange: Exchange): string {
    let lines = ''
    const isListed = ADD_STATUSES.has(exchange.status)
    for (const field of this.#added) {
      if (!isListed && !field.isAlways) continue
      const value = field.render(exchange)
      if (value !== '') lines += `${field.name}: ${fieldText(value)}\r\n`
    }
    return lines
  }
}

/** Whether a body is chunked because something is added behind it. */
export function isTrailed(exchange: Exchange, location: LocationRuntime, status: number): boolean {
  const { trailers, settings } = location
  return (
    trailers !== null &&
    exchange.head.minor === 1 &&
    exchange.method !== 'HEAD' &&
    settings.client.sendsChunks &&
    mayHaveBody(status) &&
    trailers.adds(status)
  )
}

/** The end of a chunked body. @param passed lines of a peer's trailers */
export function lastChunk(exchange: Exchange, { trailers }: LocationRuntime, passed = ''): string {
  return `0\r\n${passed}${trailers === null ? '' : trailers.addedLines(exchange)}\r\n`
}
