// What the commands share that read a configuration: their options, where the file is, and what reading it needs.

import { relative } from 'node:path'

import { FORMATS } from '../model/config.ts'
import type { CommandInput, CommandOption } from './command.ts'
import { defaultConfigPaths, findConfig, prefixOf } from './config-path.ts'
import type { LoadOptions } from './load.ts'
import { say } from './terminal.ts'

/** What every command that reads a configuration takes. */
export const READING = {
  config: { short: 'c', value: 'FILE', doc: 'the configuration; relative to DIR, as in nginx' },
  prefix: {
    short: 'p',
    value: 'DIR',
    doc: 'what relative paths stand under (default: here)',
  },
  globals: { short: 'g', value: 'TEXT', doc: 'nginx directives that hold besides the file' },
  format: {
    value: 'FORMAT',
    choices: FORMATS,
    doc: `${FORMATS.join(' or ')}, whatever the file is called`,
  },
} as const satisfies Record<string, CommandOption>

/** For the help of commands. */
export const WITHOUT_CONFIG =
  'Without a FILE, the first of these that exists is read:\n' +
  defaultConfigPaths('<prefix>')
    .map(path => `  ${path}`)
    .join('\n')

/** What the options say about the configuration; null when there is none, which is said. */
export function loadOptions({ values, word, terminal }: CommandInput): LoadOptions | null {
  const prefix = prefixOf(terminal.cwd, values.prefix ?? null)
  const found =
    values.config === undefined
      ? findConfig(word, terminal.cwd, prefix)
      : findConfig(values.config, prefix, prefix)
  if ('problem' in found) {
    say(terminal, found.problem)
    return null
  }
  return {
    file: found.path,
    prefix,
    globals: values.globals ?? '',
    format: FORMATS.find(name => name === values.format) ?? null,
    env: terminal.env,
    hostname: terminal.hostname,
    isForeground: false,
    errorLogPath: values['error-log'] ?? null,
  }
}

/** A file below the working directory by its relative name. */
export function shortPath(file: string, cwd: string): string {
  const short = relative(cwd, file)
  return short === '' || short.startsWith('..') ? file : short
}
