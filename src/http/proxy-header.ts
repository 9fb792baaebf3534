// The header of the PROXY protocol, with which a proxy in front of us says whose connection it passes on: version 1 is a line
// of text, version 2 is binary (haproxy.org, proxy-protocol.txt §2.1 and §2.2). It is read once, before anything else on a
// connection, and strictly: whoever may say who the client is must not be misunderstood.

import { isIPv4, isIPv6 } from 'node:net'
import { ipv4Text, ipv6Text } from '../base/ip-address.ts'
import { latin1Text } from './latin1.ts'

/** One end of the connection that is passed on. */
export interface ProxyHeaderEnd {
  readonly address: string
  readonly port: number
}

/** What a header says. */
export interface ProxyHeader {
  /** The client. */
  readonly source: ProxyHeaderEnd
  /** What it connected to. */
  readonly destination: ProxyHeaderEnd
  /** Type, length, value, and so on, as bytes in latin-1; empty in version 1. */
  readonly tlvs: string
}

/** What the bytes so far come to. */
export type ProxyHeaderRead =
  | { readonly kind: 'incomplete' }
  /** In nginx's words. */
  | { readonly kind: 'broken'; readonly text: string }
  /** `header` is null where it says that nothing is known: the connection counts as it is. */
  | { readonly kind: 'whole'; readonly end: number; readonly header: ProxyHeader | null }

const INCOMPLETE: ProxyHeaderRead = { kind: 'incomplete' }
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n'
const WORD = 'PROXY '
/** Of version 1, the end of the line included. */
const LINE_BYTES_MAX = 107
/** Signature, version with command, family with transport, length of what follows. */
const HEAD_BYTES = 16
/** Of version 2, with all that may follow the addresses. */
const BINARY_BYTES_MAX = 4096

/** Reads the header at the start of bytes[from, to). */
export function readProxyHeader(bytes: Buffer, from: number, to: number): ProxyHeaderRead {
  if (startsLike(bytes, from, to, SIGNATURE)) {
    return to - from < HEAD_BYTES ? INCOMPLETE : readBinary(bytes, from, to)
  }
  const isLine = startsLike(bytes, from, to, WORD)
  const end = isLine ? bytes.indexOf('\r\n', from, 'latin1') : -1
  if (isLine && end !== -1 && end + 2 <= to && end + 2 - from <= LINE_BYTES_MAX) {
    return readLine(latin1Text(bytes, from, end), end + 2)
  }
  const isOpen = isLine && to - from < LINE_BYTES_MAX && (end === -1 || end + 2 > to)
  return isOpen ? INCOMPLETE : broken(bytes, from, to)
}

/** Whether the bytes are the text, or the beginning of it. */
function startsLike(bytes: Buffer, from: number, to: number, text: string): boolean {
  const count = Math.min(text.length, to - from)
  for (let i = 0; i < count; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false
  return true
}

function broken(bytes: Buffer, from: number, to: number): ProxyHeaderRead {
  const shown = latin1Text(bytes, from, Math.min(to, from + LINE_BYTES_MAX))
  return { kind: 'broken', text: `broken header: "${shown.replace(/[\r\n].*/s, '')}"` }
}

const LINE = /^PROXY TCP([46]) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4})$/

function readLine(line: string, end: number): ProxyHeaderRead {
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return { kind: 'whole', end, header: null }
  const [, family, from = '', to = '', fromPort, toPort] = LINE.exec(line) ?? []
  const isAddress = family === '4' ? isIPv4 : isPlainIpv6
  const source = { address: from, port: Number(fromPort) }
  const destination = { address: to, port: Number(toPort) }
  const isGood = isAddress(from) && isAddress(to) && source.port <= 65_535
  if (family === undefined || !isGood || destination.port > 65_535) {
    return { kind: 'broken', text: `broken header: "${line}"` }
  }
  return { kind: 'whole', end, header: { source, destination, tlvs: '' } }
}

function isPlainIpv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

function readBinary(bytes: Buffer, from: number, to: number): ProxyHeaderRead {
  const version = bytes[from + 12]! >> 4
  const command = bytes[from + 12]! & 0x0f
  if (version !== 2) return { kind: 'broken', text: `unknown PROXY protocol version: ${version}` }
  if (command > 1) return { kind: 'broken', text: `unknown PROXY protocol command: ${command}` }
  const length = bytes.readUInt16BE(from + 14)
  const start = from + HEAD_BYTES
  const end = start + length
  if (end - from > BINARY_BYTES_MAX) return { kind: 'broken', text: 'header is too large' }
  if (end > to) return INCOMPLETE
  const family = bytes[from + 13]! >> 4
  const isStream = (bytes[from + 13]! & 0x0f) === 1
  // LOCAL is a proxy's own connection, a check of health; of datagrams and UNIX sockets there is no address to tell.
  if (command === 0 || !isStream || (family !== 1 && family !== 2)) {
    return { kind: 'whole', end, header: null }
  }
  const addressBytes = family === 1 ? 4 : 16
  const ports = start + 2 * addressBytes
  if (end < ports + 4) return { kind: 'broken', text: 'header is too short for its addresses' }
  const endAt = (at: number, portAt: number): ProxyHeaderEnd => ({
    address: addressText(bytes, at, addressBytes),
    port: bytes.readUInt16BE(portAt),
  })
  return {
    kind: 'whole',
    end,
    header: {
      source: endAt(start, ports),
      destination: endAt(start + addressBytes, ports + 2),
      tlvs: latin1Text(bytes, ports + 4, end),
    },
  }
}

function addressText(bytes: Buffer, at: number, count: number): string {
  if (count === 4) return ipv4Text(bytes.readUInt32BE(at))
  return ipv6Text([0, 4, 8, 12].map(offset => bytes.readUInt32BE(at + offset)))
}
