// How the connection for a request is made: from which address, with which probes, and what is sent before the first
// request. Two requests that want it made alike may use one another's connections, and no others: else a peer would
// see the address, or read the PROXY header, of somebody else.

import type { LocalAddress } from '../model/local-address.ts'

/** How a connection is made. */
export interface Egress {
  /** Where it goes out from; null = the kernel chooses. */
  readonly from: LocalAddress | null
  /** The kernel probes it while it is silent (SO_KEEPALIVE, with the machine's own times). */
  readonly isProbed: boolean
  /** What goes first, before any request; null = nothing. */
  readonly preamble: Buffer | null
  /** Whoever does not share its connections with others; null = they are shared. */
  readonly owner: object | null
  /** The same for all that are made alike. */
  readonly key: string
}

/** How connections are made where nothing else is said. */
export const PLAIN_EGRESS: Egress = makeEgress({})

/** Makes what says how a connection is made. */
export function makeEgress(parts: Partial<Omit<Egress, 'key'>>): Egress {
  const { from = null, isProbed = false, preamble = null, owner = null } = parts
  const local = from === null ? '' : `${from.host} ${from.port}`
  const key = `${isProbed ? 'probed' : ''}|${local}|${preamble?.toString('latin1') ?? ''}`
  return { from, isProbed, preamble, owner, key }
}

/** Whether a connection that was made as `made` says may serve a request that wants it as `wanted`. */
export function mayServe(made: Egress, wanted: Egress): boolean {
  return made === wanted || (made.owner === wanted.owner && made.key === wanted.key)
}
