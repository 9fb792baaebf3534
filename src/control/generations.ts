// Makes generations (a configuration with its slots in the peer zone) and the lists of peers that replace theirs, and
// knows which worker still uses which, so that a slot goes to another peer only when nobody counts in it any more.

import { buildPlacement, type PlacementTable } from '../balance/placement.ts'
import type { Config } from '../model/config.ts'
import { addressText, type ListenAddress } from '../model/listener.ts'
import type { Upstream } from '../model/upstream.ts'
import type { Generation, ResolvedUpstream } from '../worker/messages.ts'
import { CACHE_THREAD } from '../zone/cache-layout.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import { makeGroupSlots, makePeerSlots, peerKey, type SlotTable } from '../zone/slots.ts'
import { CacheMemories } from './cache/cache-memories.ts'
import type { KeptCache } from './cache/cache-messages.ts'
import { LimitMemories } from './limit-memory.ts'
import type { PeerAddress, UpstreamAddresses } from './resolve.ts'
import { UpstreamMemories } from './upstream-memory.ts'

/** Who uses a generation: a worker's thread. */
export type Holder = object

/** One list of peers that a generation has, or had and somebody still uses. */
interface PeerList {
  readonly generation: number
  /** Who has yet to let go of it; null while it is the one that serves. */
  holders: Set<Holder> | null
}

/** All generations in use. */
export class Generations {
  readonly #zone: PeerZone
  readonly #peerSlots: SlotTable
  readonly #groupSlots: SlotTable
  readonly #holders = new Map<number, Set<Holder>>()
  readonly #memories = new UpstreamMemories()
  readonly #caches = new CacheMemories()
  readonly #limits = new LimitMemories()
  /** By version. */
  readonly #lists = new Map<number, PeerList>()
  #last = 0
  #lastVersion = 0
  #current = 0

  /** @param zone the main thread's view */
  constructor(zone: PeerZone) {
    this.#zone = zone
    this.#peerSlots = makePeerSlots(zone)
    this.#groupSlots = makeGroupSlots(zone)
    zone.onUsable = () => this.#memories.ring()
  }

