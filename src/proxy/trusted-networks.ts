// A set of networks whose word is taken: proxies in front of this one (`set_real_ip_from`, `proxy` in `geo`).

import { IpAddress } from '../base/ip-address.ts'
import { parseNetwork, parseRange } from '../base/network.ts'
import { NetworkTable, NO_VALUE } from '../base/network-table.ts'

const address = new IpAddress()

export class TrustedNetworks {
  readonly #table: NetworkTable
  readonly #hasUnix: boolean

  /** @param texts networks; `unix:` stands for clients of UNIX sockets */
  constructor(texts: readonly string[]) {
    const networks = texts.flatMap(text => parseNetwork(text)?.network ?? parseRange(text) ?? [])
    this.#table = new NetworkTable(networks.map(network => ({ network, value: 0 })))
    this.#hasUnix = texts.includes('unix:')
  }

  /** Whether the client of an address belongs to them. */
  has(client: string): boolean {
    if (client === 'unix:') return this.#hasUnix
    return this.#table.find(address.read(client)) !== NO_VALUE
  }
}
