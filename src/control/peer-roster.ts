// Every peer that serves, and the questions that probes have for it. Made anew from what runs after
// each reload and each change of names; the keys in it stay the same as long as the upstream, the
// address and the probe do, and so does whatever is known under them.

import { isDeepStrictEqual } from 'node:util'

import type { Config } from '../model/config.ts'
import { addressText, type ListenAddress } from '../model/listener.ts'
import type { Probe, ProbeCheck } from '../model/probe.ts'
import type { Peer, Upstream } from '../model/upstream.ts'
import type { ProbeTarget } from '../probe/prober.ts'
import type { Generation, ResolvedPeer } from '../worker/messages.ts'

/** One probe of one peer. */
export interface PeerProbe {
  readonly probe: Probe
  /** The probe's own, or the one that it has for this peer. */
  readonly check: ProbeCheck
  /** Targets; several where connecting races between addresses, and then one that is up will do. */
  readonly keys: readonly string[]
}

/** One address of one upstream. */
export interface RosterPeer {
  /** Stays over reloads: upstream, address, and which of those with this address it is. */
  readonly id: string
  readonly upstream: Upstream
  /** The `server` line. */
  readonly line: Peer
  readonly resolved: ResolvedPeer
  /** `10.0.0.1:80`. */
  readonly address: string
  readonly slot: number
  readonly probes: readonly PeerProbe[]
}

/** All peers of one generation. */
export interface Roster {
  readonly peers: readonly RosterPeer[]
  readonly targets: readonly ProbeTarget[]
  /** Who is asked by a target. */
  readonly byKey: ReadonlyMap<string, readonly RosterPeer[]>
}

export const NO_PEERS: Roster = { peers: [], targets: [], byKey: new Map() }

/**
 * Lists the peers of a generation.
 *
 * @param epoch stands in the keys of mandatory probes that are not persistent: another number
 *   makes their peers unknown again
 */
export function buildRoster(
  { config, upstreams }: Pick<Generation, 'upstreams'> & { readonly config: Config },
  epoch: number,
): Roster {
  const targets = new Map<string, ProbeTarget>()
  const byKey = new Map<string, RosterPeer[]>()
  const peers: RosterPeer[] = []
  const seen = new Map<string, number>()
  for (const [index, { peers: resolved }] of upstreams.entries()) {
    const upstream = config.upstreams[index]!
    for (const each of resolved) {
      const address = addressText(each.address)
      const place = `${upstream.name}\n${address}`
      const repeat = seen.get(place) ?? 0
      seen.set(place, repeat + 1)
      const made: RosterPeer = {
        id: repeat === 0 ? place : `${place}\n${repeat}`,
        upstream,
        line: upstream.peers[each.peer]!,
        resolved: each,
        address,
        slot: each.slot,
        probes: addTargets(targets, upstream, each, epoch),
      }
      peers.push(made)
      for (const key of made.probes.flatMap(({ keys }) => keys)) {
        byKey.set(key, [...(byKey.get(key) ?? []), made])
      }
    }
  }
  return { peers, targets: [...targets.values()], byKey }
}

/** A peer that the configuration takes out is not asked anything. */
function addTargets(
  targets: Map<string, ProbeTarget>,
  upstream: Upstream,
  { peer, address, rivals = [] }: ResolvedPeer,
  epoch: number,
): PeerProbe[] {
  const line = upstream.peers[peer]!
  if (line.isDown) return []
  const names = new Map<string, number>()
  return upstream.probes.map(probe => {
    const repeat = names.get(probe.name) ?? 0
    names.set(probe.name, repeat + 1)
    const check = probe.checksOfPeers?.[peer] ?? probe.check
    const isForgotten = probe.isMandatory && !probe.isPersistent
    const question = `${probe.name} ${repeat}${isForgotten ? ` ${epoch}` : ''}`
    const asked = rivals.length > 0 ? rivals : [address]
    const keys = asked.map(own => {
      const key = freeKey(targets, `${upstream.name}\n${addressText(own)}\n${question}`, check)
      const address = withPort(own, probe.port)
      targets.set(key, { key, probe, check, peerName: line.name, address })
      return key
    })
    return { probe, check, keys }
  })
}

/** The same address on two lines is asked once, unless by two questions. */
function freeKey(
  targets: ReadonlyMap<string, ProbeTarget>,
  wanted: string,
  check: ProbeCheck,
): string {
  for (let count = 1; ; count++) {
    const key = count === 1 ? wanted : `${wanted} ${count}`
    const taken = targets.get(key)
    if (taken === undefined || isDeepStrictEqual(taken.check, check)) return key
  }
}

function withPort(address: ListenAddress, port: number | null): ListenAddress {
  return port === null || address.kind === 'unix' ? address : { ...address, port }
}
