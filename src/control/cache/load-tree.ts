// Takes the files that a cache has from earlier runs into its zone, while it is in use already. What does not verify goes,
// and so does what a killed process was writing; whatever has a name of another kind is somebody else's and stays.

import { type Digest, digestOf, parseDigestHex } from '../../base/digest.ts'
import { failedCallText } from '../../base/system-error.ts'
import { CACHE_COUNTER } from '../../zone/cache-counters.ts'
import { tagBloomOf } from '../../zone/cache-tags.ts'
import type { CacheCare } from './cache-files.ts'
import { isRunOver } from './cache-run.ts'
import { type TreeItem, walkTree } from './cache-tree.ts'
import { type EntryHead, readEntryHead } from './entry-head.ts'

/** What loading came to. */
export interface LoadCounts {
  /** Taken in. */
  readonly entries: number
  readonly bytes: number
  /** Removed: damaged, cut short, of another version, at a wrong place, or without room in the zone. */
  readonly dropped: number
  /** Stored since the start, or by an earlier walk. */
  readonly known: number
  /** Temporary files that were removed. */
  readonly leftovers: number
  /** Left alone. */
  readonly foreign: number
  /** Files and directories that could not be read. */
  readonly failures: number
}

type Counts = { -readonly [Name in keyof LoadCounts]: LoadCounts[Name] }
/** The first one of a kind: the log names it. */
type Firsts = { dropped: string; foreign: string; failures: string }

/** Loads a tree, a file each step. */
export function* loadTree(care: CacheCare): Generator<void, LoadCounts> {
  const counts: Counts = {
    entries: 0,
    bytes: 0,
    dropped: 0,
    known: 0,
    leftovers: 0,
    foreign: 0,
    failures: 0,
  }
  const firsts: Firsts = { dropped: '', foreign: '', failures: '' }
  for (const item of walkTree(care.path.path, care.path.levels)) {
    take(care, item, counts, firsts)
    yield
  }
  sayFirsts(care, counts, firsts)
  return counts
}

function take(care: CacheCare, item: TreeItem, counts: Counts, firsts: Firsts): void {
  switch (item.kind) {
    case 'entry':
      takeEntry(care, item, counts, firsts)
      break
    case 'misplaced':
      drop(care, item.path, 'is not where the levels want it', counts, firsts)
      break
    case 'temporary':
      if (isRunOver(item.run, care.run) && care.files.remove(item.path)) counts.leftovers++
      break
    case 'foreign':
      counts.foreign++
      firsts.foreign ||= `"${item.path}"`
      break
    case 'unreadable':
      counts.failures++
      firsts.failures ||= failedCallText(item.error, item.path)
      break
  }
}

function takeEntry(
  care: CacheCare,
  { path, hex }: { readonly path: string; readonly hex: string },
  counts: Counts,
  firsts: Firsts,
): void {
  const hash = parseDigestHex(hex)!
  // Of a variant it is only known after a look into its file.
  if (isKnown(care, hash, hash[0]!)) {
    counts.known++
    return
  }
  const found = readEntryHead(path, hex)
  switch (found.kind) {
    case 'head':
      enter(care, hash, path, found.head, counts, firsts)
      break
    case 'bad':
      // A worker may just have put another one there.
      if (isKnown(care, hash, hash[0]!)) counts.known++
      else drop(care, path, found.problem, counts, firsts)
      break
    case 'failed':
      counts.failures++
      firsts.failures ||= found.problem
      break
    case 'absent':
      break
  }
}

function enter(
  care: CacheCare,
  hash: Digest,
  path: string,
  { meta, fileBytes, modifiedMs }: EntryHead,
  counts: Counts,
  firsts: Firsts,
): void {
  const { zone, files } = care
  const facts = {
    bytes: fileBytes,
    freshUntilSeconds: Math.floor(meta.freshness.freshUntilMs / 1000),
    tagBloom: tagBloomOf(meta.tags),
  }
  const mainWord = meta.variant === '' ? hash[0]! : digestOf(meta.key)[0]!
  if (isKnown(care, hash, mainWord)) {
    counts.known++
    return
  }
  const outcome = zone.load(hash, mainWord, usedAt(care, modifiedMs), facts)
  const out = zone.takeDropped()
  if (out !== null) drop(care, files.pathOf(out), NO_ROOM, counts, firsts)
  switch (outcome) {
    case 'taken':
      counts.entries++
      counts.bytes += fileBytes
      zone.counters.add(CACHE_COUNTER.loaded, 1)
      break
    case 'known':
      counts.known++
      break
    case 'full':
      drop(care, path, NO_ROOM, counts, firsts)
      break
  }
}

const NO_ROOM = 'has no room in the zone'

/** Stored, or being fetched: then the file is a worker's business. */
function isKnown({ zone }: CacheCare, hash: Digest, mainWord: number): boolean {
  const slot = zone.find(hash, mainWord)
  return slot !== -1 && (zone.isStored(slot) || zone.isLocked(slot)) && zone.isHash(slot, hash)
}

/**
 * The second of the last use that a loaded entry starts with: now, as in nginx, less a little for its age, so that of two
 * that nobody asks for any more the older one goes first.
 */
function usedAt({ path, time }: CacheCare, modifiedMs: number): number {
  const nowMs = time.wallNow()
  const ageMs = Math.max(0, nowMs - modifiedMs)
  const lessMs = (path.inactiveMs * AGE_SHARE * ageMs) / (ageMs + path.inactiveMs + 1)
  return Math.floor((nowMs - lessMs) / 1000)
}

const AGE_SHARE = 0.1

function drop(
  { zone, files }: CacheCare,
  path: string,
  problem: string,
  counts: Counts,
  firsts: Firsts,
): void {
  counts.dropped++
  zone.counters.add(CACHE_COUNTER.rejected, 1)
  firsts.dropped ||= `"${path}" ${problem}`
  files.remove(path)
}

function sayFirsts({ log, path: { name } }: CacheCare, counts: Counts, firsts: Firsts): void {
  const more = (count: number) => (count > 1 ? ` (and ${count - 1} more)` : '')
  if (counts.dropped > 0) {
    log(
      'warn',
      `cache "${name}": removed what cannot be used: ${firsts.dropped}${more(counts.dropped)}`,
    )
  }
  if (counts.foreign > 0) {
    log(
      'warn',
      `cache "${name}": left alone what is none of its files: ${firsts.foreign}${more(counts.foreign)}`,
    )
  }
  if (counts.failures > 0) {
    log('error', `cache "${name}": ${firsts.failures}${more(counts.failures)}`)
  }
}

/** The line that says what came of loading. */
export function loadedText(name: string, counts: LoadCounts, tookMs: number): string {
  const { entries, bytes, dropped, known, leftovers } = counts
  const took = `in ${(tookMs / 1000).toFixed(tookMs < 10_000 ? 2 : 0)} s`
  const parts = [
    `${entries} ${entries === 1 ? 'entry' : 'entries'} loaded (${bytes} bytes)`,
    `${dropped} dropped`,
    ...(leftovers === 0
      ? []
      : [`${leftovers} temporary ${leftovers === 1 ? 'file' : 'files'} removed`]),
    ...(known === 0 ? [] : [`${known} known already`]),
    took,
  ]
  return `cache "${name}": ${parts.join(', ')}`
}
