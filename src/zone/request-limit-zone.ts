// Requests over time by key, for all workers: a leaky bucket for each key that was asked for lately, in a hash table with
// chains and a list from the one used last to the one unused for longest (nginx: `limit_req_zone`). A bucket is told by how
// far it is over its rate, in thousandths of a request, as ngx_http_limit_req_module counts. Keys are digests of sixteen
// bytes: whatever their length, a bucket takes 48 bytes. One lock for the table, held for less than a microsecond.

import { assert } from '../base/assert.ts'
import { DIGEST_CELLS, type Digest } from '../base/digest.ts'
import { lockCell, takeOverCell, unlockCell } from './group-lock.ts'
import { countOutcome, type LimitOutcome } from './limit-counters.ts'

/** The first cells; the counters of limit-counters.ts are among them. */
const HEAD = {
  lock: 0,
  /** Buckets that were ever used. */
  used: 1,
  /** Bucket that a key left, plus one; the next one stands in its `next`. */
  free: 2,
  /** Ends of the list, plus one. */
  newest: 3,
  oldest: 4,
  count: 5,
} as const
const HEAD_CELLS = 16

/** A bucket. */
const ENTRY = {
  key: 0,
  /** Millisecond up to which it has leaked: eight bytes. */
  last: 4,
  /** Thousandths of a request over the rate: eight bytes. */
  excess: 6,
  /** The next one of its chain, plus one. */
  next: 8,
  /** Neighbours in the list by use, plus one. */
  newer: 9,
  older: 10,
} as const
const ENTRY_CELLS = 12

/** Cells for one place of the hash table: between one and two buckets share one. */
const CELLS_PER_PLACE = 16
/** A bucket that is looked at because it may be empty was not used for so long, as in nginx. */
const IDLE_MS_MIN = 60_000
/** A clock that was set back by more than this is believed. */
const BACK_MS_MAX = 60_000
/** Empty buckets that a new key removes, beside one that has to go. */
const EXPIRED_MAX = 2
/** Long enough for any bucket to be empty. */
const LONG_AGO_MS = 1e12
/** One request. */
const REQUEST = 1000

/** Makes the memory of one zone. */
export function createRequestLimitZone(bytes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(Math.ceil(bytes / 64) * 64)
}

/** One thread's view. Times are milliseconds by one clock for all threads. */
export class RequestLimitZone {
  /** Keys that have room. */
  readonly capacity: number
  /** Thousandths of a request that the key of the last call is over the rate. */
  excess = 0
  readonly cells: Int32Array
  readonly #numbers: Float64Array
  readonly #worker: number
  readonly #rate: number
  readonly #placeMask: number
  readonly #entriesAt: number

