// Which slot of a zone belongs to whom. A key keeps its slot as long as any generation in use has
// it, so a peer's state survives a reload; a slot is given to another key only after every
// generation that knew it was released. Lives on the main thread; workers get the numbers with the
// generation.

import { assert } from '../base/assert.ts'
import { GROUPS_MAX, PEERS_MAX, type PeerZone } from './peer-zone.ts'

/** Makes the table of peer slots; keys by `peerKey`. */
export function makePeerSlots(zone: PeerZone): SlotTable {
  return new SlotTable(PEERS_MAX, slot => zone.clearPeer(slot))
}

/** Makes the table of group slots; the key is the upstream's name. */
export function makeGroupSlots(zone: PeerZone): SlotTable {
  return new SlotTable(GROUPS_MAX, slot => zone.clearGroup(slot))
}

/** The key of a peer's slot. */
export function peerKey(upstreamName: string, address: string): string {
  return `${upstreamName}\n${address}`
}

interface Holding {
  readonly slot: number
  /** Generations in use that have the key. */
  generations: number
}

/** Slots of one zone by key. */
export class SlotTable {
  readonly #capacity: number
  readonly #clear: (slot: number) => void
  readonly #byKey = new Map<string, Holding>()
  /** Keys of each generation in use, each once. */
  readonly #generations = new Map<number, readonly string[]>()
  readonly #free: number[] = []
  #used = 0

  /** @param clear makes a slot new before it is given away */
  constructor(capacity: number, clear: (slot: number) => void) {
    this.#capacity = capacity
    this.#clear = clear
  }

  /**
   * Gives every key of a generation its slot. A key that comes twice (the same address in two
   * `server` lines) gets a slot for each time.
   *
   * @returns slots in the order of `keys`; null when there are not enough, and then nothing has
   *   changed
   */
  assign(generation: number, keys: readonly string[]): number[] | null {
    assert(!this.#generations.has(generation), `generation ${generation} is assigned once`)
    const unique = numberRepeats(keys)
    const fresh = unique.filter(key => !this.#byKey.has(key)).length
    if (fresh > this.#capacity - this.#byKey.size) return null
    this.#generations.set(generation, unique)
    return unique.map(key => {
      const held = this.#byKey.get(key)
      if (held !== undefined) {
        held.generations++
        return held.slot
      }
      const slot = this.#free.pop() ?? this.#used++
      this.#clear(slot)
      this.#byKey.set(key, { slot, generations: 1 })
      return slot
    })
  }

  /**
   * Ends a generation: no worker uses its slots any more, or it was never taken. Generations may
   * end in any order (a long-lived exchange can outlast several reloads).
   */
  release(generation: number): void {
    const keys = this.#generations.get(generation)
    assert(keys !== undefined, `generation ${generation} is in use`)
    this.#generations.delete(generation)
    for (const key of keys) {
      const held = this.#byKey.get(key)!
      held.generations--
      if (held.generations > 0) continue
      this.#byKey.delete(key)
      this.#free.push(held.slot)
    }
  }
}

/**
 * Makes repeated keys distinct: the second `a` becomes `a` with a number that no key can end in.
 */
function numberRepeats(keys: readonly string[]): string[] {
  const counts = new Map<string, number>()
  return keys.map(key => {
    const count = counts.get(key) ?? 0
    counts.set(key, count + 1)
    return count === 0 ? key : `${key}\0${count}`
  })
}
