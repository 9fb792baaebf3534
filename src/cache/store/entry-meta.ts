// What a stored response says of itself, as bytes of its file: numbers, then texts in latin-1 with their lengths in front.
// Not JSON: a hit from the disk reads it each time, and slices of one string cost a third of parsing a document.

import { latin1Text } from '../../http/latin1.ts'
import type { BodyPart, EntryMeta } from '../entry.ts'

/** Six doubles, flags, the number of tags and of parts. */
const NUMBERS_BYTES = 7 * 8 + 4 + 4 + 4
const TEXTS = ['key', 'vary', 'variant', 'url', 'head', 'trailers', 'family'] as const
const FIXED_BYTES = NUMBERS_BYTES + TEXTS.length * 4
const PART_BYTES = 16
const LENGTH_BYTES = 4

const FLAG_MUST_REVALIDATE = 1
const FLAG_ALWAYS_VALIDATED = 2
const FLAG_PARTIAL = 4
const FLAG_OWN = 8

/** Bytes that `writeMeta` writes. */
export function metaBytes(meta: EntryMeta): number {
  let bytes = FIXED_BYTES
  for (const name of TEXTS) bytes += meta[name].length
  for (const tag of meta.tags) bytes += LENGTH_BYTES + tag.length
  return bytes + (meta.parts === null ? 0 : meta.parts.length * PART_BYTES)
}

/** Writes the meta at `at`. */
export function writeMeta(meta: EntryMeta, target: Buffer, at: number): void {
  const { freshness, tags } = meta
  const parts = meta.parts ?? []
  let place = at
  const numbers = [
    meta.requestMs,
    meta.responseMs,
    meta.initialAgeSeconds,
    freshness.freshUntilMs,
    freshness.staleWhileMs,
    freshness.staleErrorMs,
    meta.length,
  ]
  for (const number of numbers) place = target.writeDoubleLE(number, place)
  place = target.writeUInt32LE(flagsOf(meta), place)
  place = target.writeUInt32LE(tags.length, place)
  place = target.writeUInt32LE(parts.length, place)
  for (const name of TEXTS) place = target.writeUInt32LE(meta[name].length, place)
  for (const tag of tags) place = target.writeUInt32LE(tag.length, place)
  for (const part of parts) {
    place = target.writeDoubleLE(part.start, place)
    place = target.writeDoubleLE(part.end, place)
  }
  for (const name of TEXTS) place += target.write(meta[name], place, 'latin1')
  for (const tag of tags) place += target.write(tag, place, 'latin1')
}

/** Reads what `writeMeta` wrote in bytes[from, to); null when that is something else. */
export function readMeta(bytes: Buffer, from: number, to: number): EntryMeta | null {
  if (to - from < FIXED_BYTES || to > bytes.length) return null
  const flags = bytes.readUInt32LE(from + 56)
  const tagCount = bytes.readUInt32LE(from + 60)
  const partCount = bytes.readUInt32LE(from + 64)
  const lengthsAt = from + NUMBERS_BYTES
  const partsAt = lengthsAt + (TEXTS.length + tagCount) * LENGTH_BYTES
  const textsAt = partsAt + partCount * PART_BYTES
  if (textsAt > to) return null
  let end = textsAt
  const ends: number[] = []
  for (let at = lengthsAt; at < partsAt; at += LENGTH_BYTES) {
    end += bytes.readUInt32LE(at)
    ends.push(end - textsAt)
  }
  if (end !== to) return null
  const text = latin1Text(bytes, textsAt, to)
  const slice = (index: number) => text.slice(index === 0 ? 0 : ends[index - 1], ends[index])
  return {
    key: slice(0),
    vary: slice(1),
    variant: slice(2),
    url: slice(3),
    head: slice(4),
    trailers: slice(5),
    family: slice(6),
    requestMs: bytes.readDoubleLE(from),
    responseMs: bytes.readDoubleLE(from + 8),
    initialAgeSeconds: bytes.readDoubleLE(from + 16),
    freshness: {
      freshUntilMs: bytes.readDoubleLE(from + 24),
      staleWhileMs: bytes.readDoubleLE(from + 32),
      staleErrorMs: bytes.readDoubleLE(from + 40),
      mustRevalidate: (flags & FLAG_MUST_REVALIDATE) !== 0,
      isAlwaysValidated: (flags & FLAG_ALWAYS_VALIDATED) !== 0,
    },
    tags:
      tagCount === 0 ? NO_TAGS : ends.slice(TEXTS.length).map((_, i) => slice(TEXTS.length + i)),
    length: bytes.readDoubleLE(from + 48),
    isOwn: (flags & FLAG_OWN) !== 0,
    parts: (flags & FLAG_PARTIAL) === 0 ? null : readParts(bytes, partsAt, partCount),
  }
}

const NO_TAGS: readonly string[] = []

function flagsOf(meta: EntryMeta): number {
  let flags = 0
  if (meta.freshness.mustRevalidate) flags |= FLAG_MUST_REVALIDATE
  if (meta.freshness.isAlwaysValidated) flags |= FLAG_ALWAYS_VALIDATED
  if (meta.parts !== null) flags |= FLAG_PARTIAL
  if (meta.isOwn) flags |= FLAG_OWN
  return flags
}

function readParts(bytes: Buffer, at: number, count: number): BodyPart[] {
  const parts: BodyPart[] = []
  for (let i = 0; i < count; i++) {
    const place = at + i * PART_BYTES
    parts.push({ start: bytes.readDoubleLE(place), end: bytes.readDoubleLE(place + 8) })
  }
  return parts
}
