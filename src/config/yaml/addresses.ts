// Addresses in YAML, written as in nginx: `127.0.0.1:80`, `[::1]:80`, `example.com`, `unix:/path`.
// A socket's path may start at the file's directory.

import { isAbsolute, join } from 'node:path'

import { addressText, type ListenAddress } from '../../model/listener.ts'
import type { Origin } from '../../model/origin.ts'
import {
  type AddressProblem,
  isAddressProblem,
  type ParsedAddress,
  parseListenAddress,
  parsePeerAddress,
} from '../nginx/address.ts'
import { escapeText, readText } from './interpolation.ts'
import type { Kind } from './kind.ts'
import type { Reading, YamlNode } from './reading.ts'

/** An address and how it was written. */
export interface WrittenAddress {
  readonly text: string
  readonly address: ListenAddress
}

/** The address of a peer; port 80 where none is written. */
export const PEER_ADDRESS: Kind<WrittenAddress> = addressKind(
  'an address such as 192.168.3.19:8000, "[::1]:8000", example.com or "unix:/run/app.sock"',
  parsePeerAddress,
  peerText,
)

/** The address of a listener; a port alone is every address of IPv4. */
export const LISTEN_ADDRESS: Kind<WrittenAddress> = addressKind(
  'a port or an address such as 80, 127.0.0.1:8080, "[::]:80" or "unix:/run/headgate.sock"',
  parseListenAddress,
  written => listenText(written.address),
)

/** Reads an address from a text that was already taken from its scalar. */
export function peerAddress(
  text: string,
  reading: Reading,
  origin: Origin,
): WrittenAddress | undefined {
  return fromText(text, reading, origin, PEER_ADDRESS.wanted, parsePeerAddress)
}

function addressKind(
  wanted: string,
  parse: (text: string) => ParsedAddress | AddressProblem,
  print: (written: WrittenAddress) => string | number,
): Kind<WrittenAddress> {
  return {
    label: 'address',
    wanted,
    schema: () => ({ type: ['string', 'integer'] }),
    read(node, reading) {
      const text = readText(node, reading)
      if (text === undefined) return undefined
      if (text === null) return reading.unwanted(node, wanted, bracketHint(node, reading))
      return fromText(text, reading, reading.origin(node), wanted, parse)
    },
    write: written => {
      const text = print(written)
      return typeof text === 'string' ? escapeText(text) : text
    },
  }
}

function fromText(
  text: string,
  reading: Reading,
  origin: Origin,
  wanted: string,
  parse: (text: string) => ParsedAddress | AddressProblem,
): WrittenAddress | undefined {
  const found = parse(text)
  if (isAddressProblem(found)) {
    const problem = `Cannot use "${text}" as an address: ${found.problem}`
    const isUrl = /^https?:\/\//i.test(text)
    return reading.errorAt(origin, problem, isUrl ? 'leave "http://" out' : `wants ${wanted}`)
  }
  const { address, lastPort } = found
  if (address.kind === 'tcp' && lastPort !== address.port) {
    const problem = `Cannot use the range of ports "${text}"`
    return reading.errorAt(origin, problem, 'write each port by itself')
  }
  if (address.kind === 'unix' && !isAbsolute(address.path)) {
    return { text, address: { kind: 'unix', path: join(reading.directory, address.path) } }
  }
  return { text, address }
}

/** `[::]:80` without quotes is a list to YAML. */
function bracketHint(node: YamlNode, reading: Reading): string {
  return reading.items(node) === null ? '' : 'an IPv6 address wants quotes: "[::]:80"'
}

/** The text as it was written where it reads as the same address, else the address. */
function peerText({ text, address }: WrittenAddress): string {
  const found = parsePeerAddress(text)
  const isSame = !isAddressProblem(found) && addressText(found.address) === addressText(address)
  return isSame ? text : addressText(address)
}

function listenText(address: ListenAddress): string | number {
  if (address.kind === 'tcp' && address.host === '0.0.0.0') return address.port
  return addressText(address)
}
