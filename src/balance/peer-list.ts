// The primaries or the backups of one upstream, laid out for the loop of a pick: one row of numbers
// for each peer instead of an object, in the order of the configuration. Which peer may be picked
// is decided here, once for all methods (nginx.org, ngx_http_upstream_module: max_conns, max_fails,
// fail_timeout, down).

import { NGINX_HEALTH, type PassiveHealth } from '../model/passive-health.ts'
import { GROUP, PEER, PEER_STATE } from '../zone/layout.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import { HealthGate } from './health-gate.ts'
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
  /** As written in the configuration; addresses of one name have one name. */
  readonly name: string
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
  /** Gets nothing that is not bound to it. */
  readonly isDraining: boolean
  /** How long its weight takes to rise from a tenth after it came back; 0 = it has all at once. */
  readonly slowStartSeconds: number
}

/** Keeps members that recover together from taking their turns together. */
const MEMBER_STRIDE = 0x85ebca6b

/** What the configuration may have against a member. */
const DOWN = 1
const DRAINING = 2

/** A recovered peer begins with this part of its weight. */
const SLOW_START_LEAST = 0.1

/** Cells of one member's row. */
const ROW_CELLS = 9
/** What a row holds. */
const ROW = {
  /** First cell of the peer's line in the zone. */
  line: 0,
  /** Index in the group. */
  peer: 1,
  slot: 2,
  /** By the configuration: 0 = up, `DOWN`, `DRAINING`. */
  down: 3,
  maxConns: 4,
  maxFails: 5,
  failTimeout: 6,
  /** 0 = the configuration has nothing that could speak against it. */
  limits: 7,
  slowStart: 8,
} as const

/** States in which a peer still takes what is bound to it. */
const OPEN_TO_BOUND = PEER_STATE.draining | PEER_STATE.quiesced

/** Peers that a method chooses among; a member is an index in this list. */
export class PeerList {
  readonly length: number
  readonly cells: Int32Array
  /** The group's slot in the zone. */
  readonly group: number
  /** First cell of the group's line. */
  readonly groupLine: number
  readonly isBackups: boolean
  /** As the configuration has them, by member. */
  readonly names: readonly string[]
  /** As the configuration has them, by member. */
  readonly #configuredWeights: readonly number[]
  /** Whether any member starts slowly. */
  readonly hasSlowStart: boolean
  /** What keeps members out for their health's sake, beside nginx's bans. */
  readonly gate: HealthGate
  readonly #zone: PeerZone
  readonly #rows: Int32Array
  /** By index in the group. */
  readonly #members: Int32Array
  readonly #weightTotal: number
  #ignoresSlowStart = false

  /** @param isBackups which peers of the group are the list's members */
  constructor(
    zone: PeerZone,
    group: number,
    groupPeers: readonly GroupPeer[],
    isBackups: boolean,
    health: PassiveHealth = NGINX_HEALTH,
  ) {
    const peers = [...groupPeers.keys()].filter(peer => groupPeers[peer]!.isBackup === isBackups)
    const members = peers.map(peer => groupPeers[peer]!)
    this.length = peers.length
    this.cells = zone.cells
    this.group = group
    this.groupLine = zone.groupLine(group)
    this.isBackups = isBackups
    this.names = members.map(({ name }) => name)
    this.hasSlowStart = members.some(({ slowStartSeconds }) => slowStartSeconds > 0)
    const slots = members.map(({ slot }) => slot)
    this.gate = new HealthGate(zone, group, slots, health)
    this.#configuredWeights = members.map(({ weight }) => weight)
    this.#weightTotal = members.reduce((sum, { weight }) => sum + weight, 0)
    this.#zone = zone
    this.#rows = new Int32Array(peers.length * ROW_CELLS)
    this.#members = new Int32Array(groupPeers.length).fill(-1)
    for (const [member, peer] of peers.entries()) {
      this.#members[peer] = member
      const { slot, maxConns, maxFails, failTimeoutSeconds, slowStartSeconds } = members[member]!
      const { isDown, isDraining } = members[member]!
      const down = isDown ? DOWN : isDraining ? DRAINING : 0
      const row = member * ROW_CELLS
      this.#rows[row + ROW.line] = zone.peerLine(slot)
      this.#rows[row + ROW.peer] = peer
      this.#rows[row + ROW.slot] = slot
      this.#rows[row + ROW.down] = down
      this.#rows[row + ROW.maxConns] = maxConns
      this.#rows[row + ROW.maxFails] = maxFails
      this.#rows[row + ROW.failTimeout] = failTimeoutSeconds
      this.#rows[row + ROW.limits] = down > 0 || maxConns > 0 || slowStartSeconds > 0 ? 1 : 0
      this.#rows[row + ROW.slowStart] = slowStartSeconds
    }
  }

