// Where a request wants to go (RFC 9112 §3.2-3.3): the target in the form that goes on, the
// authority, and the host to route by. An absolute target replaces Host, but Host must be there and
// good all the same, or two programs on the way could choose different sites.

import { type Failure, fail } from '../base/failure.ts'
import { FIELD } from './field-list.ts'
import { hostOf, scanAuthority } from './host.ts'
import { FORM_ABSOLUTE, FORM_ASTERISK, FORM_ORIGIN, type RequestLine } from './request-line.ts'
import type { RequestHead } from './request-parser.ts'

// The last good Host and what was made of it: most requests have the same as the one before. Never
// empty, as an empty Host is refused.
let lastAuthority = 'localhost'
let lastHost = 'localhost'

/**
 * Fills `target`, `isAbsolute`, `authority` and `host` of a head whose fields are read.
 *
 * @param start the index in `bytes` from which the spans of `head.fields` count
 * @param places the request line of this head
 * Fails with `bad_host` or `bad_target`.
 */
export function readTarget(
  bytes: Buffer,
  start: number,
  head: RequestHead,
  places: RequestLine,
): Failure | null {
  const { fields } = head
  const { form } = places
  const { text } = fields
  head.isAbsolute = form === FORM_ABSOLUTE
  head.target = text.slice(places.targetStart - start, places.targetEnd - start)
  const hostIndex = fields.findId(FIELD.host)
  if (hostIndex < 0) {
    if (head.minor === 1) return fail('bad_host', 'no Host')
    head.authority = ''
    head.host = ''
  } else {
    if (fields.findId(FIELD.host, hostIndex + 1) >= 0) return fail('bad_host', 'more than one Host')
    const from = start + fields.valueStart(hostIndex)
    const to = start + fields.valueEnd(hostIndex)
    if (to - from !== lastAuthority.length || !text.startsWith(lastAuthority, from - start)) {
      const hostEnd = scanAuthority(bytes, from, to)
      if (hostEnd < 0) return fail('bad_host', from === to ? 'empty Host' : '')
      lastHost = hostOf(bytes, text, start, from, hostEnd)
      lastAuthority = text.slice(from - start, to - start)
    }
    head.authority = lastAuthority
    head.host = lastHost
  }
  if (form === FORM_ORIGIN || form === FORM_ASTERISK) return null
  return readTargetAuthority(bytes, start, head, places)
}

function readTargetAuthority(
  bytes: Buffer,
  start: number,
  head: RequestHead,
  places: RequestLine,
): Failure | null {
  const { text } = head.fields
  const { authorityStart: from, targetEnd } = places
  let to = from
  while (to < targetEnd && bytes[to] !== 0x2f /* / */ && bytes[to] !== 0x3f /* ? */) to++
  const hostEnd = scanAuthority(bytes, from, to)
  if (hostEnd < 0) return fail('bad_target', 'no good authority')
  head.authority = text.slice(from - start, to - start)
  head.host = hostOf(bytes, text, start, from, hostEnd)
  if (!head.isAbsolute) {
    const hasPort = hostEnd < to - 1
    return hasPort && to === targetEnd ? null : fail('bad_target', 'CONNECT needs host:port')
  }
  if (to < targetEnd) {
    head.target = text.slice(to - start, targetEnd - start)
    if (bytes[to] === 0x3f) head.target = `/${head.target}`
  } else {
    // RFC 9112 §3.2.4: OPTIONS of a whole server goes on as the asterisk form.
    head.target = head.method === 'OPTIONS' ? '*' : '/'
  }
  return null
}
