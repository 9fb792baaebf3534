// The response head that goes to the client: status line, our Server and Date, the peer's fields in runs as they were
// read, then what `add_header` and `expires` add, and the framing, which is always re-made. Compiled once per location.

import type { Clock } from '../base/clock.ts'
import { formatHttpDate } from '../http/date.ts'
import { FIELD, type FieldList, hashName, lookupFieldId } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { mayHaveBody, statusText } from '../http/status.ts'
import { absoluteUrl } from './answer.ts'
import type { Exchange } from './exchange.ts'
import type { Render } from './runtime.ts'
import { fieldText } from './safe-text.ts'
import { announcingLines, type TrailerRules } from './trailers.ts'

/** How the body goes to the client; `length`: with Content-Length as given, or there is none. */
export type OutgoingFraming = 'length' | 'chunked' | 'close'

/** A field of `add_header`. */
export interface AddField {
  readonly name: string
  readonly render: Render
  readonly isAlways: boolean
}

/** Rewrites a Location or Refresh of the peer; the same string when no rule applies. */
export type RewriteLocation = (exchange: Exchange, value: string) => string

/** What `expires` sets; empty strings leave the response's own fields. */
export interface ExpiresFields {
  readonly expires: string
  readonly cacheControl: string
}

export interface ResponseTemplateOptions {
  readonly clock: Clock
  /** Value of Server; empty sends none. */
  readonly server: string
  /** Lower case. */
  readonly hideFields: readonly string[]
  readonly addFields: readonly AddField[]
  readonly expires: ((exchange: Exchange, lastModified: string) => ExpiresFields | null) | null
  readonly rewriteLocation: RewriteLocation | null
  readonly keepaliveHeaderSeconds: number
  readonly trailers: TrailerRules | null
}

/** Statuses for which `add_header` without `always` and `expires` apply (ngx_http_headers_module). */
const ADD_STATUSES: ReadonlySet<number> = new Set([
  200, 201, 204, 206, 301, 302, 303, 304, 307, 308,
])