  /**
   * @param worker this thread: a worker's index, or -1 for the main thread
   * @param rate thousandths of a request per second that leak
   */
  constructor(buffer: SharedArrayBuffer, worker: number, rate: number) {
    const cells = new Int32Array(buffer)
    const places = 2 ** Math.floor(Math.log2(cells.length / CELLS_PER_PLACE))
    this.cells = cells
    this.#numbers = new Float64Array(buffer)
    this.#worker = worker
    this.#rate = rate
    this.#placeMask = places - 1
    this.#entriesAt = HEAD_CELLS + places
    this.capacity = Math.floor((cells.length - this.#entriesAt) / ENTRY_CELLS)
    assert(places >= 2 && this.capacity >= 1, 'a zone has room for a key')
  }

  /** Keys in the zone, those that nobody asked for lately included. */
  get count(): number {
    return Atomics.load(this.cells, HEAD.count)
  }

  /**
   * Judges one more request of a key, and puts it into the bucket at once when no other limit has a say after this one.
   * `excess` tells how full the bucket is with it.
   *
   * @param burst thousandths of a request that fit in above the rate
   * @param isLast false: `account` follows where every limit agrees
   * @returns whether it fits
   */
  judge(key: Digest, burst: number, nowMs: number, isLast: boolean): boolean {
    lockCell(this.cells, HEAD.lock, this.#worker)
    const known = this.#entryOf(key)
    let fits = true
    if (known === -1) {
      this.excess = 0
      const entry = this.#make(key, nowMs)
      this.#numbers[(entry + ENTRY.last) / 2] = isLast ? nowMs : nowMs - LONG_AGO_MS
    } else {
      this.#unlist(known)
      this.#listNewest(known)
      const ms = this.#leakedMs(known, nowMs)
      this.excess = this.#excessAfter(known, ms)
      fits = this.excess <= burst
      if (fits && isLast) this.#keep(known, ms, nowMs)
    }
    unlockCell(this.cells, HEAD.lock)
    return fits
  }

  /** Puts a request that every limit agreed to into the bucket; `excess` tells how full it is with it. */
  account(key: Digest, nowMs: number): void {
    lockCell(this.cells, HEAD.lock, this.#worker)
    let entry = this.#entryOf(key)
    if (entry === -1) {
      // It had to make room for another key in the meantime.
      entry = this.#make(key, nowMs)
      this.#numbers[(entry + ENTRY.last) / 2] = nowMs - LONG_AGO_MS
    }
    const ms = this.#leakedMs(entry, nowMs)
    this.excess = this.#excessAfter(entry, ms)
    this.#keep(entry, ms, nowMs)
    unlockCell(this.cells, HEAD.lock)
  }

  /** Counts what became of a request. */
  tally(outcome: LimitOutcome): void {
    countOutcome(this.cells, outcome)
  }

  /**
   * Clears up after a worker that ended (main thread). One that died inside the table may have left it half changed: then
   * all buckets are forgotten, as when the program starts.
   */
  reclaim(worker: number): void {
    const { cells } = this
    if (!takeOverCell(cells, HEAD.lock, worker, this.#worker)) return
    cells.fill(0, HEAD.used, HEAD.count + 1)
    cells.fill(0, HEAD_CELLS)
    unlockCell(cells, HEAD.lock)
  }

  #leakedMs(entry: number, nowMs: number): number {
    const ms = nowMs - this.#numbers[(entry + ENTRY.last) / 2]!
    // Who reads the clock a moment before another is no sign of anything.
    if (ms < 0) return ms < -BACK_MS_MAX ? 1 : 0
    return ms
  }

  #excessAfter(entry: number, ms: number): number {
    const excess = this.#numbers[(entry + ENTRY.excess) / 2]!
    return Math.max(0, excess - Math.floor((this.#rate * ms) / 1000) + REQUEST)
  }

  #keep(entry: number, ms: number, nowMs: number): void {
    this.#numbers[(entry + ENTRY.excess) / 2] = this.excess
    if (ms > 0) this.#numbers[(entry + ENTRY.last) / 2] = nowMs
  }

  /** First cell of the key's bucket, or -1. */
  #entryOf(key: Digest): number {
    const { cells } = this
    let link = cells[HEAD_CELLS + (key[0]! & this.#placeMask)]!
    while (link !== 0) {
      const entry = this.#cellOf(link)
      if (this.#isKey(entry, key)) return entry
      link = cells[entry + ENTRY.next]!
    }
    return -1
  }

  #isKey(entry: number, key: Digest): boolean {
    for (let i = 0; i < DIGEST_CELLS; i++) {
      if (this.cells[entry + ENTRY.key + i] !== key[i]) return false
    }
    return true
  }

  /** Makes an empty bucket; where there is no room the one unused for longest goes. */
  #make(key: Digest, nowMs: number): number {
    const { cells } = this
    this.#dropEmpty(nowMs)
    const isFull = cells[HEAD.free] === 0 && cells[HEAD.used] === this.capacity
    if (isFull) this.#remove(this.#cellOf(cells[HEAD.oldest]!))
    let link = cells[HEAD.free]!
    if (link === 0) {
      link = cells[HEAD.used]! + 1
      cells[HEAD.used] = link
    } else {
      cells[HEAD.free] = cells[this.#cellOf(link) + ENTRY.next]!
    }
    const entry = this.#cellOf(link)
    const place = HEAD_CELLS + (key[0]! & this.#placeMask)
    for (let i = 0; i < DIGEST_CELLS; i++) cells[entry + ENTRY.key + i] = key[i]!
    this.#numbers[(entry + ENTRY.excess) / 2] = 0
    cells[entry + ENTRY.next] = cells[place]!
    cells[place] = link
    cells[HEAD.count]!++
    this.#listNewest(entry)
    return entry
  }

  /** Removes one or two buckets that have run empty. */
  #dropEmpty(nowMs: number): void {
    for (let i = 0; i < EXPIRED_MAX; i++) {
      const link = this.cells[HEAD.oldest]!
      if (link === 0) return
      const entry = this.#cellOf(link)
      const ms = Math.abs(nowMs - this.#numbers[(entry + ENTRY.last) / 2]!)
      if (ms < IDLE_MS_MIN) return
      const excess = this.#numbers[(entry + ENTRY.excess) / 2]!
      if (excess - Math.floor((this.#rate * ms) / 1000) > 0) return
      this.#remove(entry)
    }
  }

  /** Takes a bucket out of its chain and the list, and keeps it for another key. */
  #remove(entry: number): void {
    const { cells } = this
    const link = this.#linkOf(entry)
    let before = HEAD_CELLS + (cells[entry + ENTRY.key]! & this.#placeMask)
    while (cells[before] !== link) before = this.#cellOf(cells[before]!) + ENTRY.next
    cells[before] = cells[entry + ENTRY.next]!
    this.#unlist(entry)
    cells[entry + ENTRY.next] = cells[HEAD.free]!
    cells[HEAD.free] = link
    cells[HEAD.count]!--
  }

  #listNewest(entry: number): void {
    const { cells } = this
    const link = this.#linkOf(entry)
    const before = cells[HEAD.newest]!
    cells[entry + ENTRY.newer] = 0
    cells[entry + ENTRY.older] = before
    if (before === 0) cells[HEAD.oldest] = link
    else cells[this.#cellOf(before) + ENTRY.newer] = link
    cells[HEAD.newest] = link
  }

  #unlist(entry: number): void {
    const { cells } = this
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
