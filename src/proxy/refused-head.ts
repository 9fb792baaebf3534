// What is known of a request whose head was refused, or never came whole: as much as nginx had read when it refused it,
// line by line. So the log has the request line, and the server of a Host that was read answers with its error pages.
// Refusals are rare: here the head is read again, from its text, in nginx's order and for nginx's words.

import { errnoText } from '../base/errno-text.ts'
import { type Failure, type FailureKind, failureReason, failureText } from '../base/failure.ts'
import { FIELD, lookupFieldId } from '../http/field-list.ts'
import { parseFieldLines } from '../http/field-parser.ts'
import { parseAuthority } from '../http/host.ts'
import type { RequestHead } from '../http/request-parser.ts'
import { TOKEN_LOWER, VALUE_BYTE } from '../http/tokens.ts'
import type { ClientSettings } from '../model/settings.ts'

/** How a refusal is told and counted. */
export interface Refusal {
  /** In nginx's words, with what was being read. */
  readonly text: string
  /** Our own rule, where nginx has none or other words. */
  readonly reason: string
  /** Bytes of the request that count as read (`$request_length`). */
  readonly bytes: number
}

/** Kinds for which nginx refuses the first line itself. */
const LINE_KINDS: ReadonlySet<FailureKind> = new Set([
  'bad_request_line',
  'bad_method',
  'bad_target',
  'bad_version',
  'target_too_long',
])

/** Longest part of a header line that is shown. */
const SHOWN_BYTES_MAX = 1_748
const FIELDS_MAX = 10_000
const LINE = / +HTTP\/1\.(\d)\r?\n/
const HOST_LINE = /^host:/i

/**
 * Reads again what of `head` may be known after `failure`, and leaves only that in it.
 *
 * @param head its `fields.text` holds the bytes that came, whole or not
 * @param client of the server that takes what matches no name
 */
export function readRefused(head: RequestHead, failure: Failure, client: ClientSettings): Refusal {
  const { text } = head.fields
  head.reset()
  head.isKeepAlive = false
  const line = /^[^\r\n]*/.exec(text)![0]
  const found = LINE_KINDS.has(failure.failure) ? null : LINE.exec(text.slice(0, line.length + 2))
  if (found === null) {
    const { largeHeaderBuffers, headerBufferBytes } = client
    const bytesMax = Math.max(largeHeaderBuffers.bytes, headerBufferBytes)
    head.fields.text = line.slice(0, bytesMax)
    return { text: lineText(failure, line), reason: failureReason(failure), bytes: 0 }
  }
  const lineEnd = found.index + found[0].length
  head.lineBytes = line.length
  head.method = line.slice(0, line.indexOf(' '))
  head.minor = found[1] === '0' ? 0 : 1
  if (failure.failure === 'bad_path') {
    head.fields.text = text.slice(0, lineEnd)
    return { text: lineText(failure, line), reason: failureReason(failure), bytes: lineEnd }
  }
  readTarget(head, line.slice(head.method.length, found.index).trim())
  const stop = readFields(text, lineEnd, head, client)
  keepFields(text.slice(0, stop.fieldsEnd), lineEnd, head, client)
  const words = stop.text ?? headerWords(failure, head)
  return {
    text: `${words} while reading client request headers`,
    reason: failureReason(failure),
    bytes: stop.readEnd,
  }
}

function lineText(failure: Failure, line: string): string {
  const isMethodRead = /^[A-Z_-]+ /.test(line)
  const isInvalid = failure.failure.startsWith('bad_') && failure.failure !== 'bad_version'
  const words = isInvalid && !isMethodRead ? 'client sent invalid method' : goneWords(failure)
  return `${words} while reading client request line`
}

/** The target in origin form; what the absolute form says of the host counts more than Host. */
function readTarget(head: RequestHead, target: string): void {
  const absolute = /^https?:\/\/([^/?]*)(.*)$/i.exec(target)
  if (absolute === null) {
    head.target = target
    return
  }
  const [, authority = '', rest = ''] = absolute
  head.isAbsolute = true
  head.target = rest.startsWith('/') ? rest : `/${rest}`
  head.authority = authority
  head.host = parseAuthority(authority)?.host ?? ''
}

/** Where the reading of the fields ended, and nginx's words where a line was the reason. */
interface Stop {
  /** What may be found by `$http_NAME` ends here. */
  readonly fieldsEnd: number
  readonly readEnd: number
  readonly text: string | null
}

