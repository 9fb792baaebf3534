// The group behind a fallback that is an address: an upstream of its own, made beside the one that
// it stands in for, so that its name is looked up, its connections are kept and its requests are
// counted as everybody's. Its name has a blank, which no written one can have.

import type { Config } from './config.ts'
import { PLAIN_PEER, PLAIN_UPSTREAM, type Upstream } from './upstream.ts'

/** Names the group behind the fallback of an upstream. */
export function fallbackGroupName(upstream: string): string {
  return `${upstream} fallback`
}

/** Adds the groups behind all fallbacks that are addresses; a configuration that has them stays as it is. */
export function withFallbackGroups(config: Config): Config {
  const known = new Set(config.upstreams.map(({ name }) => name))
  const groups = config.upstreams
    .map(fallbackGroup)
    .filter(group => group !== null && !known.has(group.name))
  return groups.length === 0
    ? config
    : { ...config, upstreams: [...config.upstreams, ...(groups as Upstream[])] }
}

/** Never banned, never ejected, in no panic: it is what is left. */
function fallbackGroup(upstream: Upstream): Upstream | null {
  const { name, fallback, keepalive, passiveHealth, proxyProtocol, resolver } = upstream
  if (fallback?.answer.kind !== 'address') return null
  const { origin, answer } = fallback
  const { address } = answer
  return {
    ...PLAIN_UPSTREAM,
    origin,
    name: fallbackGroupName(name),
    peers: [{ ...PLAIN_PEER, origin, name: answer.name, address, maxFails: 0 }],
    keepalive,
    passiveHealth: { ...passiveHealth, outliers: null, panicPercent: 0 },
    proxyProtocol,
    resolver,
    isImplicit: true,
  }
}
