// Which tags a stored response may have, in 32 bits of its slot: a purge by tag opens only the files of those that may
// have it (Bloom, 1970). Two bits for each tag; with eight tags on a response one file in six is opened in vain.

import { crc32 } from 'node:zlib'

/** The bits of all tags. */
export function tagBloomOf(tags: readonly string[]): number {
  let bloom = 0
  for (const tag of tags) bloom |= bitsOf(tag)
  return bloom
}

/** False when a response with this bloom surely has not the tag. */
export function mayHaveTag(bloom: number, tag: string): boolean {
  const bits = bitsOf(tag)
  return (bloom & bits) === bits
}

function bitsOf(tag: string): number {
  const sum = crc32(tag)
  return (1 << (sum & 31)) | (1 << ((sum >>> 5) & 31))
}
