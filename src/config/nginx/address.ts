// Addresses as nginx writes them: `127.0.0.1:80`, `[::1]:80`, `example.com`, `*:80`, `80`,
// `unix:/path`. Names are not resolved here: peers are resolved when the configuration is loaded.

import { isIP, isIPv4, isIPv6 } from 'node:net'

import type { ListenAddress } from '../../model/listener.ts'

export interface ParsedAddress {
  readonly address: ListenAddress
  /** Host as written, with the brackets of IPv6; empty for unix sockets and a port alone. */
  readonly host: string
  /** Whether a port was written. */
  readonly hasPort: boolean
  /** The last port of a written range `80-90`, else the port. */
  readonly lastPort: number
}

/** Why a text is no address, in nginx's words. */
export interface AddressProblem {
  readonly problem: string
}

/** Tells an address from a problem. */
export function isAddressProblem(result: ParsedAddress | AddressProblem): result is AddressProblem {
  return 'problem' in result
}

/** Length of a unix socket's path that the kernel takes (`sun_path`). */
const UNIX_PATH_MAX = 107

/** Parses the address of a peer; port 80 where none is written. */
export function parsePeerAddress(text: string): ParsedAddress | AddressProblem {
  if (/^unix:/i.test(text)) return parseUnix(text.slice(5))
  const parts = splitPort(text)
  if ('problem' in parts) return parts
  const { host, port } = parts
  if (host === '') return { problem: 'no host' }
  const bare = bareHost(host)
  if (bare === null)
    return { problem: host.startsWith('[') ? 'invalid IPv6 address' : 'invalid host' }
  if (port === null) return tcp(host, bare, 80, false)
  const number = portNumber(port, 1)
  return number === null ? { problem: 'invalid port' } : tcp(host, bare, number, true)
}

/**
 * Parses the address of a listener: a port alone is all of IPv4, `*` too; port 0 lets the kernel
 * choose.
 */
export function parseListenAddress(text: string): ParsedAddress | AddressProblem {
  if (/^unix:/i.test(text)) return parseUnix(text.slice(5))
  if (/^\d+(-\d+)?$/.test(text)) return listenTcp('', '0.0.0.0', text)
  const parts = splitPort(text)
  if ('problem' in parts) return parts
  const { host, port } = parts
  if (host === '') return { problem: 'no host' }
  const bare = host === '*' ? '0.0.0.0' : bareHost(host)
  if (bare === null)
    return { problem: host.startsWith('[') ? 'invalid IPv6 address' : 'invalid host' }
  // A slip in a port: nobody has a host of such a name.
  if (port === null && /^\d+[a-z]{1,2}$/.test(bare)) return { problem: 'host not found' }
  return port === null ? tcp(host, bare, 80, false) : listenTcp(host, bare, port)
}

function listenTcp(host: string, bare: string, port: string): ParsedAddress | AddressProblem {
  const [first = '', last = first] = port.split('-')
  const from = portNumber(first, 0)
  const to = portNumber(last, 0)
  if (from === null || to === null) return { problem: 'invalid port' }
  if (to < from) return { problem: 'invalid port range' }
  return { ...tcp(host, bare, from, true), lastPort: to }
}

function tcp(host: string, bare: string, port: number, hasPort: boolean): ParsedAddress {
  return { address: { kind: 'tcp', host: bare, port }, host, hasPort, lastPort: port }
}

function parseUnix(path: string): ParsedAddress | AddressProblem {
  if (path === '') return { problem: 'no path in the unix domain socket' }
  if (Buffer.byteLength(path) > UNIX_PATH_MAX) {
    return { problem: 'too long path in the unix domain socket' }
  }
  return { address: { kind: 'unix', path }, host: '', hasPort: false, lastPort: 0 }
}

function splitPort(text: string): { host: string; port: string | null } | AddressProblem {
  if (text.startsWith('[')) {
    const match = /^(\[[^\]]*\])(?::(.*))?$/s.exec(text)
    return match === null
      ? { problem: 'invalid host' }
      : { host: match[1]!, port: match[2] ?? null }
  }
  const colon = text.indexOf(':')
  if (colon === -1) return { host: text, port: null }
  return { host: text.slice(0, colon), port: text.slice(colon + 1) }
}

/**
 * The host without brackets and in lower case, or null where it is neither an address nor a name.
 */
function bareHost(host: string): string | null {
  if (host.startsWith('[')) {
    const inner = host.slice(1, -1)
    return isIPv6(inner) ? inner.toLowerCase() : null
  }
  if (isIP(host) !== 0) return host
  const isDotted = /^[\d.]+$/.test(host) && host.includes('.')
  if (isDotted && !isIPv4(host)) return null
  return /^[\w.-]+$/.test(host) ? host.toLowerCase() : null
}

function portNumber(text: string, least: number): number | null {
  if (!/^\d{1,5}$/.test(text)) return null
  const port = Number(text)
  return port >= least && port <= 65_535 ? port : null
}
