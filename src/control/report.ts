// Findings and log lines for people: on the terminal with the source line, in the log as nginx has them.

import { renderDiagnostics } from '../config/diagnostic.ts'
import type { ReadResult } from '../config/reader.ts'
import type { Config } from '../model/config.ts'
import type { Diagnostic, Severity } from '../model/diagnostic.ts'
import { addressText } from '../model/listener.ts'
import { type ErrorLog, LOG_LEVELS, type LogLevel } from '../model/settings.ts'
import type { Running } from './reload.ts'
import type { Terminal } from './terminal.ts'

/** The level of the log line for a finding. */
export const LEVEL_OF = {
  error: 'emerg',
  warning: 'warn',
  notice: 'notice',
} as const satisfies Record<Severity, LogLevel>

/** What a terminal could obey. */
const CONTROLS = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g

/** One line for a finding: `message in file:line:column`, and the hint; control characters are replaced. */
export function findingLine({ message, origin, hint }: Diagnostic): string {
  const place = origin.line === 0 ? origin.file : `${origin.file}:${origin.line}:${origin.column}`
  const line = `${message} in ${place}${hint === '' ? '' : ` (${hint})`}`
  return line.replaceAll(CONTROLS, '\ufffd')
}

/** Shows findings of the wanted severities on the terminal. */
export function showFindings(
  terminal: Terminal,
  result: Pick<ReadResult, 'diagnostics' | 'sources'>,
  severities: readonly Severity[] = ['error', 'warning', 'notice'],
): void {
  const shown = result.diagnostics.filter(({ severity }) => severities.includes(severity))
  terminal.err(renderDiagnostics(shown, result.sources, { color: terminal.hasColor }))
}

/** Whether the error log can be seen where the process was started. */
export function logsToTerminal({ process }: Config): boolean {
  return process.errorLogs.some(isTerminalLog)
}

/** Whether a process in the foreground logs no notices to standard error: then they have to be shown there. */
export function lacksNotices({ process }: Config): boolean {
  const notice = LOG_LEVELS.indexOf('notice')
  const isLogged = process.errorLogs.some(
    log => isTerminalLog(log) && LOG_LEVELS.indexOf(log.level) <= notice,
  )
  return !process.isDaemon && !isLogged
}

function isTerminalLog({ path }: ErrorLog): boolean {
  return path === 'stderr' || path === '/dev/stderr'
}

/** What runs, as `name=value` words that a script can take apart; no value holds a blank. */
export function stateText({ config, generation, listening }: Running, workers: number): string {
  const words = {
    pid: process.pid,
    generation: generation.number,
    workers,
    compat: config.compat,
    node: process.version,
    listen: listening.bound.map(addressText).join(','),
  }
  return Object.entries(words)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
