// An address where clients arrive (nginx: `listen`, HAProxy: `bind`).

import type { Sourced } from './origin.ts'

/** An address to bind. `unix:` paths are absolute once read. */
export type ListenAddress =
  | {
      readonly kind: 'tcp'
      readonly host: string /* '0.0.0.0', '::', '127.0.0.1', without brackets */
      readonly port: number
    }
  | { readonly kind: 'unix'; readonly path: string }

/** One `listen` of one server. */
export interface Listen extends Sourced {
  readonly address: ListenAddress
  /** Takes the requests of this address whose Host matches no server (nginx: `default_server`). */
  readonly isDefault: boolean
  /** Length of the accept queue; 511 as in nginx. */
  readonly backlog: number
  /** IPv6 only, for `[::]`; nginx's default is on. */
  readonly ipv6Only: boolean
  /** Connections begin with a header of the PROXY protocol; holds for the address if one server says it. */
  readonly expectsProxyHeader: boolean
}

/** The address in one canonical text: `127.0.0.1:80`, `[::1]:80`, `unix:/path`. Serves as key and for messages. */
export function addressText(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${host}:${address.port}`
}
