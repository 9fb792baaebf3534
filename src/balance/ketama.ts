// The ring of `hash … consistent`, point for point that of nginx and of Cache::Memcached::Fast: 160
// points for each unit of weight, each the CRC-32 of host, port and the point before it. The
// points' leading bits spread evenly, so that a guide by these leads a lookup to its place without
// a search (nginx, ngx_http_upstream_hash_module).

import { CRC_START, crcByte, crcEnd, crcText, crcWord } from './crc32.ts'
import type { NamedWeight, PlacementTable } from './placement.ts'

const POINTS_PER_WEIGHT = 160
/**
 * Above this all weights count for fewer points: 50 MB. A group of 10,000 peers has 1.6 million
 * with equal weights.
 */
const POINTS_MAX = 1 << 23
/** Bits of a hash that one pass of the sort looks at: their counters fit the nearest cache. */
const DIGIT_BITS = 11

/** Builds the ring. */
export function buildKetama(primaries: readonly NamedWeight[]): PlacementTable {
  const weights = greatestWeights(primaries)
  const wanted = [...weights.values()].reduce((sum, weight) => sum + weight * POINTS_PER_WEIGHT, 0)
  const scale = wanted > POINTS_MAX ? POINTS_MAX / wanted : 1
  const counts = [...weights.values()].map(weight =>
    Math.max(1, Math.floor(weight * POINTS_PER_WEIGHT * scale)),
  )
  const count = counts.reduce((sum, own) => sum + own, 0)
  const hashes = new Uint32Array(count)
  const owners = new Uint16Array(count)
  let next = 0
  let owner = 0
  for (const name of weights.keys()) {
    fillPoints(name, hashes.subarray(next, next + counts[owner]!))
    owners.fill(owner, next, next + counts[owner]!)
    next += counts[owner]!
    owner++
  }
  return sortRing(hashes, owners)
}

/** The place of a hash: the first point not below it; the number of points if there is none. */
export function findPoint(table: PlacementTable, hash: number): number {
  const { points, guide } = table
  const part = hash >>> shiftOf(guide)
  let place = guide[part]!
  const end = guide[part + 1]!
  while (place < end && points[place]! < hash >>> 0) place++
  return place
}

/** Several addresses of one name have the same points; the greatest weight has most of them. */
function greatestWeights(primaries: readonly NamedWeight[]): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const { name, weight } of primaries) {
    weights.set(name, Math.max(weight, weights.get(name) ?? 0))
  }
  return weights
}

function fillPoints(name: string, points: Uint32Array): void {
  const isUnix = /^unix:/i.test(name)
  const port = isUnix ? null : /:([0-9]*)$/.exec(name)
  const host = isUnix ? name.slice('unix:'.length) : name.slice(0, port?.index ?? name.length)
  // Names are UTF-8 in a file; their bytes are hashed.
  const base = crcText(crcByte(crcText(CRC_START, bytesOf(host)), 0), port?.[1] ?? '')
  let point = 0
  for (let i = 0; i < points.length; i++) {
    point = crcEnd(crcWord(base, point))
    points[i] = point
  }
}

function bytesOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** Sorts by hash, the earlier name first among equals, of which only one stays. */
function sortRing(hashes: Uint32Array, owners: Uint16Array): PlacementTable {
  let from: Points = { hashes, owners }
  let to: Points = {
    hashes: new Uint32Array(hashes.length),
    owners: new Uint16Array(owners.length),
  }
  // Radix sort from the lowest digit up, each pass stable: millions of points in a few passes.
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    sortByDigit(from, to, shift)
    ;[from, to] = [to, from]
  }
  return shareRing(from.hashes, from.owners)
}

interface Points {
  readonly hashes: Uint32Array
  readonly owners: Uint16Array
}

function sortByDigit(from: Points, to: Points, shift: number): void {
  const mask = (1 << DIGIT_BITS) - 1
  const places = new Int32Array(mask + 2)
  const { length } = from.hashes
  for (let i = 0; i < length; i++) places[((from.hashes[i]! >>> shift) & mask) + 1]!++
  for (let digit = 0; digit < mask; digit++) places[digit + 1]! += places[digit]!
  for (let i = 0; i < length; i++) {
    const hash = from.hashes[i]!
    const place = places[(hash >>> shift) & mask]!++
    to.hashes[place] = hash
    to.owners[place] = from.owners[i]!
  }
}

/** Drops repeated points and moves the rest to shared memory. */
function shareRing(sorted: Uint32Array, owners: Uint16Array): PlacementTable {
  let count = 0
  for (let i = 0; i < sorted.length; i++) {
    if (count > 0 && sorted[count - 1] === sorted[i]) continue
    sorted[count] = sorted[i]!
    owners[count] = owners[i]!
    count++
  }
  const bits = Math.ceil(Math.log2(count)) || 1
  const points = new Uint32Array(new SharedArrayBuffer(count * 4))
  const places = new Uint16Array(new SharedArrayBuffer(count * 2))
  const guide = new Int32Array(new SharedArrayBuffer(((1 << bits) + 1) * 4))
  points.set(sorted.subarray(0, count))
  places.set(owners.subarray(0, count))
  let place = 0
  for (let part = 0; part < 1 << bits; part++) {
    guide[part] = place
    while (place < count && points[place]! >>> (32 - bits) === part) place++
  }
  guide[1 << bits] = count
  return { points, places, guide }
}

/** Parts are a power of two, and one more entry for the end. */
function shiftOf(guide: Int32Array): number {
  return Math.clz32(guide.length - 2)
}
