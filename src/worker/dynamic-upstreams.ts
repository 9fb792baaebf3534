// Groups for addresses that only a request knows (`proxy_pass http://$backend`), never pooled, as nginx does it: one
// implicit peer, or one for each address of a name, which is looked up then (worker/dynamic-names.ts). Their state is
// this worker's own.

import { isIP } from 'node:net'
import { PeerGroup } from '../balance/peer-group.ts'
import type { SystemClock } from '../base/clock.ts'
import type { TimerWheel } from '../base/timer-wheel.ts'
import { addressText, type ListenAddress } from '../model/listener.ts'
import { BUILT_IN } from '../model/origin.ts'
import { PLAIN_PEER, PLAIN_UPSTREAM } from '../model/upstream.ts'
import { PeerSet } from '../proxy/peer-set.ts'
import { UpstreamLoad } from '../proxy/retry-pacing.ts'
import type { UpstreamRuntime } from '../proxy/runtime.ts'
import { ConnectionPool } from '../upstream/connection-pool.ts'
import { PeerAddress } from '../upstream/peer-address.ts'
import { GroupLoad } from '../zone/group-load.ts'
import { createPeerZone, PEERS_MAX, PeerZone } from '../zone/peer-zone.ts'

/** Addresses that one worker remembers; the oldest goes when there are more. */
const GROUPS_MAX = 1_024

/** Failures do not count: as in nginx, where each request begins with such peers anew. */
const PEER = { ...PLAIN_PEER, maxFails: 0 }

const KEEPALIVE = { idleMax: 0, requestsMax: 1, ageMaxMs: 0, idleTimeoutMs: 0, isLocal: false }

export class DynamicUpstreams {
  readonly #clock: SystemClock
  readonly #wheel: TimerWheel
  readonly #isStrict: boolean
  readonly #groups = new Map<string, UpstreamRuntime>()
  #zone: PeerZone | null = null
  #nextGroup = 0
  #nextSlot = 0

  constructor(clock: SystemClock, wheel: TimerWheel, isStrict: boolean) {
    this.#clock = clock
    this.#wheel = wheel
    this.#isStrict = isStrict
  }

  /** The group of `host:port`, `[v6]:port` or `unix:/path`; null for a name. */
  find(name: string): UpstreamRuntime | null {
    const known = this.#groups.get(name)
    if (known !== undefined) return known
    const address = parseAddress(name)
    if (address === null) return null
    const group = this.make(name, [address])
    if (this.#groups.size >= GROUPS_MAX) {
      const oldest = this.#groups.keys().next().value
      if (oldest !== undefined) this.#groups.delete(oldest)
    }
    this.#groups.set(name, group)
    return group
  }

  /** Makes a group, which is the caller's. */
  make(name: string, addresses: readonly ListenAddress[]): UpstreamRuntime {
    // Slots may be taken over from addresses long gone: failures do not count, and weights are all the same.
    this.#zone ??= new PeerZone(createPeerZone(), 0)
    const group = this.#nextGroup++ % GROUPS_MAX
    if (this.#nextSlot + addresses.length > PEERS_MAX) this.#nextSlot = 0
    const slots = addresses.map(() => this.#nextSlot++)
    const peers = addresses.map(address => new PeerAddress(addressText(address), address))
    return {
      config: {
        name,
        ...PLAIN_UPSTREAM,
        peers: addresses.map(address => ({ name, address, ...PEER, origin: BUILT_IN })),
        keepalive: KEEPALIVE,
        isImplicit: true,
        origin: BUILT_IN,
      },
      keyOf: null,
      peers: new PeerSet(
        new PeerGroup(
          this.#zone,
          group,
          slots.map(slot => ({ ...PEER, slot, name })),
        ),
        peers,
      ),
      pool: new ConnectionPool(this.#clock, this.#wheel, KEEPALIVE, peers, this.#isStrict),
      load: new UpstreamLoad(new GroupLoad(this.#zone, group)),
    }
  }
}

function parseAddress(name: string): ListenAddress | null {
  if (name.startsWith('unix:/'))
    return { kind: 'unix', path: name.slice('unix:'.length).replace(/:$/, '') }
  const found = splitPort(name)
  return found === null || isIP(found.host) === 0 ? null : { kind: 'tcp', ...found }
}

/** Host and port of `host:port` or `[v6]:port`, 80 where none is written; null when it is neither. */
export function splitPort(name: string): { readonly host: string; readonly port: number } | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(name)
  if (match === null) return null
  const host = match[1] ?? match[2]!
  const port = match[3] === undefined ? 80 : Number(match[3])
  return port === 0 || port > 65_535 ? null : { host, port }
}
