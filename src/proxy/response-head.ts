// The response head that goes to the client: status line, our Server and Date, the peer's fields in runs as they were
// read, then what `add_header` and `expires` add, and the framing, which is always re-made. Compiled once per location.

import type { Clock } from '../base/clock.ts'
import { formatHttpDate } from '../http/date.ts'
import { FIELD, type FieldList } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { mayHaveBody, statusText } from '../http/status.ts'
import { absoluteUrl } from './answer.ts'
import type { RewriteCookie } from './cookie-rules.ts'
import type { Exchange } from './exchange.ts'
import { type PassedFields, sharedPassedFields } from './passed-fields.ts'
import {
  type Extra,
  type ExtraOptions,
  isReplacing,
  makeExtra,
  NO_EXTRA,
  WHOLE_EXTRA,
} from './response-extras.ts'
import type { TrailerRules } from './trailers.ts'

/** How the body goes to the client; `length`: with Content-Length as given, or there is none. */
export type OutgoingFraming = 'length' | 'chunked' | 'close'

/** Rewrites a Location or Refresh of the peer; the same string when no rule applies. */
export type RewriteLocation = (exchange: Exchange, value: string) => string

export interface ResponseTemplateOptions extends ExtraOptions {
  readonly clock: Clock
  /** Value of Server; empty sends none. */
  readonly server: string
  /** Lower case. */
  readonly hideFields: readonly string[]
  readonly rewriteLocation: RewriteLocation | null
  readonly rewriteCookie: RewriteCookie | null
  readonly keepaliveHeaderSeconds: number
  readonly trailers: TrailerRules | null
}

/** How a stored response is answered. */
export interface StoredAnswer {
  readonly status: number
  /** Ready-made field lines, each with CRLF. */
  readonly lines: string
  /** Bytes of the body; -1 = no Content-Length. */
  readonly length: number
  readonly framing: OutgoingFraming
  readonly isKeepAlive: boolean
  readonly dropsType: boolean
  /** We say whether parts can be asked for, and not the stored field. */
  readonly dropsRanges: boolean
  /** They can. */
  readonly isRanged: boolean
  /** The Date is that of the stored response, and not ours. */
  readonly keepsDate: boolean
  /** The head is the entry's own, and always the same. */
  readonly isKept: boolean
  /** Stored fields that stay behind, lower case. */
  readonly hides: readonly string[]
}

/** The lines that change once a second. */
class StampLines {
  readonly #clock: Clock
  readonly #server: string
  #second = -1
  #lines = ''

  constructor(clock: Clock, server: string) {
    this.#clock = clock
    this.#server = server === '' ? '' : `Server: ${server}\r\n`
  }

  get(): string {
    const second = this.#clock.wallSeconds
    if (second !== this.#second) {
      this.#second = second
      this.#lines = `${this.#server}Date: ${formatHttpDate(second)}\r\n`
    }
    return this.#lines
  }
}

export class ResponseTemplate {
  readonly #options: ResponseTemplateOptions
  readonly #stamp: StampLines
  readonly #passed: PassedFields
  readonly #keepAliveLines: string
  readonly #needsCare: boolean
  /** Fields that are written anew, with what makes their values; those that stay behind are not among them. */
  readonly #rewrites: readonly (readonly [id: number, rewrite: RewriteLocation])[]
  readonly #stored = new WeakMap<ResponseHead, string>()
  /** The last head that was made of a peer's, and of what: a hot answer is made once a second. */
  #madeOf = ''
  #madeAt = ''
  #madeFraming: OutgoingFraming = 'length'
  #madeKeepAlive = false
  #made = ''

