// Everything of one location that is not its match or its action, with inheritance already resolved: a request only reads.
// Locations that change nothing share the object of their parent (structured cloning keeps the sharing).

import { LOG_LEVELS, type LogLevel } from '../base/log-level.ts'
import type { AccessSettings } from './access.ts'
import type { LimitSettings } from './limit-settings.ts'
import type { ProxySettings } from './proxy-settings.ts'
import type { RealIpSettings } from './real-ip.ts'
import type { ResolverSettings } from './resolver.ts'
import type { Template } from './template.ts'
import type { ServerTls } from './tls.ts'

/** `add_header NAME VALUE [always]`. */
export interface AddedField {
  readonly name: string
  readonly value: Template
  readonly isAlways: boolean
}

/** `expires`: seconds from now, from the file's time, at a time of day, or one of the words. */
export type Expires =
  | { readonly kind: 'off' | 'epoch' | 'max' }
  | { readonly kind: 'access' | 'modified'; readonly seconds: number }
  | { readonly kind: 'daily'; readonly secondOfDay: number }
  /** What the variables come to counts from the file's time with `isModified`. */
  | { readonly kind: 'variable'; readonly value: Template; readonly isModified: boolean }

/** `error_page CODE … [=[STATUS]] URI`. */
export interface ErrorPage {
  readonly statuses: readonly number[]
  /** The status to answer with; null keeps the original, 0 takes the one of the page (`=`). */
  readonly status: number | null
  /** A path, a `@name`, or an absolute URL. */
  readonly target: Template
}

/** `access_log PATH [FORMAT] [buffer=] [flush=] [if=]`. */
export interface AccessLog {
  /** May hold variables; absolute after reading. `/dev/stdout` and `/dev/stderr` are themselves. */
  readonly path: Template
  /** A name in `Config.logFormats`; `json` is JSON lines through pino. */
  readonly format: string
  /** 0 = written at once (batched over one turn of the loop). */
  readonly bufferBytes: number
  readonly flushMs: number
  /** Logged unless this expands to the empty string or `0`. */
  readonly condition: Template | null
}

/** `log_format NAME [escape=] TEXT`. */
export interface LogFormat {
  readonly name: string
  readonly escape: 'default' | 'json' | 'none'
  readonly text: Template
}

export { LOG_LEVELS, type LogLevel }

/** `error_log PATH LEVEL`. `format` is nginx's line form, or JSON through pino. */
export interface ErrorLog {
  /** Absolute path, or `stderr`. */
  readonly path: string
  readonly level: LogLevel
  readonly format: 'text' | 'json'
}

/** Browsers that `keepalive_disable` knows. */
export const OLD_BROWSERS = ['msie6', 'safari'] as const
export type OldBrowser = (typeof OLD_BROWSERS)[number]

/** What clients may send and how long they may take. */
export interface ClientSettings {
  readonly headerBufferBytes: number
  readonly largeHeaderBuffers: { readonly count: number; readonly bytes: number }
  readonly headerTimeoutMs: number
  /** Largest request body; 0 = no limit. */
  readonly bodyBytesMax: number
  readonly bodyBufferBytes: number
  readonly bodyTimeoutMs: number
  readonly bodyTempPath: string
  /** Whether a request body always becomes a file, and whether that stays (`on`) or goes with the request (`clean`). */
  readonly bodyFile: 'off' | 'on' | 'clean'
  readonly sendTimeoutMs: number
  readonly keepaliveTimeoutMs: number
  /** Value of the `Keep-Alive: timeout=` field in seconds; 0 = not sent. */
  readonly keepaliveHeaderSeconds: number
  readonly keepaliveRequestsMax: number
  readonly keepaliveAgeMaxMs: number
  /** An idle connection is not closed before this, neither for others nor at a graceful end. */
  readonly keepaliveMinMs: number
  /** Browsers whose connections close after each response: some old ones cannot keep them. */
  readonly keepaliveDisable: readonly OldBrowser[]
  /** Field lines of one request. */
  readonly fieldsMax: number
  /** Connections that took too long, and those of status 444, end with a reset. */
  readonly resetsTimedOut: boolean
  /** A response without a length is chunked; else its end is that of the connection. */
  readonly sendsChunks: boolean
  readonly allowsUnderscores: boolean
  readonly ignoresInvalidFields: boolean
  readonly lingering: {
    readonly mode: 'off' | 'on' | 'always'
    readonly timeMs: number
    readonly timeoutMs: number
  }
}

/** `disable_symlinks`: files behind links are refused, or those behind links of other owners than their own. */
export interface SymlinkRule {
  readonly mode: 'on' | 'if_not_owner'
  /** Links in this beginning of a path are none of our business; null = all of it is looked at. */
  readonly from: Template | null
}

/** How files are served and named. */
export interface FileSettings {
  /** Directory; with `isAlias` it replaces the location's prefix instead of being put before the path. */
  readonly root: Template
  readonly isAlias: boolean
  readonly index: readonly Template[]
  readonly defaultType: string
  /** Extension (lower case, without dot) → media type. One shared object for each `types` block. */
  readonly types: Readonly<Record<string, string>>
  /** When a date of If-Modified-Since makes a 304: never, if it is the file's, or if it is not before that. */
  readonly modifiedSince: 'off' | 'exact' | 'before'
  readonly hasEtag: boolean
  /** Ranges of one request, more give the whole; 0 = parts are never given, null = any number. */
  readonly rangesMax: number | null
  /** Null = links are followed. */
  readonly symlinks: SymlinkRule | null
  /** A directory without an index is answered with the list of what is in it. */
  readonly hasAutoindex: boolean
  readonly autoindexFormat: 'html' | 'json' | 'jsonp' | 'xml'
  /** Sizes in bytes, else rounded; on pages. */
  readonly autoindexExact: boolean
  /** Times of here and not of Greenwich; on pages. */
  readonly autoindexLocal: boolean
}

export interface Settings {
  readonly client: ClientSettings
  readonly files: FileSettings
  readonly proxy: ProxySettings
  /** Read and checked, not in use yet. */
  readonly tls: ServerTls
  readonly access: AccessSettings
  /** For names that only a request knows. */
  readonly resolver: ResolverSettings
  readonly limits: LimitSettings
  readonly realIp: RealIpSettings
  readonly addFields: readonly AddedField[]
  /** Fields behind the body, which is chunked for them. */
  readonly addTrailers: readonly AddedField[]
  readonly expires: Expires
  readonly errorPages: readonly ErrorPage[]
  /** An error in an error page has its error page, too. */
  readonly nestsErrorPages: boolean
  /** Empty = off. */
  readonly accessLogs: readonly AccessLog[]
  readonly errorLogs: readonly ErrorLog[]
  /** `on` names the version in Server and error pages, `off` only the name, `''` sends no Server field. */
  readonly serverTokens: 'on' | 'off' | ''
  readonly mergesSlashes: boolean
  readonly absoluteRedirect: boolean
  readonly portInRedirect: boolean
  readonly serverNameInRedirect: boolean
  readonly logsNotFound: boolean
  /** What `rewrite` and `if` find is logged, as notices. */
  readonly logsRewrites: boolean
  /** A variable that nothing was put into is warned of where it is used. */
  readonly warnsUnset: boolean
}
