// What a refused response head shows of itself in the error log: the line that was refused up to its bad byte, as nginx
// quotes it. Refusals are rare: the head is read again from its text, and the parser keeps nothing for them.

import type { Failure } from '../base/failure.ts'
import { TOKEN_LOWER, VALUE_BYTE } from '../http/tokens.ts'

/** Longest part of a line that is shown. */
const SHOWN_CHARS_MAX = 1_024

/** The same failure with what it quotes of the head, where it was a field that was refused. */
export function withQuote(failure: Failure, head: string): Failure {
  const quote = quoteOf(failure, head)
  return quote === '' ? failure : { ...failure, quote }
}

function quoteOf({ failure, detail }: Failure, head: string): string {
  if (failure === 'bad_response') return badLineOf(head)
  if (failure !== 'bad_response_framing') return ''
  if (detail.startsWith('Content-Length is')) return shown(lineOf(head, 'content-length'))
  return detail === 'unknown transfer coding' ? shown(fieldValueOf(head, 'transfer-encoding')) : ''
}

/** `X-Name: val\x07`: the first field line with a byte that has no place in it, up to that byte. */
function badLineOf(head: string): string {
  let at = head.indexOf('\n') + 1
  while (at > 0 && at < head.length && !isEmptyLine(head, at)) {
    const bad = badByteAt(head, at)
    if (bad !== -1) {
      const code = (head.charCodeAt(bad) & 0xff).toString(16).padStart(2, '0')
      return `${shown(head.slice(at, bad))}\\x${code}`
    }
    at = head.indexOf('\n', at) + 1
  }
  return ''
}

function isEmptyLine(head: string, at: number): boolean {
  return head[at] === '\n' || head.startsWith('\r\n', at)
}

/** Index of the byte of a field line that none may have; -1 when it is good. */
function badByteAt(head: string, start: number): number {
  let at = start
  while (TOKEN_LOWER[head.charCodeAt(at) & 0xff] !== 0) at++
  if (at === start || head[at] !== ':') return at
  at++
  while (VALUE_BYTE[head.charCodeAt(at) & 0xff] === 1) at++
  return isEmptyLine(head, at) ? -1 : at
}

/** The last line with that name; the ones before it were taken. */
function lineOf(head: string, lowerName: string): string {
  const lines = head.split(/\r?\n/)
  return lines.findLast(line => line.toLowerCase().startsWith(`${lowerName}:`)) ?? ''
}

function fieldValueOf(head: string, lowerName: string): string {
  const line = lineOf(head, lowerName)
  return line.slice(line.indexOf(':') + 1).trim()
}

function shown(text: string): string {
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}...` : text
}
