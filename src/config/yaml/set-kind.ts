// `set` of a step: names of variables and their values, in their order; and the names that a whole file sets.

import { SETTABLE_VARIABLES } from '../../model/rewrite.ts'
import type { Template } from '../../model/template.ts'
import { VARIABLES } from '../../model/variables.ts'
import type { Kind } from './kind.ts'
import type { Entry, Reading, YamlNode } from './reading.ts'
import { template } from './words.ts'

/** One variable and its value. */
export interface SetPair {
  readonly name: string
  readonly value: Template
}

const BUILT_IN: ReadonlySet<string> = new Set(VARIABLES.map(({ name }) => name))

const VALUE = template('text with variables', true)

/** `set`: names and their values, in their order. */
export const SETS: Kind<readonly SetPair[]> = {
  label: 'mapping of variables',
  wanted: 'a mapping such as { backend: app, site: $host }',
  schema: () => ({ type: 'object', additionalProperties: VALUE.schema() }),
  read(node, reading) {
    const entries = reading.entries(node)
    if (entries === null) return reading.unwanted(node, SETS.wanted)
    const pairs: SetPair[] = []
    for (const entry of entries.values()) {
      const name = readName(entry, reading)
      const value = entry.value === null ? undefined : VALUE.read(entry.value, reading)
      if (entry.value === null) {
        reading.error(entry.key, `Nothing behind "${entry.name}": wants ${VALUE.wanted}`)
      }
      if (name !== undefined && value !== undefined) pairs.push({ name, value })
    }
    return pairs
  },
  write: pairs => Object.fromEntries(pairs.map(({ name, value }) => [name, VALUE.write(value)])),
}

function readName({ name: written, key }: Entry, reading: Reading): string | undefined {
  const name = plainName(written)
  if (name === null) {
    return reading.error(key, `Cannot set "${written}": wants a name of letters, digits and _`)
  }
  if (BUILT_IN.has(name) && !SETTABLE_VARIABLES.has(name)) {
    const hint = 'choose another name'
    return reading.error(key, `Cannot set "${written}": it has a value of its own`, hint)
  }
  return name
}

function plainName(written: string): string | null {
  return /^\$?(\w+)$/.exec(written)?.[1]?.toLowerCase() ?? null
}

/** Names that steps give values to anywhere in the file: variables, which may be used before the place that sets them. */
export function setNames(top: YamlNode, reading: Reading): ReadonlySet<string> {
  const names = new Set<string>()
  collectNames(top, reading, names, new Set())
  return names
}

/** @param seen what was looked at before: through its aliases a file may hold itself */
function collectNames(
  node: YamlNode,
  reading: Reading,
  names: Set<string>,
  seen: Set<YamlNode>,
): void {
  if (seen.has(node)) return
  seen.add(node)
  for (const item of reading.items(node) ?? []) collectNames(item, reading, names, seen)
  for (const { name, value } of reading.entries(node)?.values() ?? []) {
    if (value === null) continue
    if (AROUND_STEPS.has(name)) collectNames(value, reading, names, seen)
    if (name !== 'set') continue
    for (const key of reading.entries(value)?.keys() ?? []) {
      const plain = plainName(key)
      if (plain !== null && !BUILT_IN.has(plain)) names.add(plain)
    }
  }
}

const AROUND_STEPS: ReadonlySet<string> = new Set(['servers', 'routes', 'rewrite', 'then'])
