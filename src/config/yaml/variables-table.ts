// `variables` at the top of a file: names and what their values are made of. One of `map`, `geo` and `split` says how, with
// the text or the address that decides; the other keys belong to one of them.

import { parseNetwork, parseRange } from '../../base/network.ts'
import { literal, literalText, type Template } from '../../model/template.ts'
import {
  type MappedNetwork,
  type MappedRegex,
  type MappedText,
  type SplitPart,
  sortedTexts,
  type VariableDefinition,
  WHOLE_SHARE,
} from '../../model/variable-definitions.ts'
import { VARIABLES as BUILT_IN } from '../../model/variables.ts'
import { innerOf, list } from './collections.ts'
import { type Kind, nullable } from './kind.ts'
import type { Entry, Reading, YamlNode } from './reading.ts'
import { record } from './record.ts'
import { isNothing, rowsOf } from './row.ts'
import { NETWORKS, PART, PROXY_NETWORK, REGEX_VALUE, TEXTS, VALUE } from './variable-kinds.ts'
import { BOOLEAN, template } from './words.ts'

/** A definition as its keys say it. */
interface Draft {
  readonly map: Template | null
  readonly geo: Template | null
  readonly split: Template | null
  readonly texts: readonly MappedText[]
  readonly regexes: readonly MappedRegex[]
  readonly default: Template
  readonly isByHostname: boolean
  readonly isVolatile: boolean
  readonly networks: readonly MappedNetwork[]
  readonly proxies: readonly string[]
  readonly isRecursive: boolean
  readonly parts: readonly SplitPart[]
}

const BLANK: Draft = {
  map: null,
  geo: null,
  split: null,
  texts: [],
  regexes: [],
  default: [],
  isByHostname: false,
  isVolatile: false,
  networks: [],
  proxies: [],
  isRecursive: false,
  parts: [],
}

const row = rowsOf<Draft>()
const SOURCE = nullable(template('text with variables such as $http_upgrade'))

/** The keys of a variable; which belong together is checked with the whole of it. */
const DRAFT: Kind<Draft> = record<Draft>({
  label: 'mapping',
  wanted: 'a mapping such as { map: $http_upgrade, values: { "": close }, default: upgrade }',
  place: 'in a variable',
  rows: [
    row('map', 'map', SOURCE, { doc: 'The text that decides', nginx: 'map' }),
    row('geo', 'geo', nullable(template('a variable with an address such as $remote_addr')), {
      doc: 'The address that decides: a variable, usually `$remote_addr`',
      nginx: 'geo',
    }),
    row('split', 'split', SOURCE, {
      doc: 'The text whose hash decides: usually `$remote_addr` and something more',
      nginx: 'split_clients',
    }),
    row('values', 'texts', TEXTS, {
      doc: 'Of `map`: texts without regard to case, and what they stand for',
      nginx: 'map',
    }),
    row('regexes', 'regexes', list(REGEX_VALUE, { isOneShort: false, label: 'list of regexes' }), {
      doc: 'Of `map`: asked in their order where no text is found; `$1` and names are captures',
      nginx: 'map (~, ~*)',
    }),
    row('hostnames', 'isByHostname', BOOLEAN, {
      doc: 'Of `map`: texts may be `*.example.com`, `.example.com` and `www.example.*`',
      nginx: 'map (hostnames)',
    }),
    row('networks', 'networks', NETWORKS, {
      doc: 'Of `geo`: networks, or `first-last` of IPv4, and what they stand for; the smallest wins',
      nginx: 'geo',
    }),
    row('proxies', 'proxies', list(PROXY_NETWORK, { label: 'list of networks' }), {
      doc: 'Of `geo`: proxies whose X-Forwarded-For is believed',
      nginx: 'geo (proxy)',
    }),
    row('recursive', 'isRecursive', BOOLEAN, {
      doc: 'Of `geo`: take the last address there that is none of theirs, not the last one',
      nginx: 'geo (proxy_recursive)',
    }),
    row('parts', 'parts', list(PART, { isOneShort: false, label: 'list of parts' }), {
      doc: 'Of `split`: shares in their order',
      nginx: 'split_clients',
    }),
    row('default', 'default', VALUE, {
      doc: 'Of `map` and `geo`: what holds for everything else',
      nginx: 'map (default)',
    }),
    row('volatile', 'isVolatile', BOOLEAN, {
      doc: 'Of `map` and `geo`: worked out each time anew, not once for a request',
      nginx: 'map (volatile)',
    }),
  ],
  blank: () => BLANK,
})

/** Keys that only one of the three ways has. */
const OWN_KEYS: Readonly<Record<'map' | 'geo' | 'split', readonly string[]>> = {
  map: ['values', 'regexes', 'hostnames', 'default', 'volatile'],
  geo: ['networks', 'proxies', 'recursive', 'default', 'volatile'],
  split: ['parts'],
}

/** `variables`: a mapping from name to definition. */
export const VARIABLES: Kind<readonly VariableDefinition[]> = {
  label: 'mapping of variables',
  wanted: 'a mapping from name to definition such as { device: { map: $http_user_agent } }',
  schema: () => ({ type: 'object', additionalProperties: DRAFT.schema() }),
  ...innerOf(DRAFT),
  read(node, reading) {
    const entries = reading.entries(node)
    if (entries === null) return reading.unwanted(node, VARIABLES.wanted)
    const definitions: VariableDefinition[] = []
    for (const entry of entries.values()) {
      const definition = readDefinition(entry, reading)
      if (definition !== undefined) definitions.push(definition)
    }
    return definitions
  },
  write: definitions =>
    Object.fromEntries(definitions.map(one => [one.name, DRAFT.write(draftOf(one))])),
}

