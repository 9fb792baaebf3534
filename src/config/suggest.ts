// "Did you mean": the known word that was most likely meant. Distance counts swapped neighbours as
// one slip (optimal string alignment), because that is how people mistype.

/**
 * Finds the known word nearest to `word`, or null when none is near enough: one slip for words up
 * to five letters, two up to nine, three beyond. The first of equals wins.
 */
export function nearest(word: string, known: Iterable<string>): string | null {
  const wanted = word.toLowerCase().slice(0, WORD_LENGTH_MAX)
  const allowed = wanted.length <= 5 ? 1 : wanted.length <= 9 ? 2 : 3
  let best: string | null = null
  let bestDistance = allowed + 1
  for (const candidate of known) {
    if (candidate === word) continue
    if (Math.abs(candidate.length - wanted.length) >= bestDistance) continue
    const found = distance(wanted, candidate.toLowerCase())
    if (found >= bestDistance) continue
    best = candidate
    bestDistance = found
  }
  return best
}

/** No name is longer; a longer word cannot be near one, and must not cost time. */
const WORD_LENGTH_MAX = 80

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function distance(a: string, b: string): number {
  let twoUp: number[] = []
  let up = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let value = Math.min(up[j]! + 1, row[j - 1]! + 1, up[j - 1]! + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        value = Math.min(value, twoUp[j - 2]! + 1)
      }
      row.push(value)
    }
    twoUp = up
    up = row
  }
  return up[b.length]!
}
