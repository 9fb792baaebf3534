// /etc/resolv.conf (resolv.conf(5)): the machine's name servers, and what is put behind short names. Times and counts of
// tries are our own (limits.ts).

import { isIP } from 'node:net'

import { canonicalName, hostNameProblem } from './host-name.ts'
import { DNS_LIMITS } from './limits.ts'
import type { NameServer } from './name-server.ts'

export interface ResolvFile {
  /** The one on this machine where the file names none. */
  readonly servers: readonly NameServer[]
  readonly searchDomains: readonly string[]
  /** A name with so many dots is asked for as it is first. */
  readonly dotsMin: number
}

const DNS_PORT = 53
const DOTS_MAX = 15

/** Parses the file; what it does not understand is passed over, as the C library does. */
export function parseResolvFile(text: string): ResolvFile {
  const servers: NameServer[] = []
  let searchDomains: string[] = []
  let dotsMin = 1
  for (const line of text.split('\n')) {
    const [key = '', ...values] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/)
    switch (key) {
      case 'nameserver':
        if (isIP(values[0] ?? '') !== 0) servers.push({ host: values[0]!, port: DNS_PORT })
        break
      case 'search':
      case 'domain':
        // The last of such lines holds.
        searchDomains = values.map(canonicalName).filter(domain => hostNameProblem(domain) === '')
        break
      case 'options':
        for (const value of values) {
          const dots = /^ndots:(\d+)$/.exec(value)
          if (dots !== null) dotsMin = Math.min(Number(dots[1]), DOTS_MAX)
        }
        break
    }
  }
  return {
    servers: servers.length > 0 ? servers : [{ host: '127.0.0.1', port: DNS_PORT }],
    searchDomains: searchDomains.slice(0, DNS_LIMITS.searchDomainsMax),
    dotsMin,
  }
}

/** The names to ask for one after the other (resolv.conf(5), "search" and "ndots"). */
export function searchedNames(name: string, { searchDomains, dotsMin }: ResolvFile): string[] {
  const asWritten = canonicalName(name)
  if (name.endsWith('.')) return [asWritten]
  const longer = searchDomains.map(domain => `${asWritten}.${domain}`)
  const dots = asWritten.split('.').length - 1
  return dots >= dotsMin ? [asWritten, ...longer] : [...longer, asWritten]
}
