// The programs and modules that a configuration names: checks, alerts, fallbacks. One that is missing
// is a warning, no error: it may come later, and until then the log says each time that it is not
// there.

import { accessSync, constants, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'

import { systemErrorText } from '../base/system-error.ts'
import type { Config } from '../model/config.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { type Origin, originOf } from '../model/origin.ts'
import type { Probe, ProbeCheck } from '../model/probe.ts'
import { splitWords } from './run-program.ts'

/** A file that is to be run or loaded. */
interface Wanted {
  /** Absolute, or a name on the PATH. */
  readonly file: string
  readonly kind: 'program' | 'module'
  readonly origin: Origin
  /** What comes of it when it is missing. */
  readonly effect: string
}

/** Where programs are looked for when the environment does not say. */
const USUAL_PATH = '/usr/local/bin:/usr/bin:/bin'

/**
 * A warning for each program and module that cannot be run or read.
 *
 * @param path the PATH of the environment
 */
export function checkPrograms(config: Config, path = USUAL_PATH): Diagnostic[] {
  const found = new Map<string, Diagnostic>()
  for (const { file, kind, origin, effect } of wantedFiles(config)) {
    const key = [origin.file, origin.line, origin.column, file].join('\n')
    if (found.has(key)) continue
    const problem = kind === 'module' ? fileProblem(file, constants.R_OK) : runProblem(file, path)
    if (problem === '') continue
    const verb = kind === 'module' ? 'read' : 'run'
    const message = `Cannot ${verb} "${file}" (${problem}): ${effect}`
    const isName = kind === 'program' && !file.includes('/')
    const hint = file === 'ping' ? 'install it' : isName ? 'install it, or write where it is' : ''
    found.set(key, { severity: 'warning', message, origin, hint })
  }
  return [...found.values()]
}

/**
 * Loads each module of check functions once, in a thread of its own, and all at the same time. One
 * whose text is wrong is an error: its checks would take every peer out. What fails otherwise is a
 * warning, because it may work another time.
 */
export async function checkModules(config: Config): Promise<Diagnostic[]> {
  const modules = wantedFiles(config).filter(
    ({ kind, file }) => kind === 'module' && fileProblem(file, constants.R_OK) === '',
  )
  const byFile = new Map(modules.map(each => [each.file, each]))
  if (byFile.size === 0) return []
  const { tryModule } = await import('../probe/module-trial.ts')
  const found = await Promise.all(
    [...byFile.values()].map(async ({ file, origin, effect }): Promise<Diagnostic | null> => {
      const problem = await tryModule(file)
      if (problem === null) return null
      const message = `Cannot load "${file}" (${problem.text}): ${effect}`
      return { severity: problem.isLasting ? 'error' : 'warning', message, origin, hint: '' }
    }),
  )
  return found.filter(each => each !== null)
}

function wantedFiles(config: Config): Wanted[] {
  const upstreams = config.upstreams.flatMap(upstream => {
    const { probes, fallback, alerts } = upstream
    const wanted = probes.flatMap(probe => probeFiles(probe))
    if (fallback !== null && fallback.command !== null) {
      const effect = 'the fallback will not call it'
      wanted.push(commandFile(fallback.command, originOf(fallback, 'command'), effect))
    }
    if (alerts !== null && alerts.command !== null) {
      const effect = 'alerts by it will fail'
      wanted.push(commandFile(alerts.command, originOf(upstream, 'alerts'), effect))
    }
    return wanted
  })
  const { process } = config
  const { command } = process.fileWatch
  if (command === null) return upstreams
  const effect = 'a change of files will not call it'
  return [...upstreams, commandFile(command, originOf(process, 'fileWatch'), effect)]
}

function probeFiles(probe: Probe): Wanted[] {
  const checks = [probe.check, ...Object.values(probe.checksOfPeers ?? {})]
  const effect = `every check of probe "${probe.name}" will fail`
  const origin = probe.origins?.command ?? probe.origins?.modulePath ?? originOf(probe, 'check')
  return checks.flatMap(check => {
    const file = checkFile(check)
    return file === null ? [] : [{ ...file, origin, effect }]
  })
}

function checkFile(check: ProbeCheck): Pick<Wanted, 'file' | 'kind'> | null {
  switch (check.kind) {
    case 'external':
      return { file: check.command, kind: 'program' }
    case 'ping':
      return { file: 'ping', kind: 'program' }
    case 'function':
      return { file: check.modulePath, kind: 'module' }
    case 'combined':
      return checkFile(check.full)
    default:
      return null
  }
}

/** A command line: its first word is what is run. */
function commandFile(command: string, origin: Origin, effect: string): Wanted {
  return { file: splitWords(command)[0] ?? '', kind: 'program', origin, effect }
}

/** Why a program cannot be run; empty = it can. */
function runProblem(file: string, path: string): string {
  if (file.includes('/')) return fileProblem(file, constants.X_OK)
  const directories = path.split(':').filter(isAbsolute)
  const isFound = directories.some(each => fileProblem(join(each, file), constants.X_OK) === '')
  return isFound ? '' : 'there is no such program on the PATH'
}

function fileProblem(file: string, mode: number): string {
  try {
    if (statSync(file).isDirectory()) return 'it is a directory'
    accessSync(file, mode)
    return ''
  } catch (error) {
    return systemErrorText(error)
  }
}
