// The error log of a thread: lines in nginx's form, or JSON through pino, to any number of files at a level each.
// The main thread and every worker have their own on the same files (appending whole lines needs no lock).
// Form: http://nginx.org/en/docs/ngx_core_module.html#error_log and nginx's own output.

import { type Logger, pino } from 'pino'
import { LogFile } from './log-file.ts'
import { LOG_LEVELS, type LogLevel } from './log-level.ts'
import { callFailedText } from './system-error.ts'

export type ErrorLevel = LogLevel

const RANK = Object.fromEntries(LOG_LEVELS.map((level, rank) => [level, rank])) as Readonly<
  Record<ErrorLevel, number>
>

/** Where lines go: an absolute path or `stderr`, from which level on, in which form. */
export interface ErrorLogTarget {
  readonly path: string
  readonly level: ErrorLevel
  readonly format: 'text' | 'json'
}

/**
 * The particulars of a line. In text they follow it as `, client: 10.0.0.1, request: "GET / HTTP/1.1"`;
 * `connection` (a number) goes before it as `*7`.
 */
export type ErrorLogFields = Readonly<Record<string, unknown>>

export interface ErrorLogOptions {
  /** What stands after `pid#`: nginx prints a thread id there. Default: the process id. */
  readonly thread?: number
  /** The time of a line. */
  readonly now?: () => Date
}

/** The fields that nginx puts in quotes. */
const QUOTED = new Set(['request', 'subrequest', 'upstream', 'host', 'referrer'])

interface OpenTarget {
  readonly rank: number
  readonly file: LogFile
  /** Null for text. */
  readonly json: Logger<ErrorLevel> | null
}

/** Writes lines to the targets that want their level. Only the constructor throws. */
export class ErrorLog {
  #targets: OpenTarget[]
  #lowest: number
  readonly #thread: number
  readonly #now: () => Date
  #second = 0
  #stamp = ''

  /**
   * Opens every target.
   *
   * Throws an `Error` with one clear line (`open() "/x" failed (13: Permission denied)`) when one cannot be
   * opened; then none stays open.
   */
  constructor(targets: readonly ErrorLogTarget[], options: ErrorLogOptions = {}) {
    this.#thread = options.thread ?? process.pid
    this.#now = options.now ?? (() => new Date())
    this.#targets = []
    this.#lowest = Number.POSITIVE_INFINITY
    this.retarget(targets)
  }

  /** Whether any target takes lines of this level: asked before a costly text is made. */
  isWanted(level: ErrorLevel): boolean {
    return RANK[level] >= this.#lowest
  }

  /** Writes one line. Never throws. Control characters in `text` and in the fields are escaped. */
  write(level: ErrorLevel, text: string, fields?: ErrorLogFields): void {
    const rank = RANK[level]
    if (rank < this.#lowest) return
    let line = ''
    for (const target of this.#targets) {
      if (rank < target.rank) continue
      if (target.json !== null) {
        target.json[level](fields ?? {}, text)
        continue
      }
      if (line === '') line = this.#line(level, text, fields)
      target.file.write(line, loss =>
        this.#line('alert', `${loss.count} lines of this log were lost (${loss.reason})`),
      )
    }
  }

  /**
   * Writes to other targets from now on.
   *
   * Throws an `Error` with one clear line when one cannot be opened; then everything stays as it is.
   */
  retarget(targets: readonly ErrorLogTarget[]): void {
    const opened: OpenTarget[] = []
    try {
      for (const target of targets) opened.push(this.#open(target))
    } catch (error) {
      for (const { file } of opened) file.close()
      throw error
    }
    this.close()
    this.#targets = opened
    this.#lowest = Math.min(Number.POSITIVE_INFINITY, ...opened.map(target => target.rank))
  }

  /** USR1: opens the files anew. A file that cannot be opened stays as it is, which the log itself says. */
  reopen(): void {
    for (const { file } of this.#targets) {
      try {
        file.reopen()
      } catch (error) {
        this.write('emerg', callFailedText('open', `"${file.path}"`, error))
      }
    }
  }

  close(): void {
    for (const { file } of this.#targets) file.close()
  }

  #open(target: ErrorLogTarget): OpenTarget {
    let file: LogFile
    try {
      file = new LogFile(target.path)
    } catch (error) {
      throw new Error(callFailedText('open', `"${target.path}"`, error), { cause: error })
    }
    const json = target.format === 'json' ? this.#logger(file) : null
    return { rank: RANK[target.level], file, json }
  }

  #logger(file: LogFile): Logger<ErrorLevel> {
    // Pino makes the line; the file is ours, so that both forms share rotation and the rule never to throw.
    return pino<ErrorLevel>(
      {
        level: 'debug',
        customLevels: { ...RANK },
        useOnlyCustomLevels: true,
        base: { pid: process.pid, thread: this.#thread },
        messageKey: 'message',
        timestamp: () => `,"time":"${this.#now().toISOString()}"`,
        formatters: { level: label => ({ level: label }) },
      },
      { write: (line: string) => void file.write(line) },
    )
  }

  #line(level: ErrorLevel, text: string, fields?: ErrorLogFields): string {
    let line = `${this.#time()} [${level}] ${process.pid}#${this.#thread}: `
    if (typeof fields?.connection === 'number') line += `*${fields.connection} `
    line += escapeControls(text)
    for (const [name, value] of Object.entries(fields ?? {})) {
      if (name === 'connection' || value === undefined || value === null) continue
      const shown = escapeControls(String(value))
      line += QUOTED.has(name) ? `, ${name}: "${shown}"` : `, ${name}: ${shown}`
    }
    return `${line}\n`
  }

  /** `2026/11/20 23:50:44` in the local time zone, made once a second. */
  #time(): string {
    const now = this.#now()
    const second = Math.floor(now.getTime() / 1000)
    if (second !== this.#second) {
      const two = (value: number) => String(value).padStart(2, '0')
      const date = `${now.getFullYear()}/${two(now.getMonth() + 1)}/${two(now.getDate())}`
      const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`
      this.#stamp = `${date} ${time}`
      this.#second = second
    }
    return this.#stamp
  }
}

/** Bytes that a terminal could obey, or that would forge a second line, become `\x0a`. */
function escapeControls(text: string): string {
  return text.replace(
    /[\x00-\x1f\x7f-\x9f]/g,
    char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
