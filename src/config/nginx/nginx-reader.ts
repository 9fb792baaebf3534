// The nginx.conf dialect: lexer → tree with positions → directive table → model. What is written
// holds as in nginx (docs/directives.md); what does not work here is an error, never silence.

import { checkDefaults, type Report } from '../../model/check.ts'
import type { Config } from '../../model/config.ts'
import type { Reader, ReadOptions, ReadResult } from '../reader.ts'
import { makeSource, originAt, type Source } from '../source.ts'
import { buildConfig, GLOBALS_FILE } from './build-config.ts'
import { checkCacheUses } from './cache-build.ts'
import { checkErrorPages } from './error-page-files.ts'
import { checkLogFormats } from './log-directives.ts'
import { Reading } from './reading.ts'
import type { MainScope } from './scope.ts'
import { parseTree } from './tree.ts'
import { walkBlock } from './walk.ts'

/** A block or a directive at the beginning of a line, as only this dialect writes them. */
const TEXT =
  /^\s*(?:(?:events|http|stream)\s*\{|(?:server\s*|upstream\s+\S+\s*)\{|[a-z_]+\s[^\n#:]*;\s*$)/m

/** Reads nginx.conf files. */
export const nginxReader: Reader = {
  format: 'nginx',
  recognizes: (file, text) =>
    text === '' ? /(?:\.conf|\.vhost|\.nginx|\/nginx)$/i.test(file) : TEXT.test(text),
  read,
}

function read(source: Source, options: ReadOptions): ReadResult {
  const reading = new Reading(source, options, walkBlock)
  const main: MainScope = {
    kind: 'main',
    origin: originAt(source, 0, 1),
    seen: new Map(),
    errorLogs: [],
    hasEvents: false,
    http: null,
  }
  if (options.globals.trim() !== '') {
    const globals = makeSource(GLOBALS_FILE, options.globals)
    reading.sources.set(GLOBALS_FILE, globals)
    reading.walk(parseTree(globals, reading.diagnostics), main)
  }
  reading.walk(parseTree(source, reading.diagnostics), main)
  if (!main.hasEvents && !reading.diagnostics.hasErrors) {
    const message = 'no "events" section in configuration'
    reading.diagnostics.error(message, originAt(source, 0, 1), 'add: events { }')
  }
  reading.checkVariables()
  checkCacheUses(reading)
  if (main.http !== null) checkLogFormats(main.http.logFormats, reading)
  const config = buildConfig(main, source, reading)
  checkErrorPages(config, main, reading)
  if (reading.diagnostics.hasErrors) checkAnyway(config, reading)
  const { diagnostics, sources, directories, journal } = reading
  return {
    config: diagnostics.hasErrors ? null : config,
    diagnostics: diagnostics.items,
    sources,
    directories,
    ...(journal === null ? {} : { written: journal }),
  }
}

/** With a mistake in the file nobody checks the configuration as a whole: what shows anyway. */
function checkAnyway(config: Config, { diagnostics }: Reading): void {
  const report: Report = (_severity, message, origin, hint) => {
    diagnostics.error(message, origin, hint)
  }
  checkDefaults(config.servers, report)
}
