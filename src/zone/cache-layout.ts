// Where everything lies in the memory that all threads share for one cache: a header, a row of counters for each thread,
// and buckets of 1 KiB. A bucket is sixteen lines of 64 bytes: the first has its lock and a tag for each of its fifteen
// ways, each other one is the entry of a way. So a miss reads two lines, a hit two or three, and an entry costs 68 bytes.

import { LINE_CELLS } from './layout.ts'
import { WORKERS_MAX } from './peer-zone.ts'

/** The thread that loads, evicts and purges: its number beside the workers' and the main thread's -1. */
export const CACHE_THREAD = WORKERS_MAX

/** The first line. */
export const CACHE_HEADER = {
  /** Highest worker index that was used, plus one. */
  workersUsed: 0,
  /** Purges of many keys at once, wrapping. */
  purges: 1,
  /** Number in `LOADER_STATES`. */
  loaderState: 2,
  /** 1 = the directory is not there. */
  isGone: 3,
  /** Of each kind of trouble: the zone second until which no line says it, and how often it was since the last one. */
  readQuiet: 4,
  readUnsaid: 5,
  writeQuiet: 6,
  writeUnsaid: 7,
} as const

/** A thread's row, in Float64 cells; only that thread writes there. */
export const CACHE_ROW = {
  /** What the thread's own changes add up to; the sums over all rows are the zone's. */
  slots: 1,
  entries: 2,
  bytes: 3,
  /** The same without the slot that it changes now, for who clears up after it. */
  slotsBefore: 4,
  entriesBefore: 5,
  bytesBefore: 6,
  /** Where the counters begin (zone/cache-counters.ts). */
  counters: 8,
} as const
/** Int32 cell of a row: the slot that the thread changes now; 0 = none. */
export const ROW_CHANGING = 0
/** Float64 cells of a row. */
export const ROW_CELLS = 32
/** The main thread's, the cache thread's, then the workers'. */
const ROWS = WORKERS_MAX + 2

/** An entry. */
export const CACHE_ENTRY = {
  hash: 0,
  /** Rises by two with each change of what is stored, wrapping; odd while it changes. */
  version: 4,
  /** Bits of `ENTRY_STATE`. */
  state: 5,
  /** Who fetches it, and since when (zone/cache-lock.ts); 0 = nobody. */
  fetchLock: 6,
  /** Purges of this key alone, and of others that had the slot, wrapping. */
  purges: 7,
  /** Zone second of the last use. */
  usedAt: 8,
  /** Requests for the key, at most `USES_MAX` or so. */
  uses: 9,
  /** Of the file: low and high half. */
  bytesLow: 10,
  bytesHigh: 11,
  /** Zone second. */
  freshUntil: 12,
  /** First word of the hash of the key without variant: its buckets are those of the key. */
  mainWord: 13,
  /** Which tags it may have (zone/cache-tags.ts). */
  tagBloom: 14,
} as const

export const ENTRY_STATE = {
  /** There is a file. */
  stored: 1,
  /** Purged softly: answered only as something stale. */
  expired: 2,
} as const

/** Cells of a bucket; its first one is its lock, then come the tags of its ways. */
export const BUCKET_CELLS = 16 * LINE_CELLS
const BUCKET_BYTES = BUCKET_CELLS * Int32Array.BYTES_PER_ELEMENT
/** Ways of a bucket, from 1. */
export const WAYS = 15
/** A slot is a bucket and a way in one number, which is also where its line is. */
export const WAY_BITS = 4
export const WAY_MASK = 15

const ROWS_AT = LINE_CELLS
/** First cell of the first bucket. */
export const BUCKETS_AT = ceilTo(ROWS_AT + ROWS * ROW_CELLS * 2, BUCKET_CELLS)

/** Bytes of the memory of a cache whose keys have `bytes` of it. */
export function zoneBytesFor(bytes: number): number {
  const buckets = Math.max(1, Math.floor(bytes / BUCKET_BYTES))
  return BUCKETS_AT * Int32Array.BYTES_PER_ELEMENT + buckets * BUCKET_BYTES
}

/** First Float64 cell of a thread's row. */
export function rowOf(thread: number): number {
  const row = thread === CACHE_THREAD ? 1 : thread === -1 ? 0 : thread + 2
  return ROWS_AT / 2 + row * ROW_CELLS
}

/** The cell after the rows that are in use. */
export function rowsEnd(workersUsed: number): number {
  return ROWS_AT / 2 + (workersUsed + 2) * ROW_CELLS
}

function ceilTo(count: number, unit: number): number {
  return Math.ceil(count / unit) * unit
}
