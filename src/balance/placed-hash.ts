// `hash KEY consistent` and `hash KEY maglev`: the key's place in a table names a peer; when that
// one is out, the next place is looked at, and after twenty round robin decides (nginx,
// ngx_http_upstream_hash_module). With a bound a peer is also passed over while it has more than so
// many percent of its fair share of what is in flight (Mirrokni et al., "Consistent Hashing with
// Bounded Loads", 2016).

import { PEER } from '../zone/layout.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import type { Balancer } from './balancer.ts'
import { CRC_START, crcEnd, crcText } from './crc32.ts'
import { MISSES_MAX } from './hashed-walk.ts'
import { findPoint } from './ketama.ts'
import { findPlace } from './maglev.ts'
import type { PeerList } from './peer-list.ts'
import type { PlacementTable } from './placement.ts'
import { RoundRobin } from './round-robin.ts'
import { pickRoundAmong } from './smooth-round.ts'
import { TriedSet } from './tried.ts'

export class PlacedHash implements Balancer {
  readonly #list: PeerList
  readonly #table: PlacementTable
  readonly #isRing: boolean
  readonly #otherwise: RoundRobin
  readonly #bound: LoadBound | null
  /** Members by name: those of name n are `#members[#starts[n] … #starts[n + 1])`. */
  readonly #members: Int32Array
  readonly #starts: Int32Array

  constructor(list: PeerList, table: PlacementTable, bound: LoadBound | null) {
    this.#list = list
    this.#table = table
    this.#isRing = table.points.length > 0
    this.#otherwise = new RoundRobin(list)
    this.#bound = bound
    const byName = [...Map.groupBy(list.names.keys(), member => list.names[member]!).values()]
    this.#members = Int32Array.from(byName.flat())
    this.#starts = new Int32Array(byName.length + 1)
    byName.forEach((members, name) => {
      this.#starts[name + 1] = this.#starts[name]! + members.length
    })
  }

  pick(tried: TriedSet, at: number, key: string): number {
    const { places } = this.#table
    if (tried.hash === -1) tried.hash = this.#find(key)
    const isHashed = this.#list.length > 1 && key !== ''
    while (isHashed && tried.misses <= MISSES_MAX) {
      const member = this.#memberOf(places[tried.hash % places.length]!, tried, at)
      if (member !== -1 && (this.#bound === null || this.#bound.allows(member, at))) return member
      tried.hash++
      tried.misses++
    }
    return this.#otherwise.pick(tried, at)
  }

  #find(key: string): number {
    const hash = crcEnd(crcText(CRC_START, key))
    return this.#isRing ? findPoint(this.#table, hash) : findPlace(hash)
  }

  /** An eligible member of that name; several take turns. */
  #memberOf(name: number, tried: TriedSet, at: number): number {
    const from = this.#starts[name]!
    const to = this.#starts[name + 1]!
    if (to - from > 1) return pickRoundAmong(this.#list, this.#members, from, to, tried, at)
    const member = this.#members[from]!
    return this.#list.isEligible(member, tried, at) ? member : -1
  }
}

/** How much of what is in flight one member may have. */
export class LoadBound {
  readonly #list: PeerList
  readonly #zone: PeerZone
  readonly #percent: number
  /** Sum of the weights of the members that are up, as of second `#weighedAt`. */
  #liveWeight = 0
  #weighedAt = -1

  /** @param percent of the member's share by weight */
  constructor(list: PeerList, zone: PeerZone, percent: number) {
    this.#list = list
    this.#zone = zone
    this.#percent = percent
  }

  /** Whether the member may take one request more. */
  allows(member: number, at: number): boolean {
    const list = this.#list
    if (at !== this.#weighedAt) this.#weigh(at)
    const all = this.#zone.groupConnsOf(list.group) + 1
    const weight = list.cells[list.lineOf(member) + PEER.weight]!
    const most = Math.ceil((this.#percent * all * weight) / (100 * Math.max(1, this.#liveWeight)))
    return list.connsOf(member) < most
  }

  /** Once a second: a look at every member would cost more than the rest of a pick. */
  #weigh(at: number): void {
    const list = this.#list
    let weight = 0
    for (let member = 0; member < list.length; member++) {
      if (!list.isEligible(member, NONE_TRIED, at)) continue
      weight += list.cells[list.lineOf(member) + PEER.weight]!
    }
    this.#liveWeight = weight
    this.#weighedAt = at
  }
}

const NONE_TRIED = new TriedSet()
