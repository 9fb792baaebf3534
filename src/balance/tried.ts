// What one request remembers while it goes from peer to peer: whom it was sent to, as a bitmap of
// indices in the group, that it went over to the backups, and how far its hash has got. Up to 32
// peers fit one integer; more take an array that grows once and is kept, since the object serves
// one request after another.

/** Words of the array that `clear` knows by number; after more it clears the whole array. */
const TOUCHED_MAX = 8

/** Peers tried by one request. Reused: `clear()` before each request. */
export class TriedSet {
  /** Where the request's hash stands; -1 = no method has begun one. Kept from try to try. */
  hash = -1
  /** Times that the key was hashed. */
  rehash = 0
  /** Peers that the hash or the dice hit in vain, over all tries. */
  misses = 0
  #count = 0
  #low = 0
  /** Bits from index 32 on; empty until such an index came. */
  #high = NO_WORDS
  readonly #touched = new Uint16Array(TOUCHED_MAX)
  #touchedCount = 0
  #isOnBackups = false

  /** Whether the request went over to the backups. */
  get isOnBackups(): boolean {
    return this.#isOnBackups
  }

  /** Peers in the set. */
  get count(): number {
    return this.#count
  }

  has(peer: number): boolean {
    if (peer < 32) return ((this.#low >>> peer) & 1) !== 0
    if (this.#touchedCount === 0) return false
    const word = this.#high[(peer >>> 5) - 1]
    return word !== undefined && ((word >>> (peer & 31)) & 1) !== 0
  }

  add(peer: number): void {
    this.#count++
    if (peer < 32) this.#low |= 1 << peer
    else this.#addHigh(peer)
  }

  /** Empties the set for a new request. */
  clear(): void {
    this.hash = -1
    this.rehash = 0
    this.misses = 0
    this.#isOnBackups = false
    this.#empty()
  }

  /** Empties the set; only backups count from now on. */
  switchToBackups(): void {
    this.#empty()
    this.#isOnBackups = true
  }

  #empty(): void {
    this.#count = 0
    this.#low = 0
    if (this.#touchedCount === 0) return
    if (this.#touchedCount > TOUCHED_MAX) this.#high.fill(0)
    else for (let i = 0; i < this.#touchedCount; i++) this.#high[this.#touched[i]!] = 0
    this.#touchedCount = 0
  }

  #addHigh(peer: number): void {
    const word = (peer >>> 5) - 1
    if (word >= this.#high.length) {
      const grown = new Int32Array(Math.max(word + 1, 2 * this.#high.length))
      grown.set(this.#high)
      this.#high = grown
    }
    this.#high[word]! |= 1 << (peer & 31)
    if (this.#touchedCount < TOUCHED_MAX) this.#touched[this.#touchedCount] = word
    if (this.#touchedCount <= TOUCHED_MAX) this.#touchedCount++
  }
}

const NO_WORDS = new Int32Array(0)

const SPARE_SETS_MAX = 256
const spareSets: TriedSet[] = []

/** An empty set, to be given back. */
export function takeTriedSet(): TriedSet {
  const set = spareSets.pop() ?? new TriedSet()
  set.clear()
  return set
}

/** Gives a set back that nobody uses any more. */
export function giveTriedSet(set: TriedSet): void {
  if (spareSets.length < SPARE_SETS_MAX) spareSets.push(set)
}
