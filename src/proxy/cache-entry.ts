// Entries that requests to peers begin: what they say of themselves, and where their bytes go.

import type { BodyPart, EntryMeta, Freshness } from '../cache/entry.ts'
import { makeFamily } from '../cache/family.ts'
import { headText } from '../cache/policy/nginx-policy.ts'
import type { ResponseTimes, StorePlan } from '../cache/policy/policy.ts'
import type { EntryWriter } from '../cache/store/cache-store.ts'
import type { ResponseHead } from '../http/response-parser.ts'
import { statusText } from '../http/status.ts'
import { CombiningWriter, type Mend } from './cache-combine.ts'
import type { Exchange } from './exchange.ts'
import type { FetchPlan } from './fetch-plan.ts'
import { openRest } from './rest-source.ts'

const NEVER_FRESH: Freshness = {
  freshUntilMs: 0,
  staleWhileMs: 0,
  staleErrorMs: 0,
  mustRevalidate: true,
  isAlwaysValidated: true,
}

/** Begins the entry of a response. Null = the store does not take it. */
export function createEntry(
  exchange: Exchange,
  fetch: FetchPlan,
  plan: StorePlan,
  head: ResponseHead,
  times: ResponseTimes,
): EntryWriter | null {
  const { cache, store, key, lookup, main } = fetch
  // A variant may itself vary by something else; the first entry that does leaves the others behind.
  const isOfFamily = main !== null && (key.variant !== '' || main.vary === plan.vary)
  const bytes = head.bodyBytes >= 0 ? head.bodyBytes : -1
  const meta: EntryMeta = {
    ...plainMeta(exchange, fetch, plan.head, times),
    vary: plan.vary,
    variant: plan.vary === '' ? '' : cache.policy.variantOf(plan.vary, exchange.head),
    family: isOfFamily ? main.family : makeFamily(),
    initialAgeSeconds: plan.initialAgeSeconds,
    freshness: plan.freshness,
    tags: plan.tags,
    length: plan.part === null ? bytes : plan.part.length,
    parts: plan.part === null ? null : [plan.part],
  }
  if (plan.part === null) return store.create(key, meta, bytes, lookup)
  return createPart(exchange, fetch, plan.part, meta, head, times)
}

/** Begins an entry that has a part, or one more than there was. */
function createPart(
  exchange: Exchange,
  { store, key, lookup, base, cache }: FetchPlan,
  part: BodyPart,
  meta: EntryMeta,
  head: ResponseHead,
  times: ResponseTimes,
): EntryWriter | null {
  if (head.bodyBytes >= 0 && head.bodyBytes !== part.end - part.start) return null
  const combination = base === null ? null : cache.policy.combine(base, exchange.head, head, times)
  const joined = combination?.meta ?? meta
  const segments = combination?.segments ?? [{ ...part, isNew: true }]
  const bytes = segments.reduce((sum, each) => sum + each.end - each.start, 0)
  const writer = store.create(key, joined, bytes, lookup)
  if (writer === null) return null
  const mend: Mend = (failure, start, end) =>
    base === null ? null : openRest(exchange, cache, base, failure, start, end)
  return new CombiningWriter(writer, base, segments, mend)
}

/** Gives up an entry that nobody reads. */
export function abandonEntry(writer: EntryWriter): void {
  writer.abort('not wanted')
  writer.entry.release()
}

/** A piece of a large response that is not stored: it is an entry for those alone who wait for it now. */
export function createPassing(
  exchange: Exchange,
  fetch: FetchPlan,
  head: ResponseHead,
  times: ResponseTimes,
): EntryWriter | null {
  const { cache, store, key } = fetch
  if (cache.slices === null || exchange.sliceRange === '' || head.status !== 206) return null
  const meta = plainMeta(exchange, fetch, headText(head), times)
  return store.pass(key, { ...meta, length: head.bodyBytes })
}

/** Begins the entry of a failure of ours: its status alone. Null = that is not to be stored. */
export function createFailure(
  exchange: Exchange,
  fetch: FetchPlan,
  status: number,
  times: ResponseTimes,
): EntryWriter | null {
  const { cache, store, key, lookup } = fetch
  const freshness = cache.policy.planFailure(status, times.responseMs)
  if (freshness === null) return null
  const meta = plainMeta(exchange, fetch, `HTTP/1.1 ${statusText(status)}\r\n\r\n`, times)
  return store.create(key, { ...meta, freshness, length: 0, isOwn: true }, 0, lookup)
}

/** Of what nothing else is to say. */
function plainMeta(
  exchange: Exchange,
  { key }: FetchPlan,
  head: string,
  { requestMs, responseMs }: ResponseTimes,
): EntryMeta {
  return {
    key: key.text,
    vary: '',
    variant: '',
    url: urlOf(exchange),
    head,
    trailers: '',
    family: makeFamily(),
    requestMs,
    responseMs,
    initialAgeSeconds: 0,
    freshness: NEVER_FRESH,
    tags: [],
    length: -1,
    isOwn: false,
    parts: null,
  }
}

/** `http://host/path?query` of the request, as purging by URL looks for it. */
function urlOf({ head, connection }: Exchange): string {
  const { localAddress } = connection
  const place = localAddress.includes(':') ? `[${localAddress}]` : localAddress
  return `http://${head.authority === '' ? place : head.authority.toLowerCase()}${head.target}`
}
