// The files that a configuration writes: logs, the pid file, states of groups. A check and a reload look at them before anything is
// changed, and leave nothing behind: nothing is created to find out whether it could be.

import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

import { callFailedText, systemErrorCode } from '../base/system-error.ts'
import type { Config } from '../model/config.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { type Origin, originOf } from '../model/origin.ts'
import type { Location } from '../model/route.ts'
import type { Settings } from '../model/settings.ts'
import { literalText } from '../model/template.ts'
import type { Upstream } from '../model/upstream.ts'

/** Where nginx's defaults put logs and the pid file; a package of nginx brings the directory along. */
const DEFAULT_DIRECTORY = 'logs'
/** Errors of a directory that is there, and not ours to write into. */
const CLOSED: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS'])

/** A finding for each file that the configuration writes and that cannot be written. */
export function checkOutputFiles(config: Config, prefix: string): Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  for (const [path, origin] of outputFiles(config)) {
    const error = cannotWrite(path)
    if (error === null) continue
    // `makeLogDirectory` makes it, if it can.
    const parent = logParents(config, prefix).find(each => isLogOf(path, each))
    const isMakeable = parent !== undefined && systemErrorCode(error) === 'ENOENT'
    const message = callFailedText('open', `"${path}"`, error)
    if (isMakeable && cannotWriteIn(parent) === null) continue
    diagnostics.push({ severity: 'error', message, origin, hint: '' })
  }
  return [...diagnostics, ...config.upstreams.flatMap(checkStateFile)]
}

/** A state file is replaced whole, so it is its directory that must be there and take a file. */
function checkStateFile(upstream: Upstream): Diagnostic[] {
  const { statePath } = upstream
  if (statePath === null) return []
  const error = cannotWriteIn(dirname(statePath))
  if (error === null) return []
  const isClosed = CLOSED.has(systemErrorCode(error))
  const message = callFailedText('open', `"${statePath}"`, error)
  const origin = originOf(upstream, 'statePath')
  const hint = isClosed
    ? 'its peers are read from it, and cannot be changed while the program runs'
    : `make the directory: ${dirname(statePath)}`
  return [{ severity: isClosed ? 'warning' : 'error', message, origin, hint }]
}

/**
 * Makes `logs` under the prefix, or beside a file of YAML, when the configuration writes into it and it is missing.
 * Throws the system error.
 */
export function makeLogDirectory(config: Config, prefix: string): void {
  const paths = [...outputFiles(config).keys()]
  for (const parent of logParents(config, prefix)) {
    const isWanted = paths.some(path => isLogOf(path, parent))
    if (isWanted) mkdirSync(join(parent, DEFAULT_DIRECTORY), { recursive: true })
  }
}

/** What relative paths of logs stand under: an nginx.conf that was converted writes beside its YAML. */
function logParents({ file, format }: Config, prefix: string): readonly string[] {
  return format === 'yaml' ? [prefix, dirname(resolve(file))] : [prefix]
}

function isLogOf(path: string, parent: string): boolean {
  return dirname(path) === join(parent, DEFAULT_DIRECTORY)
}

/** Every path with a fixed name, and where it was written; the standard outputs left out. */
export function outputFiles(config: Config): ReadonlyMap<string, Origin> {
  const files = new Map<string, Origin>()
  const add = (path: string | null, origin: Origin) => {
    if (path === null || !path.startsWith('/') || path.startsWith('/dev/')) return
    if (!files.has(path)) files.set(path, origin)
  }
  const addSettings = (settings: Settings, origin: Origin) => {
    for (const { path } of settings.errorLogs) add(path, origin)
    for (const { path } of settings.accessLogs) add(literalText(path), origin)
  }
  const addLocation = (location: Location) => {
    addSettings(location.settings, location.origin)
    if (location.limitExcept !== undefined) addLocation(location.limitExcept.location)
    location.locations.forEach(addLocation)
  }
  const { process } = config
  for (const { path } of process.errorLogs) add(path, originOf(process, 'errorLogs'))
  for (const server of config.servers) {
    addSettings(server.settings, server.origin)
    server.locations.forEach(addLocation)
  }
  add(process.pidPath, originOf(process, 'pidPath'))
  return files
}

function cannotWrite(path: string): unknown {
  try {
    if (statSync(path).isDirectory()) return new Error('it is a directory')
    accessSync(path, constants.W_OK)
    return null
  } catch (error) {
    return systemErrorCode(error) === 'ENOENT' ? cannotWriteIn(dirname(path)) : error
  }
}

function cannotWriteIn(directory: string): unknown {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    return error
  }
}
