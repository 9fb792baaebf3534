// Everything of one location that is not its match or its action, with inheritance already resolved: a request only reads.
// Locations that change nothing share the object of their parent (structured cloning keeps the sharing).

import { LOG_LEVELS, type LogLevel } from '../base/log-level.ts'
import type { ProxySettings } from './proxy-settings.ts'
import type { ResolverSettings } from './resolver.ts'
import type { Template } from './template.ts'

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
  | { readonly kind: 'variable'; readonly value: Template }

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
  readonly sendTimeoutMs: number
  readonly keepaliveTimeoutMs: number
  /** Value of the `Keep-Alive: timeout=` field in seconds; 0 = not sent. */
  readonly keepaliveHeaderSeconds: number
  readonly keepaliveRequestsMax: number
  readonly keepaliveAgeMaxMs: number
  readonly allowsUnderscores: boolean
  readonly ignoresInvalidFields: boolean
  readonly lingering: {
    readonly mode: 'off' | 'on' | 'always'
    readonly timeMs: number
    readonly timeoutMs: number
  }
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
}

export interface Settings {
  readonly client: ClientSettings
  readonly files: FileSettings
  readonly proxy: ProxySettings
  /** For names that only a request knows. */
  readonly resolver: ResolverSettings
  readonly addFields: readonly AddedField[]
  readonly expires: Expires
  readonly errorPages: readonly ErrorPage[]
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
}
