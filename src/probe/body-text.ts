// The first bytes of a body as text: with a compression undone that nobody asked for, in bounds,
// and as UTF-8 when they are UTF-8, else byte by byte.

import { isAscii, isUtf8 } from 'node:buffer'
import {
  brotliDecompressSync,
  constants,
  inflateSync,
  unzipSync,
  zstdDecompressSync,
} from 'node:zlib'
import { PROBE_BODY_BYTES_MAX } from '../model/probe.ts'
import { PROBE_LIMITS } from './limits.ts'
import { bytesText, plain, quoted } from './reason.ts'

export interface BodyText {
  readonly text: string
  /** Why it cannot be read; empty = it can. */
  readonly fault: string
}

/** Undoes a coding; what is cut off is read as far as it goes. */
const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: bytes => unzipSync(bytes, CUT),
  'x-gzip': bytes => unzipSync(bytes, CUT),
  deflate: bytes => inflateSync(bytes, CUT),
  br: bytes =>
    brotliDecompressSync(bytes, {
      finishFlush: constants.BROTLI_OPERATION_FLUSH,
      maxOutputLength: PROBE_LIMITS.inflatedBytesMax,
    }),
  zstd: bytes =>
    zstdDecompressSync(bytes, {
      finishFlush: constants.ZSTD_e_flush,
      maxOutputLength: PROBE_LIMITS.inflatedBytesMax,
    }),
}

const CUT = {
  finishFlush: constants.Z_SYNC_FLUSH,
  maxOutputLength: PROBE_LIMITS.inflatedBytesMax,
} as const

/**
 * Reads the first bytes of a body.
 *
 * @param coding its Content-Encoding; empty = none
 */
export function readBodyText(bytes: Buffer, coding: string): BodyText {
  const name = coding.trim().toLowerCase()
  if (name === '' || name === 'identity' || bytes.length === 0) {
    return { text: decodeText(bytes), fault: '' }
  }
  const decode = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined
  if (decode === undefined) {
    return { text: '', fault: `body has a coding that cannot be read, ${quoted(coding)}` }
  }
  try {
    const decoded = decode(bytes).subarray(0, PROBE_BODY_BYTES_MAX)
    return { text: decodeText(decoded), fault: '' }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const fault =
      code === 'ERR_BUFFER_TOO_LARGE'
        ? `body expands to more than ${bytesText(PROBE_LIMITS.inflatedBytesMax)} (${name})`
        : `body is no good ${name} (${plain(message)})`
    return { text: '', fault }
  }
}

/** Bytes as UTF-8, perhaps with its last character cut off; else each byte as a character. */
export function decodeText(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1')
  for (let cut = 0; cut <= 3 && cut <= bytes.length; cut++) {
    const part = bytes.subarray(0, bytes.length - cut)
    if (isUtf8(part)) return part.toString('utf8')
    // Only the start of a character may be missing its rest.
    if (bytes[bytes.length - cut - 1]! < 0x80) break
  }
  return bytes.toString('latin1')
}
