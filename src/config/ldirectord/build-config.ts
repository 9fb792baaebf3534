// Makes the model out of the sections: for each virtual server a listener and a group. The proxy's
// own settings are the safe ones of the YAML dialect, but where packets that are forwarded have no
// limit, requests have none either: size of bodies, and the quarter of an hour after which the
// kernel forgets a silent connection.

import { type Config, NO_FILE_WATCH, type ProcessSettings } from '../../model/config.ts'
import { DEFAULT_COMPAT, DEFAULT_LOG_FORMATS } from '../../model/defaults.ts'
import type { Server } from '../../model/route.ts'
import type { ErrorLog, Settings } from '../../model/settings.ts'
import { literal } from '../../model/template.ts'
import type { Upstream } from '../../model/upstream.ts'
import type { Source } from '../source.ts'
import { yamlProcess, yamlSettings } from '../yaml/defaults.ts'
import { buildUpstream } from './build-upstream.ts'
import type { Draft, VirtualDraft } from './draft.ts'
import type { Reading } from './reading.ts'
import { serverText } from './server-address.ts'

/** How long the kernel's virtual server keeps a connection on which nothing comes. */
const SILENCE_MS = 900_000

const BACKLOG = 511

/** Makes the configuration; what cannot be is reported to `reading` and left out. */
export function buildConfig(
  virtuals: readonly VirtualDraft[],
  globals: Draft,
  source: Source,
  reading: Reading,
): Config {
  const errorLogs = [errorLog(globals)]
  const settings = buildSettings(reading.options.prefix, errorLogs)
  const upstreams: Upstream[] = []
  const servers: Server[] = []
  for (const virtual of distinct(virtuals, reading)) {
    const upstream = buildUpstream(virtual, globals, reading)
    if (upstream === null) continue
    upstreams.push(upstream)
    servers.push(makeServer(virtual, upstream, settings))
  }
  return {
    format: 'ldirectord',
    file: source.file,
    files: [source.file],
    compat: DEFAULT_COMPAT,
    isStrict: false,
    process: buildProcess(globals, errorLogs, source, reading),
    upstreams,
    servers,
    logFormats: DEFAULT_LOG_FORMATS,
    caches: [],
    limitZones: [],
    variables: [],
  }
}

function distinct(virtuals: readonly VirtualDraft[], reading: Reading): readonly VirtualDraft[] {
  const seen = new Map<string, VirtualDraft>()
  for (const virtual of virtuals) {
    const name = serverText(virtual.host, virtual.port)
    const earlier = seen.get(name)
    if (earlier === undefined) seen.set(name, virtual)
    else {
      const hint = `the first stands in line ${earlier.origin.line}`
      reading.diagnostics.error(`Duplicate virtual server ${name}`, virtual.origin, hint)
    }
  }
  return [...seen.values()]
}

function makeServer(virtual: VirtualDraft, { name }: Upstream, settings: Settings): Server {
  const { host, port, origin } = virtual
  return {
    origin,
    listens: [
      {
        origin,
        address: { kind: 'tcp', host, port },
        isDefault: false,
        backlog: BACKLOG,
        ipv6Only: true,
        expectsProxyHeader: false,
      },
    ],
    names: [{ kind: 'exact', name: '' }],
    name: '',
    settings,
    returns: null,
    action: {
      kind: 'proxy',
      target: { origin, scheme: 'http', upstream: name, address: literal(name), uri: null },
    },
    locations: [],
  }
}

function buildSettings(prefix: string, errorLogs: readonly ErrorLog[]): Settings {
  const yaml = yamlSettings(DEFAULT_COMPAT, prefix)
  const { proxy, client } = yaml
  return {
    ...yaml,
    client: { ...client, bodyBytesMax: 0 },
    proxy: {
      ...proxy,
      sendTimeoutMs: SILENCE_MS,
      readTimeoutMs: SILENCE_MS,
      // Until a check has found it out, the errors of one real are not what users get.
      retry: {
        ...proxy.retry,
        on: ['error', 'timeout', 'http_500', 'http_502', 'http_503', 'http_504'],
      },
    },
    accessLogs: [],
    errorLogs,
  }
}

/** Changes of reals are notices. */
function errorLog({ logfile, supervised }: Draft): ErrorLog {
  const isFile = supervised?.value !== true && logfile?.value.startsWith('/') === true
  return { path: isFile ? logfile.value : 'stderr', level: 'notice', format: 'text' }
}

function buildProcess(
  { autoreload, callback, logfile }: Draft,
  errorLogs: readonly ErrorLog[],
  { file }: Source,
  { options }: Reading,
): ProcessSettings {
  const origin = { file, line: 0, column: 0, endColumn: 0 }
  return {
    ...yamlProcess(options.prefix),
    origin,
    // The command line says where the log goes only when the file does not.
    ...(logfile?.value.startsWith('/') === true ? { origins: { errorLogs: logfile.origin } } : {}),
    errorLogs,
    fileWatch: {
      isReloading: autoreload?.value ?? NO_FILE_WATCH.isReloading,
      command: callback?.value ?? NO_FILE_WATCH.command,
    },
  }
}
