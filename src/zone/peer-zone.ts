// What all threads know about peers: weights and failures, and one lock for each group. Fixed
// capacity, made once per process: pages that nobody touches cost no memory, and nothing ever
// moves. Requests in flight are counted by each worker in a row of its own, with plain stores; a
// peer's count is the sum over the rows, and what a dead worker had in flight goes by clearing its
// row.

import { assert } from '../base/assert.ts'
import { WEIGHT_TOTAL_MAX } from '../model/upstream.ts'
import { lockCell, takeOverCell, tryLockCell, unlockCell } from './group-lock.ts'
import {
  GROUP,
  HEADER,
  LINE_CELLS,
  PEER,
  PEER_STATE,
  type PeerStateName,
  ZONE_EPOCH_SECONDS,
} from './layout.ts'

/** Peers over all groups and all generations in use. */
export const PEERS_MAX = 65_536
/** Groups over all generations in use. */
export const GROUPS_MAX = 16_384
/** Worker threads. */
export const WORKERS_MAX = 256

const GROUPS_AT = LINE_CELLS
const PEERS_AT = GROUPS_AT + GROUPS_MAX * LINE_CELLS
const ROWS_AT = PEERS_AT + PEERS_MAX * LINE_CELLS
const GROUP_ROWS_AT = ROWS_AT + WORKERS_MAX * PEERS_MAX
const HEALTH_AT = GROUP_ROWS_AT + WORKERS_MAX * GROUPS_MAX
const LOAD_AT = HEALTH_AT + PEERS_MAX * LINE_CELLS
/** Cells of one worker and one group in `GroupLoad`. */
const LOAD_CELLS = 2
const CELLS = LOAD_AT + WORKERS_MAX * GROUPS_MAX * LOAD_CELLS

/** How long the main thread waits for a group's lock; its holder may be dead. */
const MAIN_LOCK_MS = 250

/** What the main thread sets for a peer. */
export interface PeerSetting {
  readonly slot: number
  readonly weight: number
}

/** A peer's state at one moment, for people. Times are wall seconds; null = never. */
export interface PeerStatus {
  readonly weight: number
  readonly effectiveWeight: number
  readonly conns: number
  readonly fails: number
  readonly failedAt: number | null
  readonly checkedAt: number | null
  readonly states: readonly PeerStateName[]
  readonly requests: number
  readonly failures: number
  readonly ejections: number
}

/** Makes the memory for one process. */
export function createPeerZone(): SharedArrayBuffer {
  return new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT)
}

/** One thread's view of the peer zone. */
export class PeerZone {
  readonly cells: Int32Array
  /** This thread: a worker's index, or -1 for the main thread. */
  readonly worker: number
  /** Hears that this thread's `setState` has taken the last reason not to pick a peer away. */
  onUsable: (() => void) | null = null
  /** First cell of this worker's own row. */
  readonly #row: number

  constructor(buffer: SharedArrayBuffer, worker: number) {
    assert(buffer.byteLength === CELLS * Int32Array.BYTES_PER_ELEMENT, 'peer zone has its size')
    assert(worker >= -1 && worker < WORKERS_MAX, 'worker index is one of the zone')
    this.cells = new Int32Array(buffer)
    this.worker = worker
    this.#row = ROWS_AT + worker * PEERS_MAX
    raise(this.cells, HEADER.workersUsed, worker + 1)
  }

  /** First cell of a peer's line. */
  peerLine(slot: number): number {
    assert(slot >= 0 && slot < PEERS_MAX, 'peer slot is one of the zone')
    return PEERS_AT + slot * LINE_CELLS
  }

  /** First cell of what outlier detection knows of a peer. */
  healthLine(slot: number): number {
    assert(slot >= 0 && slot < PEERS_MAX, 'peer slot is one of the zone')
    return HEALTH_AT + slot * LINE_CELLS
  }

  /** First cell of a group's line. */
  groupLine(group: number): number {
    return groupLine(group)
  }

  /** The cell with this worker's own count of requests in flight to a peer; only it writes there. */
  ownConnsCell(slot: number): number {
    assert(this.worker >= 0, 'the main thread has no requests in flight')
    return this.#row + slot
  }

  /**
   * Requests in flight to a peer over all workers. Under the group's lock it misses no pick; a
   * request that ended a moment ago may still be in it.
   */
  connsOf(slot: number): number {
    const workers = this.cells[HEADER.workersUsed]!
    let conns = 0
    for (let worker = 0; worker < workers; worker++) {
      conns += this.cells[ROWS_AT + worker * PEERS_MAX + slot]!
    }
    return conns
  }

