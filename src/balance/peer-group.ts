// One upstream's peers in one worker: who is next, and what the end of a try means. The rules are
// those of nginx's `upstream`: failures, the window after them, the single peer that is never
// banned, backups that take over. Pure over the zone and the time that is passed in; all workers
// see the same state; each pick, and each end of a try that changes it, is one step under the
// group's lock.

import { assert } from '../base/assert.ts'
import { NGINX_HEALTH, type PassiveHealth } from '../model/passive-health.ts'
import { type Method, ROUND_ROBIN, WEIGHT_TOTAL_MAX } from '../model/upstream.ts'
import { FOUND_DOWN, GROUP, PEER } from '../zone/layout.ts'
import { type PeerZone, zoneMs, zoneSeconds } from '../zone/peer-zone.ts'
import type { Balancer } from './balancer.ts'
import { Dice } from './dice.ts'
import { HealthWatch } from './health-watch.ts'
import { makeBalancer, measuringOf } from './methods.ts'
import { openPicked, pickOne } from './one-pick.ts'
import { type Outcome, saysNothing } from './outcome.ts'
import { type GroupPeer, PeerList } from './peer-list.ts'
import type { PlacementTable } from './placement.ts'
import { TimeKeeper } from './time-keeper.ts'
import { TriedSet } from './tried.ts'

export interface PeerGroupOptions {
  readonly method?: Method
  /** nginx's where it is left out. */
  readonly health?: PassiveHealth
  /** The method's table for the primaries, where it was built before. */
  readonly table?: PlacementTable | null
  /** Something else answers while no peer is usable: then the group does not panic. */
  readonly hasFallback?: boolean
  /** For the methods that throw dice. */
  readonly seed?: number
}

/** The peers of one upstream as one worker picks among them. */
export class PeerGroup {
  /**
   * Exactly one primary, up or down, no backup and no fallback: failures do not count. Such a peer may be
   * picked again by the same request; whether it is, the caller's tries decide.
   */
  readonly isSingle: boolean
  /**
   * Tries that one request may make: peers not configured as down, banned ones and backups
   * included.
   */
  readonly triesMax: number
  /** What the group remembers of the times that tries take; null when its method asks for none. */
  readonly times: TimeKeeper | null
  /** Who ejects peers and panics; null where nothing but nginx's bans is configured. */
  readonly watch: HealthWatch | null
  readonly #zone: PeerZone
  readonly #cells: Int32Array
  readonly #group: number
  /** First cell of the group's line. */
  readonly #groupLine: number
  /** Where this worker counts what the group has in flight; -1 = it need not. */
  readonly #groupConns: number
  readonly #hasSlowStart: boolean
  readonly #primaries: PeerList
  readonly #backups: PeerList
  readonly #primaryBalancer: Balancer
  readonly #backupBalancer: Balancer
  /** By index in the group. */
  readonly #lines: Int32Array
  readonly #ownConns: Int32Array
  readonly #maxFails: Int32Array

