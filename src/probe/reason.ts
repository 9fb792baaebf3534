// Words of reasons: short, in one line, and safe to print whatever a peer sent.

import { errnoText } from '../base/errno-text.ts'
import { systemErrorCode } from '../base/system-error.ts'
import { PROBE_LIMITS } from './limits.ts'

/** Control characters, and those that turn the direction of a line. */
const UNPRINTABLE = /[\0-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** `5,120` */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** `5,120 bytes` */
export function bytesText(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${grouped(bytes)} bytes`
}

/** `1,200 ms` */
export function msText(ms: number): string {
  return `${grouped(ms)} ms`
}

/** Somebody else's text as part of one line: no control characters, and not too long. */
export function plain(text: string): string {
  const isLong = text.length > PROBE_LIMITS.quoteLengthMax
  const shown = isLong ? text.slice(0, PROBE_LIMITS.quoteLengthMax) : text
  const safe = shown.replace(UNPRINTABLE, char => {
    const code = char.charCodeAt(0)
    if (char === '\n') return '\\n'
    if (char === '\r') return '\\r'
    if (char === '\t') return '\\t'
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`
  })
  return isLong ? `${safe}…` : safe
}

/** The same in quotes. */
export function quoted(text: string): string {
  return `"${plain(text)}"`
}

/** What was thrown, in words; whatever it is, this does not throw. Empty = it says nothing. */
export function thrownText(thrown: unknown): string {
  try {
    const text = thrown instanceof Error ? thrown.message || thrown.name : thrown
    return plain(String(text))
  } catch {
    return 'what was thrown cannot be shown'
  }
}

/** `, at file.ts:1:2`: the first place of a stack; empty = none is known. */
export function placeOf(error: unknown): string {
  const stack = error instanceof Error && typeof error.stack === 'string' ? error.stack : ''
  const place = /([^/\\\s(]+:\d+:\d+)\)?$/m.exec(stack)?.[1]
  return place === undefined ? '' : `, at ${place}`
}

/** `/etc/check.mjs:3`: what the runtime writes above an error in a text; empty = nothing. */
export function placeFrom(text: string): string {
  const [, file, line] = /^(?:file:\/\/)?(\/.*?)(?:\?changed=[\d.]+)?:(\d+)$/m.exec(text) ?? []
  return file === undefined ? '' : plain(`${file}:${line}`)
}

/**
 * What went wrong with a connection.
 *
 * @param call the system call that fails with errors of the system at this step: `connect`, `recv`
 */
export function connectionFault(call: string, error: unknown): string {
  const code = systemErrorCode(error)
  const errno = errnoText(code)
  if (errno !== null) return `${call}() failed (${errno})`
  const { reason, message } = (error ?? {}) as { reason?: unknown; message?: unknown }
  if (code.startsWith('ERR_SSL_')) {
    return `TLS failed (${plain(typeof reason === 'string' ? reason : code)})`
  }
  const text = typeof message === 'string' && message !== '' ? message : String(error)
  return plain(code === '' || text.includes(code) ? text : `${text} (${code})`)
}
