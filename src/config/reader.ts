// What every configuration dialect offers: text in, typed model and findings out. A dialect is one
// folder beside this file and one row in the table of read.ts.

import type { Config, Format } from '../model/config.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { Origin } from '../model/origin.ts'
import type { Source } from './source.ts'
import type { Written } from './written.ts'

/** What a reader knows of the world around the file. */
export interface ReadOptions {
  /** Absolute directory that relative paths stand under (nginx: `-p`). */
  readonly prefix: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Directives that hold before those of the file (nginx: `-g`); empty when there are none. */
  readonly globals: string
  /** This machine's name, for `server_name $hostname`. */
  readonly hostname: string
  /** Keep every directive with its place (`ReadResult.written`). */
  readonly keepsWritten?: boolean
}

export interface ReadResult {
  /** Null when there is an error among the diagnostics. */
  readonly config: Config | null
  readonly diagnostics: Diagnostic[]
  /** Every text that was read, by the file name that origins use. */
  readonly sources: ReadonlyMap<string, Source>
  /** Where directories for temporary files were written, by path; defaults are missing. */
  readonly directories?: ReadonlyMap<string, Origin>
  /** Every directive of an nginx.conf, where that was asked for. */
  readonly written?: Written
}

/** A configuration dialect. Never throws for what the user wrote. */
export interface Reader {
  readonly format: Format
  /**
   * Tells whether a file is of this dialect, by its name or else its text. Asked first with an
   * empty text: then only the name counts.
   */
  recognizes(file: string, text: string): boolean
  read(source: Source, options: ReadOptions): ReadResult
}
