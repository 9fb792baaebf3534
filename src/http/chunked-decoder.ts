// Takes a chunked body apart (RFC 9112 §7.1) as the bytes arrive, in any split of reads. Sizes are
// bare hex digits, lines end with CRLF and nothing else, extensions are bounded and dropped: each
// leniency here is a known way to smuggle a request. The chunks that go on are made anew by whoever
// sends the body.

import { type Failure, fail } from '../base/failure.ts'
import { FIELD, FieldList } from './field-list.ts'
import { describeByte, type FieldRules, parseFieldLines } from './field-parser.ts'
import { latin1Text } from './latin1.ts'
import type { HeadLimits } from './request-parser.ts'
import { startsWithIgnoreCase, TOKEN_LOWER, VALUE_BYTE } from './tokens.ts'

/** Takes the body's bytes; they are borrowed until the call returns. */
export interface ChunkSink {
  onChunkData(bytes: Buffer, from: number, to: number): void
}

/** Hex digits of a chunk's size, leading zeros with them. */
export const CHUNK_SIZE_DIGITS_MAX = 16
/** Bytes of all chunk extensions of one message. */
export const CHUNK_EXTENSION_BYTES_MAX = 4096
/** Bytes of the trailer section. */
export const TRAILER_BYTES_MAX = 8192
/** Fields in the trailer section. */
export const TRAILER_FIELDS_MAX = 64

const SIZE = 0
const EXTENSION = 1
const SIZE_LF = 2
const DATA = 3
const DATA_CR = 4
const DATA_LF = 5
const TRAILER = 6
const DONE = 7
const FAILED = 8

// Places in a chunk extension.
const PLACE_NAME_START = 0
const PLACE_NAME = 1
const PLACE_VALUE_START = 2
const PLACE_VALUE = 3
const PLACE_QUOTED = 4
const PLACE_ESCAPE = 5
const PLACE_AFTER_QUOTES = 6
const PLACE_END = 7
const PLACE_BAD = 8

const LF = 0x0a
const CR = 0x0d

const TRAILER_LIMITS: HeadLimits = {
  lineBytesMax: TRAILER_BYTES_MAX,
  headBytesMax: TRAILER_BYTES_MAX,
  fieldsMax: TRAILER_FIELDS_MAX,
  fieldLineBytesMax: TRAILER_BYTES_MAX,
  allowUnderscores: false,
  ignoreInvalidFields: true,
}

const CLIENT_RULES: FieldRules = { bad: 'bad_chunk', large: 'bad_chunk', allowAnyToken: false }
const PEER_RULES: FieldRules = {
  bad: 'bad_response_framing',
  large: 'bad_response_framing',
  allowAnyToken: true,
}

/** Per byte: the value of a hex digit, or 255. */
const HEX_VALUE = buildHexTable()

/** Per `FIELD` number: 1 for names that a trailer section must not hold (RFC 9110 §6.5.1). */
const IS_NO_TRAILER = buildNoTrailerTable()

/** Decodes one chunked body after another; holds no bytes but those of a trailer section. */
export class ChunkedDecoder {
  /** The whole body with its trailer section has been read. */
  isDone = false
  failure: Failure | null = null
  /** The trailer section, null when it is empty; good until the next `reset`. */
  trailers: FieldList | null = null
  #rules = CLIENT_RULES
  #state = SIZE
  /** Hex digits read of the size at hand. */
  #digits = 0
  /** While the size is read: its value so far; after that: the bytes of the chunk still to come. */
  #left = 0
  /** Where in an extension. */
  #place = PLACE_NAME_START
  #extensionBytes = 0
  #trailerBytes: Buffer | null = null
  #trailerCount = 0
  #trailerFields: FieldList | null = null

  /** Makes ready for the next body; `side` says whose failure a bad one is. */
  reset(side: 'client' | 'peer'): void {
    this.isDone = false
    this.failure = null
    this.trailers = null
    this.#rules = side === 'client' ? CLIENT_RULES : PEER_RULES
    this.#state = SIZE
    this.#digits = 0
    this.#left = 0
    this.#extensionBytes = 0
    this.#trailerCount = 0
  }

