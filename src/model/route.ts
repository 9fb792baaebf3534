// Host + path → what to do (nginx: `server` and `location`).

import type { Listen } from './listener.ts'
import type { Sourced } from './origin.ts'
import type { RewriteStep } from './rewrite.ts'
import type { Settings } from './settings.ts'
import type { Template } from './template.ts'

/** A name that a server answers to. All texts are lower case but a regex. */
export type ServerName =
  | { readonly kind: 'exact'; readonly name: string }
  /** `*.example.com`: `name` is `.example.com`; with `isApexToo` (nginx `.example.com`) the bare domain as well. */
  | { readonly kind: 'suffix'; readonly name: string; readonly isApexToo: boolean }
  /** `www.example.*`: `name` is `www.example.` */
  | { readonly kind: 'prefix'; readonly name: string }
  /** Already in JavaScript's syntax. */
  | { readonly kind: 'regex'; readonly pattern: string; readonly isCaseInsensitive: boolean }

/** nginx's five kinds of location. */
export type LocationMatch =
  | { readonly kind: 'exact'; readonly path: string }
  | {
      readonly kind: 'prefix'
      readonly path: string /** `^~`: no regex after it */
      readonly isFinal: boolean
    }
  | { readonly kind: 'regex'; readonly pattern: string; readonly isCaseInsensitive: boolean }
  | { readonly kind: 'named'; readonly name: string }

/** `return CODE [TEXT]`, `return CODE URL`, `return URL`. */
export interface Return extends Sourced {
  /** 444 closes the connection without an answer. */
  readonly status: number
  /** Body, or for 301, 302, 303, 307, 308 the Location. */
  readonly text: Template | null
}

/**
 * `try_files FILE… FALLBACK`: the first path that is there (a file, or with `/` at its end a directory) is served under
 * `settings.files`; when none is, the request goes on with `fallback`, an internal redirect to a path or `@name`, or
 * ends with a status.
 */
export interface TryFiles extends Sourced {
  readonly paths: readonly Template[]
  readonly fallback: Template | { readonly status: number }
}

/**
 * Where `proxy_pass` sends a request. A variable anywhere in `address` or `uri` makes `uri` the whole target as it is,
 * whatever the location matched. An address with variables is split when it is expanded: what follows its first `/` is
 * the target then (`proxy_pass http://$host$request_uri`), and its host may name an upstream; it may begin with `http://`.
 */
export interface ProxyTarget extends Sourced {
  readonly scheme: 'http' | 'https'
  /** Name of an upstream in `Config.upstreams`; null when `address` has variables. */
  readonly upstream: string | null
  /** `$proxy_host` as nginx means it: what stands between the scheme and the path. Variables allowed. */
  readonly address: Template
  /** Replaces the part of the path that the location matched; null sends the client's target as it came. */
  readonly uri: Template | null
}

export type Action =
  | { readonly kind: 'proxy'; readonly target: ProxyTarget }
  /** Files under `settings.files`. */
  | { readonly kind: 'files' }

/** `limit_except`: what answers in place of a location when the method is none of these. */
export interface LimitExcept {
  /** Upper case; HEAD is with GET. */
  readonly methods: readonly string[]
  /** With the match of the one around it. */
  readonly location: Location
}

export interface Location extends Sourced {
  readonly match: LocationMatch
  readonly settings: Settings
  /** Answers before the action. */
  readonly returns: Return | null
  /** What is passed before anything else; missing where there is nothing. Not inherited. */
  readonly rewrite?: readonly RewriteStep[]
  /** Before the action; missing where there is none. Not inherited. */
  readonly tryFiles?: TryFiles
  readonly action: Action
  readonly isInternal: boolean
  /** Missing where all methods are treated alike. Not inherited. */
  readonly limitExcept?: LimitExcept
  readonly locations: readonly Location[]
}

export interface Server extends Sourced {
  readonly listens: readonly Listen[]
  readonly names: readonly ServerName[]
  /** The first name as written: `$server_name`. */
  readonly name: string
  readonly settings: Settings
  readonly returns: Return | null
  /** What is passed before a location is looked for; missing where there is nothing. */
  readonly rewrite?: readonly RewriteStep[]
  /** For a request that matches no location; missing where there is none. */
  readonly tryFiles?: TryFiles
  /** What a request gets that matches no location. */
  readonly action: Action
  readonly locations: readonly Location[]
}