  /** Members by name and weight, as the configuration has them. */
  namedWeights(): { readonly name: string; readonly weight: number }[] {
    return this.names.map((name, member) => ({ name, weight: this.#configuredWeights[member]! }))
  }

  /** Changes with the members' weights. */
  get version(): number {
    return this.cells[this.groupLine + GROUP.version]!
  }

  /** First cell of the member's line in the zone. */
  lineOf(member: number): number {
    return this.#rows[member * ROW_CELLS + ROW.line]!
  }

  /** The member's index in the group: what a pick returns and `TriedSet` holds. */
  peerOf(member: number): number {
    return this.#rows[member * ROW_CELLS + ROW.peer]!
  }

  /** The member of an index in the group; -1 = it is not in this list. */
  memberOf(peer: number): number {
    return this.#members[peer]!
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
    if (doubts !== 0 && !(this.#isOpen(member, at) && this.#isItsTurn(member, at))) return false
    return !tried.has(rows[row + ROW.peer]!)
  }

  #isOpen(member: number, at: number): boolean {
    return this.isUp(member) && this.#isFit(member, at) && !this.isFull(member)
  }

  /** Neither banned nor ejected, or nobody is left out for that any more. */
  #isFit(member: number, at: number): boolean {
    const { gate } = this
    return gate.isPanicking || !(this.isBanned(member, at) || gate.isHeld(member, at))
  }

  /** Neither the configuration nor anybody at run time took it out. */
  isUp(member: number): boolean {
    const row = member * ROW_CELLS
    const state = this.cells[this.#rows[row + ROW.line]! + PEER.state]!
    return (state & this.gate.closing) === 0 && this.#rows[row + ROW.down] === 0
  }

  /** Neither the configuration nor an operator took it out or drains it. */
  isPresent(member: number): boolean {
    return this.#rows[member * ROW_CELLS + ROW.down] === 0 && this.gate.isPresent(member)
  }

  /** Whether its health lets it be picked, panic or not. */
  isUsable(member: number, at: number): boolean {
    const { gate } = this
    if (gate.isUnhealthy(member) || gate.isHeld(member, at)) return false
    return !this.isBanned(member, at)
  }

  /** As `isUsable`, and no ban or ejection waits for a success to end it. */
  isProven(member: number): boolean {
    const max = this.#rows[member * ROW_CELLS + ROW.maxFails]!
    if (max > 0 && this.cells[this.lineOf(member) + PEER.fails]! >= max) return false
    return !this.gate.isUnhealthy(member) && !this.gate.isEjected(member)
  }

  /** It finishes what is bound to it and takes nothing else. */
  isDraining(member: number): boolean {
    const row = member * ROW_CELLS
    const state = this.cells[this.#rows[row + ROW.line]! + PEER.state]!
    return (state & PEER_STATE.draining) !== 0 || this.#rows[row + ROW.down] === DRAINING
  }

  /** As `isUp`, for a request that is bound to the member: a draining or quiesced one takes it. */
  isUpForBound(member: number): boolean {
    const row = member * ROW_CELLS
    const state = this.cells[this.#rows[row + ROW.line]! + PEER.state]!
    const isClosed = (state & this.gate.closing & ~OPEN_TO_BOUND) !== 0
    return !isClosed && this.#rows[row + ROW.down] !== DOWN
  }

  /**
   * The first of these peers that is in the list and may take a request that is bound to it, by
   * member; -1 when there is none. A slow start does not turn such a request away: its session is
   * there.
   */
  findForBound(bound: readonly number[], tried: TriedSet, at: number): number {
    for (let i = 0; i < bound.length; i++) {
      const member = this.memberOf(bound[i]!)
      if (member === -1 || !this.isUpForBound(member) || !this.#isFit(member, at)) continue
      if (!this.isFull(member) && !tried.has(bound[i]!)) return member
    }
    return -1
  }

  /**
   * Whether a member that may take requests has no room for this one: in a moment it will have
   * some.
   *
   * @param bound peers that the request is bound to: it may use one that drains
   */
  isBusy(tried: TriedSet, at: number, bound: readonly number[]): boolean {
    for (let member = 0; member < this.length; member++) {
      const peer = this.peerOf(member)
      const isUp = bound.includes(peer) ? this.isUpForBound(member) : this.isUp(member)
      if (isUp && this.#isFit(member, at) && this.isFull(member) && !tried.has(peer)) return true
    }
    return false
  }

  isFull(member: number): boolean {
    const max = this.#rows[member * ROW_CELLS + ROW.maxConns]!
    return max > 0 && this.connsOf(member) >= max
  }

  /** Requests in flight to the member over all workers. */
  connsOf(member: number): number {
    return this.#zone.connsOf(this.#rows[member * ROW_CELLS + ROW.slot]!)
  }

  failTimeoutOf(member: number): number {
    return this.#rows[member * ROW_CELLS + ROW.failTimeout]!
  }

  /** Whether picks look past slow starts: for a request that would find nobody else. */
  set ignoresSlowStart(isIgnored: boolean) {
    this.#ignoresSlowStart = isIgnored
  }

  /**
   * Whether a member that recovered lately takes part in this pick. In the share of the picks that
   * gives it the part of its weight that it has by now; which ones they are the group's count of
   * picks decides, so that all workers agree.
   */
  #isItsTurn(member: number, at: number): boolean {
    const slowStart = this.#rows[member * ROW_CELLS + ROW.slowStart]!
    if (slowStart === 0 || this.#ignoresSlowStart) return true
    const line = this.lineOf(member)
    const recoveredAt = this.cells[line + PEER.recoveredAt]!
    const elapsed = at - recoveredAt
    if (recoveredAt === 0 || elapsed >= slowStart || elapsed < -CLOCK_SKEW_SECONDS) return true
    const part = Math.max(SLOW_START_LEAST, elapsed / slowStart)
    // A member that takes part in a round earns all of its weight in it. This many rounds give it
    // what a lower weight would in all of them.
    const total = this.#weightTotal
    const turns = (part * total) / (total - (1 - part) * this.cells[line + PEER.weight]!)
    const pick = this.cells[this.groupLine + GROUP.picks]!
    return scatter(pick + Math.imul(member, MEMBER_STRIDE)) >>> 0 < turns * 2 ** 32
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
    if (this.cells[this.lineOf(member) + PEER.state] !== 0) this.gate.onPick(member, at)
    if (!this.#isWindowOver(member, at)) return
    const line = this.lineOf(member)
    // A failure in the future, after a step back of the clock: it must be older than the window.
    if (this.cells[line + PEER.accessed]! >= at) this.cells[line + PEER.accessed] = at - 1
    this.cells[line + PEER.checked] = at
  }

  /** Whether any member may take a request now. */
  hasEligible(tried: TriedSet, at: number): boolean {
    for (let member = 0; member < this.length; member++) {
      if (this.#isOpen(member, at) && !tried.has(this.peerOf(member))) return true
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

/**
 * Makes neighbouring numbers differ in all bits (the finalizer of MurmurHash3): even multiples of a
 * number would fall into step with the rounds that meet a member.
 */
function scatter(number: number): number {
  let mixed = Math.imul(number ^ (number >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
