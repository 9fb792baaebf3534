// What a stored response and its slot in the zone tell each other.

import type { StoredFacts } from '../../zone/cache-slot.ts'
import { tagBloomOf } from '../../zone/cache-tags.ts'
import type { EntryMeta } from '../entry.ts'

/** What the zone keeps of an entry. */
export function storedFactsOf(meta: EntryMeta, fileBytes: number): StoredFacts {
  return {
    bytes: fileBytes,
    freshUntilSeconds: Math.floor(meta.freshness.freshUntilMs / 1000),
    tagBloom: tagBloomOf(meta.tags),
  }
}

/** The meta of what was purged softly: stale from now on. */
export function expired(meta: EntryMeta, nowMs: number): EntryMeta {
  const freshUntilMs = Math.min(meta.freshness.freshUntilMs, nowMs)
  return { ...meta, freshness: { ...meta.freshness, freshUntilMs } }
}
