// Who is asked, and what came of it: the words between the prober and those that act on its
// verdicts.

import { isDeepStrictEqual } from 'node:util'

import type { ListenAddress } from '../model/listener.ts'
import type { Probe, ProbeCheck } from '../model/probe.ts'
import type { ProbeState } from './verdict.ts'

export type { ProbeState }

/** One peer that one probe asks. */
export interface ProbeTarget {
  /** Stable over reloads: upstream, address of the peer, probe. */
  readonly key: string
  readonly probe: Probe
  /** The probe's, or the one that it has for this peer. */
  readonly check: ProbeCheck
  /** The peer as it is written. */
  readonly peerName: string
  /** The peer's own, its port already that of the probe. */
  readonly address: ListenAddress
  /** What a question before this one found, where that holds until this one is answered. */
  readonly begins?: ProbeState
}

/** One check that was made, and the verdict after it. */
export interface ProbeReport {
  readonly target: ProbeTarget
  readonly isGood: boolean
  /**
   * One line without control characters: `body did not contain "Test Page" (200, 5,120 bytes,
   * 12 ms)`; empty when the check was good.
   */
  readonly why: string
  /** `200, 5,120 bytes, 12 ms`, also when the check was good. */
  readonly detail: string
  /** By the wall clock, in milliseconds. */
  readonly startedAt: number
  readonly tookMs: number
  readonly state: ProbeState
  /** The verdict before this check. */
  readonly before: ProbeState
  /** Checks in a row that ended as this one did, from 1: the 3 of `3rd of 3`. */
  readonly streak: number
  /** How many in a row make the verdict: `rise` after a good check, `fall` after a bad one. */
  readonly needed: number
}

/** What is known of a target. */
export interface ProbeStatus {
  readonly target: ProbeTarget
  readonly state: ProbeState
  /** Since when, by the wall clock, in milliseconds. */
  readonly since: number
  /** The last check; null before the first. */
  readonly last: ProbeReport | null
  /** Checks that were made, and those of them that were bad. */
  readonly checks: number
  readonly fails: number
  /** A check is on its way, or waits for its turn. */
  readonly isAsking: boolean
}

/** Whether two targets of one key ask the same of the same peer. */
export function isSameQuestion(one: ProbeTarget, other: ProbeTarget): boolean {
  return one === other || isDeepStrictEqual(questionOf(one), questionOf(other))
}

function questionOf(target: ProbeTarget): unknown {
  // Where it was written, and what other peers are asked, does not matter.
  const { origin, origins, check, checksOfPeers, ...rules } = target.probe
  return [rules, target.check, target.address, target.peerName]
}
