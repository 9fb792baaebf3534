// The table of a cache's keys in shared memory: a key may stand in either of two buckets, so that a table is nearly full
// before one has to go, and looking it up takes no lock. All variants of a key share these two: a purge finds them all at
// once, and a key with endless variants drives out few others. Whoever makes or frees a slot holds its buckets' locks.
// Reading is by plain loads, ten times cheaper than atomic ones: what they find is checked again under the lock by those
// who change it, and by the whole key in the file by those who answer from it. Each change of a slot is announced in the thread's row first: when the thread dies in the middle, the sums that the
// row holds are made right again from what the slot says then.

import { assert } from '../base/assert.ts'
import { DIGEST_CELLS, type Digest } from '../base/digest.ts'
import {
  BUCKET_CELLS,
  BUCKETS_AT,
  CACHE_ENTRY,
  CACHE_HEADER,
  CACHE_ROW,
  CACHE_THREAD,
  ENTRY_STATE,
  ROW_CHANGING,
  rowOf,
  WAY_BITS,
  WAY_MASK,
  WAYS,
} from './cache-layout.ts'
import { isFetchLockOf } from './cache-lock.ts'
import { lockCell, takeOverCell, unlockCell } from './group-lock.ts'
import { LINE_CELLS } from './layout.ts'

/** A slot without a file goes as if it had been unused for so much longer than one with a file. */
const EMPTY_AGE_SECONDS = 600
const HASHES = 2 ** 32

/** One thread's view. Slots are whole numbers above 0, with gaps. */
export class CacheTable {
  readonly cells: Int32Array
  /** The slot after the last one. */
  readonly slotsEnd: number
  readonly capacity: number
  readonly thread: number
  /** The one that `add` threw out was stored, and this is its hash. */
  readonly dropped: Digest = new Int32Array(DIGEST_CELLS)
  hasDropped = false
  readonly #numbers: Float64Array
  readonly #row: number
  readonly #buckets: number
  /** Buckets for each value of a hash word. */
  readonly #share: number

