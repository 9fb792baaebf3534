// An address of this machine that connections to peers go out from (nginx: `proxy_bind`). Only
// addresses, never names; it is read from a configuration, or from what variables came to.

import { isIP, isIPv4 } from 'node:net'

/** Where connections go out from. */
export interface LocalAddress {
  /** As written. */
  readonly text: string
  /** IPv4 or IPv6, without brackets. */
  readonly host: string
  /** 0 = the kernel chooses, for each connection anew. */
  readonly port: number
}

/** Parses `10.0.0.1`, `10.0.0.1:4000`, `::1` or `[::1]:4000`; null for what nginx calls no address. */
export function parseLocalAddress(text: string): LocalAddress | null {
  if (isIP(text) !== 0) return { text, host: text, port: 0 }
  const match = /^(?:\[(.*)\]|(.*)):0*(\d{1,5})$/s.exec(text)
  if (match === null) return null
  const [, bracketed, bare = '', digits] = match
  const port = Number(digits)
  const isAddress = bracketed === undefined ? isIPv4(bare) : isIP(bracketed) !== 0
  if (!isAddress || port === 0 || port > 65_535) return null
  return { text, host: bracketed ?? bare, port }
}
