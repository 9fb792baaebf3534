// The fields of one head or trailer section as spans over its text: no object per field, no map of
// headers. Spans and text are kept in one array that is used again for the next message. Known
// names get a small integer, found by the hash that the parser rolls over the name's bytes, so that
// later steps ask by number and never compare names.
// Length: the table of known names is a third of it.

import { TOKEN_LOWER } from './tokens.ts'

/** Numbers of the known field names (`_` for `-`); `close` is there as a connection option. */
export const FIELD = {
  unknown: 0,
  host: 1,
  connection: 2,
  content_length: 3,
  transfer_encoding: 4,
  expect: 5,
  te: 6,
  trailer: 7,
  upgrade: 8,
  keep_alive: 9,
  proxy_connection: 10,
  proxy_authorization: 11,
  http2_settings: 12,
  cookie: 13,
  authorization: 14,
  x_forwarded_for: 15,
  x_forwarded_proto: 16,
  x_forwarded_host: 17,
  x_forwarded_port: 18,
  x_real_ip: 19,
  forwarded: 20,
  range: 21,
  if_range: 22,
  if_modified_since: 23,
  if_unmodified_since: 24,
  if_match: 25,
  if_none_match: 26,
  user_agent: 27,
  referer: 28,
  max_forwards: 29,
  via: 30,
  date: 31,
  server: 32,
  location: 33,
  refresh: 34,
  set_cookie: 35,
  content_type: 36,
  content_encoding: 37,
  content_language: 38,
  content_location: 39,
  content_disposition: 40,
  last_modified: 41,
  etag: 42,
  expires: 43,
  cache_control: 44,
  cdn_cache_control: 45,
  pragma: 46,
  accept: 47,
  accept_charset: 48,
  accept_encoding: 49,
  accept_language: 50,
  accept_ranges: 51,
  content_range: 52,
  vary: 53,
  x_accel_redirect: 54,
  x_accel_expires: 55,
  x_accel_buffering: 56,
  x_accel_charset: 57,
  x_accel_limit_rate: 58,
  x_pad: 59,
  www_authenticate: 60,
  proxy_authenticate: 61,
  retry_after: 62,
  age: 63,
  allow: 64,
  link: 65,
  origin: 66,
  alt_svc: 67,
  strict_transport_security: 68,
  cache_status: 69,
  warning: 70,
  status: 71,
  close: 72,
} as const

/** One of the `FIELD` numbers. */
export type FieldId = (typeof FIELD)[keyof typeof FIELD]

// Places in the stride of one field.
const NAME_START = 0
const NAME_END = 1
const VALUE_START = 2
const VALUE_END = 3
const LINE_END = 4
const HASH = 5
const ID = 6
const FLAGS = 7
const STRIDE = 8

const FIELDS_AT_START = 16

/** The line is `name: value` and CRLF, nothing more, so its bytes may be copied. */
export const FLAG_CANONICAL = 1
/** The field does not go on to the next hop. */
export const FLAG_HIDDEN = 2
/** The field counts as never sent: it is hidden, and not found by id or name either. */
export const FLAG_DROPPED = 4

/** The fields of one message, in their order, each as places in `text`. */
export class FieldList {
  /** The whole head as one latin-1 string; every span counts from its start. */
  text = ''
  count = 0
  #spans = new Int32Array(FIELDS_AT_START * STRIDE)
  /** Bit `id % 32` of every id there is: most fields that are asked for are not there. */
  #seen = 0
  #hasUncanonical = false

  /** Forgets all fields; the memory is kept. */
  reset(): void {
    this.text = ''
    this.count = 0
    this.#seen = 0
    this.#hasUncanonical = false
  }

  /** Takes over all of another list, which stays as it is. */
  copyFrom(other: FieldList): void {
    this.text = other.text
    this.count = other.count
    this.#spans = other.#spans.slice()
    this.#seen = other.#seen
    this.#hasUncanonical = other.#hasUncanonical
  }

