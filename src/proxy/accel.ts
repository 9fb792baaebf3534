// X-Accel-Redirect: a peer lets another location answer in its place, unless `proxy_ignore_headers` says not to listen
// (http://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ignore_headers).

import { FIELD, type FieldList } from '../http/field-list.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { splitTarget, type TargetParts } from '../http/target.ts'
import { answerStatus, interceptsStatus, internalRedirect, runNamedLocation } from './answer.ts'
import { DiscardDelivery } from './cache-delivery.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import type { ResponseTaker, TakerOwner } from './fetch.ts'
import { cutExchange } from './finish.ts'
import type { LocationRuntime } from './runtime.ts'
import type { Tries } from './tries.ts'

/** Whether the peer wants another location to answer. */
export function isSentOn(
  exchange: Exchange,
  { settings }: LocationRuntime,
  { fields, status }: ResponseHead,
): boolean {
  if (fields.findId(FIELD.x_accel_redirect) === -1) return false
  const { ignoreFields } = settings.proxy
  if (ignoreFields.includes('x-accel-redirect')) return false
  // An error page comes first.
  return !interceptsStatus(exchange, status)
}

/**
 * Takes such an answer: its body is of no use, and when the peer is done with, the other location begins. Some of its
 * fields are kept for what that answers.
 */
export function takeSentOn(
  exchange: Exchange,
  location: LocationRuntime,
  tries: Tries,
  head: ResponseHead,
  owner: TakerOwner,
): ResponseTaker {
  const target = head.fields.value(head.fields.findId(FIELD.x_accel_redirect))
  if (!exchange.peerConnection!.isRequestSent) {
    // The rest of the request has no place to go (RFC 9112 §9.3).
    exchange.mustClose = true
    exchange.body?.discard()
  }
  if (tries.current !== null) tries.onAnswer()
  keepFields(exchange, location, head.fields)
  if (head.hasBody) tries.end('success', null)
  return new DiscardDelivery(exchange, tries, owner, !head.hasBody, () => sendOn(exchange, target))
}

/** Fields that stay, as in nginx; the content type stands apart, because only one holds. */
const KEPT: ReadonlySet<number> = new Set([
  FIELD.set_cookie,
  FIELD.content_disposition,
  FIELD.cache_control,
  FIELD.expires,
  FIELD.accept_ranges,
])

function keepFields(exchange: Exchange, location: LocationRuntime, fields: FieldList): void {
  const type = fields.findId(FIELD.content_type)
  if (type !== -1) exchange.keptType = fields.value(type)
  // What binds the client to the peer.
  let lines = exchange.ownLines
  for (let i = 0; i < fields.count; i++) {
    const id = fields.id(i)
    if (!KEPT.has(id)) continue
    const value = fields.value(i)
    const shown = id === FIELD.set_cookie ? location.response.rewriteCookie(exchange, value) : value
    lines += `${fields.name(i)}: ${shown}\r\n`
  }
  exchange.keptLines += lines
}

function sendOn(exchange: Exchange, target: string): void {
  if (exchange.isFinished) return
  // What this head came to before is of no use from here on.
  exchange.memo = null
  if (exchange.isDetached) {
    cutExchange(exchange, false)
    return
  }
  if (target.startsWith('@')) {
    runNamedLocation(exchange, target.slice(1))
    return
  }
  const parts = parseUri(target)
  if (parts === null) {
    logFailure(exchange, 'error', `unsafe URI "${target}" was detected`)
    answerStatus(exchange, 404)
    return
  }
  if (exchange.method !== 'HEAD') exchange.method = 'GET'
  internalRedirect(exchange, parts.path, parts.args)
}

/** Path and arguments of what a peer names, decoded; null where they could lead out of every directory. */
export function parseUri(text: string): TargetParts | null {
  const { path, args } = splitTarget(text)
  const decoded = path.replace(/%([0-9a-f]?)(.?)/gis, decodeEscape)
  const isUnsafe = path === '' || /\0|(?:^|\/)\.\.(?:\/|$)/.test(decoded)
  return isUnsafe ? null : { path: decoded, args }
}

/** As nginx: of an escape that is none some characters are lost. */
function decodeEscape(_: string, high: string, low: string): string {
  if (high === '') return low
  return /^[0-9a-f]$/i.test(low) ? String.fromCharCode(Number.parseInt(high + low, 16)) : ''
}
