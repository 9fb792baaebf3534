// The times that tries of one group take, for the methods that measure: `least_time`, `random two
// least_time=…` and `peak_ewma`. Only tries that went well count: a peer that fails fast must not
// look fast. Every change is one step under the group's lock.

import { assert } from '../base/assert.ts'
import type { Method, TimeMeasure } from '../model/upstream.ts'
import { PEER } from '../zone/layout.ts'
import { type PeerZone, zoneMs } from '../zone/peer-zone.ts'
import { type Measuring, measuringOf } from './methods.ts'
import { addPeak, addTime, beginWaiting, endWaiting } from './response-times.ts'

export class TimeKeeper {
  readonly #zone: PeerZone
  readonly #group: number
  readonly #measuring: Measuring
  /** Up to where requests in flight are looked at; null = not at all. */
  readonly #inflight: TimeMeasure | null
  /** By index in the group. */
  readonly #lines: Int32Array

  /** @param slots the peers' slots in the zone, by index in the group */
  constructor(zone: PeerZone, group: number, slots: readonly number[], method: Method) {
    this.#zone = zone
    this.#group = group
    this.#lines = Int32Array.from(slots, slot => zone.peerLine(slot))
    this.#measuring = measuringOf(method)
    this.#inflight = method.kind === 'least_time' && method.countsInflight ? method.by : null
  }

  /** A peer was picked; called under the lock. */
  onPick(peer: number, atMs: number): void {
    if (this.#inflight !== null) beginWaiting(this.#zone.cells, this.#lineOf(peer), atMs)
  }

  /**
   * The head of the peer's response is there. To be called at most once for a pick, before `onEnd`.
   *
   * @param pickedAtSeconds what the pick was given as the time
   */
  onHeader(peer: number, pickedAtSeconds: number): void {
    if (this.#inflight !== 'header') return
    const line = this.#lineOf(peer)
    this.#zone.lock(this.#group)
    endWaiting(this.#zone.cells, line, zoneMs(pickedAtSeconds))
    this.#zone.unlock(this.#group)
  }

  /**
   * A try has ended.
   *
   * @param pickedAtSeconds what the pick was given as the time
   * @param headerMs from the pick to the head; -1 = it never came
   * @param responseMs from the pick to the end
   * @param nowSeconds wall clock with its fraction
   */
  onEnd(
    peer: number,
    pickedAtSeconds: number,
    isSuccess: boolean,
    headerMs: number,
    responseMs: number,
    nowSeconds: number,
  ): void {
    const isWaiting = this.#inflight === 'last_byte' || (this.#inflight !== null && headerMs === -1)
    const isMeasured = isSuccess && headerMs !== -1
    if (!isWaiting && !isMeasured) return
    const { cells } = this.#zone
    const line = this.#lineOf(peer)
    this.#zone.lock(this.#group)
    // The very number of the pick: errors of a millisecond each would add up while somebody waits.
    if (isWaiting) endWaiting(cells, line, zoneMs(pickedAtSeconds))
    if (isMeasured && this.#measuring === 'peaks') {
      addPeak(cells, line, responseMs, zoneMs(nowSeconds))
    }
    if (isMeasured && this.#measuring === 'averages') {
      addTime(cells, line, PEER.headerTime, headerMs)
      addTime(cells, line, PEER.responseTime, responseMs)
    }
    this.#zone.unlock(this.#group)
  }

  #lineOf(peer: number): number {
    const line = this.#lines[peer]
    assert(line !== undefined, 'a measured peer is one of the group')
    return line
  }
}