const ALWAYS_DROPPED = [
  FIELD.content_length,
  FIELD.transfer_encoding,
  FIELD.connection,
  FIELD.keep_alive,
  FIELD.upgrade,
  FIELD.trailer,
]

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
  readonly #droppedIds = new Uint8Array(256)
  readonly #droppedNames = new Map<number, string>()
  readonly #keepAliveLines: string
  readonly #needsCare: boolean
  /** The last head that was made of a peer's, and of what: a hot answer is made once a second. */
  #madeOf = ''
  #madeAt = ''
  #madeFraming: OutgoingFraming = 'length'
  #madeKeepAlive = false
  #made = ''

  constructor(options: ResponseTemplateOptions) {
    this.#options = options
    this.#stamp = new StampLines(options.clock, options.server)
    for (const id of ALWAYS_DROPPED) this.#droppedIds[id] = 1
    for (const name of options.hideFields) {
      const id = lookupFieldId(name)
      if (id === 0) this.#droppedNames.set(hashName(name), name)
      else this.#droppedIds[id] = 1
    }
    const seconds = options.keepaliveHeaderSeconds
    this.#keepAliveLines = `Connection: keep-alive\r\n${seconds > 0 ? `Keep-Alive: timeout=${seconds}\r\n` : ''}`
    this.#needsCare = options.addFields.length > 0 || options.expires !== null
    if (options.rewriteLocation !== null) {
      this.#droppedIds[FIELD.location] = 1
      this.#droppedIds[FIELD.refresh] = 1
    }
  }

  /** The head of a peer's response, complete. */
  fromPeer(
    exchange: Exchange,
    head: ResponseHead,
    framing: OutgoingFraming,
    isKeepAlive: boolean,
  ): string {
    const stamp = this.#stamp.get()
    const isPlain = !this.#needsCare && exchange.errorStatus === 0 && exchange.stickyLine === ''
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
    const hasLocation =
      this.#options.rewriteLocation !== null &&
      (head.fields.findId(FIELD.location) !== -1 || head.fields.findId(FIELD.refresh) !== -1)
    if (isPlain && !hasLocation) {
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
      this.#droppedIds[FIELD.date] === 1 || fields.findId(FIELD.date) === -1
        ? stamp
        : this.#serverOnly(fields)
    const hasBody = !isErrorPage || mayHaveBody(status)
    let extra = this.#needsCare ? this.#extraLines(exchange, status, fields) : null
    if (!hasBody) extra = { ...(extra ?? NO_EXTRA), dropsType: true }
    text += exchange.stickyLine + this.#peerFields(fields, extra)
    if (this.#options.rewriteLocation !== null) text += this.#rewrittenLines(exchange, fields)
    if (extra !== null) text += extra.lines
    if (framing === 'chunked') {
      text += 'Transfer-Encoding: chunked\r\n'
      if (this.#options.trailers !== null) text += announcingLines(fields)
    } else if (head.hasLength && hasBody) {
      text += `Content-Length: ${fields.value(fields.findId(FIELD.content_length))}\r\n`
    }
    return `${text}${isKeepAlive ? this.#keepAliveLines : 'Connection: close\r\n'}\r\n`
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
    const extra = this.#needsCare ? this.#extraLines(exchange, status, null, lines) : null
    let own = lines
    if (extra?.replacesEtag === true) own = own.replace(/^ETag: .*\r\n/im, '')
    if (extra?.replacesLastModified === true) own = own.replace(/^Last-Modified: .*\r\n/im, '')
    let text = `HTTP/1.1 ${statusText(status)}\r\n${this.#stamp.get()}${own}${extra?.lines ?? ''}`
    if (framing === 'chunked') text += 'Transfer-Encoding: chunked\r\n'
    else if (contentLength >= 0) text += `Content-Length: ${contentLength}\r\n`
    return `${text}${isKeepAlive ? this.#keepAliveLines : 'Connection: close\r\n'}\r\n`
  }

  /** The head of 101: the peer's Upgrade goes on. */
  ofUpgrade(exchange: Exchange, head: ResponseHead): string {
    const extra = this.#needsCare ? this.#extraLines(exchange, head.status, head.fields) : null
    return (
      `HTTP/1.1 101 ${head.reason}\r\n${this.#stamp.get()}${exchange.stickyLine}` +
      `${this.#peerFields(head.fields, extra)}${extra?.lines ?? ''}Upgrade: ${head.upgrade}\r\nConnection: upgrade\r\n\r\n`
    )
  }

  /** An interim response of the peer. */
  ofInterim(head: ResponseHead): string {
    return `HTTP/1.1 ${head.status} ${head.reason}\r\n${this.#peerFields(head.fields, null)}\r\n`
  }

  #serverOnly(fields: FieldList): string {
    const passesServer = this.#droppedIds[FIELD.server] === 0 && fields.findId(FIELD.server) !== -1
    return passesServer || this.#options.server === '' ? '' : `Server: ${this.#options.server}\r\n`
  }

  #peerFields(fields: FieldList, extra: Extra | null): string {
    const { count, text } = fields
    let out = ''
    let runStart = -1
    let runEnd = -1
    for (let i = 0; i < count; i++) {
      if (fields.isHidden(i) || this.#isDropped(fields, i, extra)) continue
      if (fields.isCanonical(i)) {
        const start = fields.lineStart(i)
        if (start !== runEnd) {
          if (runStart !== -1) out += text.slice(runStart, runEnd)
          runStart = start
        }
        runEnd = fields.lineEnd(i)
        continue
      }
      if (runStart !== -1) {
        out += text.slice(runStart, runEnd)
        runStart = -1
        runEnd = -1
      }
      out += `${fields.name(i)}: ${fields.value(i)}\r\n`
    }
    return runStart === -1 ? out : out + text.slice(runStart, runEnd)
  }

  #isDropped(fields: FieldList, index: number, extra: Extra | null): boolean {
    const id = fields.id(index)
    if (id !== 0) {
      if (extra !== null) {
        if (extra.replacesExpires && (id === FIELD.expires || id === FIELD.cache_control))
          return true
        if (id === FIELD.content_type && extra.dropsType) return true
        if (id === FIELD.etag && extra.replacesEtag) return true
        if (id === FIELD.last_modified && extra.replacesLastModified) return true
      }
      return this.#droppedIds[id] === 1
    }
    if (this.#droppedNames.size === 0) return false
    const name = this.#droppedNames.get(fields.hash(index))
    return name !== undefined && fields.name(index).toLowerCase() === name
  }

  #rewrittenLines(exchange: Exchange, fields: FieldList): string {
    const rewrite = this.#options.rewriteLocation!
    let lines = ''
    for (
      let i = fields.findId(FIELD.location);
      i !== -1;
      i = fields.findId(FIELD.location, i + 1)
    ) {
      const value = fields.value(i)
      const rewritten = rewrite(exchange, value)
      // What a rule made into a path becomes absolute, as with redirects of our own; the peer's own paths stay.
      const isOwnPath = rewritten !== value && rewritten.startsWith('/')
      lines += `${fields.name(i)}: ${isOwnPath ? absoluteUrl(exchange, rewritten) : rewritten}\r\n`
    }
    for (let i = fields.findId(FIELD.refresh); i !== -1; i = fields.findId(FIELD.refresh, i + 1)) {
      const value = fields.value(i)
      const at = value.toLowerCase().indexOf('url=')
      const rewritten =
        at === -1 ? value : value.slice(0, at + 4) + rewrite(exchange, value.slice(at + 4))
      lines += `${fields.name(i)}: ${rewritten}\r\n`
    }
    return lines
  }

  #extraLines(
    exchange: Exchange,
    status: number,
    fields: FieldList | null,
    ownLines = '',
  ): Extra | null {
    const isListed = ADD_STATUSES.has(status)
    let lines = ''
    let replacesExpires = false
    let replacesEtag = false
    let replacesLastModified = false
    if (isListed && this.#options.expires !== null) {
      const set = this.#options.expires(exchange, lastModifiedOf(fields, ownLines))
      if (set !== null) {
        replacesExpires = true
        if (set.expires !== '') lines += `Expires: ${set.expires}\r\n`
        if (set.cacheControl !== '') lines += `Cache-Control: ${set.cacheControl}\r\n`
      }
    }
    for (const field of this.#options.addFields) {
      if (!isListed && !field.isAlways) continue
      const name = field.name.toLowerCase()
      if (name === 'etag') replacesEtag = true
      else if (name === 'last-modified') replacesLastModified = true
      const value = field.render(exchange)
      if (value !== '') lines += `${field.name}: ${fieldText(value)}\r\n`
    }
    return { lines, replacesExpires, replacesEtag, replacesLastModified, dropsType: false }
  }
}

interface Extra {
  readonly lines: string
  /** The peer's Expires and Cache-Control stay behind. */
  readonly replacesExpires: boolean
  /** `add_header` takes the place of these two, as in nginx, also with an empty value. */
  readonly replacesEtag: boolean
  readonly replacesLastModified: boolean
  /** The status has no body, so there is nothing to name the type of. */
  readonly dropsType: boolean
}

const NO_EXTRA: Extra = {
  lines: '',
  replacesExpires: false,
  replacesEtag: false,
  replacesLastModified: false,
  dropsType: false,
}

function lastModifiedOf(fields: FieldList | null, ownLines: string): string {
  if (fields !== null) {
    const index = fields.findId(FIELD.last_modified)
    return index === -1 ? '' : fields.value(index)
  }
  const match = /^last-modified: (.*)$/im.exec(ownLines)
  return match === null ? '' : match[1]!.trimEnd()
}
