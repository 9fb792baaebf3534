// Groups for addresses that only a request knows (`proxy_pass http://$backend`): one implicit peer each, never pooled, as
// nginx does it. Their state is this worker's own; a name needs a resolver, which the configuration does not have yet.

import { isIP } from 'node:net'
import { PeerGroup } from '../balance/peer-group.ts'
import type { SystemClock } from '../base/clock.ts'
import type { TimerWheel } from '../base/timer-wheel.ts'
import { addressText, type ListenAddress } from '../model/listener.ts'
import { BUILT_IN } from '../model/origin.ts'
import { PLAIN_PEER, PLAIN_UPSTREAM } from '../model/upstream.ts'
import type { UpstreamRuntime } from '../proxy/runtime.ts'
import { ConnectionPool } from '../upstream/connection-pool.ts'
import { createPeerZone, PeerZone } from '../zone/peer-zone.ts'

/** Addresses that one worker remembers; the oldest goes when there are more. */
const GROUPS_MAX = 1_024

const KEEPALIVE = { idleMax: 0, requestsMax: 1, ageMaxMs: 0, idleTimeoutMs: 0 }

export class DynamicUpstreams {
  readonly #clock: SystemClock
  readonly #wheel: TimerWheel
  readonly #isStrict: boolean
  readonly #groups = new Map<string, UpstreamRuntime>()
  #zone: PeerZone | null = null
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
    const group = this.#make(name, address)
    this.#groups.set(name, group)
    return group
  }

  #make(name: string, address: ListenAddress): UpstreamRuntime {
    // A slot may be taken over from an address long gone: an implicit peer is single, its failures do not count.
    this.#zone ??= new PeerZone(createPeerZone(), 0)
    const slot = this.#nextSlot++ % GROUPS_MAX
    if (this.#groups.size >= GROUPS_MAX) {
      const oldest = this.#groups.keys().next().value
      if (oldest !== undefined) this.#groups.delete(oldest)
    }
    const peer = { ...PLAIN_PEER, slot, name }
    return {
      config: {
        name,
        ...PLAIN_UPSTREAM,
        peers: [
          {
            name,
            address,
            ...PLAIN_PEER,
            origin: BUILT_IN,
          },
        ],
        keepalive: KEEPALIVE,
        isImplicit: true,
        origin: BUILT_IN,
      },
      group: new PeerGroup(this.#zone, slot, [peer]),
      keyOf: null,
      addresses: [{ text: addressText(address), address }],
      pool: new ConnectionPool(this.#clock, this.#wheel, KEEPALIVE, 1, this.#isStrict),
    }
  }
}

function parseAddress(name: string): ListenAddress | null {
  if (name.startsWith('unix:/'))
    return { kind: 'unix', path: name.slice('unix:'.length).replace(/:$/, '') }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(name)
  if (match === null) return null
  const host = match[1] ?? match[2]!
  const port = match[3] === undefined ? 80 : Number(match[3])
  if (isIP(host) === 0 || port === 0 || port > 65_535) return null
  return { kind: 'tcp', host, port }
}
