// The Cache-Status field (RFC 9211): what a cache did with a request, as one member of a structured list. Caches nearer
// to the origin stand before it, so its line goes behind those that came with the response.

/** Why a request went on to a peer (RFC 9211 §2.2). */
export type ForwardReason =
  | 'bypass'
  | 'method'
  | 'uri-miss'
  | 'vary-miss'
  | 'miss'
  | 'request'
  | 'stale'
  | 'partial'

/** What became of one request. */
export interface CacheOutcome {
  /** Of the cache: a token, else it is written as a string. */
  readonly cache: string
  /** Null = it was answered from the store without asking. */
  readonly forward: ForwardReason | null
  /** Of the peer's answer where that is not the one sent (304 for a hit); 0 = it is not told. */
  readonly forwardStatus: number
  /** Seconds that the response is still fresh, below 0 when stale; null = it is not told. */
  readonly ttlSeconds: number | null
  /** The peer's response is stored now. */
  readonly isStored: boolean
  /** It waited for another request's answer. */
  readonly isCollapsed: boolean
  /** Cache key; empty = it is not told. */
  readonly key: string
  /** What has no parameter of its own; empty = nothing. */
  readonly detail: string
}

/** `Cache-Status: name; hit; ttl=5\r\n` */
export function cacheStatusLine(outcome: CacheOutcome): string {
  const { forward, forwardStatus, ttlSeconds, key, detail } = outcome
  let text = `Cache-Status: ${itemText(outcome.cache)}`
  if (forward === null) text += '; hit'
  else {
    text += `; fwd=${forward}`
    if (forwardStatus !== 0) text += `; fwd-status=${forwardStatus}`
    if (outcome.isStored) text += '; stored'
    if (outcome.isCollapsed) text += '; collapsed'
  }
  if (ttlSeconds !== null) text += `; ttl=${Math.floor(ttlSeconds)}`
  if (key !== '') text += `; key=${stringText(key)}`
  if (detail !== '') text += `; detail=${itemText(detail)}`
  return `${text}\r\n`
}

/** A token (RFC 9651 §3.3.4) where the text is one. */
function itemText(text: string): string {
  return /^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*$/.test(text) ? text : stringText(text)
}

/** A string (RFC 9651 §3.3.3); what it cannot hold is written as `?`. */
function stringText(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`
}
