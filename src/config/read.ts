// The door to all configuration dialects: one row each. The file's name decides which reads it,
// else its text; the caller may decide instead.

import { checkConfig } from '../model/check.ts'
import type { Format } from '../model/config.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import { ldirectordReader } from './ldirectord/ldirectord-reader.ts'
import { nginxReader } from './nginx/nginx-reader.ts'
import type { Reader, ReadOptions, ReadResult } from './reader.ts'
import { makeSource, type Source } from './source.ts'
import { isFileProblem, readSourceFile } from './source-file.ts'
import { nearest } from './suggest.ts'
import { yamlReader } from './yaml/reader.ts'

/** Every dialect; the earlier row is asked first. A new one is one folder and one row. */
const READERS: readonly Reader[] = [yamlReader, nginxReader, ldirectordReader]

/** `ReadOptions`, and the dialect where neither name nor text shall decide. */
export type ReadConfigOptions = ReadOptions & { readonly format?: Format }

/**
 * Reads the configuration in `file` and everything that it includes. Never throws for what stands
 * in it.
 */
export function readConfig(file: string, options: ReadConfigOptions): ReadResult {
  const source = readSourceFile(file)
  if (isFileProblem(source)) return refusal(file, source.problem, source.hint, new Map())
  return readSource(source, options)
}

/** Reads a configuration from its text; `file` names it in messages and places its includes. */
export function readConfigText(file: string, text: string, options: ReadConfigOptions): ReadResult {
  return readSource(makeSource(file, text), options)
}

function readSource(source: Source, options: ReadConfigOptions): ReadResult {
  const { format } = options
  const reader =
    format === undefined
      ? (READERS.find(row => row.recognizes(source.file, '')) ??
        READERS.find(row => row.recognizes(source.file, source.text)))
      : READERS.find(row => row.format === format)
  if (reader !== undefined) return checked(reader.read(source, options))
  const known = READERS.map(row => row.format).join(', ')
  const sources = new Map([[source.file, source]])
  const problem = `Cannot tell the format of "${source.file}" from its name or its text`
  return refusal(source.file, problem, `name the format: ${known}`, sources)
}

/** Adds what holds in every dialect: names that nobody defined, addresses that clash. */
function checked(result: ReadResult): ReadResult {
  if (result.config === null) return result
  const diagnostics = [...result.diagnostics, ...checkConfig(result.config, nearest)]
  const isRefused = diagnostics.some(item => item.severity === 'error')
  return { ...result, config: isRefused ? null : result.config, diagnostics }
}

function refusal(
  file: string,
  message: string,
  hint: string,
  sources: ReadonlyMap<string, Source>,
): ReadResult {
  const origin = { file, line: 0, column: 0, endColumn: 0 }
  const diagnostic: Diagnostic = { severity: 'error', message, origin, hint }
  return { config: null, diagnostics: [diagnostic], sources }
}
