// How long the entries of a cache have not been used, in classes: one walk over the slots tells the manager from which age
// on it has to evict to free so many bytes, without sorting them. Exact up to sixteen seconds, then eight classes for each
// doubling: what goes is at most an eighth younger than what the least recently used ones are.

/** Ages below this have a class each. */
const EXACT = 16
const CLASSES_PER_DOUBLING = 8
const DOUBLINGS = 27
const CLASSES = EXACT + DOUBLINGS * CLASSES_PER_DOUBLING
/** Ages are below 2^31 seconds. */
const EXACT_BITS = 4
const STEP_BITS = 3

export class AgeHistogram {
  readonly #bytes = new Float64Array(CLASSES)
  readonly #entries = new Float64Array(CLASSES)

  clear(): void {
    this.#bytes.fill(0)
    this.#entries.fill(0)
  }

  /** Counts one entry. */
  add(ageSeconds: number, bytes: number): void {
    const at = classOf(ageSeconds)
    this.#bytes[at]! += bytes
    this.#entries[at]! += 1
  }

  /**
   * The highest age for which the entries of it and above are so many bytes and so many entries; 0 when even all of them
   * are less.
   */
  ageFor(bytes: number, entries: number): number {
    let bytesLeft = bytes
    let entriesLeft = entries
    if (bytesLeft <= 0 && entriesLeft <= 0) return Number.POSITIVE_INFINITY
    for (let at = CLASSES - 1; at > 0; at--) {
      bytesLeft -= this.#bytes[at]!
      entriesLeft -= this.#entries[at]!
      if (bytesLeft <= 0 && entriesLeft <= 0) return lowestOf(at)
    }
    return 0
  }
}

function classOf(ageSeconds: number): number {
  const age = Math.min(Math.max(0, Math.floor(ageSeconds)), 0x7fff_ffff)
  if (age < EXACT) return age
  const doubling = 31 - Math.clz32(age)
  const step = (age >>> (doubling - STEP_BITS)) - CLASSES_PER_DOUBLING
  return EXACT + (doubling - EXACT_BITS) * CLASSES_PER_DOUBLING + step
}

function lowestOf(at: number): number {
  if (at < EXACT) return at
  const doubling = EXACT_BITS + Math.floor((at - EXACT) / CLASSES_PER_DOUBLING)
  const step = (at - EXACT) % CLASSES_PER_DOUBLING
  return (CLASSES_PER_DOUBLING + step) * 2 ** (doubling - STEP_BITS)
}
