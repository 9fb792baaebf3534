// What goes no further than this hop (RFC 9110 §7.6.1): Connection, the fields that it names, and
// those that are about the connection by nature. A client must not be able to strip what the way
// behind us relies on, so some names cannot be nominated.

import { FIELD, type FieldList, lookupFieldBytes } from './field-list.ts'
import { startsWithIgnoreCase, TOKEN_LOWER } from './tokens.ts'

/** Connection named `close`. */
export const OPTION_CLOSE = 1
/** Connection named `keep-alive`. */
export const OPTION_KEEP_ALIVE = 2
/** Connection named `upgrade`. */
export const OPTION_UPGRADE = 4
/** Connection has more members than are looked at. */
export const OPTIONS_TOO_MANY = 8

/** Each member costs a walk over the fields. */
const MEMBERS_MAX = 64

/** Per `FIELD` number: 1 for fields that are always about this connection only. */
const IS_HOP_BY_HOP = buildIdTable([
  FIELD.connection,
  FIELD.keep_alive,
  FIELD.proxy_connection,
  FIELD.te,
  FIELD.transfer_encoding,
  FIELD.upgrade,
  FIELD.http2_settings,
  FIELD.expect,
])

/** The bits by which a list says that none of them can be there. */
const HOP_BY_HOP_BITS = IS_HOP_BY_HOP.reduce(
  (bits, is, id) => (is === 1 ? bits | (1 << id) : bits),
  0,
)

/** Per `FIELD` number: 1 for fields that stay whatever Connection says. */
const IS_PROTECTED = buildIdTable([
  FIELD.host,
  FIELD.content_length,
  FIELD.transfer_encoding,
  FIELD.forwarded,
  FIELD.x_real_ip,
  FIELD.authorization,
  FIELD.cookie,
  FIELD.cache_control,
  FIELD.set_cookie,
])

/**
 * Hides the hop-by-hop fields and those that Connection names.
 *
 * @param base the index in `bytes` from which the spans of `fields` count
 * @returns the OPTION bits of Connection
 */
export function hideHopByHop(bytes: Buffer, base: number, fields: FieldList): number {
  if (!fields.mayHave(HOP_BY_HOP_BITS)) return 0
  let options = 0
  for (let i = 0; i < fields.count; i++) {
    const id = fields.id(i)
    if (IS_HOP_BY_HOP[id] === 0) continue
    if (id === FIELD.connection) {
      const to = base + fields.valueEnd(i)
      options |= readOptions(bytes, base, base + fields.valueStart(i), to, fields)
    }
    fields.hide(i)
  }
  return options
}

/** Reads one Connection line; empty members and members that are no token name nothing. */
function readOptions(
  bytes: Buffer,
  base: number,
  from: number,
  to: number,
  fields: FieldList,
): number {
  let options = 0
  let members = 0
  let at = from
  while (at < to) {
    while (at < to && isBlankOrComma(bytes[at]!)) at++
    const start = at
    let hash = 0
    while (at < to && TOKEN_LOWER[bytes[at]!] !== 0) {
      hash = (Math.imul(hash, 31) + TOKEN_LOWER[bytes[at]!]!) | 0
      at++
    }
    const end = at
    while (at < to && isBlankOrComma(bytes[at]!) && bytes[at] !== 0x2c) at++
    const isMember = at === to || bytes[at] === 0x2c /* , */
    while (at < to && bytes[at] !== 0x2c) at++
    if (!isMember || start === end) continue
    if (++members > MEMBERS_MAX) return options | OPTIONS_TOO_MANY
    const id = lookupFieldBytes(bytes, start, end, hash)
    if (id === FIELD.close) options |= OPTION_CLOSE
    else if (id === FIELD.keep_alive) options |= OPTION_KEEP_ALIVE
    else if (id === FIELD.upgrade) options |= OPTION_UPGRADE
    else hideNamed(bytes, base, start, end, hash, id, fields)
  }
  return options
}

function hideNamed(
  bytes: Buffer,
  base: number,
  start: number,
  end: number,
  hash: number,
  id: number,
  fields: FieldList,
): void {
  if (IS_PROTECTED[id] === 1) return
  for (let i = 0; i < fields.count; i++) {
    if (fields.hash(i) !== hash || fields.id(i) !== id) continue
    if (startsWithIgnoreCase(fields.text, 'x-forwarded-', fields.nameStart(i))) continue
    if (id !== 0 || isSameName(bytes, base + fields.nameStart(i), start, end - start)) {
      if (fields.nameEnd(i) - fields.nameStart(i) === end - start) fields.hide(i)
    }
  }
}

function isSameName(bytes: Buffer, left: number, right: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    if (TOKEN_LOWER[bytes[left + i]!] !== TOKEN_LOWER[bytes[right + i]!]) return false
  }
  return true
}

function isBlankOrComma(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x2c
}

function buildIdTable(ids: readonly number[]): Uint8Array {
  const table = new Uint8Array(256)
  for (const id of ids) table[id] = 1
  return table
}