  /**
   * Makes the next generation and enters its peers into the zone.
   *
   * @param upstreams the addresses of `config.upstreams`, in their order
   * @returns null when the peers or groups do not fit into the zone; then nothing has changed
   */
  make(
    config: Config,
    upstreams: readonly UpstreamAddresses[],
    listeners: readonly ListenAddress[],
  ): Generation | null {
    const number = this.#last + 1
    const groups = this.#groupSlots.assign(
      number,
      upstreams.map(({ name }) => name),
    )
    if (groups === null) return null
    const resolved: ResolvedUpstream[] = []
    for (const [index, addresses] of upstreams.entries()) {
      const made = this.#makeList(number, config.upstreams[index]!, addresses, groups[index]!)
      if (made === null) {
        for (const { version } of resolved) this.#endList(version)
        this.#groupSlots.release(number)
        return null
      }
      resolved.push(made)
    }
    this.#last = number
    this.#holders.set(number, new Set())
    const memories = this.#memories.take(number, config.upstreams)
    const caches = this.#caches.take(number, config.caches)
    const limits = this.#limits.take(number, config.limitZones)
    const generation: Generation = {
      number,
      config,
      upstreams: resolved,
      memories,
      caches,
      limits,
      listeners,
    }
    this.enter(generation)
    return generation
  }

  /**
   * Makes a generation with other peers for one upstream, and enters these into the zone. The list before is kept until
   * every worker that may use it has let go.
   *
   * @param index of the upstream in the generation
   * @returns null when the peers do not fit into the zone; then nothing has changed
   */
  changePeers(
    generation: Generation,
    index: number,
    addresses: UpstreamAddresses,
  ): Generation | null {
    const before = generation.upstreams[index]!
    const config = generation.config.upstreams[index]!
    const next = this.#makeList(generation.number, config, addresses, before.group)
    if (next === null) return null
    this.#lists.get(before.version)!.holders = new Set(this.#holders.get(generation.number))
    this.#endListIfUnused(before.version)
    this.#enterGroup(next, config)
    return { ...generation, upstreams: generation.upstreams.with(index, next) }
  }

  /** Writes the weights of a generation into the zone: with each new one, and again when an old one stays after all. */
  enter(generation: Generation): void {
    generation.upstreams.forEach((upstream, index) => {
      this.#enterGroup(upstream, generation.config.upstreams[index]!)
    })
  }

  #enterGroup({ group, peers }: ResolvedUpstream, config: Upstream): void {
    const settings = peers.map(peer => ({ slot: peer.slot, weight: weightOf(peer, config) }))
    this.#zone.initializeGroup(group, settings)
  }

  /** The generation that serves from now on. The one before ends when its last holder lets go. */
  setCurrent(number: number): void {
    const before = this.#current
    this.#current = number
    this.#endIfUnused(before)
  }

  /** Ends a generation that was not taken, as soon as nobody holds it. */
  drop(number: number): void {
    this.#endIfUnused(number)
  }

  hold(number: number, holder: Holder): void {
    this.#holders.get(number)?.add(holder)
  }

  /** A holder is done with a generation, and with all lists of peers that it ever had. */
  letGo(number: number, holder: Holder): void {
    if (this.#holders.get(number)?.delete(holder) !== true) return
    for (const [version, list] of this.#lists) {
      if (list.generation === number) this.letGoPeers(version, holder)
    }
    this.#endIfUnused(number)
  }

  /** A holder is done with a list of peers that was replaced. */
  letGoPeers(version: number, holder: Holder): void {
    this.#lists.get(version)?.holders?.delete(holder)
    this.#endListIfUnused(version)
  }

  /** A worker has ended: it holds nothing. */
  letGoAll(holder: Holder): void {
    for (const number of [...this.#holders.keys()]) this.letGo(number, holder)
  }

  /** Clears up after a worker, or the cache thread, that ended in what is shared for upstreams and caches. */
  reclaim(worker: number): void {
    if (worker !== CACHE_THREAD) {
      this.#memories.reclaim(worker)
      this.#limits.reclaim(worker)
    }
    this.#caches.reclaim(worker)
  }

  /** The caches of a generation in use. */
  cachesOf(number: number): readonly KeptCache[] {
    return this.#caches.of(number)
  }

  /** Numbers of the generations in use, oldest first. */
  get inUse(): readonly number[] {
    return [...this.#holders.keys()]
  }

  /** Lists of peers that keep their slots. */
  get listsInUse(): number {
    return this.#lists.size
  }

  #makeList(
    generation: number,
    config: Upstream,
    { name, peers }: UpstreamAddresses,
    group: number,
  ): ResolvedUpstream | null {
    const version = this.#lastVersion + 1
    const keys = peers.map(({ address }) => peerKey(name, addressText(address)))
    const slots = this.#peerSlots.assign(version, keys)
    if (slots === null) return null
    this.#lastVersion = version
    this.#lists.set(version, { generation, holders: null })
    const resolved = peers.map((peer, index) => ({ ...peer, slot: slots[index]! }))
    return { name, group, version, peers: resolved, table: tableOf(config, peers) }
  }

  #endListIfUnused(version: number): void {
    if (this.#lists.get(version)?.holders?.size === 0) this.#endList(version)
  }

  #endList(version: number): void {
    this.#lists.delete(version)
    this.#peerSlots.release(version)
  }

  #endIfUnused(number: number): void {
    const holders = this.#holders.get(number)
    // The newest may be on its way to its first holder.
    if (holders === undefined || holders.size > 0 || number === this.#current) return
    this.#holders.delete(number)
    for (const [version, list] of this.#lists) {
      if (list.generation === number) this.#endList(version)
    }
    this.#groupSlots.release(number)
    this.#memories.release(number)
    this.#caches.release(number)
    this.#limits.release(number)
  }
}

function weightOf(peer: PeerAddress, config: Upstream): number {
  return peer.weight ?? config.peers[peer.peer]!.weight
}

/** The table of the primaries, for a method that looks keys up in one. */
function tableOf(config: Upstream, peers: readonly PeerAddress[]): PlacementTable | null {
  if (config.method.kind !== 'hash') return null
  const primaries = peers
    .filter(({ peer, isBackup }) => !(isBackup ?? config.peers[peer]!.isBackup))
    .map(peer => ({ name: config.peers[peer.peer]!.name, weight: weightOf(peer, config) }))
  return primaries.length === 0 ? null : buildPlacement(config.method.placement, primaries)
}
