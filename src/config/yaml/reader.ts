// The YAML dialect: text to model by the tables of this folder (docs/yaml.md). JSON is YAML, so it
// is read too.

import { checkDefaults, once } from '../../model/check.ts'
import { checkCaches } from '../../model/check-cache.ts'
import { checkLimits } from '../../model/check-limits.ts'
import { checkProbes } from '../../model/check-probes.ts'
import { checkRoutes } from '../../model/check-routes.ts'
import { checkVariables } from '../../model/check-variables.ts'
import type { Config } from '../../model/config.ts'
import { DEFAULT_COMPAT } from '../../model/defaults.ts'
import type { Origin } from '../../model/origin.ts'
import type { Upstream } from '../../model/upstream.ts'
import { DiagnosticList } from '../diagnostic.ts'
import type { Reader, ReadOptions, ReadResult } from '../reader.ts'
import type { Source } from '../source.ts'
import { nearest } from '../suggest.ts'
import { requestedNames } from './auth-request-kind.ts'
import { parseYaml } from './document.ts'
import { blankFile, FILE_ROWS, type FileDraft } from './file-table.ts'
import { Reading } from './reading.ts'
import { withTopResolver } from './resolver-table.ts'
import { type Origins, readRows } from './row.ts'
import { setNames } from './set-kind.ts'
import { definedNames } from './variables-table.ts'

/** Reads `*.yaml`, `*.yml`, `*.json`, and what looks like them. */
export const yamlReader: Reader = {
  format: 'yaml',
  recognizes: (file, text) => (text === '' ? /\.(?:ya?ml|json)$/i.test(file) : looksLikeYaml(text)),
  read: readYaml,
}

/**
 * The first line that says something is a key with a colon, a brace, or the start of a document.
 */
function looksLikeYaml(text: string): boolean {
  const first = /^[ \t]*(?=[^\s#])(.*)$/m.exec(text)?.[1] ?? ''
  return /^(?:---|%YAML|\{|"[^"]*"\s*:|'[^']*'\s*:|[\w.-]+\s*:)(?:\s|$|["'{])/.test(first)
}

function readYaml(source: Source, options: ReadOptions): ReadResult {
  const diagnostics = new DiagnosticList()
  const sources = new Map([[source.file, source]])
  if (options.globals !== '') {
    const message = 'Directives of the command line (-g) are not used: this file is YAML'
    diagnostics.warning(message, wholeFile(source), 'write them as keys of the file')
  }
  const document = parseYaml(source, diagnostics)
  const { items } = diagnostics
  if (document === null) return { config: null, diagnostics: items, sources }
  const reading = new Reading(source, document, diagnostics, DEFAULT_COMPAT, options)
  const config = readTop(source, document, reading)
  if (diagnostics.hasErrors && config !== null) checkAnyway(config, diagnostics)
  const { directories } = reading
  return { config: diagnostics.hasErrors ? null : config, diagnostics: items, sources, directories }
}

/**
 * With a mistake in the file nobody checks the configuration as a whole: finds those that show
 * anyway.
 */
function checkAnyway(config: Config, diagnostics: DiagnosticList): void {
  const report = once((severity, message, origin, hint) => {
    if (severity === 'error') diagnostics.error(message, origin, hint)
  })
  checkDefaults(config.servers, report)
  checkVariables(config, report)
  checkCaches(config, report)
  checkLimits(config, report)
  checkRoutes(config, report, nearest)
  for (const upstream of config.upstreams) checkProbes(upstream, report)
}

function readTop(
  source: Source,
  document: NonNullable<ReturnType<typeof parseYaml>>,
  reading: Reading,
): Config | null {
  const origins: Origins = {}
  const blank = blankFile(DEFAULT_COMPAT, reading.prefix)
  for (const name of setNames(document.top, reading)) reading.captures.add(name)
  for (const name of definedNames(document.top, reading)) reading.captures.add(name)
  for (const name of requestedNames(document.top, reading)) reading.captures.add(name)
  const draft = readRows(document.top, 'at the top of the file', FILE_ROWS, reading, blank, origins)
  if (draft === undefined) return null
  const { compat, isStrict, servers, logFormats, caches, limitZones, variables } = draft
  const process = {
    ...draft.process,
    errorLogs: draft.settings.errorLogs,
    origin: wholeFile(source),
    origins,
  }
  const upstreams = withImplicit(draft, reading)
  const { file } = source
  return {
    format: 'yaml',
    file,
    files: [file],
    compat,
    isStrict,
    process,
    upstreams,
    servers,
    logFormats,
    caches,
    limitZones,
    variables,
  }
}

/** Adds the groups that addresses made. A group of the same name is a trap: which one is meant? */
function withImplicit(draft: FileDraft, reading: Reading): readonly Upstream[] {
  const upstreams = withTopResolver(draft.upstreams, draft.settings.resolver)
  const named = new Set(upstreams.map(upstream => upstream.name))
  const implicit = [...reading.implicitUpstreams.values()]
  for (const { name, origin } of implicit) {
    if (!named.has(name)) continue
    const problem = `Cannot use "${name}" as an address: an upstream has this name`
    reading.diagnostics.error(problem, origin, `for the group write "upstream: ${name}"`)
  }
  return implicit.length === 0 ? upstreams : [...upstreams, ...implicit]
}

function wholeFile(source: Source): Origin {
  return { file: source.file, line: 0, column: 0, endColumn: 0 }
}
