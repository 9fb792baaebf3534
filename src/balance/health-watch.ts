// Who of a group is ejected for being worse than the others, and whether the group panics. There is
// no timer and no party of its own: the worker that picks first in a second looks after the whole
// group, under the lock that the pick holds anyway, so all workers act on the same sums and every
// change is noticed once. A success of a peer with no failure behind it is one look at one cell.

import type { OutlierRules, PassiveHealth } from '../model/passive-health.ts'
import { GROUP, HEALTH, PEER, PEER_STATE } from '../zone/layout.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import type { Dice } from './dice.ts'
import { HealthCount } from './health-count.ts'
import {
  causeOf,
  compareOutliers,
  type EjectionCause,
  ejectionSeconds,
  mayEject,
  numberOf,
} from './outliers.ts'
import type { PeerList } from './peer-list.ts'

/** Steps of chance in the length of an ejection. */
const CHANCES = 1_000
/** News that nobody took are dropped from here on: the zone has the state. */
const NEWS_MAX = 64
/** An interval whose end nobody looked at for this many intervals says nothing about now. */
const STALE_INTERVALS = 2
/** As in the peers' windows: workers read the clock at different moments. */
const CLOCK_SKEW_SECONDS = 2

/** What changed in a group, for the log of the worker that noticed. */
export type HealthNews =
  | {
      readonly kind: 'ejected'
      readonly peer: number
      readonly cause: EjectionCause
      readonly seconds: number
      /** Ejections in a row, this one included. */
      readonly inARow: number
    }
  | { readonly kind: 'returned'; readonly peer: number }
  | {
      readonly kind: 'panic'
      readonly isOn: boolean
      readonly usable: number
      /** Peers that nobody took out. */
      readonly count: number
    }

export interface WatchParts {
  readonly zone: PeerZone
  readonly dice: Dice
  readonly primaries: PeerList
  readonly backups: PeerList
  /** The peers' slots, by index in the group. */
  readonly slots: readonly number[]
  /** Something else answers while no peer is usable: no reason to panic. */
  readonly hasFallback?: boolean
}

/** The health of one group. Everything but `isQuiet` and the news is called under the lock. */
export class HealthWatch {
  readonly #zone: PeerZone
  readonly #cells: Int32Array
  readonly #groupLine: number
  readonly #rules: OutlierRules | null
  readonly #panicPercent: number
  readonly #hasFallback: boolean
  readonly #dice: Dice
  readonly #count: HealthCount
  /** By index in the group. */
  readonly #slots: readonly number[]
  readonly #lines: Int32Array
  readonly #healthLines: Int32Array
  readonly #answers: Float64Array
  readonly #faults: Float64Array
  readonly #causes: Uint8Array
  #news: HealthNews[] = []

  /** @param group the group's slot in the zone */
  constructor(group: number, health: PassiveHealth, parts: WatchParts) {
    const { zone, slots } = parts
    this.#zone = zone
    this.#cells = zone.cells
    this.#groupLine = zone.groupLine(group)
    this.#rules = health.outliers
    this.#panicPercent = health.panicPercent
    this.#hasFallback = parts.hasFallback ?? false
    this.#dice = parts.dice
    this.#count = new HealthCount(parts.primaries, parts.backups)
    this.#slots = slots
    this.#lines = Int32Array.from(slots, slot => zone.peerLine(slot))
    this.#healthLines = Int32Array.from(slots, slot => zone.healthLine(slot))
    this.#answers = new Float64Array(slots.length)
    this.#faults = new Float64Array(slots.length)
    this.#causes = new Uint8Array(slots.length)
  }

  /** Looks after the group where nobody has in this second. */
  onPick(at: number): void {
    const watchedAt = this.#cells[this.#groupLine + GROUP.watchedAt]!
    if (at !== watchedAt) this.#lookAfter(at, watchedAt)
  }

  /** A peer has just become unavailable: the next pick looks at the group. */
  onBan(): void {
    this.#cells[this.#groupLine + GROUP.watchedAt] = 0
  }

