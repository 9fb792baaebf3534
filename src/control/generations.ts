// Makes generations (a configuration with its slots in the peer zone) and knows which worker still uses which, so that
// a slot goes to another peer only when nobody counts in it any more.

import { buildTable } from '../balance/placement.ts'
import type { Config } from '../model/config.ts'
import { addressText, type ListenAddress } from '../model/listener.ts'
import type { Generation, ResolvedUpstream } from '../worker/messages.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import { makeGroupSlots, makePeerSlots, peerKey, type SlotTable } from '../zone/slots.ts'
import type { UpstreamAddresses } from './resolve.ts'

/** Who uses a generation: a worker's thread. */
export type Holder = object

/** All generations in use. */
export class Generations {
  readonly #zone: PeerZone
  readonly #peerSlots: SlotTable
  readonly #groupSlots: SlotTable
  readonly #holders = new Map<number, Set<Holder>>()
  #last = 0
  #current = 0

  /** @param zone the main thread's view */
  constructor(zone: PeerZone) {
    this.#zone = zone
    this.#peerSlots = makePeerSlots(zone)
    this.#groupSlots = makeGroupSlots(zone)
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
    const keys = upstreams.flatMap(({ name, peers }) =>
      peers.map(({ address }) => peerKey(name, addressText(address))),
    )
    const groups = this.#groupSlots.assign(
      number,
      upstreams.map(({ name }) => name),
    )
    if (groups === null) return null
    const slots = this.#peerSlots.assign(number, keys)
    if (slots === null) {
      this.#groupSlots.release(number)
      return null
    }
    this.#last = number
    this.#holders.set(number, new Set())
    let next = 0
    const resolved = upstreams.map(({ name, peers }, index): ResolvedUpstream => {
      const group = groups[index]!
      const table = buildTable(config.upstreams[index]!, peers)
      return { name, group, peers: peers.map(peer => ({ ...peer, slot: slots[next++]! })), table }
    })
    const generation: Generation = { number, config, upstreams: resolved, listeners }
    this.enter(generation)
    return generation
  }

  /** Writes the weights of a generation into the zone: with each new one, and again when an old one stays after all. */
  enter(generation: Generation): void {
    generation.upstreams.forEach((upstream, index) => {
      const { peers } = generation.config.upstreams[index]!
      const settings = upstream.peers.map(({ slot, peer }) => ({
        slot,
        weight: peers[peer]!.weight,
      }))
      this.#zone.initializeGroup(upstream.group, settings)
    })
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

  letGo(number: number, holder: Holder): void {
    if (this.#holders.get(number)?.delete(holder)) this.#endIfUnused(number)
  }

  /** A worker has ended: it holds nothing. */
  letGoAll(holder: Holder): void {
    for (const number of [...this.#holders.keys()]) this.letGo(number, holder)
  }

  /** Numbers of the generations in use, oldest first. */
  get inUse(): readonly number[] {
    return [...this.#holders.keys()]
  }

  #endIfUnused(number: number): void {
    const holders = this.#holders.get(number)
    // The newest may be on its way to its first holder.
    if (holders === undefined || holders.size > 0 || number === this.#current) return
    this.#holders.delete(number)
    this.#peerSlots.release(number)
    this.#groupSlots.release(number)
  }
}