  constructor(options: ResponseTemplateOptions) {
    this.#options = options
    this.#stamp = new StampLines(options.clock, options.server)
    this.#rewrites = rewritesOf(options)
    this.#passed = sharedPassedFields(
      options.hideFields,
      this.#rewrites.map(([id]) => id),
    )
    const seconds = options.keepaliveHeaderSeconds
    this.#keepAliveLines = `Connection: keep-alive\r\n${seconds > 0 ? `Keep-Alive: timeout=${seconds}\r\n` : ''}`
    this.#needsCare = options.addFields.length > 0 || options.expires !== null
  }

  /** The head of a peer's response, complete. */
  fromPeer(
    exchange: Exchange,
    head: ResponseHead,
    framing: OutgoingFraming,
    isKeepAlive: boolean,
  ): string {
    const stamp = this.#stamp.get()
    const isPlain =
      !this.#needsCare &&
      exchange.errorStatus === 0 &&
      exchange.ownLines === '' &&
      exchange.keptLines === ''
    if (
      isPlain &&
      this.#madeKeepAlive === isKeepAlive &&
      this.#madeFraming === framing &&
      this.#madeAt === stamp &&
      this.#madeOf === head.fields.text
    ) {
      // One text for all connections: the next comparison need not look at its characters.
      head.fields.text = this.#madeOf
      return this.#made
    }
    const made = this.#make(exchange, head, stamp, framing, isKeepAlive)
    if (isPlain && !this.#isRewritten(head.fields)) {
      this.#madeOf = head.fields.text
      this.#madeAt = stamp
      this.#madeFraming = framing
      this.#madeKeepAlive = isKeepAlive
      this.#made = made
    }
    return made
  }

  #make(
    exchange: Exchange,
    head: ResponseHead,
    stamp: string,
    framing: OutgoingFraming,
    isKeepAlive: boolean,
  ): string {
    const { fields } = head
    // An `error_page` that a peer answers keeps the status of the error.
    const isErrorPage = exchange.errorStatus > 0
    const status = isErrorPage ? exchange.errorStatus : head.status
    let text = `HTTP/1.1 ${isErrorPage ? statusText(status) : `${status} ${head.reason}`}\r\n`
    // A peer's Date that `proxy_pass_header` lets through stands for ours.
    text +=
      this.#passed.drops(FIELD.date) || fields.findId(FIELD.date) === -1
        ? stamp
        : this.#serverOnly(fields)
    const hasBody = !isErrorPage || mayHaveBody(status)
    let extra = this.#needsCare ? makeExtra(this.#options, exchange, status, fields) : null
    if (!hasBody) extra = { ...(extra ?? NO_EXTRA), dropsType: true }
    // Behind those of the peer, as Cache-Status wants it (RFC 9211 §2).
    text += this.#passed.lines(fields, extra) + exchange.ownLines
    if (this.#rewrites.length > 0) text += this.#rewrittenLines(exchange, fields)
    if (exchange.keptType !== '' && hasBody && fields.findId(FIELD.content_type) === -1)
      text += `Content-Type: ${exchange.keptType}\r\n`
    if (exchange.keptLines !== '') text += keptLines(exchange, extra)
    if (extra !== null) text += extra.lines
    if (framing === 'chunked') {
      text += 'Transfer-Encoding: chunked\r\n'
      if (this.#options.trailers !== null) text += this.#options.trailers.announcingLines(fields)
    } else if (head.hasLength && hasBody) {
      text += `Content-Length: ${fields.value(fields.findId(FIELD.content_length))}\r\n`
    }
    return `${text}${isKeepAlive ? this.#keepAliveLines : 'Connection: close\r\n'}\r\n`
  }

  /** What is added to a response that is no error, and to none that is. */
  addedLines(exchange: Exchange, { status, fields }: ResponseHead): string {
    const addFields = this.#options.addFields.filter(field => !field.isAlways)
    return makeExtra({ addFields, expires: null }, exchange, status, fields).lines
  }

  /** What is added to an answer of our own with 200, and to none with an error. */
  wholeLines(exchange: Exchange): string {
    if (!this.#needsCare) return ''
    const { addFields, expires } = this.#options
    const usual = addFields.filter(field => !field.isAlways)
    return makeExtra({ addFields: usual, expires }, exchange, 200, null).lines
  }

  /** What of a peer's answer stays with one of ours that takes its place. @param hides lower case */
  stayingLines(exchange: Exchange, { fields }: ResponseHead, hides: readonly string[]): string {
    const extra = { ...NO_EXTRA, dropsType: true, dropsRanges: true, hides }
    return this.#passed.lines(fields, extra) + this.#rewrittenLines(exchange, fields)
  }

  /** The head of an answer from a stored response, complete. */
  fromStore(exchange: Exchange, head: ResponseHead, answer: StoredAnswer): string {
    const { fields } = head
    const { status, isRanged, dropsRanges, hides, keepsDate, length, dropsType } = answer
    const isOwn = status === head.status
    let text = `HTTP/1.1 ${isOwn ? `${status} ${head.reason}` : statusText(status)}\r\n`
    const date = keepsDate ? fields.findId(FIELD.date) : -1
    text += date === -1 ? this.#stamp.get() : this.#serverOnly(fields)
    let extra = this.#needsCare ? makeExtra(this.#options, exchange, status, fields) : null
    const isWhole = isRanged === dropsRanges && !dropsType && hides.length === 0
    if (answer.isKept && isWhole && !isReplacing(extra)) {
      text += this.#storedFields(head, dropsRanges)
    } else {
      if (dropsType || dropsRanges || hides.length > 0)
        extra = { ...(extra ?? NO_EXTRA), dropsType, dropsRanges, hides }
      text += this.#passed.lines(fields, extra)
    }
    // Where it is not passed on as it is.
    if (date !== -1 && this.#passed.drops(FIELD.date)) text += `Date: ${fields.value(date)}\r\n`
    if (this.#rewrites.length > 0) text += this.#rewrittenLines(exchange, fields)
    text += exchange.ownLines + answer.lines
    if (exchange.keptLines !== '') text += keptLines(exchange, extra)
    if (isRanged) text += 'Accept-Ranges: bytes\r\n'
    if (extra !== null) text += extra.lines
    if (answer.framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n'
    else if (length >= 0) text += `Content-Length: ${length}\r\n`
    return `${text}${answer.isKeepAlive ? this.#keepAliveLines : 'Connection: close\r\n'}\r\n`
  }

  /** The fields of a stored response that is answered whole: the same each time. */
  #storedFields(head: ResponseHead, dropsRanges: boolean): string {
    const known = this.#stored.get(head)
    if (known !== undefined) return known
    const lines = this.#passed.lines(head.fields, dropsRanges ? WHOLE_EXTRA : null)
    this.#stored.set(head, lines)
    return lines
  }

  /**
   * The head of an answer of our own, complete.
   *
   * @param lines ready-made field lines, each with CRLF
   * @param contentLength -1 = no Content-Length
   */
  ofOwn(
    exchange: Exchange,
    status: number,
    lines: string,
    contentLength: number,
    framing: OutgoingFraming,
    isKeepAlive: boolean,
  ): string {
    const extra = this.#needsCare ? makeExtra(this.#options, exchange, status, null, lines) : null
    let own = lines
    if (extra?.replacesEtag === true) own = own.replace(/^ETag: .*\r\n/im, '')
    if (extra?.replacesLastModified === true) own = own.replace(/^Last-Modified: .*\r\n/im, '')
    if (exchange.keptLines !== '') own += keptLines(exchange, extra)
    let text = `HTTP/1.1 ${statusText(status)}\r\n${this.#stamp.get()}${own}${extra?.lines ?? ''}`
    if (framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n'
    else if (contentLength >= 0) text += `Content-Length: ${contentLength}\r\n`
    return `${text}${isKeepAlive ? this.#keepAliveLines : 'Connection: close\r\n'}\r\n`
  }

  /** The head of 101: the peer's Upgrade goes on. */
  ofUpgrade(exchange: Exchange, head: ResponseHead): string {
    const extra = this.#needsCare
      ? makeExtra(this.#options, exchange, head.status, head.fields)
      : null
    const rewritten = this.#rewrites.length > 0 ? this.#rewrittenLines(exchange, head.fields) : ''
    return (
      `HTTP/1.1 101 ${head.reason}\r\n${this.#stamp.get()}${exchange.ownLines}${rewritten}` +
      `${this.#passed.lines(head.fields, extra)}${extra?.lines ?? ''}Upgrade: ${head.upgrade}\r\nConnection: upgrade\r\n\r\n`
    )
  }

  /** An interim response of the peer. */
  ofInterim(head: ResponseHead): string {
    return `HTTP/1.1 ${head.status} ${head.reason}\r\n${this.#passed.lines(head.fields, null)}\r\n`
  }

  #serverOnly(fields: FieldList): string {
    const passesServer = !this.#passed.drops(FIELD.server) && fields.findId(FIELD.server) !== -1
    return passesServer || this.#options.server === '' ? '' : `Server: ${this.#options.server}\r\n`
  }

  #isRewritten(fields: FieldList): boolean {
    for (const [id] of this.#rewrites) if (fields.findId(id) !== -1) return true
    return false
  }

  /** The value of a peer's Set-Cookie as it goes to the client. */
  rewriteCookie(exchange: Exchange, value: string): string {
    const { rewriteCookie } = this.#options
    return rewriteCookie === null ? value : rewriteCookie(exchange, value)
  }

  #rewrittenLines(exchange: Exchange, fields: FieldList): string {
    let lines = ''
    for (const [id, rewrite] of this.#rewrites) {
      for (let i = fields.findId(id); i !== -1; i = fields.findId(id, i + 1))
        lines += `${fields.name(i)}: ${rewrite(exchange, fields.value(i))}\r\n`
    }
    return lines
  }
}

function rewritesOf({ rewriteLocation, rewriteCookie, hideFields }: ResponseTemplateOptions) {
  const rewrites: (readonly [id: number, rewrite: RewriteLocation])[] = []
  const add = (name: string, id: number, rewrite: RewriteLocation): void => {
    if (!hideFields.includes(name)) rewrites.push([id, rewrite])
  }
  if (rewriteLocation !== null) {
    add('location', FIELD.location, (exchange, value) => {
      const rewritten = rewriteLocation(exchange, value)
      // What a rule made into a path becomes absolute, as with redirects of our own; the peer's own paths stay.
      const isOwnPath = rewritten !== value && rewritten.startsWith('/')
      return isOwnPath ? absoluteUrl(exchange, rewritten) : rewritten
    })
    add('refresh', FIELD.refresh, (exchange, value) => {
      const at = value.toLowerCase().indexOf('url=')
      if (at === -1) return value
      return value.slice(0, at + 4) + rewriteLocation(exchange, value.slice(at + 4))
    })
  }
  if (rewriteCookie !== null) add('set-cookie', FIELD.set_cookie, rewriteCookie)
  return rewrites
}

/** What a peer said that sent the request on to here; `expires` takes the place of its own word on that. */
function keptLines({ keptLines: lines }: Exchange, extra: Extra | null): string {
  if (extra?.replacesExpires !== true) return lines
  return lines.replace(/^(?:expires|cache-control):.*\r\n/gim, '')
}
