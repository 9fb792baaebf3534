// The ldirectord.cf dialect: lines → sections → directive table → model (docs/ldirectord.md). Every
// word of the manual page is read; what a layer-7 proxy cannot do is an error, and what it need not
// do a notice.

import { DiagnosticList } from '../diagnostic.ts'
import type { Reader, ReadOptions, ReadResult } from '../reader.ts'
import type { Source } from '../source.ts'
import { buildConfig } from './build-config.ts'
import { PLACES, readStatements } from './directive-table.ts'
import { parseLines } from './lines.ts'
import { Reading } from './reading.ts'
import { readSection } from './virtual-server.ts'

/** A line as only this dialect has it. */
const TEXT =
  /^(?:virtual6?|checktimeout|checkinterval|negotiatetimeout|quiescent|autoreload)[ \t]*=/m

/** Reads ldirectord.cf files. */
export const ldirectordReader: Reader = {
  format: 'ldirectord',
  recognizes: (file, text) => (text === '' ? /\.cf$/i.test(file) : TEXT.test(text)),
  read,
}

function read(source: Source, options: ReadOptions): ReadResult {
  const diagnostics = new DiagnosticList()
  const reading = new Reading(source, diagnostics, options)
  const whole = { file: source.file, line: 0, column: 0, endColumn: 0 }
  if (options.globals !== '') {
    const message =
      'Directives of the command line (-g) are not used: this file is an ldirectord.cf'
    diagnostics.warning(message, whole, 'write them in nginx.conf or in YAML')
  }
  const { globals, sections } = parseLines(source, diagnostics, PLACES)
  const draft = readStatements(globals, 'global', reading)
  const virtuals = sections.flatMap(section => readSection(section, reading) ?? [])
  if (sections.length === 0) {
    const hint = 'write virtual=IP:PORT, and below it, indented, real=IP:PORT gate'
    diagnostics.error('There is no virtual server', whole, hint)
  }
  const config = buildConfig(virtuals, draft, source, reading)
  return {
    config: diagnostics.hasErrors ? null : config,
    diagnostics: diagnostics.items,
    sources: new Map([[source.file, source]]),
  }
}