function readFields(text: string, from: number, head: RequestHead, client: ClientSettings): Stop {
  const { largeHeaderBuffers, headerBufferBytes } = client
  const lineBytesMax = Math.max(largeHeaderBuffers.bytes, headerBufferBytes)
  const bytesMax = headerBufferBytes + largeHeaderBuffers.bytes * largeHeaderBuffers.count
  let host = ''
  let length = ''
  let at = from
  while (at < text.length) {
    const lineFeed = text.indexOf('\n', at)
    const end = lineFeed === -1 ? text.length : lineFeed + 1
    if (end - at > lineBytesMax || end > bytesMax) {
      const shown = text.slice(at, at + SHOWN_BYTES_MAX).replace(/[\r\n].*/s, '')
      return stopAt(at, at, `client sent too long header line: "${shown}..."`)
    }
    if (lineFeed === -1) break
    const line = text.slice(at, end).replace(/\r?\n$/, '')
    if (line === '') return stopAt(at, end, null)
    const bad = badByteAt(text, at)
    if (bad !== -1) {
      const shown = text.slice(at, bad) + escapedByte(text.charCodeAt(bad))
      return stopAt(at, at, `client sent invalid header line: "${shown}..."`)
    }
    if (HOST_LINE.test(line)) {
      const words = hostWords(line, host, head)
      if (words !== null) return stopAt(host === '' ? end : at, end, words)
      host = line
    }
    if (lookupFieldId(line.slice(0, line.indexOf(':')).toLowerCase()) === FIELD.content_length) {
      if (length !== '') return stopAt(at, end, duplicate('header line', line, length))
      length = line
    }
    at = end
  }
  return stopAt(at, at, null)
}

function stopAt(fieldsEnd: number, readEnd: number, text: string | null): Stop {
  return { fieldsEnd, readEnd, text }
}

/** Index of the byte of a field line that none may have; -1 when it is good. */
function badByteAt(text: string, start: number): number {
  let at = start
  while (TOKEN_LOWER[text.charCodeAt(at) & 0xff] !== 0) at++
  if (at === start || text[at] !== ':') return at
  at++
  while (VALUE_BYTE[text.charCodeAt(at) & 0xff] === 1) at++
  return text[at] === '\n' || text.startsWith('\r\n', at) ? -1 : at
}

function escapedByte(code: number): string {
  return `\\x${(code & 0xff).toString(16).padStart(2, '0')}`
}

/** Takes the Host of a field line; gives nginx's words where it cannot be taken. */
function hostWords(line: string, earlier: string, head: RequestHead): string | null {
  if (earlier !== '') return duplicate('host header', line, earlier)
  const value = line.slice(line.indexOf(':') + 1).trim()
  const authority = parseAuthority(value)
  if (authority === null) return 'client sent invalid host header'
  if (head.isAbsolute) return null
  head.authority = value
  head.host = authority.host
  return null
}

function duplicate(what: string, line: string, earlier: string): string {
  return `client sent duplicate ${what}: "${line}", previous value: "${earlier}"`
}

/** Fills the fields of a head from the lines of `text`, which are good. */
function keepFields(
  text: string,
  lineEnd: number,
  head: RequestHead,
  client: ClientSettings,
): void {
  const { fields } = head
  fields.text = `${text}\r\n`
  const bytes = Buffer.from(fields.text, 'latin1')
  const limits = {
    lineBytesMax: bytes.length,
    headBytesMax: bytes.length,
    fieldLineBytesMax: bytes.length,
    fieldsMax: FIELDS_MAX,
    allowUnderscores: client.allowsUnderscores,
    ignoreInvalidFields: true,
  }
  const rules = { bad: 'bad_field', large: 'head_too_large', allowAnyToken: false } as const
  parseFieldLines(bytes, 0, lineEnd, bytes.length, fields, limits, rules)
}

/** nginx's words for a head whose lines are good, but not what they say together. */
function headerWords(failure: Failure, head: RequestHead): string {
  const { fields } = head
  const coding = fields.findId(FIELD.transfer_encoding)
  switch (failure.failure) {
    case 'bad_host':
      return 'client sent HTTP/1.1 request without "Host" header'
    case 'bad_content_length':
      if (coding === -1) return failureText(failure)
      return 'client sent "Content-Length" and "Transfer-Encoding" headers at the same time'
    case 'bad_transfer_encoding':
    case 'unknown_transfer_coding':
      if (head.minor === 0) return 'client sent HTTP/1.0 request with "Transfer-Encoding" header'
      return `client sent unknown "Transfer-Encoding": "${coding === -1 ? '' : fields.value(coding)}"`
    case 'client_gone':
      return goneWords(failure)
    case 'head_too_large':
      return 'client sent too many header lines'
    default:
      return failureText(failure)
  }
}

/** nginx calls a broken connection by the call that met it; of anything else these are the failure's own words. */
function goneWords(failure: Failure): string {
  const errno = failure.failure === 'client_gone' ? errnoText(failure.detail) : null
  return errno === null ? failureText(failure) : `recv() failed (${errno})`
}