  /** Appends a field; called by parsers that have checked its bytes. */
  add(
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    lineEnd: number,
    hash: number,
    id: number,
    flags: number,
  ): void {
    const at = this.count * STRIDE
    if (at === this.#spans.length) this.#grow()
    const spans = this.#spans
    spans[at] = nameStart
    spans[at + NAME_END] = nameEnd
    spans[at + VALUE_START] = valueStart
    spans[at + VALUE_END] = valueEnd
    spans[at + LINE_END] = lineEnd
    spans[at + HASH] = hash
    spans[at + ID] = id
    spans[at + FLAGS] = flags
    this.#seen |= 1 << id
    if ((flags & FLAG_CANONICAL) === 0) this.#hasUncanonical = true
    this.count++
  }

  nameStart(index: number): number {
    return this.#spans[index * STRIDE + NAME_START]!
  }

  nameEnd(index: number): number {
    return this.#spans[index * STRIDE + NAME_END]!
  }

  valueStart(index: number): number {
    return this.#spans[index * STRIDE + VALUE_START]!
  }

  valueEnd(index: number): number {
    return this.#spans[index * STRIDE + VALUE_END]!
  }

  /** Where the line starts: with its name, as nothing may stand before it. */
  lineStart(index: number): number {
    return this.#spans[index * STRIDE + NAME_START]!
  }

  /** The place after the line's LF. */
  lineEnd(index: number): number {
    return this.#spans[index * STRIDE + LINE_END]!
  }

  /** The name's `FIELD` number, 0 when it is not in the table. */
  id(index: number): number {
    return this.#spans[index * STRIDE + ID]!
  }

  /** The name's `hashName`. */
  hash(index: number): number {
    return this.#spans[index * STRIDE + HASH]!
  }

  /** The name as it was sent. */
  name(index: number): string {
    return this.text.slice(this.nameStart(index), this.nameEnd(index))
  }

  /** The value without the white space around it. */
  value(index: number): string {
    return this.text.slice(this.valueStart(index), this.valueEnd(index))
  }

  /**
   * Says whether the line is exactly `name: value CRLF`, so that its bytes may be copied as they
   * are.
   */
  isCanonical(index: number): boolean {
    return (this.#spans[index * STRIDE + FLAGS]! & FLAG_CANONICAL) !== 0
  }

  /** Marks a field as not to be passed on; it is still found by id and by name. */
  hide(index: number): void {
    this.#spans[index * STRIDE + FLAGS]! |= FLAG_HIDDEN
  }

  /** Hides a field and makes it as if it had never been sent. */
  drop(index: number): void {
    this.#spans[index * STRIDE + FLAGS]! |= FLAG_HIDDEN | FLAG_DROPPED
  }

  isHidden(index: number): boolean {
    return (this.#spans[index * STRIDE + FLAGS]! & FLAG_HIDDEN) !== 0
  }

  /** Index of the first field with this `FIELD` number at or after `from`, or -1. */
  findId(id: number, from = 0): number {
    if ((this.#seen & (1 << id)) === 0) return -1
    const spans = this.#spans
    const end = this.count * STRIDE
    for (let at = from * STRIDE; at < end; at += STRIDE) {
      if (spans[at + ID] === id && (spans[at + FLAGS]! & FLAG_DROPPED) === 0) return at / STRIDE
    }
    return -1
  }

  /**
   * Index of the first field with this name (in lower case, with its `hashName`) at or after
   * `from`, or -1.
   */
  findName(lowerName: string, hash: number, from = 0): number {
    const spans = this.#spans
    const end = this.count * STRIDE
    for (let at = from * STRIDE; at < end; at += STRIDE) {
      if (spans[at + HASH] !== hash || (spans[at + FLAGS]! & FLAG_DROPPED) !== 0) continue
      if (this.#isNamed(at, lowerName)) return at / STRIDE
    }
    return -1
  }

  /** False when no field has an id with one of these `1 << id % 32` bits. */
  mayHave(bits: number): boolean {
    return (this.#seen & bits) !== 0
  }

  /** Says whether every field that is not hidden has a canonical line. */
  isAllCanonical(): boolean {
    if (!this.#hasUncanonical) return true
    const end = this.count * STRIDE
    for (let at = 0; at < end; at += STRIDE) {
      if ((this.#spans[at + FLAGS]! & (FLAG_CANONICAL | FLAG_HIDDEN)) === 0) return false
    }
    return true
  }

  #isNamed(at: number, lowerName: string): boolean {
    const start = this.#spans[at]!
    if (this.#spans[at + NAME_END]! - start !== lowerName.length) return false
    for (let i = 0; i < lowerName.length; i++) {
      const lower = TOKEN_LOWER[this.text.charCodeAt(start + i) & 0xff]! & 0x7f
      if (lower !== lowerName.charCodeAt(i)) return false
    }
    return true
  }

  #grow(): void {
    const grown = new Int32Array(this.#spans.length * 2)
    grown.set(this.#spans)
    this.#spans = grown
  }
}

/** The hash that the parser rolls over the lower-cased bytes of a name. */
export function hashName(lowerName: string): number {
  let hash = 0
  for (let i = 0; i < lowerName.length; i++) {
    hash = (Math.imul(hash, 31) + TOKEN_LOWER[lowerName.charCodeAt(i) & 0xff]!) | 0
  }
  return hash
}

// Open addressing: the slot holds an id, 0 is empty. A quarter full at most, so that unknown names
// miss at once.
const SLOTS = 512
const SLOT_IDS = new Uint8Array(SLOTS)
const NAMES: string[] = []
const NAME_BYTES: Uint8Array[] = []
const HASHES = new Int32Array(256)
buildLookup()

/** The `FIELD` number of a name in lower case, 0 when it is not in the table. */
export function lookupFieldId(lowerName: string): number {
  const hash = hashName(lowerName)
  for (let slot = slotOf(hash); SLOT_IDS[slot] !== 0; slot = (slot + 1) % SLOTS) {
    if (NAMES[SLOT_IDS[slot]!] === lowerName) return SLOT_IDS[slot]!
  }
  return 0
}

/**
 * The `FIELD` number of the name in `bytes[start, end)` whose rolled hash is `hash`, 0 when it is
 * not known.
 */
export function lookupFieldBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  hash: number,
): number {
  let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
  for (;;) {
    const id = SLOT_IDS[slot]!
    if (id === 0) return 0
    // The bytes are compared too: anybody can make a name with a given hash.
    if (HASHES[id] === hash && isNameAt(bytes, start, end, NAME_BYTES[id]!)) return id
    slot = (slot + 1) & (SLOTS - 1)
  }
}

function isNameAt(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false
  for (let i = 0; i < name.length; i++) {
    if (TOKEN_LOWER[bytes[start + i]!] !== name[i]) return false
  }
  return true
}

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & (SLOTS - 1)
}

function buildLookup(): void {
  for (const [key, id] of Object.entries(FIELD)) {
    if (id === 0) continue
    const name = key.replaceAll('_', '-')
    NAMES[id] = name
    NAME_BYTES[id] = Uint8Array.from(name, char => char.charCodeAt(0))
    HASHES[id] = hashName(name)
    let slot = slotOf(HASHES[id]!)
    while (SLOT_IDS[slot] !== 0) slot = (slot + 1) % SLOTS
    SLOT_IDS[slot] = id
  }
}
