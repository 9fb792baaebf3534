// `ip_hash` and `hash KEY` without a ring: a number from the request, modulo the sum of the
// weights, falls on a peer. When that one is out, the number is hashed on, from where the request's
// last try left it; after twenty misses round robin decides (nginx,
// ngx_http_upstream_ip_hash_module and ngx_http_upstream_hash_module). Down peers keep their
// stretch, so that the others keep their keys.

import type { Balancer } from './balancer.ts'
import { ClientOctets } from './client-octets.ts'
import { CRC_START, crcDecimal, crcEnd, crcText } from './crc32.ts'
import { CumulativeWeights } from './cumulative-weights.ts'
import type { PeerList } from './peer-list.ts'
import { RoundRobin } from './round-robin.ts'
import type { TriedSet } from './tried.ts'

/** Peers that may be hit in vain before round robin takes over for the rest of the request. */
export const MISSES_MAX = 20

const IP_HASH_START = 89
const IP_HASH_FACTOR = 113
const IP_HASH_MODULUS = 6_271

/** Moves the request's hash on by one step. */
type Advance = (tried: TriedSet, key: string) => void

export class HashedWalk implements Balancer {
  readonly #list: PeerList
  readonly #weights: CumulativeWeights
  readonly #advance: Advance
  readonly #needsKey: boolean
  readonly #otherwise: RoundRobin

  /** @param needsKey an empty key goes by round robin */
  constructor(list: PeerList, advance: Advance, needsKey: boolean) {
    this.#list = list
    this.#weights = new CumulativeWeights(list)
    this.#advance = advance
    this.#needsKey = needsKey
    this.#otherwise = new RoundRobin(list)
  }

  pick(tried: TriedSet, at: number, key: string): number {
    const list = this.#list
    const weights = this.#weights
    weights.refresh()
    const isHashed = list.length > 1 && !(this.#needsKey && key === '')
    while (isHashed && tried.misses <= MISSES_MAX) {
      this.#advance(tried, key)
      const member = weights.find(tried.hash % weights.total)
      if (list.isEligible(member, tried, at)) return member
      tried.misses++
    }
    return this.#otherwise.pick(tried, at)
  }
}

/** The steps of `ip_hash`; the key is the client's address. */
export function makeAddressSteps(): Advance {
  const octets = new ClientOctets()
  return (tried, key) => {
    octets.read(key)
    let hash = tried.hash === -1 ? IP_HASH_START : tried.hash
    for (let i = 0; i < octets.length; i++) {
      hash = (hash * IP_HASH_FACTOR + octets.bytes[i]!) % IP_HASH_MODULUS
    }
    tried.hash = hash
  }
}

/** The steps of `hash KEY`: after the first the key has the number of the step before it. */
export function stepKey(tried: TriedSet, key: string): void {
  const start = tried.rehash === 0 ? CRC_START : crcDecimal(CRC_START, tried.rehash)
  const hash = (crcEnd(crcText(start, key)) >>> 16) & 0x7fff
  tried.hash = (tried.hash === -1 ? 0 : tried.hash) + hash
  tried.rehash++
}
