// Requests in hand by key, for all workers (nginx: `limit_conn_zone`). What one worker has of one key is an entry of its
// own, and the entries of a key stand in one chain of a hash table: together they are what counts, and those of a worker
// that dies are simply struck out. Keys are digests of sixteen bytes; an entry takes 32. Nobody can make room for another:
// what is counted is there. One lock for the table, held for less than a microsecond.

import { assert } from '../base/assert.ts'
import { DIGEST_CELLS, type Digest } from '../base/digest.ts'
import { lockCell, takeOverCell, tryLockCell, unlockCell } from './group-lock.ts'
import { countOutcome, type LimitOutcome } from './limit-counters.ts'

/** The first cells; the counters of limit-counters.ts are among them. */
const HEAD = {
  lock: 0,
  /** Entries that were ever used. */
  used: 1,
  /** An entry that is free, plus one; the next one stands in its `next`. */
  free: 2,
  count: 3,
} as const
const HEAD_CELLS = 16

/** An entry. */
const ENTRY = {
  key: 0,
  /** The next one of its chain, plus one. */
  next: 4,
  worker: 5,
  /** Requests in hand; an entry without any belongs to nobody. */
  held: 6,
} as const
const ENTRY_CELLS = 8

/** Cells for one place of the hash table: about two entries share one. */
const CELLS_PER_PLACE = 16
/** How long the main thread waits for the lock when it clears up. */
const CLEAR_WAIT_MS = 100

/** What `take` says instead of an entry. */
export const AT_LIMIT = 0
export const NO_ROOM = -1

/** Makes the memory of one zone. */
export function createConnectionLimitZone(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.ceil(bytes / 64) * 64)
}

/** One thread's view. */
export class ConnectionLimitZone {
  /** Keys, each in one worker, that have room. */
  readonly capacity: number
  readonly cells: Int32Array
  readonly #worker: number
  readonly #placeMask: number
  readonly #entriesAt: number

