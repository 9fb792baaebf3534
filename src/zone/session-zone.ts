// Which peer a learned session belongs to, for all workers: a hash table with chains in shared
// memory, and a list from the session used last to the one unused for longest, which makes room
// when the table is full. Sessions and peers are digests of sixteen bytes: whatever length an
// application gives its identifiers, an entry has one size, some 20,000 to the megabyte (nginx:
// `sticky learn … zone=name:size`). One lock for the table, held for less than a microsecond.

import { assert } from '../base/assert.ts'
import { DIGEST_CELLS, type Digest } from '../base/digest.ts'
import { lockCell, takeOverCell, unlockCell } from './group-lock.ts'
import { zoneSeconds } from './peer-zone.ts'

/** The first cells. */
const HEAD = {
  lock: 0,
  /** Entries that were ever used. */
  used: 1,
  /** Entry that an ended session left, plus one; the next one stands in its `next`. */
  free: 2,
  /** Ends of the list, plus one. */
  newest: 3,
  oldest: 4,
  count: 5,
} as const
const HEAD_CELLS = 16

/** An entry. */
const ENTRY = {
  session: 0,
  peer: 4,
  /** Zone second of the last use. */
  usedAt: 8,
  /** The next one of its chain, plus one. */
  next: 9,
  /** Neighbours in the list by use, plus one. */
  newer: 10,
  older: 11,
} as const
const ENTRY_CELLS = 12

/** Cells for one place of the hash table: between one and two entries share one. */
const CELLS_PER_PLACE = 16
/** Sessions that one call looks at because they may have ended. */
const EXPIRED_MAX = 2
/** Seconds that a session lives longer because its last use is kept in whole ones. */
const GRAIN_MS = 999

/** Makes the memory of one zone. */
export function createSessionZone(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.ceil(bytes / 64) * 64)
}

/** One thread's view of a zone of sessions. */
export class SessionZone {
  /** Sessions that have room. */
  readonly capacity: number
  readonly #cells: Int32Array
  readonly #worker: number
  readonly #placeMask: number
  readonly #entriesAt: number