  /**
   * The cell with this worker's own count of requests in flight to a group; only it writes there,
   * and only for methods that ask.
   */
  ownGroupConnsCell(group: number): number {
    assert(this.worker >= 0, 'the main thread has no requests in flight')
    return GROUP_ROWS_AT + this.worker * GROUPS_MAX + group
  }

  /** Requests in flight to a group over all workers, as far as they are counted. */
  groupConnsOf(group: number): number {
    const workers = this.cells[HEADER.workersUsed]!
    let conns = 0
    for (let worker = 0; worker < workers; worker++) {
      conns += this.cells[GROUP_ROWS_AT + worker * GROUPS_MAX + group]!
    }
    return conns
  }

  /** Takes a group's lock. Nothing under it may throw, wait or take another lock. */
  lock(group: number): void {
    lockCell(this.cells, groupLine(group) + GROUP.lock, this.worker)
  }

  /** Takes a group's lock unless somebody else keeps it for about `waitMs`. */
  tryLock(group: number, waitMs: number): boolean {
    return tryLockCell(this.cells, groupLine(group) + GROUP.lock, this.worker, waitMs)
  }

  unlock(group: number): void {
    unlockCell(this.cells, groupLine(group) + GROUP.lock)
  }

  /**
   * Sets the peers and weights of a group (main thread, with each new generation and each change of
   * a weight). A peer that stays keeps its failures and its requests in flight. When a peer came,
   * left or changed its weight, the round starts over: credit earned under other weights could
   * starve a peer for hundreds of picks.
   */
  initializeGroup(group: number, peers: readonly PeerSetting[]): void {
    const { cells } = this
    const line = groupLine(group)
    let isChanged = cells[line + GROUP.peerCount] !== peers.length
    cells[line + GROUP.peerCount] = peers.length
    for (const { slot, weight } of peers) {
      assert(weight >= 1 && weight <= WEIGHT_TOTAL_MAX, 'peer weight is in range')
      const before = Atomics.exchange(cells, this.peerLine(slot) + PEER.weight, weight)
      if (before !== weight) isChanged = true
      this.enroll(slot, group, weight)
    }
    if (!isChanged) return
    Atomics.add(cells, line + GROUP.version, 1)
    // Without the lock (a dead worker may hold it) a pick under way may keep one peer's old credit:
    // harmless.
    const isLocked = this.tryLock(group, MAIN_LOCK_MS)
    for (const { slot } of peers) cells[this.peerLine(slot) + PEER.currentWeight] = 0
    if (isLocked) this.unlock(group)
  }

  /** Enters a peer that nobody set yet; leaves one that somebody did as it is. */
  enroll(slot: number, group: number, weight: number): void {
    const line = this.peerLine(slot)
    Atomics.compareExchange(this.cells, line + PEER.weight, 0, weight)
    Atomics.compareExchange(this.cells, line + PEER.group, 0, group + 1)
    raise(this.cells, HEADER.peersUsed, slot + 1)
    this.enrollGroup(group)
  }

  /** Enters a group. */
  enrollGroup(group: number): void {
    raise(this.cells, HEADER.groupsUsed, group + 1)
  }

  /**
   * Sets or clears a reason not to pick the peer.
   *
   * @param nowSeconds wall clock: when the last reason goes, a peer that is told to starts slowly
   *   from here; 0 = it does not
   */
  setState(slot: number, state: PeerStateName, isSet: boolean, nowSeconds = 0): void {
    const line = this.peerLine(slot)
    if (isSet) {
      Atomics.or(this.cells, line + PEER.state, PEER_STATE[state])
      return
    }
    const before = Atomics.and(this.cells, line + PEER.state, ~PEER_STATE[state])
    if (before !== PEER_STATE[state]) return
    if (nowSeconds > 0) Atomics.store(this.cells, line + PEER.recoveredAt, zoneSeconds(nowSeconds))
    this.onUsable?.()
  }

  /**
   * Makes a peer slot new: its line and its cell in every worker's row. No worker may know the
   * slot.
   */
  clearPeer(slot: number): void {
    const line = this.peerLine(slot)
    this.cells.fill(0, line, line + LINE_CELLS)
    const health = this.healthLine(slot)
    this.cells.fill(0, health, health + LINE_CELLS)
    const workers = Atomics.load(this.cells, HEADER.workersUsed)
    for (let worker = 0; worker < workers; worker++) {
      this.cells[ROWS_AT + worker * PEERS_MAX + slot] = 0
    }
  }

