// The lines of a `geo` block: networks, or after `ranges` ranges of IPv4 addresses, with their values;
// `default`, `delete`, `proxy`, `proxy_recursive` (http://nginx.org/en/docs/http/ngx_http_geo_module.html).
// Values are plain texts: a dollar in them is a dollar.

import { networkText, parseNetwork, parseRange } from '../../base/network.ts'
import type { GeoDefinition, MappedNetwork } from '../../model/variable-definitions.ts'
import { GeoRanges } from './geo-ranges.ts'
import { type Word, wordOrigin } from './lexer.ts'
import { refuseBlock, refuseCount } from './map-directive.ts'
import type { Reading } from './reading.ts'
import { parseTemplate } from './template-text.ts'
import { type Directive, statementOrigin } from './tree.ts'

interface Draft {
  isRecursive: boolean
  isVolatile: boolean
  readonly proxies: string[]
  /** By the text of the network. */
  readonly networks: Map<string, string>
  /** Null until `ranges` is written. */
  ranges: GeoRanges | null
  default: string | null
}

const EVERYTHING = ['0.0.0.0/0', '::/0'] as const

/** Reads a `geo` block; mistakes are reported and left out. */
export function readGeo(directive: Directive, name: string, reading: Reading): GeoDefinition {
  const draft: Draft = {
    isRecursive: false,
    isVolatile: false,
    proxies: [],
    networks: new Map(),
    ranges: null,
    default: null,
  }
  const source = directive.args.length === 1 ? null : readSource(directive.args[0]!, reading)
  for (const line of reading.expand(directive.block!)) readLine(line, draft, reading)
  return {
    kind: 'geo',
    origin: statementOrigin(directive),
    name,
    source,
    isVolatile: draft.isVolatile,
    networks: listNetworks(draft),
    proxies: draft.proxies,
    isRecursive: draft.isRecursive,
    default: draft.default ?? '',
  }
}

function readSource(word: Word, reading: Reading): string | null {
  const [part, more] = word.text.startsWith('$') ? parseTemplate(word, reading) : []
  if (part !== undefined && typeof part !== 'string' && more === undefined) return part.variable
  reading.refuse(word, `invalid variable name "${word.text}"`, 'a name begins with "$"')
  return null
}

function listNetworks({ ranges, networks }: Draft): readonly MappedNetwork[] {
  if (ranges !== null) {
    return ranges.list().map(({ first, last, value }) => ({
      network: networkText({ family: 4, first, last }),
      value,
    }))
  }
  return [...networks].map(([network, value]) => ({ network, value }))
}

function readLine(line: Directive, draft: Draft, reading: Reading): void {
  if (refuseBlock(line, reading)) return
  const key = line.name
  const [word, second] = line.args
  if (word === undefined && key.text === 'ranges') {
    readRanges(key, draft, reading)
  } else if (word === undefined && key.text === 'proxy_recursive') {
    draft.isRecursive = true
  } else if (word === undefined && key.text === 'volatile') {
    draft.isVolatile = true
  } else if (word === undefined || second !== undefined) {
    refuseCount(line, 'geo', reading)
  } else if (key.text === 'proxy') {
    const network = readNetwork(word, reading)
    if (network !== null) draft.proxies.push(network)
  } else if (key.text === 'default') {
    readDefault(line, word.text, draft, reading)
  } else if (draft.ranges !== null) {
    readRange(line, draft.ranges, reading)
  } else {
    readValue(line, draft, reading)
  }
}

function readRanges(word: Word, draft: Draft, reading: Reading): void {
  if (draft.networks.size > 0 || (draft.ranges === null && draft.default !== null)) {
    const message = 'the "ranges" directive must be the first directive inside "geo" block'
    reading.refuse(word, message)
  }
  draft.ranges ??= new GeoRanges()
}

function readDefault(line: Directive, value: string, draft: Draft, reading: Reading): void {
  if (draft.default !== null) {
    const what =
      draft.ranges === null ? 'network "default",' : `default geo range value: "${value}",`
    const text = draft.ranges === null ? ` value: "${value}",` : ''
    const message = `duplicate ${what}${text} old value: "${draft.default}"`
    reading.diagnostics.warning(message, statementOrigin(line), 'the later one holds')
  }
  draft.default = value
}

function readValue(line: Directive, draft: Draft, reading: Reading): void {
  const isDeleting = line.name.text === 'delete'
  const word = isDeleting ? line.args[0]! : line.name
  const network = readNetwork(word, reading)
  if (network === null) return
  const { networks } = draft
  const old = networks.get(network)
  if (isDeleting) {
    if (networks.delete(network)) return
    // The default stands for everything, and goes with it.
    if (draft.default !== null && EVERYTHING.some(all => all === network)) {
      networks.set(network, '')
      return
    }
    reading.diagnostics.warning(`no network "${word.text}" to delete`, wordOrigin(word), '')
    return
  }
  const value = line.args[0]!.text
  if (old !== undefined) {
    const message = `duplicate network "${word.text}", value: "${value}", old value: "${old}"`
    reading.diagnostics.warning(message, statementOrigin(line), 'the later one holds')
  }
  networks.set(network, value)
}

/** The text of a network without what does not matter; null when it is none. */
function readNetwork(word: Word, reading: Reading): string | null {
  const written = parseNetwork(word.text)
  if (written === null) {
    const hint = 'write an address such as 192.0.2.1, or a network such as 10.0.0.0/8'
    reading.refuse(word, `invalid network "${word.text}"`, hint)
    return null
  }
  const text = networkText(written.network)
  if (written.hasLowBits) {
    const message = `low address bits of ${word.text} are meaningless`
    reading.diagnostics.warning(message, wordOrigin(word), `it means ${text}`)
  }
  return text
}

function readRange(line: Directive, ranges: GeoRanges, reading: Reading): void {
  const isDeleting = line.name.text === 'delete'
  const word = isDeleting ? line.args[0]! : line.name
  const range = parseRange(word.text)
  if (range === null || range.family !== 4) {
    reading.refuse(word, `invalid range "${word.text}"`, 'write such as 192.0.2.1-192.0.2.9')
    return
  }
  const { first, last } = range
  if (isDeleting) {
    if (ranges.remove(first, last)) return
    reading.diagnostics.warning(`no address range "${word.text}" to delete`, wordOrigin(word), '')
    return
  }
  const value = line.args[0]!.text
  const outcome = ranges.add(first, last, value)
  if (outcome.kind === 'overlap') {
    reading.refuse(
      word,
      `range "${word.text}" overlaps "${outcome.with}"`,
      'ranges may only lie inside each other, the inner one later',
    )
  } else if (outcome.kind === 'duplicate') {
    const message = `duplicate range "${word.text}", value: "${value}", old value: "${outcome.old}"`
    reading.diagnostics.warning(message, statementOrigin(line), 'the later one holds')
  }
}
