// The seam between the two sets of caching rules and everything else: what of a request and a response decides whether a
// response is stored, may be used again, or must be asked about. All pure: the time comes in, nothing is kept.

import type { RequestHead } from '../../http/request-parser.ts'
import type { ResponseHead } from '../../http/response-parser.ts'
import type { StaleCondition } from '../../model/cache.ts'
import type { CacheEntry, EntryMeta, Freshness } from '../entry.ts'
import type { Combination } from './combine.ts'

/** What a request's own directives allow (RFC 9111 §5.2.1); in `nginx` mode always `PLAIN_DEMAND`. */
export interface RequestDemand {
  /** Nothing of what is stored may be used without asking (`no-cache`; `Pragma: no-cache` alone). */
  readonly isValidated: boolean
  /** Nothing is stored for it. */
  readonly isNotStored: boolean
  /** 504 in place of asking a peer. */
  readonly onlyIfCached: boolean
  /** Seconds; -1 = not said. */
  readonly maxAge: number
  readonly minFresh: number
  /** Seconds; -1 = not said, Infinity = however stale. */
  readonly maxStale: number
  /** Seconds; -1 = not said (RFC 5861 §4, which lets a request say it too). */
  readonly staleIfError: number
}

export const PLAIN_DEMAND: RequestDemand = {
  isValidated: false,
  isNotStored: false,
  onlyIfCached: false,
  maxAge: -1,
  minFresh: -1,
  maxStale: -1,
  staleIfError: -1,
}

/** What there is to say of a response that is stored. */
export interface StorePlan {
  readonly freshness: Freshness
  readonly initialAgeSeconds: number
  /** `EntryMeta.vary`. */
  readonly vary: string
  /** Status line and fields to store: `EntryMeta.head`, without Content-Length of a body whose end is not known. */
  readonly head: string
  readonly tags: readonly string[]
  /** Which bytes of the representation a 206 brings; null = all. */
  readonly part: { readonly start: number; readonly end: number; readonly length: number } | null
}

/** What becomes of a request for which an entry was found. */
export type Reuse =
  | 'fresh'
  /** Answered at once, and fetched anew beside that if nobody does. */
  | 'stale-while-updating'
  /** A peer is asked; the entry may be answered if that fails (`mayServeOnError`). */
  | 'validate'

/** The times of one response, wall milliseconds. */
export interface ResponseTimes {
  readonly requestMs: number
  readonly responseMs: number
}

export interface CachePolicy {
  demandOf(request: RequestHead): RequestDemand
  /** Whether the request selects this entry (RFC 9111 §4.1). */
  isSelected(meta: EntryMeta, request: RequestHead): boolean
  /** What a request has in the fields that `vary` names: `EntryMeta.variant`. */
  variantOf(vary: string, request: RequestHead): string
  reuse(entry: CacheEntry, demand: RequestDemand, nowMs: number): Reuse
  /** Whether a stale entry may stand in for a peer's failure; `condition` says which. */
  mayServeOnError(
    entry: CacheEntry,
    demand: RequestDemand,
    nowMs: number,
    condition: StaleCondition,
  ): boolean
  /**
   * Decides whether a response is stored. Null = it is not.
   *
   * @param method that it was asked with
   * @param isPiece a range was asked for, whatever the request says
   */
  plan(
    request: RequestHead,
    method: string,
    response: ResponseHead,
    times: ResponseTimes,
    isPiece?: boolean,
  ): StorePlan | null
  /**
   * The meta of an entry after a peer's 304, or after a HEAD that says the same (RFC 9111 §3.2, §4.3.4). Null = the
   * answer is not about this entry, or it may not be stored any more.
   */
  freshen(
    entry: CacheEntry,
    request: RequestHead,
    response: ResponseHead,
    times: ResponseTimes,
  ): EntryMeta | null
  /** For how long a failure of ours is answered again, when no peer gave an answer; null = it is not stored. */
  planFailure(status: number, nowMs: number): Freshness | null
  /** Request lines that ask whether the entry still holds: `If-None-Match: …\r\n`; empty = it has no validator. */
  conditionLines(entry: CacheEntry): string
  /** What an entry's parts and a 206 come to together; null = they do not belong together (RFC 9110 §15.3.7.3). */
  combine(
    entry: CacheEntry,
    request: RequestHead,
    response: ResponseHead,
    times: ResponseTimes,
  ): Combination | null
  /** Request lines that ask for what the parts of an entry lack; empty = for all of it. */
  completingLines(entry: CacheEntry): string
  /** Field lines that every answer from the entry gets: Age; empty = none. */
  answerLines(entry: CacheEntry, nowMs: number): string
  /** Stored fields that stay behind on answering, lower case: `no-cache="name"`. */
  readonly hidesOnReuse: (entry: CacheEntry) => readonly string[]
  /**
   * URIs that an answer to an unsafe method makes invalid (RFC 9111 §4.4): the target's own and of the same origin those
   * in Location and Content-Location, as path and query. Empty = none.
   *
   * @param scheme of the request, `http` or `https`
   */
  invalidates(request: RequestHead, response: ResponseHead, scheme: string): readonly string[]
}
