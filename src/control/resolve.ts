// Host names of peers become addresses when a configuration is loaded, as in nginx: every address of a name is a peer,
// IPv4 before IPv6, and a name without an address refuses the configuration. All names are asked at once, each once.

import { ADDRCONFIG, type LookupAddress } from 'node:dns'
import { lookup as systemLookup } from 'node:dns/promises'
import { isIP } from 'node:net'

import { type Delay, systemDelay, TIMED_OUT, within } from '../base/delay.ts'
import { systemErrorCode } from '../base/system-error.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { ListenAddress } from '../model/listener.ts'
import { originOf } from '../model/origin.ts'
import type { Upstream } from '../model/upstream.ts'
import { CONTROL_LIMITS } from './limits.ts'

/** One address of an upstream, and the `server` line that it came from. */
export interface PeerAddress {
  /** Index in `Upstream.peers`. */
  readonly peer: number
  readonly address: ListenAddress
}

/** The addresses of one upstream, in the order of its `server` lines. */
export interface UpstreamAddresses {
  readonly name: string
  readonly peers: readonly PeerAddress[]
}

/** Asks for every address of a host name; rejects when there is none. */
export type Lookup = (host: string) => Promise<readonly string[]>

export interface ResolveOptions {
  readonly lookup?: Lookup
  readonly timeoutMs?: number
  readonly delay?: Delay
}

export interface Resolved {
  /** In the order of `Config.upstreams`. */
  readonly upstreams: readonly UpstreamAddresses[]
  /** An error for each peer whose name has no address. */
  readonly diagnostics: readonly Diagnostic[]
}

/** Finds the addresses of all peers. */
export async function resolveUpstreams(
  upstreams: readonly Upstream[],
  options: ResolveOptions = {},
): Promise<Resolved> {
  const { lookup = lookupHost, delay = systemDelay } = options
  const timeoutMs = options.timeoutMs ?? CONTROL_LIMITS.resolveTimeoutMs
  const names = new Set<string>()
  for (const { address } of upstreams.flatMap(upstream => upstream.peers)) {
    if (address.kind === 'tcp' && isIP(address.host) === 0) names.add(address.host)
  }
  const answers = new Map(
    await Promise.all(
      [...names].map(async host => [host, await ask(host, lookup, timeoutMs, delay)] as const),
    ),
  )
  const diagnostics: Diagnostic[] = []
  const resolved = upstreams.map(upstream => {
    const peers = upstream.peers.flatMap((peer, index): PeerAddress[] => {
      const { address } = peer
      const answer = address.kind === 'tcp' ? answers.get(address.host) : undefined
      if (address.kind === 'unix' || answer === undefined) return [{ peer: index, address }]
      if (answer.problem !== '') {
        const message = `host not found in upstream "${peer.name}"`
        const origin = originOf(peer, 'address')
        diagnostics.push({ severity: 'error', message, origin, hint: answer.problem })
      }
      return answer.hosts.map(host => ({ peer: index, address: { ...address, host } }))
    })
    return { name: upstream.name, peers }
  })
  return { upstreams: resolved, diagnostics }
}

interface Answer {
  readonly hosts: readonly string[]
  /** Empty when there are hosts. */
  readonly problem: string
}

async function ask(host: string, lookup: Lookup, timeoutMs: number, delay: Delay): Promise<Answer> {
  try {
    const hosts = await within(lookup(host), timeoutMs, delay)
    if (hosts === TIMED_OUT) {
      return { hosts: [], problem: `no answer for "${host}" in ${timeoutMs / 1000} seconds` }
    }
    if (hosts.length > 0) return { hosts: [...new Set(hosts)], problem: '' }
    return { hosts: [], problem: `"${host}" has no address` }
  } catch (error) {
    return { hosts: [], problem: `looking up "${host}" failed: ${systemErrorCode(error) || error}` }
  }
}

/** The system's resolver, as nginx asks it: addresses of a kind that this machine has itself, IPv4 first. */
async function lookupHost(host: string): Promise<readonly string[]> {
  const ask = (hints: number) => systemLookup(host, { all: true, order: 'ipv4first', hints })
  // A machine without a network has no kind of its own, yet its loopback names have addresses.
  const found: LookupAddress[] = await ask(ADDRCONFIG).catch(() => ask(0))
  return found.map(({ address }) => address)
}