  constructor(buffer: SharedArrayBuffer, thread: number) {
    assert(thread >= -1 && thread <= CACHE_THREAD, 'the thread has a row')
    this.cells = new Int32Array(buffer)
    this.#numbers = new Float64Array(buffer)
    this.thread = thread
    this.#row = rowOf(thread)
    this.#buckets = Math.floor((this.cells.length - BUCKETS_AT) / BUCKET_CELLS)
    assert(this.#buckets >= 1, 'a zone has room for a key')
    this.#share = this.#buckets / HASHES
    this.slotsEnd = this.#buckets << WAY_BITS
    this.capacity = this.#buckets * WAYS
    if (thread !== CACHE_THREAD) raise(this.cells, CACHE_HEADER.workersUsed, thread + 1)
  }

  /** The slot of a key, or -1. It may be another's a moment later. */
  find(hash: Digest, mainWord: number): number {
    const slot = this.#findIn(this.#bucketOf(mainWord), hash)
    return slot !== -1 ? slot : this.#findIn(this.#bucketOf(mix(mainWord)), hash)
  }

  /** The slots of a key and all its variants. */
  findAll(mainWord: number): number[] {
    const buckets = new Set([this.#bucketOf(mainWord), this.#bucketOf(mix(mainWord))])
    return [...buckets].flatMap(bucket => this.#allIn(bucket, mainWord))
  }

  /** Whether the slot is that key's now. */
  isHash(slot: number, hash: Digest): boolean {
    const { cells } = this
    if (cells[tagCell(slot)] !== tagOf(hash)) return false
    const entry = entryCell(slot)
    return (
      cells[entry] === hash[0] &&
      cells[entry + 1] === hash[1] &&
      cells[entry + 2] === hash[2] &&
      cells[entry + 3] === hash[3]
    )
  }

  /** Whether the slot is some key's; one between two buckets never is. */
  isTaken(slot: number): boolean {
    return (slot & WAY_MASK) !== 0 && this.cells[tagCell(slot)] !== 0
  }

  /**
   * The key's slot, made if there is none. Where both buckets are full, the one unused for longest goes, if nobody
   * fetches it.
   *
   * @param at zone second
   * @param mustBeOlder nothing goes that was used after `at`
   * @returns -1 = there is no room
   */
  add(hash: Digest, mainWord: number, at: number, mustBeOlder: boolean): number {
    const first = this.#bucketOf(mainWord)
    const second = this.#bucketOf(mix(mainWord))
    this.hasDropped = false
    this.#lockBoth(first, second)
    let slot = this.find(hash, mainWord)
    if (slot === -1) {
      slot = this.#roomIn(first, second, at, mustBeOlder)
      if (slot !== -1) this.#make(slot, hash, mainWord, at)
    }
    this.#unlockBoth(first, second)
    return slot
  }

  /** Takes the lock of a slot's bucket. Nothing under it may throw, wait or take another lock. */
  lock(slot: number): void {
    lockCell(this.cells, bucketCell(slot >> WAY_BITS), this.thread)
  }

  unlock(slot: number): void {
    unlockCell(this.cells, bucketCell(slot >> WAY_BITS))
  }

  /** Begins to change a slot, under its bucket's lock: what is counted of it is set aside. */
  begin(slot: number): void {
    const numbers = this.#numbers
    const row = this.#row
    numbers[row + CACHE_ROW.slotsBefore] = numbers[row + CACHE_ROW.slots]! - this.#slotsOf(slot)
    numbers[row + CACHE_ROW.entriesBefore] =
      numbers[row + CACHE_ROW.entries]! - this.#entriesOf(slot)
    numbers[row + CACHE_ROW.bytesBefore] = numbers[row + CACHE_ROW.bytes]! - this.bytesOf(slot)
    Atomics.store(this.cells, row * 2 + ROW_CHANGING, slot)
    Atomics.add(this.cells, entryCell(slot) + CACHE_ENTRY.version, 1)
  }

  /** The slot is changed: it is counted as it is now. */
  settle(slot: number): void {
    Atomics.add(this.cells, entryCell(slot) + CACHE_ENTRY.version, 1)
    this.#count(slot, this.#row)
  }

  /** Frees a slot, under its bucket's lock. */
  free(slot: number): void {
    this.begin(slot)
    Atomics.store(this.cells, tagCell(slot), 0)
    this.settle(slot)
  }

  /** Bytes of the slot's file; 0 = it has none. */
  bytesOf(slot: number): number {
    if (this.#entriesOf(slot) === 0) return 0
    const entry = entryCell(slot)
    const high = this.cells[entry + CACHE_ENTRY.bytesHigh]!
    return high * HASHES + (this.cells[entry + CACHE_ENTRY.bytesLow]! >>> 0)
  }

  /** Clears up after a thread that ended: its locks, its fetches, and a change that it did not finish. */
  reclaim(dead: number): void {
    const { cells } = this
    const row = rowOf(dead)
    const changing = Atomics.load(cells, row * 2 + ROW_CHANGING)
    if (changing !== 0) {
      const version = entryCell(changing) + CACHE_ENTRY.version
      if ((Atomics.load(cells, version) & 1) !== 0) Atomics.add(cells, version, 1)
      this.#count(changing, row)
    }
    for (let bucket = 0; bucket < this.#buckets; bucket++) {
      const cell = bucketCell(bucket)
      for (let way = 1; way <= WAYS; way++) {
        const index = cell + way * LINE_CELLS + CACHE_ENTRY.fetchLock
        const held = Atomics.load(cells, index)
        if (!isFetchLockOf(held, dead)) continue
        if (Atomics.compareExchange(cells, index, held, 0) === held) Atomics.notify(cells, index)
      }
      if (takeOverCell(cells, cell, dead, this.thread)) unlockCell(cells, cell)
    }
  }

  #findIn(bucket: number, hash: Digest): number {
    const { cells } = this
    const tag = tagOf(hash)
    const first = bucketCell(bucket)
    for (let way = 1; way <= WAYS; way++) {
      if (cells[first + way] !== tag) continue
      const slot = (bucket << WAY_BITS) | way
      if (this.isHash(slot, hash)) return slot
    }
    return -1
  }

  #allIn(bucket: number, mainWord: number): number[] {
    const slots: number[] = []
    for (let way = 1; way <= WAYS; way++) {
      const slot = (bucket << WAY_BITS) | way
      const word = this.cells[entryCell(slot) + CACHE_ENTRY.mainWord]
      if (word === mainWord && this.isTaken(slot)) slots.push(slot)
    }
    return slots
  }

  #make(slot: number, hash: Digest, mainWord: number, at: number): void {
    const { cells } = this
    const entry = entryCell(slot)
    this.hasDropped = this.#entriesOf(slot) !== 0
    if (this.hasDropped) {
      for (let i = 0; i < DIGEST_CELLS; i++) this.dropped[i] = cells[entry + i]!
    }
    this.begin(slot)
    Atomics.store(cells, tagCell(slot), 0)
    for (let i = 0; i < DIGEST_CELLS; i++) cells[entry + i] = hash[i]!
    cells[entry + CACHE_ENTRY.state] = 0
    cells[entry + CACHE_ENTRY.usedAt] = at
    cells[entry + CACHE_ENTRY.uses] = 0
    cells[entry + CACHE_ENTRY.freshUntil] = 0
    cells[entry + CACHE_ENTRY.mainWord] = mainWord
    cells[entry + CACHE_ENTRY.tagBloom] = 0
    // A fetch for the key that had the slot before, or for this one when it had it before, is not stored.
    Atomics.add(cells, entry + CACHE_ENTRY.purges, 1)
    Atomics.store(cells, tagCell(slot), tagOf(hash))
    this.settle(slot)
  }

  /** A free slot of the emptier bucket, else the one that goes; -1 = none may. */
  #roomIn(first: number, second: number, at: number, mustBeOlder: boolean): number {
    const inFirst = this.#freeWays(first)
    const inSecond = second === first ? 0 : this.#freeWays(second)
    if (inFirst > 0 || inSecond > 0) return this.#freeSlot(inFirst >= inSecond ? first : second)
    const a = this.#oldestIn(first, at)
    const b = second === first ? -1 : this.#oldestIn(second, at)
    const slot = a === -1 || (b !== -1 && this.#ageOf(b, at) > this.#ageOf(a, at)) ? b : a
    return slot !== -1 && mustBeOlder && this.#ageOf(slot, at) < 0 ? -1 : slot
  }

  #freeWays(bucket: number): number {
    let count = 0
    for (let way = 1; way <= WAYS; way++) {
      if (this.cells[bucketCell(bucket) + way] === 0) count++
    }
    return count
  }

  #freeSlot(bucket: number): number {
    let way = 1
    while (way < WAYS && this.cells[bucketCell(bucket) + way] !== 0) way++
    return (bucket << WAY_BITS) | way
  }

