// What one variable gives for one exchange. Texts are latin-1: one character is one byte of what came or goes.
// A variable may have no value at all, which is not the empty text: in a template both are empty, in the access log
// a missing value is a hyphen (http://nginx.org/en/docs/http/ngx_http_log_module.html).

import type { Exchange } from './exchange.ts'

/** The value of one variable, null where there is none. */
export type Variable = (exchange: Exchange) => string | null

/** Variables by name. */
export type VariableTable = Readonly<Record<string, Variable>>

/** For variables that belong to what a plain connection does not have (TLS, PROXY protocol, limits). */
export function missing(): null {
  return null
}

/** For variables that are there and empty. */
export function empty(): string {
  return ''
}

const DIGITS: readonly string[] = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'))

/** Three digits of a number below 1000. */
export function threeDigits(number: number): string {
  return DIGITS[number] ?? String(number)
}

/** Milliseconds as nginx writes times: `0.003`. */
export function secondsText(ms: number): string {
  const whole = ms > 0 ? Math.floor(ms) : 0
  return `${Math.floor(whole / 1000)}.${DIGITS[whole % 1000]}`
}

const NOT_ASCII = /[^\x00-\x7f]/

/** Text of a configuration as bytes: what was written in UTF-8 goes out in UTF-8. */
export function byteText(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}

/** The other way: bytes that name a file, as the text that the platform's calls take. */
export function pathText(bytes: string): string {
  return NOT_ASCII.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes
}
