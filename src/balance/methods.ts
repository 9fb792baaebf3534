// The balancing methods by the name that the model gives them, one row each: how the balancer of a
// list is made, and what the group has to keep count of for it.

import type { Method, MethodKind, RandomRule } from '../model/upstream.ts'
import { PEER } from '../zone/layout.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import type { Balancer } from './balancer.ts'
import type { Dice } from './dice.ts'
import { HashedWalk, makeAddressSteps, stepKey } from './hashed-walk.ts'
import { ConnectionCount } from './least-conn.ts'
import { LeastScore, type Scorer } from './least-score.ts'
import { TimeScorer } from './least-time.ts'
import { PeakScorer } from './peak-ewma.ts'
import type { PeerList } from './peer-list.ts'
import { LoadBound, PlacedHash } from './placed-hash.ts'
import { buildPlacement, type PlacementTable } from './placement.ts'
import { RandomPick } from './random.ts'
import { RoundRobin } from './round-robin.ts'

/** What a method may need beside its list. */
export interface MethodParts {
  readonly zone: PeerZone
  readonly dice: Dice
  /** The table of the primaries, where it was built before; else it is built here. */
  readonly table: PlacementTable | null
}

type Of<K extends MethodKind> = Extract<Method, { readonly kind: K }>

interface MethodRow<K extends MethodKind> {
  readonly make: (list: PeerList, method: Of<K>, parts: MethodParts) => Balancer
  /** Backups go by round robin: the method has no place for them. */
  readonly hasPlainBackups?: true
}

const METHODS: { readonly [K in MethodKind]: MethodRow<K> } = {
  round_robin: { make: list => new RoundRobin(list) },
  least_conn: { make: list => new LeastScore(list, new ConnectionCount(list)) },
  ip_hash: {
    make: list => new HashedWalk(list, makeAddressSteps(), false),
    hasPlainBackups: true,
  },
  hash: { make: makeHash, hasPlainBackups: true },
  random: {
    make: (list, { isTwo, by }, { dice }) =>
      new RandomPick(list, dice, isTwo ? scorerOf(list, by) : null),
    hasPlainBackups: true,
  },
  least_time: {
    make: (list, { by, countsInflight }) =>
      new LeastScore(
        list,
        new TimeScorer(list, by === 'header' ? PEER.headerTime : PEER.responseTime, countsInflight),
      ),
  },
  peak_ewma: { make: list => new LeastScore(list, new PeakScorer(list)) },
}

/** Names of all methods. */
export const METHOD_KINDS = Object.keys(METHODS) as readonly MethodKind[]

/** Makes the balancer of one list of one group. */
export function makeBalancer(list: PeerList, method: Method, parts: MethodParts): Balancer {
  // A kind's row takes the method of that kind, which the compiler cannot follow through the table.
  const row = METHODS[method.kind] as MethodRow<MethodKind>
  if (list.isBackups && row.hasPlainBackups === true) return new RoundRobin(list)
  return row.make(list, method, parts)
}

/** What a try's times are kept for. */
export type Measuring = 'nothing' | 'averages' | 'peaks'

/** Which measurements a method asks for. */
export function measuringOf(method: Method): Measuring {
  if (method.kind === 'peak_ewma') return 'peaks'
  if (method.kind === 'least_time') return 'averages'
  return method.kind === 'random' && method.isTwo && method.by !== 'least_conn'
    ? 'averages'
    : 'nothing'
}

function makeHash(list: PeerList, method: Of<'hash'>, parts: MethodParts): Balancer {
  const { placement, boundedPercent } = method
  if (placement === 'modulo') return new HashedWalk(list, stepKey, true)
  // A name that is still looked up has no peer yet, and nobody has a place in a table then.
  if (list.length === 0) return new RoundRobin(list)
  const table = parts.table ?? buildPlacement(placement, list.namedWeights())
  // Only a modulo has no table.
  if (table === null) return new RoundRobin(list)
  const bound = boundedPercent === null ? null : new LoadBound(list, parts.zone, boundedPercent)
  return new PlacedHash(list, table, bound)
}

function scorerOf(list: PeerList, by: RandomRule): Scorer {
  if (by === 'least_conn') return new ConnectionCount(list)
  const cell = by === 'least_time=header' ? PEER.headerTime : PEER.responseTime
  return new TimeScorer(list, cell, false)
}
