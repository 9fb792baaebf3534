// What workers tell each other about the requests that wait for a peer of one upstream: how many
// wait in each, which of them came first, and a bell for each worker. A request draws a number when
// it joins; only the worker whose first request has the lowest one may let it go on, so the line is
// one over all workers although each keeps its own requests
// (docs/decisions/016-queue.md).

import { assert } from '../base/assert.ts'
import { lockCell, takeOverCell, unlockCell } from './group-lock.ts'
import { LINE_CELLS } from './layout.ts'
import { WORKERS_MAX } from './peer-zone.ts'

/** The first line. */
const HEAD = {
  lock: 0,
  /** The number drawn last. */
  drawn: 1,
  /** Names the zone: a worker finds its requests again when a reload brings the memory anew. */
  id: 2,
  /** Highest worker index that was used, plus one. */
  workersUsed: 3,
  /** Counts peers given back, wrapping. */
  released: 4,
} as const

/** A worker's line; only that worker writes there, but for the bell. */
const ROW = {
  /** Number of its first request in the line; 0 = it has none there. */
  first: 0,
  /** Its requests that wait, those beside the line included. */
  waiting: 1,
  /** Of these the ones beside the line. */
  beside: 2,
  /** Changes with each ring. */
  bell: 3,
} as const

const CELLS = (1 + WORKERS_MAX) * LINE_CELLS

/** Makes the memory of one upstream's line. */
export function createQueueZone(id: number): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT)
  new Int32Array(buffer)[HEAD.id] = id
  return buffer
}

/** One thread's view. */
export class QueueZone {
  readonly cells: Int32Array
  /** Cell of this worker's bell. */
  readonly bell: number
  readonly #worker: number
  readonly #row: number

  /** @param worker this thread: a worker's index, or -1 for the main thread */
  constructor(buffer: SharedArrayBuffer, worker: number) {
    assert(worker >= -1 && worker < WORKERS_MAX, 'worker index is one of the zone')
    this.cells = new Int32Array(buffer)
    this.#worker = worker
    this.#row = rowOf(worker)
    this.bell = this.#row + ROW.bell
    let seen = Atomics.load(this.cells, HEAD.workersUsed)
    while (seen < worker + 1) {
      const before = Atomics.compareExchange(this.cells, HEAD.workersUsed, seen, worker + 1)
      if (before === seen) break
      seen = before
    }
  }

  get id(): number {
    return this.cells[HEAD.id]!
  }

  /** How often this worker's bell has rung, wrapping. */
  get rings(): number {
    return Atomics.load(this.cells, this.bell)
  }

  /** Requests that wait in all workers. */
  get waiting(): number {
    return this.#sum(ROW.waiting)
  }

  /** Whether anybody stands in the line, in any worker. */
  get hasLine(): boolean {
    const end = this.#rowsEnd
    for (let row = LINE_CELLS; row < end; row += LINE_CELLS) {
      if (Atomics.load(this.cells, row + ROW.first) !== 0) return true
    }
    return false
  }

  /**
   * Counts one more request of this worker.
   *
   * @param size requests that may wait in all workers
   * @returns its number; 0 when there is no room
   */
  join(size: number, isBeside: boolean): number {
    const { cells } = this
    lockCell(cells, HEAD.lock, this.#worker)
    let number = 0
    if (this.#sum(ROW.waiting) < size) {
      number = next(cells[HEAD.drawn]!)
      cells[HEAD.drawn] = number
      this.#add(ROW.waiting, 1)
      if (isBeside) this.#add(ROW.beside, 1)
      else if (cells[this.#row + ROW.first] === 0) {
        Atomics.store(cells, this.#row + ROW.first, number)
      }
    }
    unlockCell(cells, HEAD.lock)
    return number
  }

  /** One of this worker's requests waits no more. */
  leave(isBeside: boolean): void {
    this.#add(ROW.waiting, -1)
    if (isBeside) this.#add(ROW.beside, -1)
  }

  /** One of this worker's requests left the line, and waits beside it. */
  stepAside(): void {
    this.#add(ROW.beside, 1)
  }

  /** Tells the number of this worker's first request in the line; 0 = it has none. */
  setFirst(number: number): void {
    Atomics.store(this.cells, this.#row + ROW.first, number)
  }

  /** Whether the first request of all is this worker's. */
  isFirst(): boolean {
    return this.#firstRow() === this.#row
  }

  /** A peer was given back: rings where somebody waits for it. */
  onRelease(): void {
    // Orders the count of that peer, written before without a lock, with what is read after: who joins does the two in
    // the other order, and one of both sees the other.
    Atomics.add(this.cells, HEAD.released, 1)
    if (this.#sum(ROW.waiting) > 0) this.ring()
  }

  /** Rings where somebody could go on now: a peer has room, or the first of the line left. */
  ring(): void {
    const { cells } = this
    const end = this.#rowsEnd
    const first = this.#firstRow()
    for (let row = LINE_CELLS; row < end; row += LINE_CELLS) {
      if (row !== first && Atomics.load(cells, row + ROW.beside) === 0) continue
      Atomics.add(cells, row + ROW.bell, 1)
      Atomics.notify(cells, row + ROW.bell)
    }
  }

  /**
   * Clears up after a worker that ended (main thread): its requests wait no more, and others may be
   * first.
   */
  reclaim(worker: number): void {
    const { cells } = this
    const row = rowOf(worker)
    Atomics.store(cells, row + ROW.first, 0)
    Atomics.store(cells, row + ROW.waiting, 0)
    Atomics.store(cells, row + ROW.beside, 0)
    if (takeOverCell(cells, HEAD.lock, worker, this.#worker)) unlockCell(cells, HEAD.lock)
    this.ring()
  }

  get #rowsEnd(): number {
    return rowOf(Atomics.load(this.cells, HEAD.workersUsed))
  }

  /** First cell of the worker whose first request has the lowest number; -1 = the line is empty. */
  #firstRow(): number {
    const end = this.#rowsEnd
    let found = -1
    let lowest = 0
    for (let row = LINE_CELLS; row < end; row += LINE_CELLS) {
      const number = Atomics.load(this.cells, row + ROW.first)
      // Numbers wrap: the difference tells which one was drawn before.
      if (number === 0 || (found !== -1 && ((number - lowest) | 0) >= 0)) continue
      found = row
      lowest = number
    }
    return found
  }

  #sum(field: number): number {
    const end = this.#rowsEnd
    let sum = 0
    for (let row = LINE_CELLS; row < end; row += LINE_CELLS) {
      sum += Atomics.load(this.cells, row + field)
    }
    return sum
  }

  #add(field: number, count: number): void {
    Atomics.add(this.cells, this.#row + field, count)
  }
}

/** First cell of a worker's line. */
function rowOf(worker: number): number {
  return (1 + worker) * LINE_CELLS
}

/** The number after, which is never 0. */
function next(number: number): number {
  return (number + 1) | 0 || 1
}
