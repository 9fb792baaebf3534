// The access log files of one worker: each path is open once, whatever number of logs and generations write to it.
// Paths with variables come and go with the requests, so only the last used of them stay open.

import { LRUCache } from 'lru-cache'

import type { Clock } from '../base/clock.ts'
import type { ErrorLog } from '../base/error-log.ts'
import { LineLog } from '../base/line-log.ts'
import { callFailedText } from '../base/system-error.ts'

/** Files with variables in their path that stay open in a worker. */
const VARIABLE_FILES_MAX = 64
/** A log that cannot be written says so this often. */
const REPORT_INTERVAL_MS = 60_000
/** All paths with variables report as one: their number is the clients'. */
const VARIABLE = '(variable path)'

interface Shared {
  readonly file: LineLog
  users: number
}

export interface LogFileOptions {
  readonly bufferBytes: number
  readonly flushMs: number
}

export class LogFiles {
  readonly #errorLog: ErrorLog
  readonly #clock: Clock
  readonly #shared = new Map<string, Shared>()
  readonly #variable = new LRUCache<string, LineLog>({
    max: VARIABLE_FILES_MAX,
    dispose: file => file.close(),
  })
  readonly #reportedMs = new Map<string, number>()
  #lostLines = 0
  #unreported = 0

  constructor(errorLog: ErrorLog, clock: Clock) {
    this.#errorLog = errorLog
    this.#clock = clock
  }

  /** Lines that could not be written since the worker began. */
  get lostLines(): number {
    return this.#lostLines
  }

  /** Files that are open. */
  get count(): number {
    return this.#shared.size + this.#variable.size
  }

  /**
   * The file at `path`, opened if need be; given back with `release`.
   *
   * Throws an `Error` with one clear line when it cannot be opened.
   */
  open(path: string, options: LogFileOptions): LineLog {
    const known = this.#shared.get(path)
    if (known !== undefined) {
      known.users++
      known.file.configure(options.bufferBytes, options.flushMs)
      return known.file
    }
    const file = this.#make(path, options, path)
    this.#shared.set(path, { file, users: 1 })
    return file
  }

  /** Gives back a file that `open` gave; the last user closes it. */
  release(file: LineLog): void {
    const shared = this.#shared.get(file.path)
    if (shared === undefined || --shared.users > 0) return
    this.#shared.delete(file.path)
    file.close()
  }

  /** The file at a path that a request made, null when it cannot be opened. Not kept by the caller. */
  openForOne(path: string, options: LogFileOptions): LineLog | null {
    const shared = this.#shared.get(path)
    if (shared !== undefined) return shared.file
    let file = this.#variable.get(path)
    if (file !== undefined) return file
    try {
      file = this.#make(path, options, VARIABLE)
    } catch (error) {
      this.#lose(VARIABLE, 1, (error as Error).message)
      return null
    }
    this.#variable.set(path, file)
    return file
  }

  /** USR1: the files were renamed; goes on in new ones. */
  reopenAll(): void {
    this.#variable.clear()
    for (const { file } of this.#shared.values()) {
      try {
        file.reopen()
      } catch (error) {
        this.#errorLog.write('emerg', callFailedText('open', `"${file.path}"`, error))
      }
    }
  }

  /** Writes what waits everywhere. */
  flushAll(): void {
    for (const file of this.#variable.values()) file.flush()
    for (const { file } of this.#shared.values()) file.flush()
  }

  /** Writes what waits and closes everything. */
  closeAll(): void {
    this.#variable.clear()
    for (const { file } of this.#shared.values()) file.close()
    this.#shared.clear()
  }

  #make(path: string, options: LogFileOptions, key: string): LineLog {
    try {
      return new LineLog(path, {
        ...options,
        onLoss: (lines, reason) => {
          this.#lose(key, lines, `write() to "${path}" failed (${reason})`)
        },
      })
    } catch (error) {
      const text = callFailedText('open', `"${path}"`, error)
      throw new Error(text, { cause: error }) // hot-path: when the snapshot is made
    }
  }

  #lose(key: string, lines: number, text: string): void {
    this.#lostLines += lines
    this.#unreported += lines
    const reported = this.#reportedMs.get(key)
    const now = this.#clock.nowMs
    if (reported !== undefined && now - reported < REPORT_INTERVAL_MS) return
    this.#reportedMs.set(key, now)
    this.#errorLog.write('alert', `${text}, access log lines lost: ${this.#unreported}`)
    this.#unreported = 0
  }
}
