// One upstream in one worker: its connections, how it hashes, and its peers, which are swapped whole when the main
// thread sends others. An address that stays is the same object afterwards, with its idle connections and what was
// learnt about it.

import { PeerGroup } from '../balance/peer-group.ts'
import type { SystemClock } from '../base/clock.ts'
import type { Config } from '../model/config.ts'
import { addressText, type ListenAddress } from '../model/listener.ts'
import type { Method, Upstream } from '../model/upstream.ts'
import { compileFallback } from '../proxy/fallback.ts'
import { PeerNames } from '../proxy/peer-names.ts'
import { PeerSet } from '../proxy/peer-set.ts'
import { makeRefusal, RequestQueue } from '../proxy/queue.ts'
import { UpstreamLoad } from '../proxy/retry-pacing.ts'
import type { FallbackRuntime, Render, Services, UpstreamRuntime } from '../proxy/runtime.ts'
import { compileSticky, type StickySessions } from '../proxy/sticky.ts'
import { compileTemplate } from '../proxy/variables.ts'
import { ConnectionPool } from '../upstream/connection-pool.ts'
import { PeerAddress } from '../upstream/peer-address.ts'
import { GroupLoad } from '../zone/group-load.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import { SessionZone } from '../zone/session-zone.ts'
import type { ResolvedUpstream, UpstreamMemory } from './messages.ts'
import type { WaitLines } from './wait-lines.ts'

/** What every upstream of a worker shares. */
export interface UpstreamResources {
  readonly services: Services
  readonly clock: SystemClock
  readonly zone: PeerZone
  readonly waitLines: WaitLines
}

/** One upstream of one generation. */
export class WorkerUpstream implements UpstreamRuntime {
  readonly config: Upstream
  readonly keyOf: Render | null
  readonly pool: ConnectionPool
  readonly load: UpstreamLoad
  readonly sticky: StickySessions | null
  readonly queue: RequestQueue | null
  readonly fallback: FallbackRuntime | null
  readonly #resources: UpstreamResources
  #version: number
  #peers: PeerSet

  constructor(
    config: Upstream,
    resolved: ResolvedUpstream,
    memory: UpstreamMemory,
    resources: UpstreamResources,
    { format, isStrict }: Pick<Config, 'format' | 'isStrict'>,
  ) {
    const { clock, services } = resources
    this.config = config
    this.keyOf = compileKey(config.method)
    this.fallback = compileFallback(config)
    this.load = new UpstreamLoad(new GroupLoad(resources.zone, resolved.group))
    this.#resources = resources
    this.#version = resolved.version
    const addresses = makeAddresses(resolved, [])
    this.pool = new ConnectionPool(clock, services.wheel, config.keepalive, addresses, isStrict)
    const names = makeNames(config, resolved)
    this.#peers = new PeerSet(makeGroup(config, resolved, resources), addresses, names)
    this.sticky = makeSticky(config, memory, resources, isStrict)
    this.queue =
      config.queue === null || memory.line === null
        ? null
        : new RequestQueue(
            config.queue,
            resources.waitLines.lineOf(memory.line),
            makeRefusal(format, config.queue),
          )
  }

  get peers(): PeerSet {
    return this.#peers
  }

  /**
   * Takes other peers for whoever begins from now on.
   *
   * @param onReleased called once, with the version of the peers that were replaced, when nobody uses them any more
   */
  change(resolved: ResolvedUpstream, onReleased: (version: number) => void): void {
    const before = this.#peers
    const version = this.#version
    const addresses = makeAddresses(resolved, before.addresses)
    const names = makeNames(this.config, resolved)
    this.#peers = new PeerSet(makeGroup(this.config, resolved, this.#resources), addresses, names)
    this.#version = resolved.version
    this.pool.retain(addresses)
    before.retire(() => onReleased(version))
    this.queue?.onPeersChanged()
  }
}

/** The group of one set of peers; its state is where the slots are, in the zone. */
function makeGroup(
  config: Upstream,
  resolved: ResolvedUpstream,
  { services, zone }: UpstreamResources,
): PeerGroup {
  const peers = resolved.peers.map(found => {
    const line = config.peers[found.peer]!
    return {
      ...line,
      slot: found.slot,
      weight: found.weight ?? line.weight,
      isBackup: found.isBackup ?? line.isBackup,
    }
  })
  const { method, passiveHealth: health, fallback } = config
  const table = resolved.table ?? null
  const seed = services.pid + services.workerIndex * 0x10001 + resolved.group + resolved.version
  return new PeerGroup(zone, resolved.group, peers, {
    method,
    health,
    table,
    seed,
    hasFallback: fallback !== null,
  })
}

function makeAddresses(
  { peers }: ResolvedUpstream,
  before: readonly PeerAddress[],
): readonly PeerAddress[] {
  const known = new Map(before.map(address => [address.text, address]))
  const make = (address: ListenAddress, rivals: readonly ListenAddress[] = []): PeerAddress => {
    const others = rivals.map(rival => make(rival))
    return new PeerAddress(addressText(address), address, others)
  }
  return peers.map(({ address, rivals = [] }) => {
    const same = known.get(addressText(address))
    return same !== undefined && hasRivals(same, rivals) ? same : make(address, rivals)
  })
}

function hasRivals(address: PeerAddress, rivals: readonly ListenAddress[]): boolean {
  const texts = rivals.map(addressText)
  return texts.join() === address.rivals.map(({ text }) => text).join()
}

/** What sessions call the peers; null where there are none. */
function makeNames(config: Upstream, { peers }: ResolvedUpstream): PeerNames | null {
  if (config.sticky === null) return null
  return new PeerNames(
    peers.map(({ peer, address }) => ({
      route: config.peers[peer]!.route,
      address: addressText(address),
    })),
  )
}

function makeSticky(
  { sticky }: Upstream,
  { sessions }: UpstreamMemory,
  { clock, services }: UpstreamResources,
  isStrict: boolean,
): StickySessions | null {
  if (sticky === null) return null
  const zone = sessions === null ? null : new SessionZone(sessions, services.workerIndex)
  return compileSticky(sticky, { clock, isStrict, zone })
}

/** What a request is hashed by; null for a method that does not hash. */
function compileKey(method: Method): Render | null {
  if (method.kind === 'hash') return compileTemplate(method.key)
  return method.kind === 'ip_hash' ? compileTemplate([{ variable: 'remote_addr' }]) : null
}
