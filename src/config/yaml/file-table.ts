// The top of a file: the process, the groups, the formats, the settings that all servers inherit,
// and the servers.

import type { CachePath } from '../../model/cache.ts'
import {
  COMPAT_PROFILES,
  type CompatProfile,
  type FileWatch,
  NO_FILE_WATCH,
  type ProcessSettings,
} from '../../model/config.ts'
import { DEFAULT_LOG_FORMATS } from '../../model/defaults.ts'
import type { LimitZone } from '../../model/limit-settings.ts'
import type { Server } from '../../model/route.ts'
import type { LogFormat, Settings } from '../../model/settings.ts'
import type { Upstream } from '../../model/upstream.ts'
import type { VariableDefinition } from '../../model/variable-definitions.ts'
import { CACHES } from './caches-table.ts'
import { yamlProcess, yamlSettings } from './defaults.ts'
import { type Kind, nullable, wordKind } from './kind.ts'
import { LIMIT_ZONES } from './limits-table.ts'
import { LOG_FORMATS } from './logging-table.ts'
import { DURATION } from './measures.ts'
import { COMMAND, OPTIONAL_PATH } from './paths.ts'
import { record } from './record.ts'
import { readServers, SERVERS_SHAPE, writeServers } from './route-table.ts'
import { isSameData, type Row, rowsOf, within } from './row.ts'
import { SETTINGS_ROWS } from './settings-table.ts'
import { UPSTREAMS } from './upstream-table.ts'
import { VARIABLES } from './variables-table.ts'
import { BOOLEAN, choice, FROM_ENVIRONMENT, integer } from './words.ts'

/** Everything that a file says. */
export interface FileDraft {
  readonly compat: CompatProfile
  readonly isStrict: boolean
  readonly process: ProcessSettings
  readonly upstreams: readonly Upstream[]
  readonly logFormats: readonly LogFormat[]
  readonly caches: readonly CachePath[]
  readonly limitZones: readonly LimitZone[]
  readonly variables: readonly VariableDefinition[]
  /** What servers inherit. */
  readonly settings: Settings
  readonly servers: readonly Server[]
}

/** A file in which nothing stands. */
export function blankFile(compat: CompatProfile, prefix: string): FileDraft {
  return {
    compat,
    isStrict: false,
    process: yamlProcess(prefix),
    upstreams: [],
    logFormats: DEFAULT_LOG_FORMATS,
    caches: [],
    limitZones: [],
    variables: [],
    settings: yamlSettings(compat, prefix),
    servers: [],
  }
}

const WORKERS: Kind<number | 'auto'> = wordKind<number | 'auto'>({
  label: 'number, `auto`',
  wanted: 'a number from 1, or auto for one per processor',
  schema: {
    anyOf: [
      { type: 'integer', minimum: 1 },
      { const: 'auto' },
      { type: 'string', pattern: FROM_ENVIRONMENT },
    ],
  },
  parse: text => (text === 'auto' ? text : /^[1-9][0-9]{0,3}$/.test(text) ? Number(text) : null),
  print: value => value,
})

const watchRow = rowsOf<FileWatch>()
const RELOADING: FileWatch = { ...NO_FILE_WATCH, isReloading: true }

/** Yes or no, or that and a program. */
const FILE_WATCH: Kind<FileWatch> = record<FileWatch>({
  label: '`true`, `false`, mapping',
  wanted: 'true, false, or a mapping such as { command: /usr/local/bin/changed }',
  place: 'in "auto_reload"',
  rows: [
    watchRow('on', 'isReloading', BOOLEAN, { doc: 'Reload', nginx: 'auto_reload' }),
    watchRow('command', 'command', nullable(COMMAND), {
      doc: 'Run with the path of this file after each change, whether reloaded or not',
      nginx: 'auto_reload',
    }),
  ],
  blank: () => RELOADING,
  short: {
    read: (node, reading) => {
      const isReloading = BOOLEAN.read(node, reading)
      return isReloading === undefined ? undefined : { ...NO_FILE_WATCH, isReloading }
    },
    write: watch => {
      if (isSameData(watch, RELOADING)) return true
      return isSameData(watch, NO_FILE_WATCH) ? false : undefined
    },
    schema: BOOLEAN.schema(),
  },
})