/** Names that a file defines, before any of it was read. */
export function definedNames(top: YamlNode, reading: Reading): readonly string[] {
  const { value } = reading.entries(top)?.get('variables') ?? { value: null }
  const entries = value === null ? null : reading.entries(value)
  return [...(entries?.keys() ?? [])].map(plainName).filter(name => NAME.test(name))
}

const NAME = /^[a-z_][a-z0-9_]*$/

function plainName(name: string): string {
  return name.replace(/^\$/, '').toLowerCase()
}

function readDefinition(entry: Entry, reading: Reading): VariableDefinition | undefined {
  const { key, value } = entry
  const name = plainName(entry.name)
  if (!NAME.test(name)) {
    return reading.error(key, `Cannot use "${entry.name}" as the name of a variable`)
  }
  if (BUILT_IN.some(variable => variable.name === name)) {
    const hint = 'choose a name of your own'
    return reading.error(key, `Cannot define "${name}": there is a variable of this name`, hint)
  }
  if (value === null || isNothing(entry, reading)) {
    return reading.error(key, `Nothing behind "${entry.name}": wants ${DRAFT.wanted}`)
  }
  const draft = DRAFT.read(value, reading)
  return draft === undefined ? undefined : finish(name, draft, entry, reading)
}

function finish(
  name: string,
  draft: Draft,
  entry: Entry,
  reading: Reading,
): VariableDefinition | undefined {
  const node = entry.value!
  const ways = (['map', 'geo', 'split'] as const).filter(way => draft[way] !== null)
  const [way] = ways
  if (way === undefined || ways.length > 1) {
    return reading.error(node, `Variable "${entry.name}" wants one of map, geo and split`)
  }
  const strangers = Object.entries(OWN_KEYS)
    .filter(([other]) => other !== way)
    .flatMap(([, keys]) => keys)
  for (const { key, name: written } of reading.entries(node)?.values() ?? []) {
    if (strangers.includes(written) && !OWN_KEYS[way].includes(written)) {
      reading.error(key, `The key "${written}" does not belong to "${way}"`)
    }
  }
  const base = { origin: reading.origin(entry.key), name }
  const { isVolatile } = draft
  if (way === 'map') {
    const { texts, regexes, isByHostname, default: otherwise } = draft
    const source = draft.map!
    return {
      ...base,
      kind: 'map',
      source,
      isByHostname,
      isVolatile,
      texts: sortedTexts(texts),
      regexes,
      default: otherwise,
    }
  }
  if (way === 'split') {
    const { parts } = draft
    const share = parts.reduce((sum, part) => sum + (part.share ?? 0), 0)
    if (share > WHOLE_SHARE) reading.error(node, 'The parts are more than 100 percent')
    const rest = parts.findIndex(part => part.share === null)
    if (rest !== -1 && rest < parts.length - 1) {
      reading.error(node, 'A part without a percentage is the rest: it wants to be the last')
    }
    return { ...base, kind: 'split', source: draft.split!, parts }
  }
  return finishGeo(base, draft, entry, reading)
}

function finishGeo(
  base: Pick<VariableDefinition, 'origin' | 'name'>,
  draft: Draft,
  entry: Entry,
  reading: Reading,
): VariableDefinition | undefined {
  const { networks, proxies, isRecursive, isVolatile } = draft
  const [source, more] = draft.geo!
  const otherwise = literalText(draft.default)
  const node = entry.value!
  if (typeof source !== 'object' || more !== undefined) {
    return reading.error(node, `"geo" of "${entry.name}" wants one variable such as $remote_addr`)
  }
  if (otherwise === null) {
    return reading.error(node, `"default" of "${entry.name}" wants a text without variables`)
  }
  const crossing = findCrossing(networks)
  if (crossing !== null) {
    const [inner, outer] = crossing
    reading.error(node, `The range ${inner} lies across the end of ${outer}`)
  }
  return {
    ...base,
    kind: 'geo',
    source: source.variable === 'remote_addr' ? null : source.variable,
    isVolatile,
    networks,
    proxies,
    isRecursive,
    default: otherwise,
  }
}

/** Two ranges of which neither lies in the other, and that are not apart; null when there are none. */
function findCrossing(networks: readonly MappedNetwork[]): readonly [string, string] | null {
  if (!networks.some(({ network }) => network.includes('-'))) return null
  const spans = networks.flatMap(({ network: text }) => {
    const network = parseNetwork(text)?.network ?? parseRange(text)
    return network?.family === 4 ? [{ text, first: network.first, last: network.last }] : []
  })
  spans.sort((a, b) => a.first - b.first || b.last - a.last)
  const open: typeof spans = []
  for (const span of spans) {
    while (open.length > 0 && open.at(-1)!.last < span.first) open.pop()
    const outer = open.at(-1)
    if (outer !== undefined && outer.last < span.last) return [span.text, outer.text]
    open.push(span)
  }
  return null
}

/** The keys that say what a definition says. */
function draftOf(definition: VariableDefinition): Draft {
  if (definition.kind === 'split') {
    return { ...BLANK, split: definition.source, parts: definition.parts }
  }
  if (definition.kind === 'geo') {
    const { source, networks, proxies, isRecursive, isVolatile } = definition
    const geo = [{ variable: source ?? 'remote_addr' }]
    const otherwise = literal(definition.default)
    return { ...BLANK, geo, networks, proxies, isRecursive, isVolatile, default: otherwise }
  }
  const { source: map, texts, regexes, isByHostname, isVolatile, default: otherwise } = definition
  return { ...BLANK, map, texts, regexes, isByHostname, isVolatile, default: otherwise }
}
