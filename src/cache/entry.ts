// A stored response: what its file says of it, and the body behind that. Meta is plain data that a file can hold; the
// entry is what a worker has of it in hand.

import type { BodySource } from '../base/body-source.ts'
import type { ResponseHead } from '../http/response-parser.ts'

/** How long an entry may be answered. */
export interface Freshness {
  /** Fresh before this moment, wall milliseconds since 1970. */
  readonly freshUntilMs: number
  /** So long after it, it is answered at once while it is fetched anew (RFC 5861 §3). */
  readonly staleWhileMs: number
  /** So long after it, it is answered when the peer cannot (RFC 5861 §4). */
  readonly staleErrorMs: number
  /** Stale, it needs a peer's word before it is answered (RFC 9111 §5.2.2.2). */
  readonly mustRevalidate: boolean
  /** Even fresh it does (`no-cache` without names). */
  readonly isAlwaysValidated: boolean
}

/** A run of bytes of a representation, as it lies in a partial entry: one after the other in the file's body. */
export interface BodyPart {
  /** First byte, counted from the representation's start. */
  readonly start: number
  /** The byte after the last one. */
  readonly end: number
}

/** What a stored response says of itself. Texts are latin-1. */
export interface EntryMeta {
  /** The whole cache key: compared on each read, as hashes may collide. */
  readonly key: string
  /** Names of the selecting fields, lower case, in order, joined by commas; empty = none (RFC 9111 §4.1). */
  readonly vary: string
  /** What the request had in these, as `variantOf` writes it. */
  readonly variant: string
  /** Scheme, host and target of the request: what purging and listing by URL look at. */
  readonly url: string
  /** Status line and fields as they are stored, with line ends and the empty line. */
  readonly head: string
  /** Trailer lines with their line ends; empty = none. */
  readonly trailers: string
  /**
   * The same in all variants of a key, and another one after the key was purged or changed its `vary`: variants that were
   * left over are not of the family any more.
   */
  readonly family: string
  /** When the request was sent and the head came: wall milliseconds (RFC 9111 §4.2.3). */
  readonly requestMs: number
  readonly responseMs: number
  /** Seconds of age that it had when it came (`corrected_initial_age`). */
  readonly initialAgeSeconds: number
  readonly freshness: Freshness
  /** Of Cache-Tag, Surrogate-Key and xkey. */
  readonly tags: readonly string[]
  /** Bytes of the whole representation; of a partial entry too. -1 = a partial one that does not know. */
  readonly length: number
  /** Only a status, that of a failure of ours: it is answered as that failure would be. */
  readonly isOwn: boolean
  /** Null = the body is whole. */
  readonly parts: readonly BodyPart[] | null
}

/** An entry that a worker can answer from. */
export interface CacheEntry {
  readonly meta: EntryMeta
  /** `meta.head` parsed. Nobody changes it. */
  readonly head: ResponseHead
  /** The body as one latin-1 string, where it is small and in memory; else null. */
  readonly text: string | null
  /** In the zone; -1 = it is not stored there (any more, or yet). */
  readonly slot: number
  /** Of the slot, when the entry was read. */
  readonly version: number
  /**
   * Opens bytes [start, end) of the representation, counted in it, not in the file. A source of several runs is several
   * calls. The caller closes it.
   */
  open(start: number, end: number): BodySource
  /** Hands it out once more. */
  hold(): void
  /** Says that the entry is not used any more: its file may be closed. Once for each time that it was handed out. */
  release(): void
}

/** Whether it was stored of HEAD, so that its body never came: only HEAD can be answered with it. */
export function isWithoutBody({ meta, head }: Pick<CacheEntry, 'meta' | 'head'>): boolean {
  return meta.length === 0 && head.bodyBytes > 0
}

/** Whether bytes [start, end) of the representation are all there. */
export function holdsRange(meta: EntryMeta, start: number, end: number): boolean {
  if (meta.parts === null) return end <= meta.length
  return meta.parts.some(part => part.start <= start && end <= part.end)
}
