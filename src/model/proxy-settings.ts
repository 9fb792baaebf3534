// How a route talks to its peers: the `proxy_*` directives, resolved for one location.

import type { CacheSettings, IgnorableField } from './cache.ts'
import type { Rate } from './limit-settings.ts'
import type { Template } from './template.ts'
import type { PeerTls } from './tls.ts'

/** What makes the next peer be tried (nginx: `proxy_next_upstream`). */
export const RETRY_CONDITIONS = [
  'error',
  'timeout',
  'invalid_header',
  'http_500',
  'http_502',
  'http_503',
  'http_504',
  'http_403',
  'http_404',
  'http_429',
  'non_idempotent',
] as const
export type RetryCondition = (typeof RETRY_CONDITIONS)[number]

/** A name and its value, e.g. of `proxy_set_header`. An empty value (after expansion) is not sent. */
export interface FieldTemplate {
  readonly name: string
  readonly value: Template
}

/** One rule of `proxy_redirect`. */
export type RedirectRule =
  | { readonly kind: 'prefix'; readonly from: Template; readonly to: Template }
  | {
      readonly kind: 'regex'
      readonly pattern: string
      readonly isCaseInsensitive: boolean
      readonly to: Template
    }

/** One rule of `proxy_cookie_domain`: a whole domain, without regard to case and to a dot before it. */
export type CookieDomainRule =
  | { readonly kind: 'exact'; readonly from: Template; readonly to: Template }
  | {
      readonly kind: 'regex'
      readonly pattern: string
      readonly isCaseInsensitive: boolean
      readonly to: Template
    }

/** Changes of a cookie's attributes (nginx: `proxy_cookie_flags`). */
export const COOKIE_FLAGS = [
  'secure',
  'nosecure',
  'httponly',
  'nohttponly',
  'samesite=strict',
  'samesite=lax',
  'samesite=none',
  'nosamesite',
] as const
export type CookieFlag = (typeof COOKIE_FLAGS)[number]

/** One rule of `proxy_cookie_flags`: the first that names a cookie holds. */
export interface CookieFlagsRule {
  readonly cookie:
    | { readonly kind: 'name'; readonly name: Template }
    | { readonly kind: 'regex'; readonly pattern: string }
  /** Each comes to one of `COOKIE_FLAGS`, or to nothing. */
  readonly flags: readonly Template[]
}

/** When a request goes on to another peer, and what that may cost. */
export interface RetrySettings {
  readonly on: readonly RetryCondition[]
  /** Tries in all; 0 = as many as there are peers. */
  readonly triesMax: number
  /** After this no further try begins; 0 = no limit. */
  readonly timeoutMs: number
  /** Time of one try up to the head of its response; 0 = no limit beside the timeouts of reading and connecting. */
  readonly tryTimeoutMs: number
  /** Time for all tries together, up to the head of a response; 0 = no limit. */
  readonly deadlineMs: number
  /** A further try waits for a random time below this, doubled with each; 0 = it begins at once. */
  readonly backoffMs: number
  /** The longest such time. */
  readonly backoffMaxMs: number
  /** Further tries that may run at once, in percent of the requests in hand; 0 = no limit. */
  readonly budgetPercent: number
  /** So many may run whatever the percentage comes to. */
  readonly budgetMin: number
  /** A connect that takes longer, and longer than usual, gets company: one to the next peer; 0 = never. */
  readonly connectHedgeMs: number
  /** A request that may be repeated gets a second one beside it when this percentage of answers came sooner; 0 = never. */
  readonly hedgePercentile: number
  /** Never before this time. */
  readonly hedgeMinMs: number
}

export interface ProxySettings {
  /** Protocol version towards peers. */
  readonly httpVersion: '1.0' | '1.1'
  /** The fields that we set, complete: the reader has put in nginx's own (Host, Connection) where the user did not. */
  readonly setFields: readonly FieldTemplate[]
  /** Response fields that stay behind, lower case: nginx's own list, minus `proxy_pass_header`, plus `proxy_hide_header`. */
  readonly hideFields: readonly string[]
  /** `default` rewrites the peer's own address as nginx does; an empty list is `off`. */
  readonly redirects: 'default' | readonly RedirectRule[]
  /** What becomes of the Domain and the Path of cookies that peers set; the first rule that fits holds. */
  readonly cookieDomains: readonly CookieDomainRule[]
  readonly cookiePaths: readonly RedirectRule[]
  /** What is added to their attributes, and taken away. */
  readonly cookieFlags: readonly CookieFlagsRule[]
  /** The method that peers are asked with; null = the client's. */
  readonly method: Template | null
  /** What is sent in the place of the client's body; null = that one. */
  readonly body: Template | null
  /** The client's fields go on to peers. */
  readonly passesFields: boolean
  /** The client's body does. */
  readonly passesBody: boolean
  /** Parts can be asked for whatever the peer says of it. */
  readonly forcesRanges: boolean
  /** One that is neither empty nor `0`: 103 of peers reaches the client; null = as the profile has it. */
  readonly earlyHints: readonly Template[] | null
  /** How peers are spoken to under TLS: read and checked, not in use yet. */
  readonly tls: PeerTls
  readonly isBuffering: boolean
  readonly isRequestBuffering: boolean
  /** Bytes per second that are read of a buffered response; 0 = as they come. */
  readonly limitRate: Rate
  /** Largest response head. */
  readonly bufferBytes: number
  /** Memory for the body of one buffered response, all buffers together. */
  readonly buffersBytes: number
  readonly busyBuffersBytes: number
  /** Largest temporary file of one buffered response; 0 = none. */
  readonly tempFileBytesMax: number
  readonly tempFileWriteBytes: number
  readonly tempPath: string
  /** Where connections go out from: an address, with or without a port; null = the kernel chooses. */
  readonly bind: Template | null
  /** The kernel probes connections that are silent (SO_KEEPALIVE). */
  readonly isSocketKeptAlive: boolean
  readonly connectTimeoutMs: number
  readonly sendTimeoutMs: number
  readonly readTimeoutMs: number
  readonly retry: RetrySettings
  readonly ignoresClientAbort: boolean
  readonly interceptsErrors: boolean
  /** Turns `Upgrade` requests into tunnels without the two `proxy_set_header` lines of nginx. */
  readonly allowsUpgrade: readonly string[]
  readonly passesTrailers: boolean
  /** Response fields of the peer that mean nothing to us (nginx: `proxy_ignore_headers`). */
  readonly ignoreFields: readonly IgnorableField[]
  /** Null = nothing is stored. */
  readonly cache: CacheSettings | null
  /** Null = no files are made of responses; never beside a cache. */
  readonly store: StoreSettings | null
}

/** What becomes of whole responses on the disk (nginx: `proxy_store`, `proxy_store_access`). */
export interface StoreSettings {
  /** The file that one becomes; `root` = where the location would look for it, by root or alias. */
  readonly path: 'root' | Template
  /** Access to the file; directories are made accordingly. */
  readonly mode: number
}

/** For nobody else, as in nginx. */
export const STORE_MODE = 0o600
