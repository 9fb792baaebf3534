// Who fetches a response, in one shared cell: one request over all workers (nginx: `proxy_cache_lock`). The cell has its
// holder and the moment in which it began, so that one compare-and-exchange takes it, also from a holder that takes too
// long, and what stood there tells a late holder that it is not the one any more.

/** The holder's bits; what is above is the moment. */
const HOLDER_BITS = 9
const HOLDER_MASK = (1 << HOLDER_BITS) - 1
const MOMENT_BITS = 32 - HOLDER_BITS
/** Grain of the moments: they wrap after 37 hours. */
const MOMENT_MS = 16
/** Clocks of two threads differ by the length of a turn; one that lies further ahead was set back. */
const AHEAD_MAX = 1000 / MOMENT_MS

/**
 * Takes the lock.
 *
 * @param wallMs the same clock in all threads
 * @param ageMs a holder that began so long ago does not keep it
 * @returns a token to give it back with; 0 = another one has it
 */
export function takeFetchLock(
  cells: Int32Array,
  index: number,
  worker: number,
  wallMs: number,
  ageMs: number,
): number {
  const held = Atomics.load(cells, index)
  if (held !== 0 && !isOver(held, wallMs, ageMs)) return 0
  let token = tokenOf(worker, wallMs)
  // Taken over from itself within one moment: its first request must not give back what the second one has.
  if (token === held) token = tokenOf(worker, wallMs + MOMENT_MS)
  return Atomics.compareExchange(cells, index, held, token) === held ? token : 0
}

/** Gives the lock back, if the token is still its own, and wakes all who wait at the cell. */
export function giveFetchLock(cells: Int32Array, index: number, token: number): void {
  Atomics.compareExchange(cells, index, token, 0)
  // Also after it was taken over: there may be a response now that those who wait can have.
  Atomics.notify(cells, index)
}

/** Whether the holder is that worker. */
export function isFetchLockOf(held: number, worker: number): boolean {
  return held !== 0 && (held & HOLDER_MASK) === worker + 2
}

function tokenOf(worker: number, wallMs: number): number {
  return (momentOf(wallMs) << HOLDER_BITS) | (worker + 2)
}

function momentOf(wallMs: number): number {
  return Math.floor(wallMs / MOMENT_MS) % 2 ** MOMENT_BITS
}

function isOver(held: number, wallMs: number, ageMs: number): boolean {
  const difference = (momentOf(wallMs) - (held >>> HOLDER_BITS)) << HOLDER_BITS
  const moments = difference >> HOLDER_BITS
  return moments < -AHEAD_MAX || moments * MOMENT_MS >= ageMs
}