  #oldestIn(bucket: number, at: number): number {
    let found = -1
    let age = 0
    for (let way = 1; way <= WAYS; way++) {
      const slot = (bucket << WAY_BITS) | way
      if (this.cells[entryCell(slot) + CACHE_ENTRY.fetchLock] !== 0) continue
      const its = this.#ageOf(slot, at)
      if (found !== -1 && its <= age) continue
      found = slot
      age = its
    }
    return found
  }

  /** Seconds since the last use; more for a slot without a file. */
  #ageOf(slot: number, at: number): number {
    const age = at - this.cells[entryCell(slot) + CACHE_ENTRY.usedAt]!
    return this.#entriesOf(slot) === 0 ? age + EMPTY_AGE_SECONDS : age
  }

  #slotsOf(slot: number): number {
    return this.isTaken(slot) ? 1 : 0
  }

  #entriesOf(slot: number): number {
    if (!this.isTaken(slot)) return 0
    return this.cells[entryCell(slot) + CACHE_ENTRY.state]! & ENTRY_STATE.stored
  }

  #count(slot: number, row: number): void {
    const numbers = this.#numbers
    numbers[row + CACHE_ROW.slots] = numbers[row + CACHE_ROW.slotsBefore]! + this.#slotsOf(slot)
    numbers[row + CACHE_ROW.entries] =
      numbers[row + CACHE_ROW.entriesBefore]! + this.#entriesOf(slot)
    numbers[row + CACHE_ROW.bytes] = numbers[row + CACHE_ROW.bytesBefore]! + this.bytesOf(slot)
    Atomics.store(this.cells, row * 2 + ROW_CHANGING, 0)
  }

  #bucketOf(word: number): number {
    return Math.floor((word >>> 0) * this.#share)
  }

  #lockBoth(a: number, b: number): void {
    lockCell(this.cells, bucketCell(Math.min(a, b)), this.thread)
    if (a !== b) lockCell(this.cells, bucketCell(Math.max(a, b)), this.thread)
  }

  #unlockBoth(a: number, b: number): void {
    unlockCell(this.cells, bucketCell(a))
    if (a !== b) unlockCell(this.cells, bucketCell(b))
  }
}

/** First cell of a slot's entry. */
export function entryCell(slot: number): number {
  return BUCKETS_AT + slot * LINE_CELLS
}

function bucketCell(bucket: number): number {
  return BUCKETS_AT + bucket * BUCKET_CELLS
}

function tagCell(slot: number): number {
  return bucketCell(slot >> WAY_BITS) + (slot & WAY_MASK)
}

/** The hash's second word; 0 would say that the way is free. */
function tagOf(hash: Digest): number {
  return hash[1]! === 0 ? 1 : hash[1]!
}

/** A word that has as little to do with the first as chance allows (murmur3's last step). */
function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}

function raise(cells: Int32Array, index: number, value: number): void {
  let seen = Atomics.load(cells, index)
  while (seen < value) {
    const before = Atomics.compareExchange(cells, index, seen, value)
    if (before === seen) return
    seen = before
  }
}
