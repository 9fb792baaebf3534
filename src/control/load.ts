// From a file name to a configuration that could run: read, apply what the command line says, resolve names, look at
// the files that it writes. Used by start, reload and check alike, so that all three judge a file the same way.

import { join } from 'node:path'

import { readConfig } from '../config/read.ts'
import type { ReadResult } from '../config/reader.ts'
import type { Config, Format } from '../model/config.ts'
import { defaultErrorLog } from '../model/defaults.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { withFallbackGroups } from '../model/fallback-group.ts'
import { addressText } from '../model/listener.ts'
import { BUILT_IN, originOf } from '../model/origin.ts'
import type { ErrorLog } from '../model/settings.ts'
import { WORKERS_MAX } from '../zone/peer-zone.ts'
import { checkCacheDirectories } from './cache/cache-directories.ts'
import { readFallbackPages } from './fallback-pages.ts'
import { probeListeners } from './listen-probe.ts'
import { mapSettings } from './map-settings.ts'
import type { NamesUsed, NameTable } from './name-table.ts'
import { checkOutputFiles } from './output-files.ts'
import { listPeers, makeLine, type UpstreamLines, weightProblem } from './peer-lines.ts'
import { checkModules, checkPrograms } from './programs.ts'
import { dualStackIn, listenAddresses, workerCount } from './reload-plan.ts'
import { resolveLines, type UpstreamAddresses } from './resolve.ts'
import { applyState } from './state-file.ts'
import { checkTemporaryDirectories } from './temporary-directories.ts'
import { resolveTrusted } from './trusted-names.ts'

/** What the command line says about the configuration. */
export interface LoadOptions {
  /** Absolute. */
  readonly file: string
  /** Absolute. */
  readonly prefix: string
  readonly globals: string
  readonly format: Format | null
  readonly env: Readonly<Record<string, string | undefined>>
  readonly hostname: string
  /** `run`: stay in the foreground, and what names no log or pid file has stderr and none. */
  readonly isForeground: boolean
  /** `-e`, where the configuration names no error log: `stderr` or relative to the prefix; null for the default. */
  readonly errorLogPath: string | null
  /** Keep every directive of an nginx.conf with its place. */
  readonly keepsWritten?: boolean
}

/** What was read; `config` is null when it cannot be used. */
export interface Loaded extends ReadResult {
  /** What stands behind the addresses of `config.upstreams`, in their order. */
  readonly lines: readonly UpstreamLines[]
  /** The names that it follows; null when it is not to run. */
  readonly names: NamesUsed | null
}

/** The names of a running process; `isTrial`: nothing is to be followed, the configuration is only looked at. */
export interface LoadNames {
  readonly table: NameTable
  readonly isTrial: boolean
}

/** Reads the file and everything it includes, without asking for names. */
export function readFor(options: LoadOptions): ReadResult {
  const { file, prefix, globals, env, hostname, format, keepsWritten = false } = options
  const readOptions = { prefix, globals, env, hostname, keepsWritten }
  const result = readConfig(file, format === null ? readOptions : { ...readOptions, format })
  if (result.config === null) return result
  return { ...result, config: withCommandLine(result.config, options) }
}

/** Reads the file, resolves the names in it, and looks whether it could run on this machine. */
export async function load(options: LoadOptions, { table, isTrial }: LoadNames): Promise<Loaded> {
  const result = withStates(readFor(options), options)
  if (result.config === null) return { ...result, lines: [], names: null }
  const { config: written, diagnostics: unreadable } = readFallbackPages(result.config)
  const { config: known, diagnostics: strangers } = await resolveTrusted(written)
  const { config, diagnostics: unwritable } = checkTemporaryDirectories(
    withFallbackGroups(known),
    result,
  )
  const names = await table.prepare(config.upstreams)
  const { lines, diagnostics: unresolved } = await resolveLines(config.upstreams, {
    follow: (upstream, peer) => {
      // nginx refuses a name that it cannot find, unless it was told to look again.
      if (config.isStrict && !peer.isResolving) return null
      return isTrial ? makeLine([]) : names.line(upstream, peer)
    },
  })
  await names.settled()
  const upstreams = lines.map(listPeers)
  const found = [
    ...names.diagnostics,
    ...unresolved,
    ...checkOutputFiles(config, options.prefix),
    ...checkCacheDirectories(config),
    ...checkPrograms(config, options.env.PATH),
    ...(await checkModules(config)),
    ...strangers,
    ...unreadable,
    ...unwritable,
    ...checkWorkerCount(config),
    ...checkWeights(config, upstreams),
  ]
  return {
    ...result,
    config: found.some(({ severity }) => severity === 'error') ? null : config,
    diagnostics: [...result.diagnostics, ...found],
    lines,
    names: names.used,
  }
}

