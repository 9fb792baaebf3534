// A configuration in YAML: what `headgate convert` prints. The rows that read also write, each the
// difference to what would hold without it, so the meaning survives although YAML's defaults are
// not nginx's.

import {
  Document,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLSeq,
} from 'yaml'

import type { Config, Format } from '../../model/config.ts'
import { DEFAULT_COMPAT } from '../../model/defaults.ts'
import type { Settings } from '../../model/settings.ts'
import { blankFile, FILE_ROWS, type FileDraft } from './file-table.ts'
import type { PlainMap } from './plain.ts'
import { withoutTopResolver } from './resolver-table.ts'
import { writeRows } from './row.ts'
import { SETTINGS_ROWS } from './settings-table.ts'

/** Stands for a prefix that nobody has: what would depend on the reader's is written out. */
const NO_PREFIX = '\u0000'

/** Makes YAML that reads as `config`, but for places and file names. */
export function writeYaml(config: Config): string {
  const document = new Document(plainConfig(config), {})
  document.commentBefore = heading(config)
  layOut(document)
  return document.toString({ lineWidth: 100, flowCollectionPadding: true })
}

/** The plain values that `writeYaml` prints. */
export function plainConfig(config: Config): PlainMap {
  const { compat, isStrict, process, logFormats, caches, limitZones, servers } = config
  const blank = { ...blankFile(compat, NO_PREFIX), compat: DEFAULT_COMPAT }
  const common = commonSettings(config, blank.settings)
  // A resolver at the top would be the one of every group too.
  const shortened = withoutTopResolver(config.upstreams, common.resolver)
  const upstreams = shortened ?? config.upstreams
  const settings = shortened ? common : { ...common, resolver: blank.settings.resolver }
  const file: FileDraft = {
    compat,
    isStrict,
    process,
    upstreams,
    logFormats,
    caches,
    variables: config.variables,
    limitZones,
    settings,
    servers,
  }
  const byName = new Map(upstreams.map(upstream => [upstream.name, upstream]))
  return writeRows(FILE_ROWS, file, blank, { upstreams: byName })
}

/** What all servers agree on goes to the top. */
function commonSettings({ servers, process }: Config, blank: Settings): Settings {
  const all = servers.map(server => server.settings)
  const common = SETTINGS_ROWS.reduce((draft, row) => row.hoist(all, draft), blank)
  // At the top `error_log` is the one of the process too.
  return { ...common, errorLogs: process.errorLogs }
}

const LANGUAGES: Readonly<Record<Format, string>> = {
  nginx: "nginx's language",
  yaml: 'YAML',
  ldirectord: 'ldirectord.cf',
}

function heading({ file, files, format }: Config): string {
  const others = files.filter(name => name !== file)
  const language = LANGUAGES[format]
  const lines = [` Made from ${printable(file)} (${language})`]
  if (others.length > 0) lines.push(` and ${others.map(printable).join(', ')}`)
  lines.push(' What the defaults of YAML do not say is written out (docs/yaml.md)')
  return lines.join('\n')
}

/** A file name must not end its comment. */
function printable(name: string): string {
  return name.replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, '\ufffd')
}

/** Small things on one line, an empty line before each block at the top and each server. */
function layOut(document: Document): void {
  const top = document.contents
  if (!isMap(top)) return
  flatten(top, false)
  top.flow = false
  const pairs = top.items as Pair<Scalar, Node>[]
  for (const [index, { key, value }] of pairs.entries()) {
    if (!isCollection(value)) continue
    if (key.value === 'servers' && isSeq(value)) spaceServers(value)
    if (index > 0 && value.flow !== true) key.spaceBefore = true
    const next = pairs[index + 1]
    if (value.flow !== true && next !== undefined) next.key.spaceBefore = true
  }
}

function spaceServers(servers: YAMLSeq): void {
  servers.flow = servers.items.length === 0
  for (const [index, server] of servers.items.entries()) {
    if (!isMap(server)) continue
    server.flow = false
    if (index > 0) server.spaceBefore = true
  }
}

const FLAT_LENGTH_MAX = 84

/**
 * Puts on one line (`flow`) lists of words and, where they are short, mappings without a mapping
 * inside.
 *
 * @returns the length of the one line, or -1
 */
function flatten(node: Node, isMember: boolean): number {
  if (isScalar(node)) {
    const text = String(node.value)
    // A block of text cannot begin with blanks.
    if (/^\s/.test(text) && text.includes('\n')) node.type = 'QUOTE_DOUBLE'
    // As a key it would merge a mapping.
    if (text === '<<') node.type = 'QUOTE_DOUBLE'
    return text.includes('\n') ? -1 : text.length + 2
  }
  if (!isCollection(node)) return -1
  let length = 4
  for (const item of node.items) {
    const parts = isPair(item) ? [item.key as Node, item.value as Node] : [item as Node]
    for (const part of parts) {
      const inner = flatten(part, isSeq(node))
      const isNested = isMap(part) && part.items.length > 0
      length = inner === -1 || length === -1 || isNested ? -1 : length + inner + 2
    }
  }
  const isSmall = isMember || node.items.length <= 3 || isSeq(node)
  node.flow = length !== -1 && length <= FLAT_LENGTH_MAX && isSmall
  return node.flow ? length : -1
}
