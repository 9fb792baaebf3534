// Directives about files: where they are, which one stands for a directory, and their media types.
// Paths become absolute here, so that nothing later depends on a working directory.

import type { Template } from '../../model/template.ts'
import {
  type DirectiveRow,
  LEVELS_AND_IF,
  type LevelScope,
  MANY,
  scopeRow,
} from './directive-row.ts'
import { levelRow, valueRow } from './level-rows.ts'
import type { Word } from './lexer.ts'
import type { Reading } from './reading.ts'
import type { LocationScope, ServerScope } from './scope.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, directiveOrigin, statementOrigin } from './tree.ts'

export const FILE_DIRECTIVES: readonly DirectiveRow[] = [
  levelRow(
    'root',
    {
      within: LEVELS_AND_IF,
      syntax: 'path',
      doc: 'directory that the path of a request is looked up in',
    },
    (directive, scope, reading) => readRoot(directive, scope, reading, false),
  ),
  scopeRow(
    'alias',
    { within: ['location'], syntax: 'path', doc: 'replaces the path of the location by `path`' },
    (directive, scope, reading) => readRoot(directive, scope, reading, true),
  ),
  levelRow(
    'index',
    {
      args: [1, MANY],
      isRepeatable: true,
      syntax: 'file …',
      doc: 'files that stand for their directory, the first that exists',
    },
    readIndex,
  ),
  scopeRow(
    'try_files',
    {
      within: ['server', 'location'],
      args: [2, MANY],
      syntax: 'file … (uri | =code)',
      doc: 'serves the first file that exists, else goes on with the last argument',
    },
    readTryFiles,
  ),
  levelRow(
    'types',
    {
      args: [0, 0],
      hasBlock: true,
      isRepeatable: true,
      syntax: '{ type extension …; … }',
      doc: 'media types by extension; replaces the types of the level above',
    },
    readTypes,
  ),
  valueRow(
    'default_type',
    'defaultType',
    { syntax: 'type', doc: 'media type of other extensions' },
    word => word.text,
  ),
]

function readRoot(
  directive: Directive,
  scope: LevelScope,
  reading: Reading,
  isAlias: boolean,
): void {
  const name = directive.name.text
  const other = isAlias ? 'root' : 'alias'
  const origin = directiveOrigin(directive)
  if (scope.seen.has(other)) {
    const message = `"${name}" directive is duplicate, "${other}" directive was specified earlier`
    reading.diagnostics.error(message, origin, 'keep one of them')
    return
  }
  if (isAlias && scope.kind === 'location' && scope.match.kind === 'named') {
    const message = 'the "alias" directive cannot be used inside the named location'
    reading.diagnostics.error(message, origin, 'use "root"')
    return
  }
  const word = directive.args[0]!
  const written = parseTemplate(word, reading)
  const circular = written.find(isDocumentRoot)
  if (circular !== undefined && typeof circular !== 'string') {
    const message = `the $${circular.variable} variable cannot be used in the "${name}" directive`
    reading.refuse(word, message)
    return
  }
  const path = rootPath(written, isAlias, reading)
  scope.level.set('root', { path, isAlias }, statementOrigin(directive))
}

function isDocumentRoot(part: Template[number]): boolean {
  return typeof part !== 'string' && /^(document_root|realpath_root)$/.test(part.variable)
}

/**
 * The path under the prefix; as in nginx `root` loses one slash at its end, and a leading variable
 * stays as it is.
 */
function rootPath(written: Template, isAlias: boolean, reading: Reading): Template {
  const [first, ...rest] = written
  if (first !== undefined && typeof first !== 'string') return written
  const parts = [reading.underPrefix(first ?? ''), ...rest]
  const last = parts.at(-1)
  if (!isAlias && typeof last === 'string' && last.endsWith('/')) {
    parts[parts.length - 1] = last.slice(0, -1)
  }
  return parts.filter(part => part !== '')
}

function readIndex(directive: Directive, scope: LevelScope, reading: Reading): void {
  const before = scope.level.values.index ?? []
  directive.args.slice(0, -1).forEach(word => {
    if (!word.text.startsWith('/')) return
    const message = 'only the last index in "index" directive should be absolute'
    reading.diagnostics.warning(message, statementOrigin(directive))
  })
  const added: Template[] = []
  for (const word of directive.args) {
    if (word.text === '') {
      reading.refuse(word, `index "${word.text}" in "index" directive is invalid`)
    } else {
      added.push(parseTemplate(word, reading))
    }
  }
  scope.level.set('index', [...before, ...added], statementOrigin(directive))
}

function readTryFiles(
  directive: Directive,
  scope: ServerScope | LocationScope,
  reading: Reading,
): void {
  const last = directive.args.at(-1)!
  const paths = directive.args.slice(0, -1).map(word => parseTemplate(word, reading))
  const fallback = last.text.startsWith('=')
    ? tryStatus(last, reading)
    : parseTemplate(last, reading)
  if (fallback !== null) {
    scope.tryFiles = { origin: statementOrigin(directive), paths, fallback }
  }
}

function tryStatus(word: Word, reading: Reading): { readonly status: number } | null {
  const status = /^=\d{1,3}$/.test(word.text) ? Number(word.text.slice(1)) : null
  if (status === null) {
    reading.refuse(word, `invalid code "${word.text}"`, 'write = and a status: =404')
    return null
  }
  return { status }
}

/** Gathered in a map: an extension may be any word, `constructor` too. */
function readTypes(directive: Directive, scope: LevelScope, reading: Reading): void {
  const types = new Map(Object.entries(scope.level.values.types ?? {}))
  for (const entry of reading.expand(directive.block!)) {
    const type = entry.name.text
    if (entry.block !== null) {
      const message = `entry "${type}" in "types" is not terminated by ";"`
      reading.diagnostics.error(message, directiveOrigin(entry), 'write: type extension …;')
      continue
    }
    for (const word of entry.args) {
      const extension = word.text.toLowerCase()
      const before = types.get(extension)
      if (before !== undefined) {
        const both = `content type: "${type}", previous content type: "${before}"`
        const message = `duplicate extension "${extension}", ${both}`
        reading.diagnostics.warning(message, directiveOrigin(entry))
      }
      types.set(extension, type)
    }
  }
  const origin = directiveOrigin(directive)
  scope.level.set('types', Object.fromEntries(types), origin)
}