  /**
   * Reads `bytes[from, to)` up to the body's end and gives each run of body bytes to `sink`.
   *
   * @returns the index after the last byte read: less than `to` only when `isDone` or `failure` is
   * set
   */
  decode(bytes: Buffer, from: number, to: number, sink: ChunkSink): number {
    let at = from
    while (at < to) {
      switch (this.#state) {
        case DATA: {
          const end = to - at < this.#left ? to : at + this.#left
          sink.onChunkData(bytes, at, end)
          this.#left -= end - at
          at = end
          if (this.#left === 0) this.#state = DATA_CR
          break
        }
        case DATA_CR:
          if (bytes[at] !== CR) return this.#refuse(at, 'no CRLF after the chunk')
          this.#state = DATA_LF
          at++
          break
        case DATA_LF:
          if (bytes[at] !== LF) return this.#refuse(at, 'no CRLF after the chunk')
          this.#state = SIZE
          at++
          break
        case SIZE:
          at = this.#readSize(bytes, at, to)
          break
        case EXTENSION:
          at = this.#readExtension(bytes, at, to)
          break
        case SIZE_LF:
          if (bytes[at] !== LF) return this.#refuse(at, 'no CRLF after the size')
          this.#state = this.#left === 0 ? TRAILER : DATA
          this.#digits = 0
          at++
          break
        case TRAILER:
          at = this.#readTrailer(bytes, at, to)
          break
        default:
          return at
      }
    }
    return at
  }

  #readSize(bytes: Buffer, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!
      const value = HEX_VALUE[byte]!
      if (value === 255) {
        if (this.#digits === 0) return this.#refuse(at, `${describeByte(byte, 0)} of a size`)
        if (byte === CR) this.#state = SIZE_LF
        else if (byte === 0x3b /* ; */) this.#startExtension()
        else return this.#refuse(at, `${describeByte(byte, this.#digits)} of a size`)
        return at + 1
      }
      if (++this.#digits > CHUNK_SIZE_DIGITS_MAX) return this.#refuse(at, 'size too long')
      this.#left = this.#left * 16 + value
      if (this.#left > Number.MAX_SAFE_INTEGER) return this.#refuse(at, 'size over 2^53-1')
    }
    return to
  }

  #startExtension(): void {
    this.#state = EXTENSION
    this.#place = PLACE_NAME_START
  }

  /**
   * Reads `;name`, `;name=token` and `;name="quoted"`, without the white space that the grammar
   * calls bad.
   */
  #readExtension(bytes: Buffer, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!
      const place = nextPlace(this.#place, byte)
      if (place === PLACE_BAD) return this.#refuse(at, `${describeByte(byte, 0)} in an extension`)
      this.#place = place
      if (place === PLACE_END) {
        this.#state = SIZE_LF
        return at + 1
      }
      if (++this.#extensionBytes > CHUNK_EXTENSION_BYTES_MAX) {
        return this.#refuse(at, 'chunk extensions too long')
      }
    }
    return to
  }

  /** Gathers the trailer section up to its empty line, then reads its fields. */
  #readTrailer(bytes: Buffer, from: number, to: number): number {
    const gathered = (this.#trailerBytes ??= Buffer.allocUnsafeSlow(TRAILER_BYTES_MAX))
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!
      const count = this.#trailerCount
      if (count === TRAILER_BYTES_MAX) return this.#refuse(at, 'trailer section too long')
      gathered[count] = byte
      this.#trailerCount = count + 1
      const isAfterCr = count > 0 && gathered[count - 1] === CR
      if (isAfterCr !== (byte === LF)) {
        return this.#refuse(at, 'CR or LF alone in the trailer section')
      }
      if (byte !== LF) continue
      const isEmptyLine = count === 1 || (count >= 3 && gathered[count - 2] === LF)
      if (!isEmptyLine) continue
      if (count > 1 && !this.#parseTrailers(gathered, count + 1)) return at
      this.#state = DONE
      this.isDone = true
      return at + 1
    }
    return to
  }

