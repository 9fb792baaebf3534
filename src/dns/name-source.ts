// The seam between whoever answers names (name servers of a `resolver`, the machine's own configuration) and whoever
// wants addresses. "There is no such name" and "nobody could say" are different answers: after the second the
// addresses that were known are still the best guess.

import { DNS_LIMITS } from './limits.ts'

/** What to find: the addresses of a name, or of a service of it (SRV). */
export interface Wanted {
  readonly name: string
  /** `http`, or `_http._tcp`; null for the addresses of the name itself. */
  readonly service: string | null
}

export interface FoundAddress {
  /** An IPv4 or IPv6 address, in lower case. */
  readonly host: string
  /** Of SRV records only, as the next two: null for plain addresses. */
  readonly port: number | null
  /** As published, 0 to 65535. */
  readonly weight: number | null
  /** The lower is the more wanted. */
  readonly priority: number | null
  /** Which question gave it; compared with `unknown` only. */
  readonly origin: string
}

export type NameAnswer =
  | {
      readonly outcome: 'found'
      /** At least one unless `unknown` names a question; lowest priority number first. */
      readonly addresses: readonly FoundAddress[]
      /** Questions that nobody answered, by `FoundAddress.origin`: what they gave before may still hold. */
      readonly unknown: readonly string[]
      readonly ttlMs: number
    }
  | {
      readonly outcome: 'missing'
      /** In nginx's words: `3: Host not found`. */
      readonly reason: string
      readonly ttlMs: number
    }
  | { readonly outcome: 'failed'; readonly reason: string }

/** Finds addresses. Never rejects; an aborted signal ends it with `failed`. */
export interface NameSource {
  find(wanted: Wanted, signal: AbortSignal): Promise<NameAnswer>
  /** Gives up everything on its way and keeps nothing open. */
  close(): void
}

/** The answer of a lookup that took too long, in nginx's words. */
export const TIMED_OUT: NameAnswer = { outcome: 'failed', reason: '110: Operation timed out' }

/** The answer for what nobody has to be asked about. */
export function fixedAnswer(
  hosts: readonly string[],
  ttlMs: number = DNS_LIMITS.ttlMsMax,
): NameAnswer {
  const addresses = hosts.map(host => ({
    host: host.toLowerCase(),
    port: null,
    weight: null,
    priority: null,
    origin: '',
  }))
  return { outcome: 'found', addresses, unknown: [], ttlMs }
}
