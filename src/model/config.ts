// Everything that one configuration says, as plain cloneable data: the only thing that readers make and workers get.

import type { CachePath } from './cache.ts'
import type { LimitZone } from './limit-settings.ts'
import type { Sourced } from './origin.ts'
import type { Server } from './route.ts'
import type { ErrorLog, LogFormat } from './settings.ts'
import type { Upstream } from './upstream.ts'
import type { VariableDefinition } from './variable-definitions.ts'

export const FORMATS = ['yaml', 'nginx', 'ldirectord'] as const
/** A configuration dialect. */
export type Format = (typeof FORMATS)[number]

export const COMPAT_PROFILES = ['nginx/1.28', 'nginx/1.30'] as const
/** Whose defaults hold where nginx changed them (docs/decisions/009-compat-profiles.md). */
export type CompatProfile = (typeof COMPAT_PROFILES)[number]

export interface ProcessSettings extends Sourced {
  readonly workerProcesses: number | 'auto'
  /** Client connections per worker. */
  readonly workerConnectionsMax: number
  readonly isDaemon: boolean
  /** Absolute; empty = none. */
  readonly pidPath: string
  /** How long a graceful stop waits for requests; 0 = for ever. */
  readonly shutdownTimeoutMs: number
  readonly errorLogs: readonly ErrorLog[]
  /** Absolute: the unix socket that `status` asks; null = at its usual place, empty = none. */
  readonly controlPath: string | null
  readonly fileWatch: FileWatch
}

/** What happens when a configuration file changes on disk (ldirectord: `autoreload`, `callback`). */
export interface FileWatch {
  readonly isReloading: boolean
  /** Program that is run with the main file's path; null = none. */
  readonly command: string | null
}

export const NO_FILE_WATCH: FileWatch = { isReloading: false, command: null }

export interface Config {
  readonly format: Format
  /** The main file, as it was given. */
  readonly file: string
  /** Every file that was read, includes too: what a reload reads again. */
  readonly files: readonly string[]
  readonly compat: CompatProfile
  /** Switches our two deviations from nginx off (docs/decisions/010-deviations-from-nginx.md). */
  readonly isStrict: boolean
  readonly process: ProcessSettings
  readonly upstreams: readonly Upstream[]
  readonly servers: readonly Server[]
  readonly logFormats: readonly LogFormat[]
  /** One for temporary files may stand in the directory of one. */
  readonly caches: readonly CachePath[]
  /** Where requests and connections are counted, each name once. */
  readonly limitZones: readonly LimitZone[]
  /** Of two of one name the later one counts. */
  readonly variables: readonly VariableDefinition[]
}
