// What is stored in a cache, as rows for whoever looks: from the zone, and from the files what they are about.

import { digestHex } from '../../base/digest.ts'
import type { EntryMeta } from '../../cache/entry.ts'
import { SlotRecord } from '../../zone/cache-slot.ts'
import type { CacheCare } from './cache-files.ts'
import { readEntryHead } from './entry-head.ts'
import { walkSlots } from './slot-walk.ts'

/** One stored response. Moments are milliseconds since 1970, texts latin-1. */
export interface ListedEntry {
  readonly url: string
  readonly key: string
  /** Of the request's fields that selected it; empty = there is but one. */
  readonly variant: string
  readonly status: number
  /** Of the file, and of the whole body; -1 = a part of a body whose length nobody knows. */
  readonly fileBytes: number
  readonly bodyBytes: number
  readonly isWhole: boolean
  /** Of the whole, the bytes that are there: of a piece (`slice`) or of parts, `0-99,200-299`; empty = all. */
  readonly range: string
  readonly storedMs: number
  readonly freshUntilMs: number
  readonly usedMs: number
  /** Requests since it was loaded or first asked for; counted up to 65535. */
  readonly uses: number
  readonly tags: readonly string[]
  readonly path: string
}

/** Some of the entries, and whether there are others. */
export interface Listing {
  readonly entries: readonly ListedEntry[]
  readonly isCut: boolean
}

/**
 * Lists entries in no order, a file each step.
 *
 * @param prefix of the URL
 * @param countMax at most so many
 */
export function* listEntries(
  care: CacheCare,
  prefix: string,
  countMax: number,
): Generator<void, Listing> {
  const { zone, files } = care
  const record = new SlotRecord()
  const entries: ListedEntry[] = []
  for (const slots of walkSlots(zone, ({ isStored }) => isStored)) {
    yield
    for (const slot of slots) {
      if (!zone.read(slot, record) || !record.isStored) continue
      const entry = readEntry(files.pathOf(record.hash), record)
      yield
      if (entry === null || !entry.url.startsWith(prefix)) continue
      if (entries.length === countMax) return { entries, isCut: true }
      entries.push(entry)
    }
  }
  return { entries, isCut: false }
}

function readEntry(path: string, record: SlotRecord): ListedEntry | null {
  const found = readEntryHead(path, digestHex(record.hash))
  if (found.kind !== 'head') return null
  const { meta, fileBytes } = found.head
  const { freshUntilMs } = meta.freshness
  return {
    url: meta.url,
    key: meta.key,
    variant: meta.variant,
    status: Number(/^HTTP\/[\d.]+ (\d{3})/.exec(meta.head)?.[1] ?? 0),
    fileBytes,
    bodyBytes: meta.length,
    isWhole: meta.parts === null,
    range: rangeOf(meta),
    storedMs: meta.responseMs,
    freshUntilMs: record.isExpired ? Math.min(freshUntilMs, meta.responseMs) : freshUntilMs,
    usedMs: record.usedAtSeconds * 1000,
    uses: record.uses,
    tags: meta.tags,
    path,
  }
}

function rangeOf({ parts, head }: EntryMeta): string {
  if (parts !== null) return parts.map(({ start, end }) => `${start}-${end - 1}`).join(',')
  if (!/^HTTP\/[\d.]+ 206/.test(head)) return ''
  return /^content-range: *bytes +(\d+-\d+)\//im.exec(head)?.[1] ?? ''
}
