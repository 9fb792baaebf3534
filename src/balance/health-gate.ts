// What keeps the peers of one list out of a pick for their health's sake: an ejection, a failed
// check, or, in panic, nothing any more. Ejections are marked in the peer's state, so that a peer
// with nothing against it costs a pick nothing; a peer that outlives its ejection gets one request
// as a trial.

import { NGINX_HEALTH, type PassiveHealth } from '../model/passive-health.ts'
import { FOUND_DOWN, GROUP, HEALTH, PEER, PEER_STATE } from '../zone/layout.ts'
import type { PeerZone } from '../zone/peer-zone.ts'

/** What an operator decided holds in panic, too. */
const WITHDRAWN = PEER_STATE.down | PEER_STATE.draining

/** An ejection that ends later than any could shows that the wall clock was set back. */
const CLOCK_SKEW_SECONDS = 2

export class HealthGate {
  readonly #cells: Int32Array
  readonly #groupLine: number
  readonly #mayPanic: boolean
  /** The longest ejection with its chance; 0 = nobody is ejected, whatever a peer's state says. */
  readonly #longest: number
  readonly #baseSeconds: number
  /** By member: first cells of its line and of its health line. */
  readonly #lines: Int32Array
  readonly #healthLines: Int32Array

  /** @param slots the members' slots in the zone */
  constructor(
    zone: PeerZone,
    group: number,
    slots: readonly number[],
    health: PassiveHealth = NGINX_HEALTH,
  ) {
    this.#cells = zone.cells
    this.#groupLine = zone.groupLine(group)
    this.#mayPanic = health.panicPercent > 0
    const { outliers } = health
    this.#longest =
      outliers === null ? 0 : Math.ceil(Math.max(outliers.maxSeconds, outliers.baseSeconds) * 1.1)
    this.#baseSeconds = outliers?.baseSeconds ?? 0
    this.#lines = Int32Array.from(slots, slot => zone.peerLine(slot))
    this.#healthLines = Int32Array.from(slots, slot => zone.healthLine(slot))
  }

  /** Too few peers are usable: health leaves nobody out. */
  get isPanicking(): boolean {
    return this.#mayPanic && this.#cells[this.#groupLine + GROUP.panic] === 1
  }

  /** The bits of a peer's state that close it to picks; ejections have their own question. */
  get closing(): number {
    return this.isPanicking ? WITHDRAWN : WITHDRAWN | FOUND_DOWN
  }

  /** No operator took it out at run time. */
  isPresent(member: number): boolean {
    return (this.#cells[this.#lines[member]! + PEER.state]! & WITHDRAWN) === 0
  }

  /** An active check took it out. */
  isUnhealthy(member: number): boolean {
    return (this.#cells[this.#lines[member]! + PEER.state]! & FOUND_DOWN) !== 0
  }

  /** Ejected, and no trial has succeeded since. */
  isEjected(member: number): boolean {
    if (this.#longest === 0) return false
    return (this.#cells[this.#lines[member]! + PEER.state]! & PEER_STATE.ejected) !== 0
  }

  /** Whether an ejection keeps the member out of this pick; not any more when a trial is due. */
  isHeld(member: number, at: number): boolean {
    return this.isEjected(member) && !this.#isTrialDue(member, at)
  }

  /** The member was picked: if that is a trial, no other begins for as long as an ejection takes. */
  onPick(member: number, at: number): void {
    if (!this.isEjected(member) || !this.#isTrialDue(member, at)) return
    const line = this.#healthLines[member]!
    this.#cells[line + HEALTH.trialAt] = at
    this.#cells[line + HEALTH.ejectedUntil] = at + this.#baseSeconds
  }

  #isTrialDue(member: number, at: number): boolean {
    const until = this.#cells[this.#healthLines[member]! + HEALTH.ejectedUntil]!
    return at > until || until - at > this.#longest + CLOCK_SKEW_SECONDS
  }
}
