// Removes entries on command, or makes them stale: by key, by the start of URL or key, by tag, or all. The zone says at
// once that they are gone or stale, and that what is being fetched now shall not be stored; a tag and a start are looked up
// in the files, a tag only in those that may have it.

import { digestHex, digestOf } from '../../base/digest.ts'
import type { EntryMeta } from '../../cache/entry.ts'
import { CACHE_COUNTER } from '../../zone/cache-counters.ts'
import { SlotRecord } from '../../zone/cache-slot.ts'
import { mayHaveTag } from '../../zone/cache-tags.ts'
import type { CacheCare } from './cache-files.ts'
import { endFreshness, type HeadFound, readEntryHead } from './entry-head.ts'
import { walkSlots } from './slot-walk.ts'

/** Which entries. Texts are latin-1. */
export type PurgeScope =
  /** With all their variants. */
  | { readonly kind: 'keys'; readonly keys: readonly string[] }
  /** Those whose key begins so, or whose URL does. */
  | { readonly kind: 'prefix'; readonly prefix: string; readonly isOfKey: boolean }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'all' }

/** What a purge came to. */
export interface PurgeCounts {
  readonly entries: number
  /** Of their files. */
  readonly bytes: number
  /** Files that could not be removed or changed: they are back after a restart. */
  readonly failures: number
}

/**
 * Purges, an entry each step.
 *
 * @param isSoft entries stay, as stale ones
 */
export function* purge(
  care: CacheCare,
  scope: PurgeScope,
  isSoft: boolean,
): Generator<void, PurgeCounts> {
  const counts = { entries: 0, bytes: 0, failures: 0 }
  const record = new SlotRecord()
  if (scope.kind === 'keys') {
    for (const key of scope.keys) {
      for (const slot of care.zone.findAll(digestOf(key)[0]!)) {
        purgeKey(care, slot, key, isSoft, record, counts)
        yield
      }
    }
    return counts
  }
  care.zone.markPurge()
  const mayBe = ({ isStored, tagBloom }: SlotRecord) =>
    isStored && (scope.kind !== 'tag' || mayHaveTag(tagBloom, scope.tag))
  for (const slots of walkSlots(care.zone, mayBe)) {
    yield
    for (const slot of slots) {
      if (!care.zone.read(slot, record) || !record.isStored) continue
      if (scope.kind === 'all' || isIn(care, scope, headOf(care, record), counts)) {
        purgeEntry(care, slot, record, isSoft, counts)
      }
      yield
    }
  }
  return counts
}

type Counts = { -readonly [Name in keyof PurgeCounts]: PurgeCounts[Name] }

/** Purges a slot that may be of the key or one of its variants. */
function purgeKey(
  care: CacheCare,
  slot: number,
  key: string,
  isSoft: boolean,
  record: SlotRecord,
  counts: Counts,
): void {
  const { zone } = care
  if (!zone.read(slot, record)) return
  if (!record.isStored) {
    // What is being fetched may be it.
    zone.purge(slot, record.hash)
    return
  }
  const isMain = digestHex(record.hash) === digestHex(digestOf(key))
  if (!isMain) {
    const found = headOf(care, record)
    if (found.kind === 'head' && found.head.meta.key !== key) return
  }
  purgeEntry(care, slot, record, isSoft, counts)
}

/** Purges what was read of a slot. */
function purgeEntry(
  { zone, files, time }: CacheCare,
  slot: number,
  { hash, bytes }: SlotRecord,
  isSoft: boolean,
  counts: Counts,
): void {
  const path = files.pathOf(hash)
  if (isSoft) {
    if (!zone.expire(slot, hash)) return
    const version = zone.version(slot)
    const found = endFreshness(path, digestHex(hash), time.wallNow())
    if (found.kind === 'failed') {
      counts.failures++
      files.complain('soft purge', found.problem)
    }
    // What a worker read between the two is not what the file says now.
    if (zone.version(slot) === version) zone.expire(slot, hash)
  } else {
    if (!zone.purge(slot, hash)) return
    if (!files.remove(path)) counts.failures++
  }
  zone.counters.add(CACHE_COUNTER.purges, 1)
  counts.entries++
  counts.bytes += bytes
}

function headOf({ files }: CacheCare, { hash }: SlotRecord): HeadFound {
  return readEntryHead(files.pathOf(hash), digestHex(hash))
}

/** What is no entry any more goes; what cannot be read now is counted, and stays. */
function isIn(
  { files }: CacheCare,
  scope: PurgeScope & { readonly kind: 'prefix' | 'tag' },
  found: HeadFound,
  counts: Counts,
): boolean {
  switch (found.kind) {
    case 'head':
      return matches(scope, found.head.meta)
    case 'failed':
      counts.failures++
      files.complain('purge', found.problem)
      return false
    default:
      return true
  }
}

function matches(
  scope: PurgeScope & { readonly kind: 'prefix' | 'tag' },
  { url, key, tags }: EntryMeta,
): boolean {
  if (scope.kind === 'tag') return tags.includes(scope.tag)
  return key.startsWith(scope.prefix) || (!scope.isOfKey && url.startsWith(scope.prefix))
}