  /** @param group the group's slot in the zone */
  constructor(
    zone: PeerZone,
    group: number,
    peers: readonly GroupPeer[],
    options: PeerGroupOptions = {},
  ) {
    const total = peers.reduce((sum, peer) => sum + peer.weight, 0)
    assert(total <= WEIGHT_TOTAL_MAX, 'the weights of a group fit 32 bits')
    for (const peer of peers) zone.enroll(peer.slot, group, peer.weight)
    const method = options.method ?? ROUND_ROBIN
    this.#zone = zone
    this.#cells = zone.cells
    this.#group = group
    this.#groupLine = zone.groupLine(group)
    const isBackup = (peer: GroupPeer): boolean => peer.isBackup
    const isAlone = peers.filter(peer => !isBackup(peer)).length === 1 && !peers.some(isBackup)
    const hasFallback = options.hasFallback ?? false
    this.isSingle = isAlone && !hasFallback
    const health = options.health ?? NGINX_HEALTH
    // As nginx's bans: whoever is alone is not taken out.
    const rules = this.isSingle ? { ...health, outliers: null } : health
    this.#primaries = new PeerList(zone, group, peers, false, rules)
    this.#backups = new PeerList(zone, group, peers, true, rules)
    this.#hasSlowStart = this.#primaries.hasSlowStart || this.#backups.hasSlowStart
    const parts = { zone, dice: new Dice(options.seed ?? 0), table: options.table ?? null }
    this.#primaryBalancer = makeBalancer(this.#primaries, method, parts)
    this.#backupBalancer = makeBalancer(this.#backups, method, parts)
    const isBounded = method.kind === 'hash' && method.boundedPercent !== null
    this.#groupConns = isBounded ? zone.ownGroupConnsCell(group) : -1
    const slots = peers.map(({ slot }) => slot)
    this.times =
      measuringOf(method) === 'nothing' ? null : new TimeKeeper(zone, group, slots, method)
    const hasWatch = rules.outliers !== null || rules.panicPercent > 0
    const { dice } = parts
    const lists = { primaries: this.#primaries, backups: this.#backups }
    this.watch = hasWatch
      ? new HealthWatch(group, rules, { zone, dice, slots, hasFallback, ...lists })
      : null
    this.#lines = Int32Array.from(peers, peer => zone.peerLine(peer.slot))
    this.#ownConns = Int32Array.from(peers, peer => zone.ownConnsCell(peer.slot))
    this.#maxFails = Int32Array.from(peers, peer => peer.maxFails)
    this.triesMax = peers.filter(peer => !peer.isDown && !peer.isDraining).length
  }

  /** An active check has taken the peer out. */
  isFoundDown(peer: number): boolean {
    return (this.#cells[this.#lines[peer]! + PEER.state]! & FOUND_DOWN) !== 0
  }

  /**
   * Picks a peer for one try, counts the request and adds the peer to `tried`. Backups come in only
   * when no primary is eligible for this request; then `tried` starts over and the request stays
   * with the backups.
   *
   * @param nowSeconds wall clock; a fraction counts only where `times` is there
   * @param key what the request is hashed by, for a method that asks for it
   * @param bound peers that the request is bound to: the first that can be picked is, even when it
   *   drains; otherwise the pick is as for any request
   * @returns index in the group's peers, or -1 when none is eligible
   */
  pick(
    tried: TriedSet,
    nowSeconds: number,
    key = '',
    bound: readonly number[] = NOT_BOUND,
  ): number {
    const at = zoneSeconds(nowSeconds)
    const atMs = this.times === null ? 0 : zoneMs(nowSeconds)
    const cells = this.#cells
    this.#zone.lock(this.#group)
    if (this.#hasSlowStart) cells[this.#groupLine + GROUP.picks]!++
    if (this.watch !== null) this.watch.onPick(at)
    let peer = this.#pickAny(tried, at, key, atMs, bound)
    // What an active check has just found is not waited for.
    if (peer === -1 && this.#panicsNow(at)) peer = this.#pickAny(tried, at, key, atMs, bound)
    if (peer !== -1) {
      const line = this.#lines[peer]!
      cells[line + PEER.requests]!++
      cells[this.#ownConns[peer]!]!++
      if (this.#groupConns !== -1) cells[this.#groupConns]!++
      this.times?.onPick(peer, atMs)
    }
    this.#zone.unlock(this.#group)
    if (peer !== -1) tried.add(peer)
    return peer
  }

  /**
   * Ends what `pick` began.
   *
   * @param isFault whether outlier detection counts it against the peer; an unlisted 500 is a
   *   success for nginx and a failure here
   * @returns `'ejected'` when this failure leaves the peer unavailable for its fail_timeout
   *   (anew, too)
   */
  release(
    peer: number,
    outcome: Outcome,
    nowSeconds: number,
    isFault = outcome === 'failure',
  ): 'ejected' | null {
    const cells = this.#cells
    const line = this.#lines[peer]
    assert(line !== undefined, 'a released peer is one of the group')
    assert(cells[this.#ownConns[peer]!]! > 0, 'a release ends a pick of this worker')
    cells[this.#ownConns[peer]!]!--
    if (this.#groupConns !== -1) cells[this.#groupConns]!--
    // Most tries end here, without the lock: a success with no failure to forget.
    const isSilent = saysNothing(outcome)
    const { watch } = this
    const isQuiet = watch === null || watch.isQuiet(peer, isFault, isSilent)
    if (isQuiet && outcome !== 'failure' && cells[line + PEER.fails] === 0) return null
    return this.#learn(peer, outcome, isFault, zoneSeconds(nowSeconds)) ? 'ejected' : null
  }

  /** What the end of a try changes; true when nginx's rules make the peer unavailable after it. */
  #learn(peer: number, outcome: Outcome, isFault: boolean, at: number): boolean {
    const cells = this.#cells
    const line = this.#lines[peer]!
    let isEjected = false
    this.#zone.lock(this.#group)
    this.watch?.onEnd(peer, isFault, saysNothing(outcome), at)
    if (outcome === 'failure') {
      cells[line + PEER.failures]!++
      if (!this.isSingle) isEjected = this.#countFailure(peer, at)
    } else if (cells[line + PEER.accessed]! < cells[line + PEER.checked]!) {
      if (outcome === 'success') this.#forgiveFailures(peer, at)
      // The pick that opened a new window did not reach the peer: the next may open it again.
      if (outcome === 'unasked' && cells[line + PEER.fails]! > 0) {
        cells[line + PEER.checked] = cells[line + PEER.accessed]!
      }
    }
    // A peer that was one of several before a reload must not keep what no longer counts.
    if (this.isSingle) cells[line + PEER.fails] = 0
    this.#zone.unlock(this.#group)
    return isEjected
  }

  /**
   * Whether a further pick of this request would find a peer, without picking. Read without the
   * lock.
   */
  hasEligible(tried: TriedSet, nowSeconds: number): boolean {
    const at = zoneSeconds(nowSeconds)
    if (this.isSingle) return !tried.has(this.#primaries.peerOf(0)) && this.#pickSingle() !== -1
    if (tried.isOnBackups) return this.#backups.hasEligible(tried, at)
    return this.#primaries.hasEligible(tried, at) || this.#backups.hasEligible(NONE_TRIED, at)
  }

  /**
   * Whether a peer is merely busy that the request could use otherwise. Read without the lock.
   *
   * @param bound peers that the request is bound to
   */
  isBusy(tried: TriedSet, nowSeconds: number, bound: readonly number[] = NOT_BOUND): boolean {
    const at = zoneSeconds(nowSeconds)
    const { isOnBackups } = tried
    return (
      this.#primaries.isBusy(isOnBackups ? NONE_TRIED : tried, at, bound) ||
      this.#backups.isBusy(isOnBackups ? tried : NONE_TRIED, at, bound)
    )
  }

  #panicsNow(at: number): boolean {
    return this.watch?.isPanicAfterLook(at) === true
  }

  #pickAny(
    tried: TriedSet,
    at: number,
    key: string,
    atMs: number,
    bound: readonly number[],
  ): number {
    if (this.isSingle) return this.#pickSingle(bound.length > 0)
    return this.#pickFrom(tried, at, key, atMs, bound)
  }

  /** Whether the peer takes only what is bound to it. */
  isDraining(peer: number): boolean {
    const list = this.#primaries.memberOf(peer) === -1 ? this.#backups : this.#primaries
    return list.isDraining(list.memberOf(peer))
  }

  #pickSingle(isBound = false): number {
    const list = this.#primaries
    const isUp = isBound ? list.isUpForBound(0) : list.isUp(0)
    return isUp && !list.isFull(0) ? list.peerOf(0) : -1
  }

  #pickFrom(
    tried: TriedSet,
    at: number,
    key: string,
    atMs: number,
    bound: readonly number[],
  ): number {
    if (!tried.isOnBackups) {
      const member = this.#pickIn(this.#primaries, tried, at, key, atMs, bound)
      if (member !== -1) return openPicked(this.#primaries, member, at)
      if (this.#backups.length === 0) return -1
      tried.switchToBackups()
    }
    const member = this.#pickIn(this.#backups, tried, at, key, atMs, bound)
    return member === -1 ? -1 : openPicked(this.#backups, member, at)
  }

  #pickIn(
    list: PeerList,
    tried: TriedSet,
    at: number,
    key: string,
    atMs: number,
    bound: readonly number[],
  ): number {
    const balancer = list.isBackups ? this.#backupBalancer : this.#primaryBalancer
    if (bound.length > 0) {
      const member = list.findForBound(bound, tried, at)
      if (member !== -1) {
        balancer.charge?.(member, tried, at)
        return member
      }
    }
    return pickOne(list, balancer, tried, at, key, atMs)
  }

  /** A success ends an older window; after a ban the peer has recovered. */
  #forgiveFailures(peer: number, at: number): void {
    const line = this.#lines[peer]!
    const maxFails = this.#maxFails[peer]!
    const wasBanned = maxFails > 0 && this.#cells[line + PEER.fails]! >= maxFails
    this.#cells[line + PEER.fails] = 0
    if (wasBanned) this.#cells[line + PEER.recoveredAt] = at
  }

  /** Counts a failure; true when the peer is unavailable after it. */
  #countFailure(peer: number, at: number): boolean {
    const cells = this.#cells
    const line = this.#lines[peer]!
    const maxFails = this.#maxFails[peer]!
    const fails = cells[line + PEER.fails]! + 1
    cells[line + PEER.fails] = fails
    cells[line + PEER.accessed] = at
    cells[line + PEER.checked] = at
    if (maxFails === 0) return false
    const weight = cells[line + PEER.weight]!
    const penalty = cells[line + PEER.weightPenalty]! + Math.trunc(weight / maxFails)
    cells[line + PEER.weightPenalty] = Math.min(penalty, weight)
    if (fails < maxFails) return false
    cells[line + PEER.ejections]!++
    this.watch?.onBan()
    return true
  }
}

const NOT_BOUND: readonly number[] = []

/** What a request that has yet to go over to the backups tried of them. */
const NONE_TRIED: TriedSet = new TriedSet()