  #parseTrailers(gathered: Buffer, end: number): boolean {
    const fields = (this.#trailerFields ??= new FieldList())
    fields.reset()
    fields.text = latin1Text(gathered, 0, end)
    this.failure = parseFieldLines(gathered, 0, 0, end, fields, TRAILER_LIMITS, this.#rules)
    if (this.failure !== null) {
      this.#state = FAILED
      return false
    }
    for (let i = 0; i < fields.count; i++) {
      const isForwarding =
        startsWithIgnoreCase(fields.text, 'x-forwarded-', fields.nameStart(i)) ||
        startsWithIgnoreCase(fields.text, 'x-accel-', fields.nameStart(i))
      if (isForwarding || IS_NO_TRAILER[fields.id(i)] === 1) fields.drop(i)
    }
    this.trailers = fields
    return true
  }

  #refuse(at: number, detail: string): number {
    this.#state = FAILED
    this.failure = fail(this.#rules.bad, detail)
    return at
  }
}

/** The place in an extension after `byte` (RFC 9112 §7.1.1). */
function nextPlace(place: number, byte: number): number {
  if (place === PLACE_QUOTED) {
    if (byte === 0x22 /* " */) return PLACE_AFTER_QUOTES
    if (byte === 0x5c /* \ */) return PLACE_ESCAPE
    return isText(byte) ? PLACE_QUOTED : PLACE_BAD
  }
  if (place === PLACE_ESCAPE) return isText(byte) ? PLACE_QUOTED : PLACE_BAD
  const isToken = TOKEN_LOWER[byte] !== 0
  if (place === PLACE_NAME_START) return isToken ? PLACE_NAME : PLACE_BAD
  if (place === PLACE_VALUE_START) {
    if (byte === 0x22) return PLACE_QUOTED
    return isToken ? PLACE_VALUE : PLACE_BAD
  }
  if (byte === CR) return PLACE_END
  if (byte === 0x3b /* ; */) return PLACE_NAME_START
  if (byte === 0x3d /* = */ && place === PLACE_NAME) return PLACE_VALUE_START
  return isToken && place !== PLACE_AFTER_QUOTES ? place : PLACE_BAD
}

/** No control byte, not even a tab. */
function isText(byte: number): boolean {
  return byte !== 0x09 && VALUE_BYTE[byte] === 1
}

function buildHexTable(): Uint8Array {
  const table = new Uint8Array(256).fill(255)
  for (let value = 0; value < 16; value++) {
    const digit = value.toString(16)
    table[digit.charCodeAt(0)] = value
    table[digit.toUpperCase().charCodeAt(0)] = value
  }
  return table
}

/**
 * Framing, routing, authentication, request conditions, response control, and how to read the
 * content.
 */
function buildNoTrailerTable(): Uint8Array {
  const table = new Uint8Array(256)
  const names = [
    ...[FIELD.content_length, FIELD.transfer_encoding, FIELD.trailer, FIELD.te, FIELD.connection],
    ...[FIELD.keep_alive, FIELD.proxy_connection, FIELD.upgrade, FIELD.http2_settings],
    ...[FIELD.host, FIELD.forwarded, FIELD.x_real_ip, FIELD.via, FIELD.max_forwards],
    ...[FIELD.authorization, FIELD.proxy_authorization, FIELD.cookie, FIELD.set_cookie],
    ...[FIELD.www_authenticate, FIELD.proxy_authenticate, FIELD.expect, FIELD.range],
    ...[FIELD.if_range, FIELD.if_match, FIELD.if_none_match, FIELD.if_modified_since],
    ...[FIELD.if_unmodified_since, FIELD.cache_control, FIELD.pragma, FIELD.age, FIELD.date],
    ...[FIELD.expires, FIELD.location, FIELD.retry_after, FIELD.vary, FIELD.warning],
    ...[FIELD.content_encoding, FIELD.content_type, FIELD.content_range, FIELD.status],
  ]
  for (const id of names) table[id] = 1
  return table
}
