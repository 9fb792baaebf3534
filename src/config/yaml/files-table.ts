// `files`: how files are found and named. Only routes have `alias`, since it replaces their path.

import type { FileSettings } from '../../model/settings.ts'
import { innerOf, list } from './collections.ts'
import { RANGES_MAX, SYMLINKS } from './file-kinds.ts'
import type { Kind } from './kind.ts'
import { PATH_TEMPLATE } from './paths.ts'
import type { Plain } from './plain.ts'
import type { Reading, YamlNode } from './reading.ts'
import { record } from './record.ts'
import { isSameData, type Row, row, rowsOf } from './row.ts'
import { BOOLEAN, choice, freeText, template } from './words.ts'

type Types = FileSettings['types']

const MEDIA_TYPE = freeText('media type', 'a media type such as text/html')
const EXTENSION = freeText('extension', 'an extension without its dot, such as html')

interface TypeGroup {
  readonly type: string
  readonly extensions: readonly string[]
}
const groupRow = rowsOf<TypeGroup>()
const GROUP = record<TypeGroup>({
  label: '`{ type, extensions }`',
  wanted: 'a mapping such as { type: text/html, extensions: [html, htm] }',
  place: 'in a media type',
  rows: [
    groupRow('type', 'type', MEDIA_TYPE, { doc: 'Media type', isRequired: true }),
    groupRow('extensions', 'extensions', list(EXTENSION), {
      doc: 'Its extensions',
      isRequired: true,
    }),
  ],
  blank: () => ({ type: '', extensions: [] }),
})
const GROUPS = list(GROUP, { isOneShort: false })

const TYPES: Kind<Types> = {
  label: 'mapping of extensions',
  wanted: 'a mapping from extension to media type such as { wasm: application/wasm }',
  ...innerOf(GROUP),
  schema: () => ({
    anyOf: [
      { type: 'object', additionalProperties: { type: ['string', 'null'] } },
      GROUPS.schema(),
    ],
  }),
  read: (node, reading, inherited = {}) =>
    reading.items(node) === null ? readMerged(node, reading, inherited) : readWhole(node, reading),
  write(value, inherited = {}) {
    const isKept = Object.keys(inherited).every(extension => Object.hasOwn(value, extension))
    if (!isKept) return writeGroups(value)
    const map: Record<string, Plain> = {}
    for (const [extension, type] of Object.entries(value)) {
      if (inherited[extension] !== type) map[extension] = MEDIA_TYPE.write(type)
    }
    return map
  },
}

const typed = rowsOf<FileSettings>()

/** `root` and `alias` are one property: the last one that was written counts. */
const ROOT: Row<FileSettings> = rootRow('root', false, {
  doc: 'Directory that the path is put behind',
  nginx: 'root',
})
const ALIAS: Row<FileSettings> = rootRow('alias', true, {
  doc: 'Directory that replaces the path of the route',
  nginx: 'alias',
})