  /** @param worker this thread: a worker's index, or -1 for the main thread */
  constructor(buffer: SharedArrayBuffer, worker: number) {
    const cells = new Int32Array(buffer)
    const places = 2 ** Math.floor(Math.log2(cells.length / CELLS_PER_PLACE))
    this.#cells = cells
    this.#worker = worker
    this.#placeMask = places - 1
    this.#entriesAt = HEAD_CELLS + places
    this.capacity = Math.floor((cells.length - this.#entriesAt) / ENTRY_CELLS)
    assert(places >= 1 && this.capacity >= 1, 'a zone has room for a session')
  }

  /** Sessions in the zone, ended ones that nobody met yet included. */
  get count(): number {
    return this.#cells[HEAD.count]!
  }

  /**
   * Looks a session up. It does not count as a use: what a peer answers does.
   *
   * @param peer takes the digest of its peer
   * @returns whether it is there and has been used within the time
   */
  find(session: Digest, nowSeconds: number, timeoutMs: number, peer: Digest): boolean {
    const at = zoneSeconds(nowSeconds)
    lockCell(this.#cells, HEAD.lock, this.#worker)
    const entry = this.#entryOf(session)
    const isFound = entry !== -1 && !this.#isOver(entry, at, timeoutMs)
    if (isFound) {
      for (let i = 0; i < DIGEST_CELLS; i++) peer[i] = this.#cells[entry + ENTRY.peer + i]!
    }
    unlockCell(this.#cells, HEAD.lock)
    return isFound
  }

  /**
   * Binds a session to a peer, or tells that it was used.
   *
   * @param mayCreate false: only a session that is there
   */
  learn(
    session: Digest,
    peer: Digest,
    nowSeconds: number,
    timeoutMs: number,
    mayCreate: boolean,
  ): void {
    const cells = this.#cells
    const at = zoneSeconds(nowSeconds)
    lockCell(cells, HEAD.lock, this.#worker)
    this.#dropEnded(at, timeoutMs)
    let entry = this.#entryOf(session)
    if (entry !== -1) this.#unlist(entry)
    else if (mayCreate) entry = this.#add(session)
    if (entry !== -1) {
      for (let i = 0; i < DIGEST_CELLS; i++) cells[entry + ENTRY.peer + i] = peer[i]!
      cells[entry + ENTRY.usedAt] = at
      this.#listNewest(entry)
    }
    unlockCell(cells, HEAD.lock)
  }

  /**
   * Clears up after a worker that ended (main thread). One that died inside the table may have left
   * it half changed: then all sessions are forgotten, which costs their clients one pick.
   */
  reclaim(worker: number): void {
    const cells = this.#cells
    if (!takeOverCell(cells, HEAD.lock, worker, this.#worker)) return
    cells.fill(0, HEAD.used)
    unlockCell(cells, HEAD.lock)
  }

  #isOver(entry: number, at: number, timeoutMs: number): boolean {
    return (at - this.#cells[entry + ENTRY.usedAt]!) * 1000 > timeoutMs + GRAIN_MS
  }

  #placeOf(session: Digest): number {
    return HEAD_CELLS + (session[0]! & this.#placeMask)
  }

  /** First cell of the session's entry, or -1. */
  #entryOf(session: Digest): number {
    const cells = this.#cells
    let link = cells[this.#placeOf(session)]!
    while (link !== 0) {
      const entry = this.#cellOf(link)
      if (this.#isSession(entry, session)) return entry
      link = cells[entry + ENTRY.next]!
    }
    return -1
  }

  #isSession(entry: number, session: Digest): boolean {
    for (let i = 0; i < DIGEST_CELLS; i++) {
      if (this.#cells[entry + ENTRY.session + i] !== session[i]) return false
    }
    return true
  }

  #add(session: Digest): number {
    const cells = this.#cells
    let link = cells[HEAD.free]!
    if (link === 0 && cells[HEAD.used]! === this.capacity) {
      this.#remove(this.#cellOf(cells[HEAD.oldest]!))
      link = cells[HEAD.free]!
    }
    if (link === 0) {
      link = cells[HEAD.used]! + 1
      cells[HEAD.used] = link
    } else {
      cells[HEAD.free] = cells[this.#cellOf(link) + ENTRY.next]!
    }
    const entry = this.#cellOf(link)
    const place = this.#placeOf(session)
    for (let i = 0; i < DIGEST_CELLS; i++) cells[entry + ENTRY.session + i] = session[i]!
    cells[entry + ENTRY.next] = cells[place]!
    cells[place] = link
    cells[HEAD.count]!++
    return entry
  }

  #dropEnded(at: number, timeoutMs: number): void {
    for (let i = 0; i < EXPIRED_MAX; i++) {
      const link = this.#cells[HEAD.oldest]!
      if (link === 0 || !this.#isOver(this.#cellOf(link), at, timeoutMs)) return
      this.#remove(this.#cellOf(link))
    }
  }

  /** Takes an entry out of its chain and the list, and keeps it for another session. */
  #remove(entry: number): void {
    const cells = this.#cells
    const link = this.#linkOf(entry)
    let before = HEAD_CELLS + (cells[entry + ENTRY.session]! & this.#placeMask)
    while (cells[before] !== link) before = this.#cellOf(cells[before]!) + ENTRY.next
    cells[before] = cells[entry + ENTRY.next]!
    this.#unlist(entry)
    cells[entry + ENTRY.next] = cells[HEAD.free]!
    cells[HEAD.free] = link
    cells[HEAD.count]!--
  }

  #listNewest(entry: number): void {
    const cells = this.#cells
    const link = this.#linkOf(entry)
    const before = cells[HEAD.newest]!
    cells[entry + ENTRY.newer] = 0
    cells[entry + ENTRY.older] = before
    if (before === 0) cells[HEAD.oldest] = link
    else cells[this.#cellOf(before) + ENTRY.newer] = link
    cells[HEAD.newest] = link
  }

  #unlist(entry: number): void {
    const cells = this.#cells
    const newer = cells[entry + ENTRY.newer]!
    const older = cells[entry + ENTRY.older]!
    if (newer === 0) cells[HEAD.newest] = older
    else cells[this.#cellOf(newer) + ENTRY.older] = older
    if (older === 0) cells[HEAD.oldest] = newer
    else cells[this.#cellOf(older) + ENTRY.newer] = newer
  }

  #cellOf(link: number): number {
    return this.#entriesAt + (link - 1) * ENTRY_CELLS
  }

  #linkOf(entry: number): number {
    return (entry - this.#entriesAt) / ENTRY_CELLS + 1
  }
}
