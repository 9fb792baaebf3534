// What the `server` lines of a configuration stand for: addresses for good (every address of a name is a peer, IPv4
// before IPv6, as nginx finds them when it loads), or a name that is followed while the program runs. A name that
// nobody knows yet refuses the configuration only where nginx's way was asked for; else its peers come later.

import { ADDRCONFIG, type LookupAddress } from 'node:dns'
import { lookup as systemLookup } from 'node:dns/promises'
import { isIP } from 'node:net'

import { type Delay, systemDelay, TIMED_OUT, within } from '../base/delay.ts'
import { systemErrorCode } from '../base/system-error.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { ListenAddress } from '../model/listener.ts'
import { originOf } from '../model/origin.ts'
import type { Peer, Upstream } from '../model/upstream.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { makeLine, type PeerLine, type UpstreamLines } from './peer-lines.ts'

/** One address of an upstream, and the `server` line that it came from. */
export interface PeerAddress {
  /** Index in `Upstream.peers`. */
  readonly peer: number
  readonly address: ListenAddress
  /** Addresses that connecting races between; then `address` has the name. */
  readonly rivals?: readonly ListenAddress[]
  /** In place of the line's: what the name's records say. */
  readonly weight?: number
  /** In place of the line's: what the name's records say. */
  readonly isBackup?: boolean
}

/** The addresses of one upstream, in the order of its `server` lines. */
export interface UpstreamAddresses {
  readonly name: string
  readonly peers: readonly PeerAddress[]
}

/** Asks for every address of a host name; rejects when there is none. */
export type Lookup = (host: string) => Promise<readonly string[]>

/** Makes the line of a name that is followed, or null where it cannot be. */
export type Follow = (upstream: Upstream, peer: Peer) => PeerLine | null

export interface ResolveOptions {
  readonly lookup?: Lookup
  readonly timeoutMs?: number
  readonly delay?: Delay
  /** Without it no name is followed: those with `resolve` have no address, and others have to have one now. */
  readonly follow?: Follow
}

export interface Resolved {
  /** What stands behind the addresses, in the order of `Config.upstreams`. */
  readonly lines: readonly UpstreamLines[]
  /** An error or a warning for each peer whose name has no address. */
  readonly diagnostics: readonly Diagnostic[]
}

/** Finds out what all `server` lines stand for. */
export async function resolveLines(
  upstreams: readonly Upstream[],
  options: ResolveOptions = {},
): Promise<Resolved> {
  const { lookup = lookupHost, delay = systemDelay, follow } = options
  const timeoutMs = options.timeoutMs ?? CONTROL_LIMITS.resolveTimeoutMs
  const names = new Set<string>()
  for (const { address, isResolving } of upstreams.flatMap(upstream => upstream.peers)) {
    if (!isResolving && address.kind === 'tcp' && isIP(address.host) === 0) names.add(address.host)
  }
  const answers = new Map(
    await Promise.all(
      [...names].map(async host => [host, await ask(host, lookup, timeoutMs, delay)] as const),
    ),
  )
  const diagnostics: Diagnostic[] = []
  const lines = upstreams.map((upstream): UpstreamLines => {
    const each = upstream.peers.map((peer): PeerLine => {
      const { address } = peer
      if (peer.isResolving) return follow?.(upstream, peer) ?? makeLine([])
      const answer = address.kind === 'tcp' ? answers.get(address.host) : undefined
      if (address.kind === 'unix' || answer === undefined) return makeLine([address])
      if (answer.problem === '') return makeLine(answer.hosts.map(host => ({ ...address, host })))
      const line = follow?.(upstream, peer) ?? null
      const message = `host not found in upstream "${peer.name}"`
      const origin = originOf(peer, 'address')
      const isKept = line !== null
      const severity = isKept ? 'warning' : 'error'
      const hint = isKept ? `${answer.problem}; it is asked for again` : answer.problem
      diagnostics.push({ severity, message, origin, hint })
      return line ?? makeLine([])
    })
    return { upstream, lines: each }
  })
  return { lines, diagnostics }
}

/** What stands behind one name now. */
export async function resolveHost(host: string, options: ResolveOptions = {}): Promise<Answer> {
  const { lookup = lookupHost, delay = systemDelay } = options
  return await ask(host, lookup, options.timeoutMs ?? CONTROL_LIMITS.resolveTimeoutMs, delay)
}

/** All addresses of a name, or why there are none. */
export interface Answer {
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
