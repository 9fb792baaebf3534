// `geo`: what belongs to the smallest network that holds an address (http://nginx.org/en/docs/http/ngx_http_geo_module.html).
// Networks of 100,000 are one search in base/network-table.ts.

import { IPV4_MAX, IpAddress } from '../base/ip-address.ts'
import { parseNetwork, parseRange } from '../base/network.ts'
import { NetworkTable, type NetworkValue, NO_VALUE } from '../base/network-table.ts'
import { lookupFieldId } from '../http/field-list.ts'
import type { GeoDefinition } from '../model/variable-definitions.ts'
import { clientAddress } from './client-address.ts'
import type { Exchange } from './exchange.ts'
import { fieldLines, findForwarded } from './forwarded-client.ts'
import { TrustedNetworks } from './trusted-networks.ts'
import { byteText, type Variable } from './variable.ts'
import { compileTemplate } from './variables.ts'

const FORWARDED_FOR = lookupFieldId('x-forwarded-for')
const address = new IpAddress()

/** Makes the variable of a `geo`. */
export function compileGeo(definition: GeoDefinition): Variable {
  const { isRecursive } = definition
  const sourceOf = compileSource(definition)
  const otherwise = byteText(definition.default)
  const { table, values } = compileNetworks(definition)
  const { proxies } = definition
  const trusted = proxies.length === 0 ? null : new TrustedNetworks(proxies)
  return exchange => {
    const text = sourceOf(exchange)
    address.read(text)
    // What is no address is looked up as the last one of IPv4.
    if (address.family === 0) return values[table.findIpv4(IPV4_MAX)] ?? otherwise
    if (trusted !== null) {
      const lines = fieldLines(exchange.head.fields, FORWARDED_FOR, 'x-forwarded-for')
      const found = findForwarded(text, lines, trusted, isRecursive)
      if (found !== null) address.read(found.address)
    }
    const index = table.find(address)
    return index === NO_VALUE ? otherwise : values[index]!
  }
}

function compileSource({ source }: GeoDefinition): (exchange: Exchange) => string {
  return source === null ? clientAddress : compileTemplate([{ variable: source }])
}

function compileNetworks({ networks }: GeoDefinition): {
  readonly table: NetworkTable
  readonly values: readonly string[]
} {
  const indexes = new Map<string, number>()
  const entries: NetworkValue[] = []
  for (const { network: text, value } of networks) {
    const network = parseNetwork(text)?.network ?? parseRange(text)
    if (network === null) continue
    let index = indexes.get(value)
    if (index === undefined) {
      index = indexes.size
      indexes.set(value, index)
    }
    entries.push({ network, value: index })
  }
  return { table: new NetworkTable(entries), values: [...indexes.keys()].map(byteText) }
}