const REST: readonly Row<FileSettings>[] = [
  typed(
    'index',
    'index',
    list(template('a file name such as index.html'), { label: 'list of file names' }),
    { doc: 'Files that stand for a directory, the first that exists', nginx: 'index' },
  ),
  typed('default_type', 'defaultType', freeText('media type', 'a media type', true), {
    doc: 'Media type of files of unknown extension, such as text/plain; `""` says nothing',
    nginx: 'default_type',
  }),
  typed('types', 'types', TYPES, {
    doc:
      'Media types by extension, added to the inherited ones; nothing behind an extension takes ' +
      'it away, and a list of `{ type, extensions }` replaces all',
    nginx: 'types',
  }),
  typed('etag', 'hasEtag', BOOLEAN, {
    doc: 'Files have an ETag, of their time and size',
    nginx: 'etag',
  }),
  typed('if_modified_since', 'modifiedSince', choice(['off', 'exact', 'before']), {
    doc:
      'When the date of If-Modified-Since makes a 304: never, if it is the very date of the ' +
      'file, or also if it is later',
    nginx: 'if_modified_since',
  }),
  typed('max_ranges', 'rangesMax', RANGES_MAX, {
    doc: 'Ranges of one request; more give the whole file, 0 gives no parts at all',
    nginx: 'max_ranges',
  }),
  typed('symlinks', 'symlinks', SYMLINKS, {
    doc:
      'Whether files behind symbolic links are served: `follow`, `refuse`, or `same_owner` where ' +
      'a link must belong to whom its file belongs; `from` is a beginning that is not looked at',
    nginx: 'disable_symlinks',
  }),
  typed('autoindex', 'hasAutoindex', BOOLEAN, {
    doc: 'List directories that have no index',
    nginx: 'autoindex',
  }),
  typed('autoindex_format', 'autoindexFormat', choice(['html', 'json', 'jsonp', 'xml']), {
    doc: 'How they are listed; `jsonp` takes the function from the argument `callback`',
    nginx: 'autoindex_format',
  }),
  typed('autoindex_exact_size', 'autoindexExact', BOOLEAN, {
    doc: 'Show sizes in bytes, not rounded; only `html`',
    nginx: 'autoindex_exact_size',
  }),
  typed('autoindex_localtime', 'autoindexLocal', BOOLEAN, {
    doc: 'Show local times, not those of Greenwich; only `html`',
    nginx: 'autoindex_localtime',
  }),
]

/** The keys of `files` at the top and in a server. */
export const FILES_ROWS: readonly Row<FileSettings>[] = [ROOT, ...REST]

/** The keys of `files` in a route. */
export const ROUTE_FILES_ROWS: readonly Row<FileSettings>[] = [ROOT, ALIAS, ...REST]

function rootRow(
  name: string,
  isAlias: boolean,
  text: { readonly doc: string; readonly nginx: string },
): Row<FileSettings> {
  const plain = row<FileSettings, FileSettings['root']>(
    name,
    'root',
    PATH_TEMPLATE,
    { get: files => files.root, put: (files, root) => ({ ...files, root, isAlias }) },
    text,
  )
  return {
    ...plain,
    write(value, base) {
      if (value.isAlias !== isAlias) return undefined
      const isSame = base.isAlias === isAlias && isSameData(value.root, base.root)
      return isSame ? undefined : PATH_TEMPLATE.write(value.root)
    },
    show: value => (value.isAlias === isAlias ? plain.show(value) : undefined),
    hoist(values, onto) {
      return values.every(files => files.isAlias === isAlias) ? plain.hoist(values, onto) : onto
    },
  }
}

function readMerged(node: YamlNode, reading: Reading, inherited: Types): Types | undefined {
  const entries = reading.entries(node)
  if (entries === null) return reading.unwanted(node, TYPES.wanted)
  const types = new Map(Object.entries(inherited))
  for (const entry of entries.values()) {
    const extension = extensionOf(entry.name)
    if (entry.value === null || reading.describe(entry.value) === 'nothing') {
      types.delete(extension)
      continue
    }
    const type = MEDIA_TYPE.read(entry.value, reading)
    if (type !== undefined) types.set(extension, type)
  }
  return Object.fromEntries(types)
}

function readWhole(node: YamlNode, reading: Reading): Types | undefined {
  const groups = GROUPS.read(node, reading)
  if (groups === undefined) return undefined
  return Object.fromEntries(
    groups.flatMap(group => group.extensions.map(name => [extensionOf(name), group.type])),
  )
}

function writeGroups(types: Types): Plain {
  const groups = new Map<string, string[]>()
  for (const [extension, type] of Object.entries(types)) {
    const extensions = groups.get(type) ?? []
    extensions.push(extension)
    groups.set(type, extensions)
  }
  return Array.from(groups, ([type, extensions]) => ({
    type: MEDIA_TYPE.write(type),
    extensions: extensions.map(name => EXTENSION.write(name)),
  }))
}

function extensionOf(name: string): string {
  return name.toLowerCase().replace(/^\./, '')
}
