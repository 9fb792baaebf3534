// A lock in one shared cell, held for well under a microsecond: one compare-and-exchange to take
// it, one exchange to give it back. The cell names its holder, so that the main thread can take it
// from a worker that died. Who waits sets a bit, so that nobody pays for waking when nobody waits
// (Drepper, "Futexes are tricky", mutex 2).

/** The cell's bits that name the holder; 0 = free. */
const HOLDER_MASK = 0xffff
/** Somebody sleeps on the cell, or did: wake one when giving back. */
const CONTENDED = 0x10000
/** Looks at the cell before sleeping: about the time of one pick from a hundred peers. */
const SPINS_MAX = 100
/**
 * A sleep ends after this even if nobody wakes the sleeper: the waker may have died before it
 * could.
 */
const SLEEP_MS = 2

/** What the lock's cell holds for a holder: -1 is the main thread, from 0 a worker. */
function holderOf(worker: number): number {
  return worker + 2
}

/**
 * Takes the lock; waits as long as it takes. A dead holder is the main thread's to clear
 * (`takeOver`).
 */
export function lockCell(cells: Int32Array, index: number, worker: number): void {
  const holder = holderOf(worker)
  if (Atomics.compareExchange(cells, index, 0, holder) === 0) return
  lockSlowly(cells, index, holder, Number.POSITIVE_INFINITY)
}

/**
 * Takes the lock unless that takes longer than about `waitMs`. The main thread uses this: it must
 * not wait for a dead worker, of whose death it would only hear afterwards.
 */
export function tryLockCell(
  cells: Int32Array,
  index: number,
  worker: number,
  waitMs: number,
): boolean {
  const holder = holderOf(worker)
  if (Atomics.compareExchange(cells, index, 0, holder) === 0) return true
  return lockSlowly(cells, index, holder, Math.ceil(waitMs / SLEEP_MS))
}

/** Gives the lock back and wakes one who waits. */
export function unlockCell(cells: Int32Array, index: number): void {
  const held = Atomics.exchange(cells, index, 0)
  if ((held & CONTENDED) !== 0) Atomics.notify(cells, index, 1)
}

/** Moves the lock from a dead worker to the caller. False when the dead one did not hold it. */
export function takeOverCell(
  cells: Int32Array,
  index: number,
  deadWorker: number,
  worker: number,
): boolean {
  const dead = holderOf(deadWorker)
  for (;;) {
    const held = Atomics.load(cells, index)
    if ((held & HOLDER_MASK) !== dead) return false
    // Only the contended bit can change under a dead holder, and only once.
    const next = holderOf(worker) | (held & CONTENDED)
    if (Atomics.compareExchange(cells, index, held, next) === held) return true
  }
}

function lockSlowly(cells: Int32Array, index: number, holder: number, sleepsMax: number): boolean {
  for (let spin = 0; spin < SPINS_MAX; spin++) {
    if (
      Atomics.load(cells, index) === 0 &&
      Atomics.compareExchange(cells, index, 0, holder) === 0
    ) {
      return true
    }
  }
  for (let sleeps = 0; sleeps < sleepsMax; sleeps++) {
    const held = Atomics.load(cells, index)
    if (held === 0) {
      // Others may sleep still: the bit is taken along, at the price of one needless wake.
      if (Atomics.compareExchange(cells, index, 0, holder | CONTENDED) === 0) return true
      continue
    }
    const marked = held | CONTENDED
    if (held === marked || Atomics.compareExchange(cells, index, held, marked) === held) {
      Atomics.wait(cells, index, marked, SLEEP_MS)
    }
  }
  return false
}
