// MurmurHash2 by Austin Appleby (public domain), 32 bits with the seed 0, over texts of which each character is a byte:
// what nginx divides clients by (`split_clients`), so that a client falls into the same part here.

const MULTIPLIER = 0x5bd1_e995

/** The hash of a latin-1 text, from 0 to 2³² - 1. */
export function murmurHash2(text: string): number {
  let hash = text.length
  let at = 0
  for (; at + 4 <= text.length; at += 4) {
    let block =
      byteAt(text, at) |
      (byteAt(text, at + 1) << 8) |
      (byteAt(text, at + 2) << 16) |
      (byteAt(text, at + 3) << 24)
    block = Math.imul(block, MULTIPLIER)
    block ^= block >>> 24
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(block, MULTIPLIER)
  }
  const left = text.length - at
  if (left === 3) hash ^= byteAt(text, at + 2) << 16
  if (left >= 2) hash ^= byteAt(text, at + 1) << 8
  if (left >= 1) hash = Math.imul(hash ^ byteAt(text, at), MULTIPLIER)
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return (hash ^ (hash >>> 15)) >>> 0
}

function byteAt(text: string, at: number): number {
  return text.charCodeAt(at) & 0xff
}
