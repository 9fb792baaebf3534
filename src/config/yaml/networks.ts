// Networks in YAML: an address, one with the bits of its mask, and where they are wanted ranges of IPv4.

import { networkText, parseNetwork, parseRange } from '../../base/network.ts'

/** What is wanted where a network is. */
export const NETWORK_WANTED = 'an address such as 192.0.2.1, or a network such as 10.0.0.0/8'

/** The network without what does not matter (`10.1.2.3/8` is `10.0.0.0/8`); null when it is none. */
export function plainNetwork(text: string): string | null {
  const written = parseNetwork(text)
  return written === null ? null : networkText(written.network)
}

/** The same, for a range too: `192.0.2.1-192.0.2.9`. */
export function plainNetworkOrRange(text: string): string | null {
  const range = parseRange(text)
  return range === null ? plainNetwork(text) : networkText(range)
}
