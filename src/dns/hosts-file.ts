// /etc/hosts (hosts(5)): an address, then its names. What stands there needs no name server.

import { isIP } from 'node:net'

import { canonicalName } from './host-name.ts'

/** Parses the file: canonical name to addresses, in the file's order, each once. */
export function parseHostsFile(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (isIP(address) === 0) continue
    for (const name of names.map(canonicalName)) {
      const addresses = hosts.get(name)
      if (addresses === undefined) hosts.set(name, [address])
      else if (!addresses.includes(address)) addresses.push(address)
    }
  }
  return hosts
}
