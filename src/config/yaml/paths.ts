// Paths in YAML start at the directory of the file; in the model they are absolute. Devices and
// `stderr` are themselves.

import { isAbsolute, join, resolve } from 'node:path'

import type { Template } from '../../model/template.ts'
import { escapeText, readTemplate, writeTemplate } from './interpolation.ts'
import { type Kind, wordKind } from './kind.ts'

const PATH: Kind<string> = wordKind<string>({
  label: 'path',
  wanted: 'a path such as /var/lib/headgate, or relative to this file',
  schema: { type: 'string' },
  parse: (text, reading) => (text === '' ? null : absolute(text, reading.directory)),
  print: escapeText,
})

/** A directory for temporary files: a path without variables. The reading remembers where it stands. */
export const DIRECTORY: Kind<string> = {
  ...PATH,
  read(node, reading) {
    const path = PATH.read(node, reading)
    if (path === undefined) return undefined
    if (!reading.directories.has(path)) reading.directories.set(path, reading.origin(node))
    return path
  },
}

/** The directory of a cache, which is compared with others. */
export const CACHE_PATH: Kind<string> = {
  ...PATH,
  read(node, reading) {
    const path = PATH.read(node, reading)
    return path === undefined ? undefined : resolve(path)
  },
}

/** The file that keeps the peers of a group. */
export const STATE_PATH: Kind<string> = PATH

/** A file that must be there when it is needed: a certificate, a module. */
export const FILE_PATH: Kind<string> = PATH

/** A program: a path, or a name that is looked up on the PATH. */
export const COMMAND: Kind<string> = wordKind<string>({
  label: 'program',
  wanted: 'a program such as /usr/local/bin/check, or a name on the PATH',
  schema: { type: 'string' },
  parse: (text, reading) => {
    if (text === '') return null
    return text.includes('/') ? absolute(text, reading.directory) : text
  },
  print: escapeText,
})

/** A path that may be `""` or `off`, for none. */
export const OPTIONAL_PATH: Kind<string> = wordKind<string>({
  label: 'path, `off`',
  wanted: 'a path such as /run/headgate.pid, or off',
  schema: { anyOf: [{ type: 'string' }, { const: false }] },
  parse: (text, reading) => {
    if (text === '' || text === 'off' || text === 'false') return ''
    return absolute(text, reading.directory)
  },
  print: value => (value === '' ? 'off' : escapeText(value)),
})

/** A path for a log: `stderr` stays as it is. */
export const LOG_PATH: Kind<string> = wordKind<string>({
  label: 'path, `stderr`',
  wanted: 'a path such as /var/log/headgate/error.log, or stderr',
  schema: { type: 'string' },
  parse: (text, reading) => {
    if (text === '') return null
    return text === 'stderr' ? text : absolute(text, reading.directory)
  },
  print: escapeText,
})

/** A path with variables; one that starts with a variable is taken as absolute. */
export const PATH_TEMPLATE: Kind<Template> = {
  label: 'path with variables',
  wanted: 'a path such as /srv/www, or relative to this file',
  schema: () => ({ type: 'string' }),
  read(node, reading) {
    const parts = readTemplate(node, reading)
    if (parts === undefined) return undefined
    const [first, ...rest] = parts ?? []
    if (first === undefined) return reading.unwanted(node, PATH_TEMPLATE.wanted)
    if (typeof first !== 'string') return parts!
    return [absolute(first, reading.directory), ...rest]
  },
  write: writeTemplate,
}

function absolute(path: string, directory: string): string {
  return isAbsolute(path) ? path : join(directory, path)
}
