// What runs, made by hand: configurations with probes, and the rosters of their peers.

import { Generations } from '../../src/control/generations.ts'
import { buildRoster, type Roster } from '../../src/control/peer-roster.ts'
import type { UpstreamAddresses } from '../../src/control/resolve.ts'
import type { Config } from '../../src/model/config.ts'
import { BUILT_IN } from '../../src/model/origin.ts'
import { PLAIN_PROBE, type Probe } from '../../src/model/probe.ts'
import type { Upstream } from '../../src/model/upstream.ts'
import type { Generation } from '../../src/worker/messages.ts'
import { createPeerZone, PeerZone } from '../../src/zone/peer-zone.ts'
import { sampleConfig, sampleUpstream } from './sample-config.ts'

/** A probe that connects, with what a test wants of it. */
export function sampleProbe(parts: Partial<Probe> = {}): Probe {
  return {
    origin: BUILT_IN,
    name: 'tcp',
    check: { kind: 'tcp', tls: null, send: '', expect: null },
    ...PLAIN_PROBE,
    ...parts,
  }
}

/** An upstream with two peers, 10.0.0.1:80 and 10.0.0.2:80, unless told otherwise. */
export function probedUpstream(
  parts: Partial<Upstream> = {},
  peers: readonly string[] = ['10.0.0.1:80', '10.0.0.2:80'],
): Upstream {
  return { ...sampleUpstream('web', ...peers), probes: [sampleProbe()], ...parts }
}

/** A zone and the generations in it. */
export class Ground {
  readonly zone = new PeerZone(createPeerZone(), -1)
  readonly generations = new Generations(this.zone)

  /** A generation of a configuration with these upstreams. */
  make(...upstreams: Upstream[]): Generation {
    return this.makeFrom(sampleConfig({ upstreams }))
  }

  makeFrom(config: Config, addresses: readonly UpstreamAddresses[] = addressesOf(config)) {
    return this.generations.make(config, addresses, [])!
  }

  /** The states at run time of the peers of the first upstream. */
  states(generation: Generation): string[] {
    return generation.upstreams[0]!.peers.map(({ slot }) =>
      this.zone.snapshotPeer(slot).states.join('+'),
    )
  }
}

/** The peers of a configuration with these upstreams. */
export function sampleRoster(...upstreams: Upstream[]): Roster {
  return buildRoster(new Ground().make(...upstreams), 0)
}

function addressesOf({ upstreams }: Config): UpstreamAddresses[] {
  return upstreams.map(({ name, peers }) => ({
    name,
    peers: peers.map(({ address }, peer) => ({ peer, address })),
  }))
}
