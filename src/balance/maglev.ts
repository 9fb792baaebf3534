// The table of `hash … maglev` (Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load
// Balancer", NSDI 2016, §3.4): 65,537 places, which the names take in turns, each along a
// permutation of its own. A name of twice the weight takes twice as many turns. Against a ring the
// shares are even to a hundredth and a lookup is one step; when a peer leaves, a few more keys
// move.

import { CRC_START, crcByte, crcEnd, crcText } from './crc32.ts'
import type { NamedWeight, PlacementTable } from './placement.ts'

/** A prime, as each permutation needs it to be. */
const PLACES = 65_537
const FREE = 0xffff

/** Builds the table. */
export function buildMaglev(primaries: readonly NamedWeight[]): PlacementTable {
  const weights = new Map<string, number>()
  for (const { name, weight } of primaries) weights.set(name, (weights.get(name) ?? 0) + weight)
  const names = [...weights.keys()]
  const shares = [...weights.values()]
  const greatest = Math.max(...shares)
  const offsets = names.map(name => findPlace(crcEnd(crcText(CRC_START, name))))
  const skips = names.map(name => stepOf(name))
  const taken = new Int32Array(names.length)
  const places = new Uint16Array(new SharedArrayBuffer(PLACES * 2)).fill(FREE)
  let filled = 0
  for (let round = 1; filled < PLACES; round++) {
    for (let name = 0; name < names.length && filled < PLACES; name++) {
      // The heaviest takes a turn in each round, the others as soon as one is due to them.
      if (taken[name]! * greatest >= round * shares[name]!) continue
      places[nextFree(places, offsets, skips, name)] = name
      taken[name]!++
      filled++
    }
  }
  const nothing = new SharedArrayBuffer(0)
  return { places, points: new Uint32Array(nothing), guide: new Int32Array(nothing) }
}

/** The place of a hash. */
export function findPlace(hash: number): number {
  return (mix(hash) >>> 0) % PLACES
}

/** The next place of a name's permutation that is free; the name stands behind it then. */
function nextFree(
  places: Uint16Array,
  offsets: number[],
  skips: readonly number[],
  name: number,
): number {
  let place = offsets[name]!
  while (places[place] !== FREE) place = (place + skips[name]!) % PLACES
  offsets[name] = (place + skips[name]!) % PLACES
  return place
}

function stepOf(name: string): number {
  const hash = crcEnd(crcByte(crcText(CRC_START, name), 1))
  return 1 + ((mix(hash) >>> 0) % (PLACES - 1))
}

/** Spreads what a CRC leaves close together (the finalizer of MurmurHash3). */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