  /** @param worker this thread: a worker's index, or -1 for the main thread */
  constructor(buffer: SharedArrayBuffer, worker: number) {
    const cells = new Int32Array(buffer)
    const places = 2 ** Math.floor(Math.log2(cells.length / CELLS_PER_PLACE))
    this.cells = cells
    this.#worker = worker
    this.#placeMask = places - 1
    this.#entriesAt = HEAD_CELLS + places
    this.capacity = Math.floor((cells.length - this.#entriesAt) / ENTRY_CELLS)
    assert(places >= 2 && this.capacity >= 1, 'a zone has room for a key')
  }

  /** Keys that have requests in hand, counted once for each worker. */
  get count(): number {
    return Atomics.load(this.cells, HEAD.count)
  }

  /**
   * Counts one more request of a key.
   *
   * @param most requests that all workers together may have in hand
   * @returns what `release` wants, above 0; else `AT_LIMIT` or `NO_ROOM`
   */
  take(key: Digest, most: number): number {
    const { cells } = this
    lockCell(cells, HEAD.lock, this.#worker)
    let own = -1
    let held = 0
    let link = cells[this.#placeOf(key)]!
    while (link !== 0) {
      const entry = this.#cellOf(link)
      if (this.#isKey(entry, key)) {
        held += cells[entry + ENTRY.held]!
        if (cells[entry + ENTRY.worker] === this.#worker) own = entry
      }
      link = cells[entry + ENTRY.next]!
    }
    let taken = AT_LIMIT
    if (held < most) {
      if (own === -1) own = this.#add(key)
      taken = own === -1 ? NO_ROOM : this.#linkOf(own)
      if (own !== -1) cells[own + ENTRY.held]!++
    }
    unlockCell(cells, HEAD.lock)
    return taken
  }

  /** A request that `take` counted has ended. */
  release(taken: number): void {
    const { cells } = this
    const entry = this.#cellOf(taken)
    lockCell(cells, HEAD.lock, this.#worker)
    if (--cells[entry + ENTRY.held]! === 0) this.#remove(entry)
    unlockCell(cells, HEAD.lock)
  }

  /** Requests of a key in hand, over all workers. */
  heldBy(key: Digest): number {
    const { cells } = this
    lockCell(cells, HEAD.lock, this.#worker)
    let held = 0
    for (let link = cells[this.#placeOf(key)]!; link !== 0; ) {
      const entry = this.#cellOf(link)
      if (this.#isKey(entry, key)) held += cells[entry + ENTRY.held]!
      link = cells[entry + ENTRY.next]!
    }
    unlockCell(cells, HEAD.lock)
    return held
  }

  /** Counts what became of a request. */
  tally(outcome: LimitOutcome): void {
    countOutcome(this.cells, outcome)
  }

  /**
   * Clears up after a worker that ended, before another takes its index (main thread): what it had in hand counts no more,
   * and a table that it left half changed is put together anew from the entries of the others.
   */
  reclaim(worker: number): void {
    const { cells } = this
    const used = Atomics.load(cells, HEAD.used)
    for (let link = 1; link <= used; link++) {
      const entry = this.#cellOf(link)
      if (cells[entry + ENTRY.worker] === worker) Atomics.store(cells, entry + ENTRY.held, 0)
    }
    const wasInside = takeOverCell(cells, HEAD.lock, worker, this.#worker)
    // Held for longer by one who died as well: clearing up after that one will do it.
    if (!wasInside && !tryLockCell(cells, HEAD.lock, this.#worker, CLEAR_WAIT_MS)) return
    this.#rebuild()
    unlockCell(cells, HEAD.lock)
  }

  #rebuild(): void {
    const { cells } = this
    const used = Math.min(cells[HEAD.used]!, this.capacity)
    cells.fill(0, HEAD_CELLS, this.#entriesAt)
    cells[HEAD.free] = 0
    cells[HEAD.count] = 0
    for (let link = used; link > 0; link--) {
      const entry = this.#cellOf(link)
      if (cells[entry + ENTRY.held]! > 0) this.#enter(entry)
      else this.#free(entry)
    }
  }

  #placeOf(key: Digest): number {
    return HEAD_CELLS + (key[0]! & this.#placeMask)
  }

  #isKey(entry: number, key: Digest): boolean {
    for (let i = 0; i < DIGEST_CELLS; i++) {
      if (this.cells[entry + ENTRY.key + i] !== key[i]) return false
    }
    return true
  }

  /** First cell of a new entry of this worker, or -1. */
  #add(key: Digest): number {
    const { cells } = this
    let link = cells[HEAD.free]!
    if (link !== 0) {
      cells[HEAD.free] = cells[this.#cellOf(link) + ENTRY.next]!
    } else {
      if (cells[HEAD.used] === this.capacity) return -1
      link = cells[HEAD.used]! + 1
      cells[HEAD.used] = link
    }
    const entry = this.#cellOf(link)
    for (let i = 0; i < DIGEST_CELLS; i++) cells[entry + ENTRY.key + i] = key[i]!
    cells[entry + ENTRY.worker] = this.#worker
    cells[entry + ENTRY.held] = 0
    this.#enter(entry)
    return entry
  }

  /** Puts an entry into the chain of its key. */
  #enter(entry: number): void {
    const { cells } = this
    const place = HEAD_CELLS + (cells[entry + ENTRY.key]! & this.#placeMask)
    cells[entry + ENTRY.next] = cells[place]!
    cells[place] = this.#linkOf(entry)
    cells[HEAD.count]!++
  }

  #remove(entry: number): void {
    const { cells } = this
    const link = this.#linkOf(entry)
    let before = HEAD_CELLS + (cells[entry + ENTRY.key]! & this.#placeMask)
    while (cells[before] !== link) before = this.#cellOf(cells[before]!) + ENTRY.next
    cells[before] = cells[entry + ENTRY.next]!
    cells[HEAD.count]!--
    this.#free(entry)
  }

  #free(entry: number): void {
    const { cells } = this
    cells[entry + ENTRY.worker] = -1
    cells[entry + ENTRY.next] = cells[HEAD.free]!
    cells[HEAD.free] = this.#linkOf(entry)
  }

  #cellOf(link: number): number {
    return this.#entriesAt + (link - 1) * ENTRY_CELLS
  }

  #linkOf(entry: number): number {
    return (entry - this.#entriesAt) / ENTRY_CELLS + 1
  }
}
