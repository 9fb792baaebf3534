// The request head that goes to a peer: our own fields first, then what the client sent and nobody replaced, copied in
// runs from the head as it was read. Compiled once per location; nothing here looks at a field that no rule names.
// Header rules of nginx: http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_set_header.

import { FIELD, hashName, lookupFieldId } from '../http/field-list.ts'
import type { RequestHead } from '../http/request-parser.ts'
import { escapeUri } from '../http/target.ts'
import type { Exchange } from './exchange.ts'
import type { HeadMemo } from './head-memo.ts'
import type { Render } from './runtime.ts'
import { fieldText, mayHoldDecoded, targetText } from './safe-text.ts'

/** A field that we set. */
export interface SetField {
  readonly name: string
  readonly render: Render
}

/** Client fields that never go on by themselves: framing is re-made, hop-by-hop fields were hidden by the parser. */
const ALWAYS_DROPPED = [
  FIELD.content_length,
  FIELD.transfer_encoding,
  FIELD.expect,
  FIELD.upgrade,
  FIELD.te,
  FIELD.connection,
  FIELD.keep_alive,
]

export interface RequestTemplateOptions {
  readonly httpVersion: '1.0' | '1.1'
  readonly setFields: readonly SetField[]
  /** Upgrade tokens, lower case, that pass without `proxy_set_header` lines. */
  readonly allowsUpgrade: readonly string[]
  readonly passesTrailers: boolean
  /** Replaces the first `matchedLength` characters of the path; null passes the client's target as it came. */
  readonly uri: Render | null
  /** With variables the rendered URI is the whole target. */
  readonly isUriWhole: boolean
  readonly matchedLength: number
  /** More fields of the client that stay behind, lower case. */
  readonly dropFields?: readonly string[]
  /** All of them do. */
  readonly dropsAllFields?: boolean
  /** The method in the place of the client's. */
  readonly method?: Render | null
  /** The body in the place of the client's: null is that one, `none` sends nothing. */
  readonly body?: Render | 'none' | null
  /** All texts above depend on the client's head and its connection only. */
  readonly isStable: boolean
  /** And on definitions of the configuration, unless the request gave their variables other values. */
  readonly usesDefinitions?: boolean
}

