// How many peers of a group are usable, for the two questions that hang on it: may one more be
// ejected, and is it time to panic. Peers that the configuration or an operator took out are not
// part of the question. Panic begins when too few may be picked, and ends when enough have proven
// themselves by a success: in between a peer whose ban is merely over belongs to neither side, so
// that the group does not go in and out with every ban.

import type { PeerList } from './peer-list.ts'

/** One list's numbers. */
interface Tally {
  /** Nobody took them out. */
  present: number
  ejected: number
  /** Health lets them be picked. */
  usable: number
  /** No ban or ejection that only time has ended. */
  proven: number
}

export class HealthCount {
  readonly #primaries: PeerList
  readonly #backups: PeerList
  readonly #ofPrimaries: Tally = { present: 0, ejected: 0, usable: 0, proven: 0 }
  readonly #ofBackups: Tally = { present: 0, ejected: 0, usable: 0, proven: 0 }
  #usableOthers = 0

  constructor(primaries: PeerList, backups: PeerList) {
    this.#primaries = primaries
    this.#backups = backups
  }

  /** Counts anew; `candidate` is left out of `usableOthers`, -1 = nobody. */
  look(at: number, candidate: number): void {
    this.#usableOthers = 0
    this.#tally(this.#primaries, this.#ofPrimaries, at, candidate)
    this.#tally(this.#backups, this.#ofBackups, at, candidate)
  }

  get present(): number {
    return this.#ofPrimaries.present + this.#ofBackups.present
  }

  get ejected(): number {
    return this.#ofPrimaries.ejected + this.#ofBackups.ejected
  }

  get usable(): number {
    return this.#ofPrimaries.usable + this.#ofBackups.usable
  }

  get proven(): number {
    return this.#ofPrimaries.proven + this.#ofBackups.proven
  }

  /** Usable peers but for the candidate; who is still to pass its trial cannot be relied upon. */
  get usableOthers(): number {
    return this.#usableOthers
  }

  /**
   * Whether the group has too few usable peers. Backups stand in before anybody panics: while
   * enough of them are usable, nobody does.
   *
   * @param isOn it panics already
   */
  isBelow(percent: number, isOn: boolean): boolean {
    if (this.present === 0) return false
    return (
      isTallyBelow(this.#ofPrimaries, percent, isOn) && isTallyBelow(this.#ofBackups, percent, isOn)
    )
  }

  #tally(list: PeerList, tally: Tally, at: number, candidate: number): void {
    tally.present = 0
    tally.ejected = 0
    tally.usable = 0
    tally.proven = 0
    for (let member = 0; member < list.length; member++) {
      if (!list.isPresent(member)) continue
      tally.present++
      const isEjected = list.gate.isEjected(member)
      if (isEjected) tally.ejected++
      if (list.isProven(member)) tally.proven++
      if (!list.isUsable(member, at)) continue
      tally.usable++
      if (!isEjected && list.peerOf(member) !== candidate) this.#usableOthers++
    }
  }
}

function isTallyBelow(tally: Tally, percent: number, isOn: boolean): boolean {
  const count = isOn ? tally.proven : tally.usable
  return tally.present === 0 || count * 100 < percent * tally.present
}
