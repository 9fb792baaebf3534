// Header and meta of an entry's file, read and changed by synchronous calls: all that loading, listing and purging want to
// know of it. The body's checksums are for who gives it out.

import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs'

import { digestHex, digestOf } from '../../base/digest.ts'
import { failedCallText, systemErrorCode } from '../../base/system-error.ts'
import type { EntryMeta } from '../../cache/entry.ts'
import { entryName } from '../../cache/store/cache-store.ts'
import {
  decodeHeader,
  decodeMeta,
  type EntryHeader,
  encodeHead,
  HEADER_BYTES,
} from '../../cache/store/entry-file.ts'
import { expired } from '../../cache/store/zone-facts.ts'

/** What the start of a file says. */
export interface EntryHead {
  readonly header: EntryHeader
  readonly meta: EntryMeta
  readonly fileBytes: number
  readonly modifiedMs: number
}

export type HeadFound =
  | { readonly kind: 'head'; readonly head: EntryHead }
  | { readonly kind: 'absent' }
  /** It is no entry, or none any more: in words that follow its name. */
  | { readonly kind: 'bad'; readonly problem: string }
  /** It could not be read, which says nothing of what it is. */
  | { readonly kind: 'failed'; readonly problem: string }

/** Header and meta of nearly all entries. */
const FIRST_BYTES = 4_096
/** A link is not followed, and nothing that only looks like a file is waited for. */
const FLAGS = constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Of this thread. */
const first = Buffer.allocUnsafeSlow(FIRST_BYTES)

/** Reads an entry's file as far as its meta. @param hex its name */
export function readEntryHead(path: string, hex: string): HeadFound {
  return withFile(path, constants.O_RDONLY, file => readHead(file, hex))
}

/**
 * Puts a moment before which an entry is fresh in the place of a later one.
 *
 * @returns what the file says then
 */
export function endFreshness(path: string, hex: string, atMs: number): HeadFound {
  return withFile(path, constants.O_RDWR, file => {
    const found = readHead(file, hex)
    if (found.kind !== 'head' || found.head.meta.freshness.freshUntilMs <= atMs) return found
    const meta = expired(found.head.meta, atMs)
    // As long as it was: it fits.
    const bytes = encodeHead(meta, found.head.header, false)
    writeSync(file, bytes, 0, bytes.length, 0)
    return { kind: 'head', head: { ...found.head, meta } }
  })
}

/** The name of an entry's file. */
export function entryHex({ key, variant }: Pick<EntryMeta, 'key' | 'variant'>): string {
  return digestHex(digestOf(entryName({ text: key, variant })))
}

function withFile(path: string, flags: number, use: (file: number) => HeadFound): HeadFound {
  let file = -1
  try {
    file = openSync(path, flags | FLAGS)
    return use(file)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { kind: 'absent' }
    return { kind: 'failed', problem: failedCallText(error, path) }
  } finally {
    if (file !== -1) closeSync(file)
  }
}

function readHead(file: number, hex: string): HeadFound {
  const { size, mtimeMs } = fstatSync(file)
  let length = readSync(file, first, 0, FIRST_BYTES, 0)
  let bytes = first
  const header = decodeHeader(bytes, length, size)
  if (typeof header === 'string') return { kind: 'bad', problem: header }
  const wanted = HEADER_BYTES + header.metaBytes
  if (wanted > length) {
    bytes = Buffer.allocUnsafe(wanted)
    length = readSync(file, bytes, 0, wanted, 0)
  }
  if (length < wanted) return { kind: 'bad', problem: 'is too small' }
  const meta = decodeMeta(bytes, header)
  if (typeof meta === 'string') return { kind: 'bad', problem: meta }
  // A key's first entry has the key's own name, whatever it varies by.
  const isItsName = entryHex(meta) === hex || entryHex({ ...meta, variant: '' }) === hex
  if (header.hex !== hex || !isItsName) {
    return { kind: 'bad', problem: 'has the name of another entry' }
  }
  return { kind: 'head', head: { header, meta, fileBytes: size, modifiedMs: mtimeMs } }
}