export class RequestTemplate {
  readonly #options: RequestTemplateOptions
  readonly #lineEnd: string
  readonly #fields: readonly {
    readonly start: string
    readonly render: Render
    readonly id: number
  }[]
  readonly #body: Render | 'none' | null
  readonly #droppedIds = new Uint8Array(256)
  readonly #droppedNames = new Map<number, string>()

  constructor(options: RequestTemplateOptions) {
    this.#options = options
    this.#body = options.body ?? null
    this.#lineEnd = ` HTTP/${options.httpVersion}\r\n`
    // Framing is re-made whatever is set.
    const set = options.setFields.filter(({ name }) => !FRAMING.test(name))
    this.#fields = set.map(field => ({
      start: `${field.name}: `,
      render: field.render,
      id: lookupFieldId(field.name.toLowerCase()),
    }))
    for (const id of ALWAYS_DROPPED) this.#droppedIds[id] = 1
    const names = options.setFields.map(field => field.name.toLowerCase())
    for (const lower of [...names, ...(options.dropFields ?? [])]) {
      const id = lookupFieldId(lower)
      if (id === 0) this.#droppedNames.set(hashName(lower), lower)
      else this.#droppedIds[id] = 1
    }
  }

  /**
   * The head up to and without its last empty line: framing and the end are added when the body is known.
   * Sets `exchange.wantsUpgrade`.
   */
  build(exchange: Exchange): string {
    const memo = this.#memoOf(exchange)
    if (memo?.template === this) {
      exchange.wantsUpgrade = memo.wantsUpgrade
      return memo.outgoingHead
    }
    const text = this.#make(exchange)
    if (memo !== null) memo.keep(this, text, exchange.wantsUpgrade)
    return text
  }

  /** The same, complete, for a request without a body. */
  complete(exchange: Exchange, end: string): string {
    const memo = this.#memoOf(exchange)
    if (memo?.template !== this) return exchange.outgoingHead + end
    if (memo.wholeHead === '') memo.wholeHead = exchange.outgoingHead + end
    return memo.wholeHead
  }

  /** Whether the client's body stays behind. */
  get hasOwnBody(): boolean {
    return this.#body !== null
  }

  /** What follows the head of a request whose body is not the client's: framing, the empty line, the body. */
  ownBody(exchange: Exchange): string {
    if (this.#body === null || this.#body === 'none') return '\r\n'
    const text = this.#body(exchange)
    return `Content-Length: ${text.length}\r\n\r\n${text}`
  }

  /** After an internal redirect the request is another one. */
  #memoOf(exchange: Exchange): HeadMemo | null {
    const { memo } = exchange
    if (memo === null || !this.#options.isStable || exchange.isInternal) return null
    if (this.#options.usesDefinitions === true && hasOwnValues(exchange)) return null
    // `try_files` has found another path.
    return memo.uri === exchange.uri ? memo : null
  }

  #make(exchange: Exchange): string {
    const { head } = exchange
    let text = `${this.#method(exchange)} ${this.#target(exchange)}${this.#lineEnd}`
    let asksUpgrade = false
    const isDecoded = mayHoldDecoded(exchange)
    for (const field of this.#fields) {
      let value = field.render(exchange)
      if (value === '') continue
      if (isDecoded) value = fieldText(value)
      if (field.id === FIELD.upgrade) asksUpgrade = true
      text += `${field.start}${value}\r\n`
    }
    if (head.upgrade !== '' && !asksUpgrade && this.#mayUpgrade(head.upgrade)) {
      asksUpgrade = true
      text += `Upgrade: ${head.upgrade}\r\nConnection: upgrade\r\n`
    }
    exchange.wantsUpgrade = asksUpgrade
    if (this.#options.passesTrailers && head.wantsTrailers) text += 'TE: trailers\r\n'
    if (this.#options.dropsAllFields !== true) text += this.#clientFields(head, exchange.method)
    return text
  }

  /** Of HEAD a cache has made GET: that is not for others to change. What is no method leaves the client's. */
  #method(exchange: Exchange): string {
    const { method } = this.#options
    if (method == null || (exchange.method === 'GET' && exchange.head.method === 'HEAD'))
      return exchange.method
    const text = method(exchange)
    if (!METHOD.test(text)) return exchange.method
    exchange.peerMethod = text
    return text
  }

  #target(exchange: Exchange): string {
    const { head } = exchange
    const { uri, isUriWhole, matchedLength } = this.#options
    if (exchange.proxyTarget !== '') return targetText(exchange.proxyTarget)
    if (uri === null) {
      if (!exchange.isInternal && exchange.isTargetKept) return head.target
      return withArgs(ownPath(exchange, exchange.uri), exchange.args)
    }
    if (isUriWhole) return targetText(uri(exchange))
    // After `rewrite … break` no part of the path is the one that was matched.
    if (!exchange.isLocationKept) return withArgs(escapeUri(exchange.uri), exchange.args)
    const rest = exchange.uri.slice(matchedLength)
    // A percent sign in a plain path was `%25` in the target, even where that looks as if it began with the path.
    const isAsSent = !mayHoldDecoded(exchange) && !exchange.uri.includes('%')
    return withArgs(uri(exchange) + (isAsSent ? rest : escapeUri(rest)), exchange.args)
  }

  #mayUpgrade(upgrade: string): boolean {
    return this.#options.allowsUpgrade.includes(upgrade.toLowerCase())
  }

  #clientFields(head: RequestHead, method: string): string {
    const { fields } = head
    const forwards = method === 'OPTIONS' ? fields.findId(FIELD.max_forwards) : -1
    const { count, text } = fields
    let out = ''
    let runStart = -1
    let runEnd = -1
    for (let i = 0; i < count; i++) {
      if (fields.isHidden(i) || this.#isDropped(head, i)) continue
      if (fields.isCanonical(i) && i !== forwards) {
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
      const value = fields.value(i)
      out += `${fields.name(i)}: ${i === forwards ? countDown(value) : value}\r\n`
    }
    return runStart === -1 ? out : out + text.slice(runStart, runEnd)
  }

  #isDropped(head: RequestHead, index: number): boolean {
    const { fields } = head
    const id = fields.id(index)
    if (id !== 0) return this.#droppedIds[id] === 1
    if (this.#droppedNames.size === 0) return false
    const name = this.#droppedNames.get(fields.hash(index))
    return name !== undefined && fields.name(index).toLowerCase() === name
  }
}

const FRAMING = /^(?:content-length|transfer-encoding)$/i

/** A token (RFC 9110 §9.1). */
const METHOD = /^[\w!#$%&'*+.^`|~-]+$/

/** One hop less (RFC 9110 §7.6.2); what is no number goes on as it is. */
function countDown(value: string): string {
  return /^\d{1,15}$/.test(value) ? String(Math.max(0, Number(value) - 1)) : value
}

/** A path that is the client's own needs no escapes where it had none. */
function ownPath({ isInternal, head }: Exchange, path: string): string {
  return isInternal || /^[^?]*%/.test(head.target) ? escapeUri(path) : path
}

function withArgs(path: string, args: string): string {
  return args === '' ? path : `${path}?${args}`
}

/** Values that were set, captured or worked out for this request alone. */
function hasOwnValues({ ownVariables, namedCaptures }: Exchange): boolean {
  return ownVariables !== null || namedCaptures !== null
}