/** The file as `load` reads it, with nothing asked of the network and nothing tried on this machine. */
export async function loadOffline(options: LoadOptions): Promise<Loaded> {
  const result = withStates(readFor(options), options)
  if (result.config === null) return { ...result, lines: [], names: null }
  const { config: written, diagnostics: unreadable } = readFallbackPages(result.config)
  const config = withFallbackGroups(written)
  // A name stands for itself: where it leads is found out at the start.
  const { lines } = await resolveLines(config.upstreams, {
    lookup: async host => [host],
    follow: (_upstream, peer) => makeLine([peer.address]),
  })
  const isRefused = unreadable.some(({ severity }) => severity === 'error')
  const diagnostics = [...result.diagnostics, ...unreadable]
  return { ...result, config: isRefused ? null : config, diagnostics, lines, names: null }
}

/** Puts in the peers that state files keep. */
function withStates(result: ReadResult, { prefix, env, hostname }: LoadOptions): ReadResult {
  const { config } = result
  if (config === null || config.upstreams.every(({ statePath }) => statePath === null))
    return result
  const states = config.upstreams.map(upstream =>
    applyState(upstream, { prefix, env, hostname, globals: '' }),
  )
  const found = states.flatMap(({ diagnostics }) => diagnostics)
  const sources = states.flatMap(({ source }) => source ?? [])
  return {
    ...result,
    config: found.some(({ severity }) => severity === 'error')
      ? null
      : { ...config, upstreams: states.map(({ upstream }) => upstream) },
    diagnostics: [...result.diagnostics, ...found],
    sources: new Map([...result.sources, ...sources.map(source => [source.file, source] as const)]),
  }
}

/**
 * Binds every address once, for a test of the configuration. An address in use is fine, as in nginx: the process that
 * shall get the configuration may be the one that has it.
 */
export async function checkListeners(config: Config): Promise<Diagnostic[]> {
  const listens = config.servers.flatMap(server => server.listens)
  const addresses = listenAddresses(config)
  const problems = await probeListeners(addresses, { isDualStack: dualStackIn(config) })
  return problems
    .filter(problem => problem.code !== 'EADDRINUSE')
    .map(({ address, text }) => {
      const listen = listens.find(item => addressText(item.address) === addressText(address))
      return { severity: 'error', message: text, origin: listen?.origin ?? BUILT_IN, hint: '' }
    })
}

/** A name counts once for each of its addresses: weights that fit as written may not fit as resolved. */
export function checkWeights(
  config: Config,
  upstreams: readonly UpstreamAddresses[],
): Diagnostic[] {
  return upstreams.flatMap((addresses, index): Diagnostic[] => {
    const upstream = config.upstreams[index]!
    const what = weightProblem(upstream, addresses)
    if (what === '') return []
    const message = `Cannot use upstream "${upstream.name}": ${what}`
    const hint = 'only their proportion matters'
    return [{ severity: 'error', message, origin: originOf(upstream, 'peers'), hint }]
  })
}

function checkWorkerCount(config: Config): Diagnostic[] {
  const count = workerCount(config)
  if (count <= WORKERS_MAX) return []
  const message = `Cannot start ${count} workers: there are at most ${WORKERS_MAX}`
  const origin = originOf(config.process, 'workerProcesses')
  return [{ severity: 'error', message, origin, hint: '"auto" starts one for each processor' }]
}

/** Puts in what the command line says where the configuration is silent. */
export function withCommandLine(config: Config, options: LoadOptions): Config {
  const { process } = config
  const isSilent = process.origins?.errorLogs === undefined
  const errorLog = isSilent ? commandLineLog(options) : null
  const changed = errorLog === null ? config : withErrorLog(config, options.prefix, errorLog)
  if (!options.isForeground) return changed
  const pidPath = process.origins?.pidPath === undefined ? '' : process.pidPath
  return { ...changed, process: { ...changed.process, isDaemon: false, pidPath } }
}

function commandLineLog(options: LoadOptions): ErrorLog | null {
  const { errorLogPath, prefix, isForeground } = options
  if (errorLogPath !== null) {
    const isStderr = errorLogPath === 'stderr'
    const path =
      isStderr || errorLogPath.startsWith('/') ? errorLogPath : join(prefix, errorLogPath)
    return { path, level: isForeground ? 'notice' : 'error', format: 'text' }
  }
  return isForeground ? { path: 'stderr', level: 'notice', format: 'text' } : null
}

/** Replaces the error log that holds by default, wherever it was inherited. */
function withErrorLog(config: Config, prefix: string, errorLog: ErrorLog): Config {
  const byDefault = defaultErrorLog(prefix)
  const replace = (logs: readonly ErrorLog[]): readonly ErrorLog[] =>
    logs.length === 1 && logs[0]!.path === byDefault.path ? [errorLog] : logs
  const changed = mapSettings(config, from => ({ ...from, errorLogs: replace(from.errorLogs) }))
  return { ...changed, process: { ...config.process, errorLogs: [errorLog] } }
}
