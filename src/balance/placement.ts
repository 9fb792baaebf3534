// What `hash … consistent` and `hash … maglev` look a key up in: a table from the key's hash to the
// name of a peer, built once for each configuration, never changed, and shared by all threads
// (docs/decisions/014-tables-of-consistent-hashing.md). A name and not a peer, since one name may
// have several addresses.

import type { HashPlacement, Upstream } from '../model/upstream.ts'
import { buildKetama } from './ketama.ts'
import { buildMaglev } from './maglev.ts'

/** Plain arrays over shared memory: a message hands them on without a copy. */
export interface PlacementTable {
  /** Index in `distinctNames` by place. */
  readonly places: Uint16Array
  /** The ring's points, rising, one for each place; empty where the place is the hash itself. */
  readonly points: Uint32Array
  /** First point of each equal part of the ring, and the end; empty like `points`. */
  readonly guide: Int32Array
}

/** A name and its weight. */
export interface NamedWeight {
  readonly name: string
  readonly weight: number
}

/**
 * Builds the table of a group; null when its method needs none.
 *
 * @param peers after name resolution: each with the index of its line in `upstream.peers`
 */
export function buildTable(
  upstream: Upstream,
  peers: readonly { readonly peer: number }[],
): PlacementTable | null {
  const { method } = upstream
  if (method.kind !== 'hash') return null
  const primaries = peers.map(({ peer }) => upstream.peers[peer]!).filter(peer => !peer.isBackup)
  return buildPlacement(method.placement, primaries)
}

/** Builds the table of the primaries of a group; null for a placement without one. */
export function buildPlacement(
  placement: HashPlacement,
  primaries: readonly NamedWeight[],
): PlacementTable | null {
  switch (placement) {
    case 'modulo':
      return null
    case 'ketama':
      return buildKetama(primaries)
    case 'maglev':
      return buildMaglev(primaries)
  }
}

/** Each name once, in the order of the configuration: what a table's entries are indices of. */
export function distinctNames(primaries: readonly NamedWeight[]): readonly string[] {
  return [...new Set(primaries.map(({ name }) => name))]
}
