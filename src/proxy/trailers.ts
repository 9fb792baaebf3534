// Trailers of a peer's chunked answer on their way to a client that gets it in chunks too (`proxy_pass_trailers`; RFC
// 9110 §6.5). What no trailer may be was dropped when they were read (chunked-decoder.ts); here goes what the location
// keeps from clients, as in nginx, and whatever is about this connection only.

import { FIELD, type FieldList } from '../http/field-list.ts'

export class TrailerRules {
  readonly #hidden: ReadonlySet<string>

  /** @param hideFields names that stay behind, in lower case */
  constructor(hideFields: readonly string[]) {
    this.#hidden = new Set(hideFields)
  }

  /** The lines of those that go on, each with CRLF. */
  linesOf(trailers: FieldList): string {
    let lines = ''
    for (let i = 0; i < trailers.count; i++) {
      if (trailers.isHidden(i)) continue
      const name = trailers.name(i)
      if (!this.#hidden.has(name.toLowerCase())) lines += `${name}: ${trailers.value(i)}\r\n`
    }
    return lines
  }
}

/** What a peer says of the trailers that will come (RFC 9110 §6.6.2), for an answer that goes on in chunks. */
export function announcingLines(fields: FieldList): string {
  let lines = ''
  for (let i = fields.findId(FIELD.trailer); i !== -1; i = fields.findId(FIELD.trailer, i + 1)) {
    if (!fields.isHidden(i)) lines += `Trailer: ${fields.value(i)}\r\n`
  }
  return lines
}
