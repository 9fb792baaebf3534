/**
 * Which object is asked for next, and how large it is: popularity by Zipf's law, sizes log-normal,
 * both from seeds, so that every run and every proxy sees the same requests.
 * Web requests follow Zipf with an exponent below one (Breslau et al., INFOCOM 1999: 0.64 to 0.83 at
 * proxies; higher at a site's own front).
 */

/** What is drawn. */
export interface ZipfSetting {
  readonly seed: number
  readonly objects: number
  /** The object of rank r is asked for in proportion to 1 / r ^ exponent. */
  readonly exponent: number
  /** Half of the objects are smaller. */
  readonly medianBytes: number
  /** Standard deviation of the natural logarithm of the sizes. */
  readonly spread: number
  readonly bytesMax: number
}

/** A generator of numbers from 0 to below 1; the same seed gives the same numbers (mulberry32). */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/**
 * Makes a generator of objects, numbered from 0 by falling popularity.
 *
 * Each call is a binary search in the table of cumulated shares.
 */
export function makeZipf({ seed, objects, exponent }: ZipfSetting): () => number {
  const random = makeRandom(seed)
  const cumulated = new Float64Array(objects)
  let sum = 0
  for (let rank = 0; rank < objects; rank++) {
    sum += (rank + 1) ** -exponent
    cumulated[rank] = sum
  }
  return () => {
    const wanted = random() * sum
    let low = 0
    let high = objects - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((cumulated[middle] ?? sum) > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** Makes the size of each object, in bytes: at least one, independent of its popularity. */
export function makeSizes(setting: ZipfSetting): Uint32Array {
  const { seed, objects, medianBytes, spread, bytesMax } = setting
  const random = makeRandom(seed ^ 0x5f375a86)
  return Uint32Array.from({ length: objects }, () => {
    // Box and Muller: two even numbers make a normal one.
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    return Math.max(1, Math.min(bytesMax, Math.round(medianBytes * Math.exp(spread * normal))))
  })
}

/**
 * Computes which share of requests a cache would answer that knew all popularities beforehand and
 * held the most asked for that fit: what no cache can exceed by much in the long run.
 *
 * @returns 0 to 1
 */
export function computeIdealRatio(setting: ZipfSetting, cacheBytes: number): number {
  const sizes = makeSizes(setting)
  const value = (object: number): number => (object + 1) ** -setting.exponent
  const order = Array.from(sizes, (bytes, object) => ({
    bytes,
    worth: value(object) / bytes,
    object,
  }))
  order.sort((a, b) => b.worth - a.worth)
  let held = 0
  let hits = 0
  let all = 0
  for (const { bytes, object } of order) {
    all += value(object)
    if (held + bytes > cacheBytes) continue
    held += bytes
    hits += value(object)
  }
  return hits / all
}
