// The program as the nginx binary: what its flags ask for, in its words, with its exit codes. Without `-t`, `-s`, `-v`
// it starts the server, in the background unless the configuration says `daemon off`. As in control/commands.ts, each
// imports what it needs: `-v` and `-s` are asked often.

import { arch, platform } from 'node:os'
import { dirname } from 'node:path'

import { PROGRAM, VERSION } from '../base/version.ts'
import { defaultConfigPaths, findConfig, prefixOf } from './config-path.ts'
import { detach, detachedChild } from './daemon.ts'
import type { LoadOptions } from './load.ts'
import { type NginxFlags, nginxHelp, parseNginxFlags } from './nginx-flags.ts'
import { sendSignal } from './send-signal.ts'
import { say, type Terminal } from './terminal.ts'

/** Does what nginx's flags say. Returns the exit code. */
export async function runNginxFlags(args: readonly string[], terminal: Terminal): Promise<number> {
  const flags = parseNginxFlags(args)
  if ('mistake' in flags) {
    say(terminal, flags.mistake)
    return 1
  }
  if (flags.version !== 'none' || flags.wantsHelp) {
    terminal.err(`${PROGRAM} version: ${PROGRAM}/${VERSION}\n`)
    if (flags.version === 'long') terminal.err(builtText())
    if (flags.wantsHelp) terminal.err(nginxHelp(defaultConfigPaths(prefixIn(flags, terminal))))
    if (flags.test === 'none') return 0
  }
  const prefix = prefixIn(flags, terminal)
  const found = findConfig(flags.configPath, prefix, prefix)
  if ('problem' in found) {
    say(terminal, `[emerg] ${found.problem}`)
    return 1
  }
  const options: LoadOptions = {
    file: found.path,
    prefix,
    globals: flags.globals,
    format: flags.format,
    env: terminal.env,
    hostname: terminal.hostname,
    isForeground: false,
    errorLogPath: flags.errorLogPath,
  }
  if (flags.test !== 'none') return test(options, flags, terminal)
  if (flags.signal !== null) return signal(options, flags.signal, terminal)
  return start(args, options, terminal)
}

/** `-t` and `-T`. */
async function test(options: LoadOptions, flags: NginxFlags, terminal: Terminal): Promise<number> {
  const { loadForCheck } = await import('./check.ts')
  const { showFindings } = await import('./report.ts')
  const { file } = options
  const loaded = await loadForCheck(options)
  showFindings(terminal, loaded, flags.isQuiet ? ['error'] : ['error', 'warning', 'notice'])
  if (loaded.config === null) {
    say(terminal, `configuration file ${file} test failed`)
    return 1
  }
  if (!flags.isQuiet) {
    say(terminal, `the configuration file ${file} syntax is ok`)
    say(terminal, `configuration file ${file} test is successful`)
  }
  if (flags.test === 'dump') {
    for (const [name, source] of loaded.sources) {
      terminal.out(`# configuration file ${name}:\n${source.text}\n`)
    }
  }
  return 0
}

/** `-s`: the configuration names the pid file. */
async function signal(
  options: LoadOptions,
  name: NonNullable<NginxFlags['signal']>,
  terminal: Terminal,
): Promise<number> {
  const { readFor } = await import('./load.ts')
  const { showFindings } = await import('./report.ts')
  const result = readFor(options)
  showFindings(terminal, result, ['error'])
  if (result.config === null) return 1
  const problem = sendSignal(name, result.config.process.pidPath, process.kill)
  if (problem === null) return 0
  say(terminal, problem)
  return 1
}

async function start(
  args: readonly string[],
  options: LoadOptions,
  terminal: Terminal,
): Promise<number> {
  const child = detachedChild()
  if (child !== null) {
    const { runMain } = await import('./main-process.ts')
    return runMain({
      load: options,
      terminal: { ...terminal, err: child.say },
      onReady: child.onReady,
    })
  }
  const { readFor } = await import('./load.ts')
  const result = readFor(options)
  if (result.config === null) {
    const { showFindings } = await import('./report.ts')
    showFindings(terminal, result, ['error'])
    return 1
  }
  const { isDaemon, errorLogs } = result.config.process
  if (!isDaemon) {
    const { runMain } = await import('./main-process.ts')
    return runMain({ load: options, terminal })
  }
  return detach(args, errorLogs[0]?.path ?? 'stderr', terminal)
}

function prefixIn(flags: NginxFlags, terminal: Terminal): string {
  return prefixOf(terminal.cwd, flags.prefix)
}

function builtText(): string {
  const built = `built on: node ${process.version}, ${platform()} ${arch()}`
  const { openssl } = process.versions
  return `${built}\nbuilt with OpenSSL ${openssl}\nconfigure arguments: --sbin-path=${binary()}\n`
}

/** Where the program lies: what packages read out of nginx's configure arguments. */
function binary(): string {
  return process.argv[1] ?? dirname(process.execPath)
}
