// `$proxy_protocol_…`: what the header that a client connection began with says (http/proxy-header.ts), without
// a value where there was none or where it said nothing.

import { findTlv, findTlvInSsl, TLV_TYPES, verifyOf } from '../http/proxy-header-tlvs.ts'
import type { Exchange } from './exchange.ts'
import { missing, type Variable, type VariableTable } from './variable.ts'

/** The variables with whole names. */
export const PROXY_HEADER_VARIABLES: VariableTable = {
  proxy_protocol_addr: exchange => headerOf(exchange)?.source.address ?? null,
  proxy_protocol_port: exchange => portOf(headerOf(exchange)?.source),
  proxy_protocol_server_addr: exchange => headerOf(exchange)?.destination.address ?? null,
  proxy_protocol_server_port: exchange => portOf(headerOf(exchange)?.destination),
}

function headerOf({ connection }: Exchange) {
  return connection.proxyHeader
}

function portOf(end: { readonly port: number } | undefined): string | null {
  return end === undefined ? null : portText(end.port)
}

/** A port of 0 is a UNIX socket, which has none. */
export function portText(port: number): string {
  return port === 0 ? '' : String(port)
}

/** The value of one TLV by its name, or by the number of its type: `alpn`, `ssl_cn`, `0xe2`, `ssl_0x21`. */
export function proxyHeaderTlv(rest: string): Variable {
  if (rest === 'ssl_verify') {
    return ({ connection }) => verifyOf(connection.proxyHeader?.tlvs)
  }
  const isInSsl = rest.startsWith('ssl_')
  const type = tlvType(rest)
  if (type === null) return missing
  const find = isInSsl ? findTlvInSsl : findTlv
  return ({ connection }) => find(connection.proxyHeader?.tlvs, type)
}

function tlvType(name: string): number | null {
  const known = TLV_TYPES.get(name)
  if (known !== undefined) return known
  const hex = /^(?:ssl_)?0x([0-9a-f]{1,8})$/.exec(name)
  return hex === null ? null : Number.parseInt(hex[1]!, 16)
}
