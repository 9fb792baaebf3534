// The header of the PROXY protocol, which tells a peer whose connection it stands for: version 1 is a line of text,
// version 2 is binary (haproxy.org, proxy-protocol.txt §2.1 and §2.2). Sent once, before anything else on a connection.

import { isIPv4, isIPv6 } from 'node:net'
import { ClientOctets } from '../balance/client-octets.ts'
import type { ProxyProtocol } from '../model/upstream.ts'

/** One end of a client's connection, as Node writes its address; a unix socket's is no IP address. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
/** Signature, version with command, family with transport, length of what follows. */
const HEAD_BYTES = 16
/** Version 2 with the command: LOCAL says nothing of a client, PROXY tells of one. */
const LOCAL = 0x20
const PROXY = 0x21
/** Family with transport. */
const UNSPECIFIED = 0x00
const TCP_OVER_IPV4 = 0x11
const TCP_OVER_IPV6 = 0x21

/**
 * Makes the header of a client's connection. Where one end is IPv4 and the other is not, both are told as IPv6; where
 * one is no IP address the header says that nothing is known, and receivers take the connection as it is.
 *
 * @param source the client
 * @param destination what it connected to
 */
export function makeProxyHeader(
  version: ProxyProtocol,
  source: Endpoint,
  destination: Endpoint,
): Buffer {
  const from = plainAddress(source.address)
  const to = plainAddress(destination.address)
  const family = commonFamily(from, to)
  if (version === 'v1') return textHeader(family, from, to, source.port, destination.port)
  return binaryHeader(family, from, to, source.port, destination.port)
}

type Family = 'TCP4' | 'TCP6' | 'UNKNOWN'

function textHeader(
  family: Family,
  from: string,
  to: string,
  fromPort: number,
  toPort: number,
): Buffer {
  if (family === 'UNKNOWN') return Buffer.from('PROXY UNKNOWN\r\n', 'latin1')
  const addresses = family === 'TCP4' ? [from, to] : [asIpv6(from), asIpv6(to)]
  return Buffer.from(`PROXY ${family} ${addresses.join(' ')} ${fromPort} ${toPort}\r\n`, 'latin1')
}

function binaryHeader(
  family: Family,
  from: string,
  to: string,
  fromPort: number,
  toPort: number,
): Buffer {
  const addressBytes = family === 'TCP4' ? 4 : family === 'TCP6' ? 16 : 0
  const length = family === 'UNKNOWN' ? 0 : 2 * addressBytes + 4
  const header = Buffer.alloc(HEAD_BYTES + length)
  SIGNATURE.copy(header)
  header[12] = family === 'UNKNOWN' ? LOCAL : PROXY
  header[13] =
    family === 'UNKNOWN' ? UNSPECIFIED : family === 'TCP4' ? TCP_OVER_IPV4 : TCP_OVER_IPV6
  header.writeUInt16BE(length, 14)
  if (family === 'UNKNOWN') return header
  writeAddress(header, HEAD_BYTES, from, family)
  writeAddress(header, HEAD_BYTES + addressBytes, to, family)
  header.writeUInt16BE(fromPort, HEAD_BYTES + 2 * addressBytes)
  header.writeUInt16BE(toPort, HEAD_BYTES + 2 * addressBytes + 2)
  return header
}

function commonFamily(from: string, to: string): Family {
  if (isIPv4(from) && isIPv4(to)) return 'TCP4'
  const isKnown = (address: string) => isIPv4(address) || isIPv6(address)
  return isKnown(from) && isKnown(to) ? 'TCP6' : 'UNKNOWN'
}

/** Without the zone of a link-local address, and IPv4 as such where a dual-stack socket shows it as IPv6. */
function plainAddress(address: string): string {
  const plain = address.replace(/%.*$/s, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)
  return mapped === null ? plain : mapped[1]!
}

function asIpv6(address: string): string {
  return isIPv4(address) ? `::ffff:${address}` : address
}

const octets = new ClientOctets()

function writeAddress(header: Buffer, at: number, address: string, family: Family): void {
  if (family === 'TCP4') {
    address.split('.').forEach((octet, index) => {
      header[at + index] = Number(octet)
    })
    return
  }
  octets.read(asIpv6(address))
  header.set(octets.bytes, at)
}