const file = rowsOf<FileDraft>()
const ofProcess = rowsOf<ProcessSettings>()

const COMPAT = file('compat', 'compat', choice(COMPAT_PROFILES), {
  doc: 'Whose defaults hold where nginx changed them',
})

const GROUPS = file('upstreams', 'upstreams', UPSTREAMS, {
  doc: 'Named groups of peers',
  nginx: 'upstream',
})

const PROCESS_ROWS: readonly Row<ProcessSettings>[] = [
  ofProcess('workers', 'workerProcesses', WORKERS, {
    doc: 'Worker threads; `auto` is one per processor',
    nginx: 'worker_processes',
  }),
  ofProcess('worker_connections', 'workerConnectionsMax', integer(1), {
    doc: 'Client connections per worker',
    nginx: 'worker_connections',
  }),
  ofProcess('shutdown_timeout', 'shutdownTimeoutMs', DURATION, {
    doc: 'How long a graceful stop waits for requests; 0 = for ever',
    nginx: 'worker_shutdown_timeout',
  }),
  ofProcess('daemon', 'isDaemon', BOOLEAN, { doc: 'Go to the background', nginx: 'daemon' }),
  ofProcess('pid', 'pidPath', OPTIONAL_PATH, { doc: 'File for the process id', nginx: 'pid' }),
  ofProcess('control', 'controlPath', nullable(OPTIONAL_PATH), {
    doc: 'Unix socket that `headgate status` asks; without, at its usual place',
    nginx: 'control_socket',
  }),
  ofProcess('auto_reload', 'fileWatch', FILE_WATCH, {
    doc: 'Reload when this file changed on disk; a bad one changes nothing',
    nginx: 'auto_reload',
  }),
]

/** The keys of a file, in the order in which they are read and written. */
export const FILE_ROWS: readonly Row<FileDraft>[] = [
  {
    ...COMPAT,
    read(entry, reading, draft, origins) {
      const { compat } = COMPAT.read(entry, reading, draft, origins)
      reading.profile = compat
      return blankFile(compat, reading.prefix)
    },
    // Always: a file that was converted shall mean the same when the default moves on.
    write: ({ compat }) => compat,
  },
  file('strict', 'isStrict', BOOLEAN, {
    doc:
      'Do as nginx does also where its behaviour is a trap ' +
      '(docs/decisions/010-deviations-from-nginx.md)',
  }),
  ...within<FileDraft, 'process'>('process', PROCESS_ROWS),
  file('log_formats', 'logFormats', LOG_FORMATS, {
    doc: 'Formats for `access_log`, beside `combined` and `json`',
    nginx: 'log_format',
  }),
  {
    ...GROUPS,
    // Those that addresses make need no writing.
    write: (value, base, writing) =>
      value.upstreams.every(upstream => upstream.isImplicit)
        ? undefined
        : GROUPS.write(value, base, writing),
  },
  file('caches', 'caches', CACHES, {
    doc: 'Directories of stored responses, for `cache`',
    nginx: 'proxy_cache_path',
  }),
  file('variables', 'variables', VARIABLES, {
    doc: 'Variables made of others: by a map of texts, by networks, by shares of clients',
    nginx: 'map, geo, split_clients',
  }),
  file('limit_zones', 'limitZones', LIMIT_ZONES, {
    doc: 'Memory that requests and connections are counted in, for `limits`',
    nginx: 'limit_req_zone, limit_conn_zone',
  }),
  ...within<FileDraft, 'settings'>('settings', SETTINGS_ROWS),
  {
    name: 'servers',
    doc: 'Who answers where; the first of an address is its default',
    nginx: 'server',
    isRequired: true,
    shape: SERVERS_SHAPE,
    read(entry, reading, draft, origins) {
      origins.servers = reading.origin(entry.key)
      return { ...draft, servers: readServers(entry, reading, levelOf(draft), origins) }
    },
    write: (value, _base, writing) => writeServers(value.servers, levelOf(value), writing),
    show: () => undefined,
    hoist: (_values, onto) => onto,
  },
]

function levelOf({ settings }: FileDraft): Parameters<typeof readServers>[2] {
  return { settings, returns: null, action: { kind: 'files' } }
}
