// One reading of an ldirectord.cf: what the rows of its tables need to complain at the right place,
// and the directories that relative paths stand under.

import { isAbsolute, join } from 'node:path'

import type { Origin } from '../../model/origin.ts'
import type { DiagnosticList } from '../diagnostic.ts'
import type { ReadOptions } from '../reader.ts'
import type { Source } from '../source.ts'
import { type Statement, valueOrigin } from './lines.ts'

export class Reading {
  readonly source: Source
  readonly diagnostics: DiagnosticList
  readonly options: ReadOptions
  readonly #said = new Set<string>()

  constructor(source: Source, diagnostics: DiagnosticList, options: ReadOptions) {
    this.source = source
    this.diagnostics = diagnostics
    this.options = options
  }

  /** Refuses a statement's value, or the part `from`…`to` of it. */
  refuse(statement: Statement, problem: string, hint = '', from = 0, to?: number): undefined {
    this.diagnostics.error(problem, this.place(statement, from, to), hint)
    return undefined
  }

  /** Says that a value does not mean all that it says. */
  warn(statement: Statement, message: string, hint = ''): void {
    this.diagnostics.warning(message, this.place(statement), hint)
  }

  /** Says what a value means here. */
  note(origin: Origin, message: string, hint = ''): void {
    this.diagnostics.notice(message, origin, hint)
  }

  /** The place of a value, or of a part of it; of the name where there is no value. */
  place(statement: Statement, from = 0, to?: number): Origin {
    const { value, name, valueStart, start } = statement
    if (value === null || value === '')
      return valueOrigin(statement, start - valueStart, name.length)
    return valueOrigin(statement, from, to)
  }

  /** A program: a bare word is looked for on the PATH. */
  program(text: string): string {
    return text.includes('/') ? this.underPrefix(text) : text
  }

  /** An absolute path: as it is, or under the prefix. */
  underPrefix(path: string): string {
    return isAbsolute(path) ? path : join(this.options.prefix, path)
  }

  /** True the first time that it is asked for `topic`: what one notice says for the whole file. */
  isFirst(topic: string): boolean {
    if (this.#said.has(topic)) return false
    this.#said.add(topic)
    return true
  }
}
