// Families of variables whose rest of the name says which: fields, cookies and arguments. The name is worked out
// when the configuration is compiled; several fields of one name are joined, as nginx does since 1.23.

import { type FieldList, hashName, lookupFieldId } from '../http/field-list.ts'
import { equalsIgnoreCase, startsWithIgnoreCase } from '../http/tokens.ts'
import { clientAddress } from './client-address.ts'
import type { Exchange } from './exchange.ts'
import { proxyHeaderTlv } from './proxy-header-variables.ts'
import { missing, type Variable } from './variable.ts'

/** What makes the variable of a family from the rest of its name. */
export type VariableMaker = (rest: string) => Variable

/** Families by their prefix. */
export const VARIABLE_FAMILIES: Readonly<Record<string, VariableMaker>> = {
  arg_: rest => exchange => argument(exchange.args, rest),
  cookie_: rest => exchange => cookie(exchange.head.fields, rest),
  http_: requestField,
  proxy_protocol_tlv_: proxyHeaderTlv,
  sent_http_: rest => {
    const name = rest.replaceAll('_', '-')
    const find = fieldFinder(rest)
    return exchange => {
      const { sentHead, pending } = exchange
      if (sentHead !== '' || pending === null) return sentField(sentHead, name)
      const { fields, lines } = pending
      return fields === null ? sentField(`\n${lines}`, name) : find(fields)
    }
  },
  sent_trailer_: () => missing,
  ssl_: () => missing,
  upstream_cookie_: rest => exchange =>
    exchange.responseHead === null ? null : setCookie(exchange.responseHead.fields, rest),
  upstream_http_: rest => {
    const find = fieldFinder(rest)
    return exchange => (exchange.responseHead === null ? null : find(exchange.responseHead.fields))
  },
  upstream_trailer_: () => missing,
}

function requestField(rest: string): Variable {
  const find = fieldFinder(rest)
  if (!rest.includes('_')) return exchange => find(exchange.head.fields)
  return exchange => {
    const { fields } = exchange.head
    const value = find(fields)
    // Names with underscores only get this far where the server lets them.
    if (!exchange.server.config.settings.client.allowsUnderscores) return value
    return value ?? underscoredField(fields, rest)
  }
}

/** Finds a field by the variable's spelling (lower case, `_` for `-`). */
function fieldFinder(rest: string): (fields: FieldList) => string | null {
  const name = rest.replaceAll('_', '-')
  const separator = name === 'cookie' ? '; ' : ', '
  const id = lookupFieldId(name)
  if (id !== 0) {
    return fields => {
      const index = fields.findId(id)
      if (index === -1) return null
      const next = fields.findId(id, index + 1)
      if (next === -1) return fields.value(index)
      let value = fields.value(index)
      for (let i = next; i !== -1; i = fields.findId(id, i + 1))
        value += separator + fields.value(i)
      return value
    }
  }
  const hash = hashName(name)
  return fields => {
    const index = fields.findName(name, hash)
    if (index === -1) return null
    let value = fields.value(index)
    for (
      let i = fields.findName(name, hash, index + 1);
      i !== -1;
      i = fields.findName(name, hash, i + 1)
    ) {
      value += `, ${fields.value(i)}`
    }
    return value
  }
}

function underscoredField(fields: FieldList, rest: string): string | null {
  let value: string | null = null
  for (let i = 0; i < fields.count; i++) {
    if (!equalsIgnoreCase(fields.name(i).replaceAll('-', '_'), rest)) continue
    value = value === null ? fields.value(i) : `${value}, ${fields.value(i)}`
  }
  return value
}

/** A field of a head that was sent, by name in lower case. */
function sentField(head: string, name: string): string | null {
  let value: string | null = null
  let at = head.indexOf('\n') + 1
  while (at > 0 && at < head.length) {
    const end = head.indexOf('\r\n', at)
    if (end === -1) break
    const colon = at + name.length
    if (head.charCodeAt(colon) === 0x3a /* : */ && startsWithIgnoreCase(head, name, at)) {
      const found = head.slice(colon + 1, end).trim()
      value = value === null ? found : `${value}, ${found}`
    }
    at = end + 2
  }
  return value
}

/** An argument of a query string as it was sent; names are found without regard to case. */
function argument(args: string, lowerName: string): string | null {
  if (args === '') return null
  let at = 0
  while (at < args.length) {
    const mark = args.indexOf('&', at)
    const end = mark === -1 ? args.length : mark
    const equals = at + lowerName.length
    if (
      equals < end &&
      args.charCodeAt(equals) === 0x3d /* = */ &&
      startsWithIgnoreCase(args, lowerName, at)
    ) {
      return args.slice(equals + 1, end)
    }
    at = end + 1
  }
  return null
}

/** A cookie of the request; names are found without regard to case. */
function cookie(fields: FieldList, lowerName: string): string | null {
  for (let i = fields.findId(COOKIE); i !== -1; i = fields.findId(COOKIE, i + 1)) {
    const line = fields.value(i)
    let at = 0
    while (at < line.length) {
      const value = pairValue(line, at, lowerName)
      if (value !== null) return value
      while (at < line.length && !isPairEnd(line.charCodeAt(at))) at++
      at++
      while (line.charCodeAt(at) === 0x20) at++
    }
  }
  return null
}

const COOKIE = lookupFieldId('cookie')
const SET_COOKIE = lookupFieldId('set-cookie')

/** A cookie that a peer set. */
function setCookie(fields: FieldList, lowerName: string): string | null {
  for (let i = fields.findId(SET_COOKIE); i !== -1; i = fields.findId(SET_COOKIE, i + 1)) {
    const value = pairValue(fields.value(i), 0, lowerName)
    if (value !== null) return value
  }
  return null
}

/** The value of `name = value` at `from`, up to the semicolon; null when another name stands there. */
function pairValue(line: string, from: number, lowerName: string): string | null {
  if (!startsWithIgnoreCase(line, lowerName, from)) return null
  let at = from + lowerName.length
  while (line.charCodeAt(at) === 0x20) at++
  if (line.charCodeAt(at) !== 0x3d /* = */) return null
  at++
  while (line.charCodeAt(at) === 0x20) at++
  const end = line.indexOf(';', at)
  return line.slice(at, end === -1 ? line.length : end)
}

function isPairEnd(code: number): boolean {
  return code === 0x3b /* ; */ || code === 0x2c /* , */
}

/** Kept here as the one list of fields joined in order: what the client came through, then the client. */
export function addForwardedFor(exchange: Exchange): string {
  const value = forwardedFor(exchange.head.fields)
  const client = clientAddress(exchange)
  return value === null ? client : `${value}, ${client}`
}

const forwardedFor = fieldFinder('x_forwarded_for')
