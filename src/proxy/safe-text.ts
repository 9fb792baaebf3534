// What variables bring into a head that we write. A path is decoded before locations are looked for, so `$uri` and the
// captures of a regex may hold line breaks and spaces that the client sent as `%0d%0a` and `%20`: put into a head as they
// are, they would start a field, or a whole request, that nobody meant.

import type { Exchange } from './exchange.ts'

/** Whether variables may hold bytes that could not stand in the request as it came; false for nearly every request. */
export function mayHoldDecoded(exchange: Exchange): boolean {
  return exchange.isInternal || !exchange.head.target.startsWith(exchange.uri)
}

/** The text as the value of a field: line breaks and NUL are escaped. */
export function fieldText(value: string): string {
  return /[\r\n\0]/.test(value) ? value.replace(/[\r\n\0]/g, escapeChar) : value
}

/** The text as a request target: also what may not stand in a request line is escaped. */
export function targetText(target: string): string {
  return /[^!"$-~]/.test(target) ? target.replace(/[^!"$-~]/g, escapeChar) : target
}

function escapeChar(char: string): string {
  const code = char.charCodeAt(0) & 0xff
  return `%${code.toString(16).toUpperCase().padStart(2, '0')}`
}
