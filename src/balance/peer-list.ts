// The primaries or the backups of one upstream, laid out for the loop of a pick: one row of numbers
// for each peer instead of an object, in the order of the configuration. Which peer may be picked is
// decided here, once for all methods (nginx.org, ngx_http_upstream_module: max_conns, max_fails,
// fail_timeout, down).

import { PEER } from '../zone/layout.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import type { TriedSet } from './tried.ts'

/**
 * Workers read the clock at different moments, so a window may begin a little in the future. One
 * that begins later than this shows that the wall clock was set back; without this rule a ban would
 * last until the clock caught up.
 */
const CLOCK_SKEW_SECONDS = 2

/** One peer as the configuration has it. */
export interface GroupPeer {
  /** The peer's line in the zone. */
  readonly slot: number
  /** Counts only until the main thread has set the group's weights in the zone. */
  readonly weight: number
  /** Requests in flight over all workers; 0 = no limit. */
  readonly maxConns: number
  /** Failures that make the peer unavailable; 0 = never. */
  readonly maxFails: number
  /** Whole seconds: how long it is unavailable then, and when a success clears the failures. */
  readonly failTimeoutSeconds: number
  readonly isBackup: boolean
  readonly isDown: boolean
}

/** Cells of one member's row. */
const ROW_CELLS = 8
/** What a row holds. */
const ROW = {
  /** First cell of the peer's line in the zone. */
  line: 0,
  /** Index in the group. */
  peer: 1,
  slot: 2,
  /** 1 = down by the configuration. */
  down: 3,
  maxConns: 4,
  maxFails: 5,
  failTimeout: 6,
  /** 0 = neither down nor limited by the configuration. */
  limits: 7,
} as const

/** Peers that a method chooses among; a member is an index in this list. */
export class PeerList {
  readonly length: number
  readonly cells: Int32Array
  readonly #zone: PeerZone
  readonly #rows: Int32Array

  /** @param peers indices in `group` */
  constructor(zone: PeerZone, group: readonly GroupPeer[], peers: readonly number[]) {
    this.length = peers.length
    this.cells = zone.cells
    this.#zone = zone
    this.#rows = new Int32Array(peers.length * ROW_CELLS)
    for (const [member, peer] of peers.entries()) {
      const { slot, isDown, maxConns, maxFails, failTimeoutSeconds } = group[peer]!
      const row = member * ROW_CELLS
      this.#rows[row + ROW.line] = zone.peerLine(slot)
      this.#rows[row + ROW.peer] = peer
      this.#rows[row + ROW.slot] = slot
      this.#rows[row + ROW.down] = isDown ? 1 : 0
      this.#rows[row + ROW.maxConns] = maxConns
      this.#rows[row + ROW.maxFails] = maxFails
      this.#rows[row + ROW.failTimeout] = failTimeoutSeconds
      this.#rows[row + ROW.limits] = isDown || maxConns > 0 ? 1 : 0
    }
  }

  /** First cell of the member's line in the zone. */
  lineOf(member: number): number {
    return this.#rows[member * ROW_CELLS + ROW.line]!
  }

  /** The member's index in the group: what a pick returns and `TriedSet` holds. */
  peerOf(member: number): number {
    return this.#rows[member * ROW_CELLS + ROW.peer]!
  }

  /**
   * Whether the member may take a request now.
   *
   * @param at zone seconds
   */
  isEligible(member: number, tried: TriedSet, at: number): boolean {
    const rows = this.#rows
    const row = member * ROW_CELLS
    const line = rows[row + ROW.line]!
    const cells = this.cells
    // One test for the usual peer: nothing against it at run time, no failures, no limit.
    const doubts = cells[line + PEER.state]! | cells[line + PEER.fails]! | rows[row + ROW.limits]!
    if (doubts !== 0 && !this.#isOpen(member, at)) return false
    return !tried.has(rows[row + ROW.peer]!)
  }

  #isOpen(member: number, at: number): boolean {
    return this.isUp(member) && !this.isBanned(member, at) && !this.isFull(member)
  }

  /** Neither the configuration nor anybody at run time took it out. */
  isUp(member: number): boolean {
    const row = member * ROW_CELLS
    return (
      this.cells[this.#rows[row + ROW.line]! + PEER.state] === 0 && this.#rows[row + ROW.down] === 0
    )
  }

  isFull(member: number): boolean {
    const max = this.#rows[member * ROW_CELLS + ROW.maxConns]!
    return max > 0 && this.#zone.connsOf(this.#rows[member * ROW_CELLS + ROW.slot]!) >= max
  }

  /** Still inside the window after `max_fails` failures. */
  isBanned(member: number, at: number): boolean {
    const max = this.#rows[member * ROW_CELLS + ROW.maxFails]!
    if (max === 0 || this.cells[this.lineOf(member) + PEER.fails]! < max) return false
    return !this.#isWindowOver(member, at)
  }

  /**
   * Opens a new window when the last one is over. After a ban this lets one request through, and no
   * second.
   */
  openWindow(member: number, at: number): void {
    if (!this.#isWindowOver(member, at)) return
    const line = this.lineOf(member)
    // A failure in the future, after a step back of the clock: it must be older than the window.
    if (this.cells[line + PEER.accessed]! >= at) this.cells[line + PEER.accessed] = at - 1
    this.cells[line + PEER.checked] = at
  }

  /** Whether any member may take a request now. */
  hasEligible(tried: TriedSet, at: number): boolean {
    for (let member = 0; member < this.length; member++) {
      if (this.isEligible(member, tried, at)) return true
    }
    return false
  }

  /** The window's last second belongs to it, as in nginx: it lasts a second longer than it says. */
  #isWindowOver(member: number, at: number): boolean {
    const row = member * ROW_CELLS
    const elapsed = at - this.cells[this.#rows[row + ROW.line]! + PEER.checked]!
    return elapsed > this.#rows[row + ROW.failTimeout]! || elapsed < -CLOCK_SKEW_SECONDS
  }
}
