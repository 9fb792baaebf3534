// One `access_log` of a location: which line, under which condition, into which file. Everything is compiled with
// the snapshot; a request pays for the line and for handing it to the file, which writes many lines at once.

import type { LineLog } from '../base/line-log.ts'
import { DEFAULT_LOG_FORMATS } from '../model/defaults.ts'
import type { AccessLog, LogFormat } from '../model/settings.ts'
import { literalText } from '../model/template.ts'
import type { Exchange } from './exchange.ts'
import { jsonLineWriter } from './json-log.ts'
import type { LogFileOptions, LogFiles } from './log-files.ts'
import { compileLogFormat } from './log-format.ts'
import type { Render } from './runtime.ts'
import { pathText } from './variable.ts'
import { compileTemplate } from './variables.ts'

/** The name of the format that needs no `log_format`: JSON lines. */
const JSON_FORMAT = 'json'

export class AccessLogger {
  readonly #files: LogFiles
  readonly #condition: Render | null
  readonly #options: LogFileOptions
  /** The file of a path without variables, else null. */
  readonly #file: LineLog | null
  readonly #path: Render
  /** Null when pino makes the line. */
  readonly #line: Render | null
  readonly #writeJson: (exchange: Exchange) => void

  /**
   * @param formats the configuration's formats
   * Throws an `Error` with one clear line when the file cannot be opened or nobody defined the format.
   */
  constructor(log: AccessLog, formats: readonly LogFormat[], files: LogFiles) {
    this.#files = files
    this.#options = { bufferBytes: log.bufferBytes, flushMs: log.flushMs }
    this.#condition = log.condition === null ? null : compileTemplate(log.condition)
    this.#path = compileTemplate(log.path)
    const format = findFormat(log.format, formats)
    this.#line = format === null ? null : compileLogFormat(format)
    this.#writeJson = format === null ? jsonLineWriter(this.#fileFor.bind(this)) : () => {}
    const path = literalText(log.path)
    this.#file = path === null ? null : files.open(path, this.#options)
  }

  /** Writes the line of an exchange that is over. Never throws. */
  write(exchange: Exchange): void {
    if (this.#condition !== null) {
      const condition = this.#condition(exchange)
      if (condition === '' || condition === '0') return
    }
    if (this.#line === null) this.#writeJson(exchange)
    else this.#fileFor(exchange)?.write(this.#line(exchange))
  }

  /** The snapshot is gone: gives the file back. */
  close(): void {
    if (this.#file !== null) this.#files.release(this.#file)
  }

  #fileFor(exchange: Exchange): LineLog | null {
    if (this.#file !== null) return this.#file
    return this.#files.openForOne(pathText(this.#path(exchange)), this.#options)
  }
}

function findFormat(name: string, formats: readonly LogFormat[]): LogFormat | null {
  const format =
    formats.find(each => each.name === name) ?? DEFAULT_LOG_FORMATS.find(each => each.name === name)
  if (format !== undefined) return format
  if (name === JSON_FORMAT) return null
  throw new Error(`unknown log format "${name}"`) // hot-path: when the snapshot is made
}
