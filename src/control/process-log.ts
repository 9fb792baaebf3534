// What the main thread has to say, and to whom: the error log of the configuration, and standard error besides, where
// whoever started the process would not see it otherwise. In the background only errors go there.

import type { ErrorLog } from '../base/error-log.ts'
import { PROGRAM } from '../base/version.ts'
import type { Config } from '../model/config.ts'
import type { LogLevel } from '../model/settings.ts'
import type { Loaded } from './load.ts'
import { findingLine, LEVEL_OF, lacksNotices, logsToTerminal, showFindings } from './report.ts'
import { say, type Terminal } from './terminal.ts'

/** Lines from before the log was open, which is soon; more are lost. */
const EARLY_MAX = 100

/** The log of the main thread. Until `use` it is the terminal alone. */
export class ProcessLog {
  readonly #terminal: Terminal
  #log: ErrorLog | null = null
  /** What goes to the log can be seen where the process was started. */
  #isShown = false
  #lacksNotices = false
  /** What was to be written before there was a log. */
  readonly #early: { readonly level: LogLevel; readonly text: string }[] = []

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Writes to the log of another configuration from now on, and closes the one before. */
  use(log: ErrorLog, config: Config): void {
    this.#log?.close()
    this.#log = log
    this.#isShown = logsToTerminal(config)
    this.#lacksNotices = lacksNotices(config)
    for (const { level, text } of this.#early.splice(0)) log.write(level, text)
  }

  /** Writes one line to the log. */
  write(level: LogLevel, text: string): void {
    if (this.#log !== null) this.#log.write(level, text)
    else if (this.#early.length < EARLY_MAX) this.#early.push({ level, text })
  }

  /** Writes what has to be seen, whichever way one looks. */
  alarm(text: string): void {
    this.write('emerg', text)
    if (!this.#isShown) say(this.#terminal, `[emerg] ${text}`)
  }

  /** Writes why the start has failed: on standard error in any case. */
  fail(text: string): void {
    say(this.#terminal, `[emerg] ${text}`)
    if (!this.#isShown) this.write('emerg', text)
  }

  /** Writes why the process ends; standard error has the stack already, or will have it. */
  crash(error: Error): void {
    const stack = error.stack ?? error.message
    const [first = ''] = stack.split('\n', 1)
    this.write('emerg', `crashed: ${this.#isShown ? first : stack}`)
  }

  /** Writes a notice that whoever starts the process in the foreground shall see, whatever the level of the log. */
  notice(text: string, shown = text): void {
    this.write('notice', text)
    if (this.#lacksNotices) this.#terminal.err(`${shown}\n`)
  }

  /** The findings of a start; what the log does not say of them, the terminal has shown. */
  reportStart({ diagnostics }: Loaded): void {
    for (const finding of diagnostics) {
      const line = findingLine(finding)
      if (finding.severity === 'notice') this.notice(line, `${PROGRAM}: [notice] ${line}`)
      else if (!this.#isShown) this.write(LEVEL_OF[finding.severity], line)
    }
  }

  /** The findings of a reload. */
  reportReload(loaded: Loaded): void {
    for (const finding of loaded.diagnostics) {
      this.write(LEVEL_OF[finding.severity], findingLine(finding))
    }
    if (!this.#isShown) showFindings(this.#terminal, loaded, ['error'])
  }

  reopen(): void {
    this.#log?.reopen()
  }

  close(): void {
    this.#log?.close()
  }
}
