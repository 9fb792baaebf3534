// Which addresses of clients lead to which upstream: what ipvsadm calls a virtual service. A target
// whose name has variables leads anywhere, so it counts for none.

import type { Config } from '../model/config.ts'
import { addressText, type ListenAddress } from '../model/listener.ts'
import type { Location, Server } from '../model/route.ts'
import type { Upstream } from '../model/upstream.ts'
import type { Listening } from './reload-plan.ts'

/**
 * Finds the addresses that lead to each upstream, in the order of the configuration.
 *
 * @param listening tells the ports that were bound in place of 0
 */
export function virtualAddresses(
  config: Pick<Config, 'servers'>,
  listening: Listening,
): ReadonlyMap<string, readonly ListenAddress[]> {
  const boundOf = new Map(
    listening.wanted.map((address, index) => [addressText(address), listening.bound[index]!]),
  )
  const found = new Map<string, Map<string, ListenAddress>>()
  for (const server of config.servers) {
    for (const upstream of upstreamsOf(server)) {
      const addresses = found.get(upstream) ?? new Map<string, ListenAddress>()
      found.set(upstream, addresses)
      for (const { address } of server.listens) {
        const key = addressText(address)
        addresses.set(key, boundOf.get(key) ?? address)
      }
    }
  }
  return new Map([...found].map(([name, addresses]) => [name, [...addresses.values()]]))
}

/**
 * What the program of a fallback is told: the address that a probe was given for clients, else the
 * addresses that lead to the upstream.
 */
export function virtualsTold(
  upstream: Upstream,
  addresses: readonly ListenAddress[],
): readonly ListenAddress[] {
  const given = upstream.probes.find(({ virtual }) => virtual !== null)?.virtual ?? null
  return given === null ? addresses : [given]
}

function upstreamsOf(server: Server): ReadonlySet<string> {
  const names = new Set<string>()
  const add = ({ action, locations }: Server | Location) => {
    if (action.kind === 'proxy' && action.target.upstream !== null) {
      names.add(action.target.upstream)
    }
    locations.forEach(add)
  }
  add(server)
  return names
}