  /** Makes a group slot new. No worker may know the slot. */
  clearGroup(group: number): void {
    const line = groupLine(group)
    this.cells.fill(0, line, line + LINE_CELLS)
    const workers = Atomics.load(this.cells, HEADER.workersUsed)
    for (let worker = 0; worker < workers; worker++) {
      this.cells[GROUP_ROWS_AT + worker * GROUPS_MAX + group] = 0
      const load = loadCell(worker, group)
      this.cells.fill(0, load, load + LOAD_CELLS)
    }
  }

  /**
   * Clears up after a worker that ended (main thread; after its `exit`, before another takes its
   * index): takes its requests in flight back from every peer and breaks its lock.
   */
  reclaim(worker: number): void {
    assert(worker >= 0 && worker < WORKERS_MAX, 'only a worker can be reclaimed')
    const { cells } = this
    const row = ROWS_AT + worker * PEERS_MAX
    const peers = Atomics.load(cells, HEADER.peersUsed)
    cells.fill(0, row, row + peers)
    const groups = Atomics.load(cells, HEADER.groupsUsed)
    const groupRow = GROUP_ROWS_AT + worker * GROUPS_MAX
    cells.fill(0, groupRow, groupRow + groups)
    cells.fill(0, loadCell(worker, 0), loadCell(worker, groups))
    this.#forgetWaiting(peers)
    for (let group = 0; group < groups; group++) {
      if (!takeOverCell(cells, groupLine(group) + GROUP.lock, worker, this.worker)) continue
      // It died inside a round: some peers earned in it, and perhaps none paid.
      this.#restartRound(group)
      this.unlock(group)
    }
  }

  /** Reads a peer for the status page; fields may be a moment apart. */
  snapshotPeer(slot: number): PeerStatus {
    const { cells } = this
    const line = this.peerLine(slot)
    const weight = cells[line + PEER.weight]!
    const state = cells[line + PEER.state]!
    return {
      weight,
      effectiveWeight: Math.max(0, weight - cells[line + PEER.weightPenalty]!),
      conns: this.connsOf(slot),
      fails: cells[line + PEER.fails]!,
      failedAt: wallSeconds(cells[line + PEER.accessed]!),
      checkedAt: wallSeconds(cells[line + PEER.checked]!),
      states: (Object.keys(PEER_STATE) as PeerStateName[]).filter(
        name => (state & PEER_STATE[name]) !== 0,
      ),
      requests: cells[line + PEER.requests]! >>> 0,
      failures: cells[line + PEER.failures]! >>> 0,
      ejections: cells[line + PEER.ejections]! >>> 0,
    }
  }

  /**
   * Whose requests were waiting is not known by worker: all start over at zero. Until those under
   * way have ended, the peers look a little less busy than they are.
   */
  #forgetWaiting(peers: number): void {
    for (let slot = 0; slot < peers; slot++) this.cells[this.peerLine(slot) + PEER.waiting] = 0
  }

  #restartRound(group: number): void {
    const slots = Atomics.load(this.cells, HEADER.peersUsed)
    for (let slot = 0; slot < slots; slot++) {
      const line = this.peerLine(slot)
      if (this.cells[line + PEER.group] === group + 1) this.cells[line + PEER.currentWeight] = 0
    }
  }
}

/** Turns wall seconds into a zone's seconds; a fraction is cut off. */
export function zoneSeconds(nowSeconds: number): number {
  return (nowSeconds - ZONE_EPOCH_SECONDS) | 0
}

/**
 * Turns wall seconds with a fraction into a zone's milliseconds. They wrap within 32 bits; the
 * difference of two, taken `| 0`, is right up to 24 days.
 */
export function zoneMs(nowSeconds: number): number {
  return Math.round((nowSeconds - ZONE_EPOCH_SECONDS) * 1000) | 0
}

/** First cell of what one worker has in hand for one group (zone/group-load.ts). */
export function loadCell(worker: number, group: number): number {
  return LOAD_AT + (worker * GROUPS_MAX + group) * LOAD_CELLS
}

function wallSeconds(cell: number): number | null {
  return cell === 0 ? null : cell + ZONE_EPOCH_SECONDS
}

function groupLine(group: number): number {
  assert(group >= 0 && group < GROUPS_MAX, 'group slot is one of the zone')
  return GROUPS_AT + group * LINE_CELLS
}

/** Raises a cell to at least `value`. */
function raise(cells: Int32Array, index: number, value: number): void {
  let seen = Atomics.load(cells, index)
  while (seen < value) {
    const before = Atomics.compareExchange(cells, index, seen, value)
    if (before === seen) return
    seen = before
  }
}
