// From a file name to a configuration that could run: read, apply what the command line says, resolve names, look at
// the files that it writes. Used by start, reload and check alike, so that all three judge a file the same way.

import { join } from 'node:path'

import { readConfig } from '../config/read.ts'
import type { ReadResult } from '../config/reader.ts'
import type { Config, Format } from '../model/config.ts'
import { defaultErrorLog } from '../model/defaults.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { addressText } from '../model/listener.ts'
import { BUILT_IN, originOf } from '../model/origin.ts'
import type { ErrorLog } from '../model/settings.ts'
import { WEIGHT_TOTAL_MAX } from '../model/upstream.ts'
import { WORKERS_MAX } from '../zone/peer-zone.ts'
import { probeListeners } from './listen-probe.ts'
import { mapSettings } from './map-settings.ts'
import { checkOutputFiles } from './output-files.ts'
import { dualStackIn, listenAddresses, workerCount } from './reload-plan.ts'
import { type ResolveOptions, resolveUpstreams, type UpstreamAddresses } from './resolve.ts'
import { checkTemporaryDirectories } from './temporary-directories.ts'

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
}

/** What was read; `config` is null when it cannot be used. */
export interface Loaded extends ReadResult {
  /** The addresses of `config.upstreams`, in their order. */
  readonly upstreams: readonly UpstreamAddresses[]
}

/** Reads the file and everything it includes, without asking for names. */
export function readFor(options: LoadOptions): ReadResult {
  const { file, prefix, globals, env, hostname, format } = options
  const readOptions = { prefix, globals, env, hostname }
  const result = readConfig(file, format === null ? readOptions : { ...readOptions, format })
  if (result.config === null) return result
  return { ...result, config: withCommandLine(result.config, options) }
}

/** Reads the file, resolves the names in it, and looks whether it could run on this machine. */
export async function load(options: LoadOptions, resolving: ResolveOptions = {}): Promise<Loaded> {
  const result = readFor(options)
  if (result.config === null) return { ...result, upstreams: [] }
  const { config, diagnostics: unwritable } = checkTemporaryDirectories(result.config, result)
  const { upstreams, diagnostics: unresolved } = await resolveUpstreams(config.upstreams, resolving)
  const found = [
    ...unresolved,
    ...checkOutputFiles(config, options.prefix),
    ...unwritable,
    ...checkWorkerCount(config),
    ...checkWeights(config, upstreams),
  ]
  return {
    ...result,
    config: found.some(({ severity }) => severity === 'error') ? null : config,
    diagnostics: [...result.diagnostics, ...found],
    upstreams,
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
  return upstreams.flatMap(({ name, peers }, index): Diagnostic[] => {
    const upstream = config.upstreams[index]!
    const total = peers.reduce((sum, { peer }) => sum + upstream.peers[peer]!.weight, 0)
    if (total <= WEIGHT_TOTAL_MAX) return []
    const count = peers.length
    const what = `the weights of its ${count} addresses pass ${WEIGHT_TOTAL_MAX}`
    const message = `Cannot use upstream "${name}": ${what}`
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
