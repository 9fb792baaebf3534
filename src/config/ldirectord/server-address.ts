// Addresses of an ldirectord.cf: `192.168.0.1:80`, `www.example.com:http`, and for the directives
// whose names end in 6 `[2001:db8::1]:80`. Names are looked up when the configuration is loaded.

import { isIPv4, isIPv6 } from 'node:net'

import { addressText } from '../../model/listener.ts'
import type { Statement } from './lines.ts'
import type { Reading } from './reading.ts'
import { portOf } from './service-ports.ts'

/** An address that may have no port yet. */
export interface ServerAddress {
  readonly host: string
  readonly port: number | null
}

/** A piece of a statement's value. */
export interface Piece {
  readonly text: string
  readonly start: number
}

/** Whether a directive is one of IPv6. */
export function isIpv6Name(name: string): boolean {
  return name.endsWith('6')
}

/** Reads `HOST[:PORT]`; the port may be a name, and 0 or nothing is none. */
export function readServerAddress(
  { text, start }: Piece,
  statement: Statement,
  reading: Reading,
): ServerAddress | undefined {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(text)
  const refuse = (problem: string, hint = ''): undefined =>
    reading.refuse(statement, problem, hint, start, start + text.length)
  if (match === null) {
    const hint = isIPv6(text) ? `brackets tell address from port: [${text}]:80` : ''
    return refuse(`Cannot use "${text}" as an address`, hint)
  }
  const host = readHost(match[1]!, statement, refuse)
  if (host === undefined) return undefined
  const portText = match[2]
  if (portText === undefined || portText === '0') return { host, port: null }
  const port = portOf(portText)
  if (port !== null) return { host, port }
  const hint = /^\d+$/.test(portText) ? 'ports go from 1 to 65535' : 'write its number'
  return refuse(`Cannot use "${portText}" as a port`, hint)
}

/** The address as configurations write it. */
export function serverText(host: string, port: number): string {
  return addressText({ kind: 'tcp', host, port })
}

function readHost(
  text: string,
  { name }: Statement,
  refuse: (problem: string, hint?: string) => undefined,
): string | undefined {
  const bracketed = /^\[(.*)\]$/s.exec(text)?.[1]
  const wantsIpv6 = isIpv6Name(name)
  if (bracketed !== undefined) {
    if (!isIPv6(bracketed)) return refuse(`Cannot use "${text}" as an IPv6 address`)
    if (!wantsIpv6) return refuse(`"${name}" takes IPv4 alone`, `for IPv6 write "${name}6"`)
    return bracketed.toLowerCase()
  }
  if (wantsIpv6 && isIPv4(text)) {
    return refuse(`"${name}" takes IPv6 alone`, `for IPv4 write "${name.slice(0, -1)}"`)
  }
  if (isIPv4(text)) return text
  const isName = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?$/.test(text)
  if (isName && !/^[\d.]+$/.test(text)) return text.toLowerCase()
  return refuse(`Cannot use "${text}" as an address`)
}