  /** A request found nobody: looks again, and says whether it may now. */
  isPanicAfterLook(at: number): boolean {
    if (this.#panicPercent === 0 || this.#cells[this.#groupLine + GROUP.panic] === 1) return false
    this.#lookForPanic(at)
    return this.#cells[this.#groupLine + GROUP.panic] === 1
  }

  /** Whether the end of a try changes nothing here. Read without the lock. */
  isQuiet(peer: number, isFault: boolean, isSilent: boolean): boolean {
    if (this.#rules === null) return true
    if (isFault || isSilent) return false
    return this.#cells[this.#healthLines[peer]! + HEALTH.faultsInRow] === 0
  }

  /**
   * A try has ended.
   *
   * @param isFault it counts against the peer
   * @param isSilent it says nothing about the peer
   */
  onEnd(peer: number, isFault: boolean, isSilent: boolean, at: number): void {
    const rules = this.#rules
    if (rules === null) return
    const cells = this.#cells
    const line = this.#healthLines[peer]!
    const isEjected = (cells[this.#lines[peer]! + PEER.state]! & PEER_STATE.ejected) !== 0
    const isTrial = isEjected && cells[line + HEALTH.trialAt] !== 0
    if (isSilent) {
      cells[line + HEALTH.silent]!++
      // The trial came to nothing: the next pick may be another.
      if (isTrial) this.#openTrial(line, at)
    } else if (isFault) {
      cells[line + HEALTH.faults]!++
      cells[line + HEALTH.faultsInRow]!++
      if (isTrial) this.#eject(peer, 'failed_trial', rules, at)
      else if (!isEjected) this.#ejectAfterFault(peer, rules, at)
    } else if (isTrial) {
      this.#giveBack(peer, at)
    } else if (!isEjected) {
      cells[line + HEALTH.faultsInRow] = 0
    }
  }

  get hasNews(): boolean {
    return this.#news.length > 0
  }

  /** What changed since the last call, as far as this worker noticed it first. */
  takeNews(): readonly HealthNews[] {
    const news = this.#news
    this.#news = []
    return news
  }

  #lookAfter(at: number, watchedAt: number): void {
    // Another worker's clock is ahead by the time between two ticks.
    if (at < watchedAt && watchedAt - at <= CLOCK_SKEW_SECONDS) return
    this.#cells[this.#groupLine + GROUP.watchedAt] = at
    if (this.#rules !== null) this.#compare(this.#rules, at)
    if (this.#panicPercent > 0) this.#lookForPanic(at)
  }

  #openTrial(line: number, at: number): void {
    this.#cells[line + HEALTH.trialAt] = 0
    this.#cells[line + HEALTH.ejectedUntil] = at - 1
  }

  #ejectAfterFault(peer: number, rules: OutlierRules, at: number): void {
    const inRow = this.#cells[this.#healthLines[peer]! + HEALTH.faultsInRow]!
    if (rules.consecutive === 0 || inRow < rules.consecutive) return
    if (this.#mayEject(peer, rules, at)) this.#eject(peer, 'failures_in_a_row', rules, at)
  }

  #mayEject(peer: number, rules: OutlierRules, at: number): boolean {
    this.#count.look(at, peer)
    const { present, ejected, usableOthers } = this.#count
    return mayEject(present, ejected, usableOthers, rules)
  }

  #eject(peer: number, cause: EjectionCause, rules: OutlierRules, at: number): void {
    const cells = this.#cells
    const line = this.#healthLines[peer]!
    const peerLine = this.#lines[peer]!
    const inARow = cells[line + HEALTH.ejectionsInRow]! + 1
    const seconds = ejectionSeconds(inARow, rules, this.#dice.below(CHANCES) / CHANCES)
    cells[line + HEALTH.ejectionsInRow] = inARow
    cells[line + HEALTH.ejectedUntil] = at + seconds
    cells[line + HEALTH.trialAt] = 0
    cells[line + HEALTH.cause] = numberOf(cause)
    cells[line + HEALTH.ejections]!++
    // So that the cell alone tells a peer with nothing behind it.
    if (cells[line + HEALTH.faultsInRow] === 0) cells[line + HEALTH.faultsInRow] = 1
    cells[peerLine + PEER.ejections]!++
    // The main thread sets other bits of the state without the lock.
    Atomics.or(cells, peerLine + PEER.state, PEER_STATE.ejected)
    this.#tell({ kind: 'ejected', peer, cause, seconds, inARow })
    this.onBan()
  }

  #giveBack(peer: number, at: number): void {
    const cells = this.#cells
    const line = this.#healthLines[peer]!
    const peerLine = this.#lines[peer]!
    cells[line + HEALTH.faultsInRow] = 0
    cells[line + HEALTH.trialAt] = 0
    const before = Atomics.and(cells, peerLine + PEER.state, ~PEER_STATE.ejected)
    if (before === PEER_STATE.ejected) cells[peerLine + PEER.recoveredAt] = at
    this.#tell({ kind: 'returned', peer })
    this.onBan()
  }

  /** Once in an interval: sums up what happened in it, and ejects who stands out. */
  #compare(rules: OutlierRules, at: number): void {
    const cells = this.#cells
    const before = cells[this.#groupLine + GROUP.comparedAt]!
    const elapsed = at - before
    if (elapsed >= 0 && elapsed < rules.intervalSeconds) return
    cells[this.#groupLine + GROUP.comparedAt] = at
    const isStale = elapsed < 0 || elapsed > STALE_INTERVALS * rules.intervalSeconds
    const intervals = before === 0 ? 0 : Math.trunc(Math.max(0, elapsed) / rules.intervalSeconds)
    for (let peer = 0; peer < this.#slots.length; peer++) this.#sumUp(peer, intervals)
    if (isStale) return
    let left = compareOutliers(
      { answers: this.#answers, faults: this.#faults },
      rules,
      this.#causes,
    )
    for (; left > 0; left--) {
      const peer = this.#worst()
      const cause = causeOf(this.#causes[peer]!)!
      this.#causes[peer] = 0
      if (!this.#mayEject(peer, rules, at)) continue
      this.#eject(peer, cause, rules, at)
    }
  }

  /**
   * What was picked and is no longer in flight has ended: so successes need no counting.
   *
   * @param intervals whole ones that have passed
   */
  #sumUp(peer: number, intervals: number): void {
    const cells = this.#cells
    const line = this.#healthLines[peer]!
    const peerLine = this.#lines[peer]!
    const conns = this.#zone.connsOf(this.#slots[peer]!)
    const answers = (cells[peerLine + PEER.requests]! - conns - cells[line + HEALTH.silent]!) | 0
    const faults = cells[line + HEALTH.faults]!
    const isEjected = (cells[peerLine + PEER.state]! & PEER_STATE.ejected) !== 0
    const newFaults = (faults - cells[line + HEALTH.seenFaults]!) | 0
    const newAnswers = (answers - cells[line + HEALTH.seenAnswers]!) | 0
    this.#faults[peer] = isEjected ? 0 : newFaults
    // A try that has just ended may still be in flight for this count.
    this.#answers[peer] = isEjected ? 0 : Math.max(newAnswers, newFaults)
    cells[line + HEALTH.seenAnswers] = answers
    cells[line + HEALTH.seenFaults] = faults
    const inRow = cells[line + HEALTH.ejectionsInRow]!
    if (!isEjected && inRow > 0)
      cells[line + HEALTH.ejectionsInRow] = Math.max(0, inRow - intervals)
  }

  /** Of the peers that should be ejected the one with the lowest success rate. */
  #worst(): number {
    let worst = -1
    for (let peer = 0; peer < this.#causes.length; peer++) {
      if (this.#causes[peer] === 0) continue
      if (worst === -1 || this.#failedShare(peer) > this.#failedShare(worst)) worst = peer
    }
    return worst
  }

  #failedShare(peer: number): number {
    return this.#faults[peer]! / Math.max(1, this.#answers[peer]!)
  }

  #lookForPanic(at: number): void {
    const cells = this.#cells
    const isOn = cells[this.#groupLine + GROUP.panic] === 1
    this.#count.look(at, -1)
    const isLost = this.#hasFallback && this.#count.usable === 0
    const isWanted = !isLost && this.#count.isBelow(this.#panicPercent, isOn)
    if (isWanted === isOn) return
    cells[this.#groupLine + GROUP.panic] = isWanted ? 1 : 0
    if (isWanted) cells[this.#groupLine + GROUP.panics]!++
    const { usable, proven, present } = this.#count
    this.#tell({
      kind: 'panic',
      isOn: isWanted,
      usable: isWanted ? usable : proven,
      count: present,
    })
  }

  #tell(news: HealthNews): void {
    if (this.#news.length < NEWS_MAX) this.#news.push(news)
  }
}
