// Networks as configurations write them: `10.0.0.0/8`, `2001:db8::/32`, one address, or a range of IPv4 addresses from
// one to another. What is a network, and what of it does not matter, is as in nginx (ngx_ptocidr).

import { IPV4_MAX, ipv4Text, ipv6Text, parseIpv4, readIpv6 } from './ip-address.ts'

/** Addresses from one to another, both included. */
export type Network =
  | { readonly family: 4; readonly first: number; readonly last: number }
  | { readonly family: 6; readonly first: bigint; readonly last: bigint }

/** A network as it was written. */
export interface WrittenNetwork {
  readonly network: Network
  /** It was written with bits that its mask leaves out: `10.1.2.3/8`. */
  readonly hasLowBits: boolean
}

const IPV6_BITS = 128

/** Parses an address, or one with the bits of its mask behind a slash; null for what is neither. */
export function parseNetwork(text: string): WrittenNetwork | null {
  const slash = text.indexOf('/')
  const host = slash === -1 ? text : text.slice(0, slash)
  const bits = slash === -1 ? -1 : parseBits(text.slice(slash + 1))
  if (bits === null) return null
  const value = parseIpv4(host)
  // As in nginx, which takes it for the sign that there is no address.
  if (value === IPV4_MAX) return bits === -1 ? whole(ipv4Network(value, 32)) : null
  if (value !== -1) {
    if (bits > 32) return null
    const network = ipv4Network(value, bits === -1 ? 32 : bits)
    return { network, hasLowBits: network.first !== value }
  }
  const words = new Uint32Array(4)
  if (host.includes('%') || !readIpv6(host, words) || bits > IPV6_BITS) return null
  const address = joinWords(words)
  const network = ipv6Network(address, bits === -1 ? IPV6_BITS : bits)
  return { network, hasLowBits: network.first !== address }
}

/** Parses `192.0.2.1-192.0.2.9`; null for what is no range of IPv4 addresses. */
export function parseRange(text: string): Network | null {
  const dash = text.indexOf('-')
  if (dash === -1) return null
  const first = parseIpv4(text.slice(0, dash))
  const last = parseIpv4(text.slice(dash + 1))
  if (first === -1 || last === -1 || last === IPV4_MAX || first > last) return null
  return { family: 4, first, last }
}

/** The shortest text that says the same: an address, a network with its bits, or a range. */
export function networkText({ family, first, last }: Network): string {
  if (family === 6) {
    const bits = bitsOf(first, last, IPV6_BITS)
    const text = ipv6Text(splitWords(first))
    return bits === IPV6_BITS ? text : `${text}/${bits}`
  }
  const bits = bitsOf(BigInt(first), BigInt(last), 32)
  if (bits === null) return `${ipv4Text(first)}-${ipv4Text(last)}`
  return bits === 32 ? ipv4Text(first) : `${ipv4Text(first)}/${bits}`
}

/** The four words of an IPv6 address. */
export function splitWords(address: bigint): Uint32Array {
  const words = new Uint32Array(4)
  for (let i = 0; i < 4; i++) words[i] = Number((address >> BigInt(96 - 32 * i)) & 0xffff_ffffn)
  return words
}

function whole(network: Network): WrittenNetwork {
  return { network, hasLowBits: false }
}

function parseBits(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null
}

function ipv4Network(address: number, bits: number): Extract<Network, { family: 4 }> {
  const size = 2 ** (32 - bits)
  const first = address - (address % size)
  return { family: 4, first, last: first + size - 1 }
}

function ipv6Network(address: bigint, bits: number): Extract<Network, { family: 6 }> {
  const size = 1n << BigInt(IPV6_BITS - bits)
  const first = address - (address % size)
  return { family: 6, first, last: first + size - 1n }
}

/** The bits of the mask that makes a network of these addresses; null where none does. */
function bitsOf(first: bigint, last: bigint, bitsMax: number): number | null {
  const size = last - first + 1n
  const isPower = (size & (size - 1n)) === 0n
  return isPower && first % size === 0n ? bitsMax - (size.toString(2).length - 1) : null
}

function joinWords(words: Uint32Array): bigint {
  let address = 0n
  for (const word of words) address = (address << 32n) | BigInt(word)
  return address
}
