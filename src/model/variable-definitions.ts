// Variables that the configuration makes of others (nginx: `map`, `geo`, `split_clients`). They exist for all servers and
// are worked out when somebody asks, once for each request.

import type { Sourced } from './origin.ts'
import type { Template } from './template.ts'

/** A text and what it stands for. */
export interface MappedText {
  /** In lower case; with host names also `*.example.com`, `.example.com` and `www.example.*`. */
  readonly text: string
  readonly value: Template
}

/** In the one order that they are kept in: it says nothing. */
export function sortedTexts(texts: readonly MappedText[]): readonly MappedText[] {
  return [...texts].sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
}

/** A regex and what it stands for; its captures may be used in the value. */
export interface MappedRegex {
  /** In JavaScript's syntax. */
  readonly pattern: string
  readonly isCaseInsensitive: boolean
  readonly value: Template
}

/** One text made of another. */
export interface MapDefinition extends Sourced {
  readonly kind: 'map'
  /** Lower case, without the dollar. */
  readonly name: string
  readonly source: Template
  readonly isByHostname: boolean
  /** Worked out anew whenever it is asked for. */
  readonly isVolatile: boolean
  readonly texts: readonly MappedText[]
  /** Asked in this order after all texts, but not about an empty source. */
  readonly regexes: readonly MappedRegex[]
  readonly default: Template
}

/** A network and what it stands for. */
export interface MappedNetwork {
  /** `10.0.0.0/8`, `2001:db8::/32`, an address, or `192.0.2.1-192.0.2.9`. */
  readonly network: string
  readonly value: string
}

/** A text made of an address: the smallest network that holds it decides. */
export interface GeoDefinition extends Sourced {
  readonly kind: 'geo'
  readonly name: string
  /** The variable that has the address; null = the client's. */
  readonly source: string | null
  readonly isVolatile: boolean
  readonly networks: readonly MappedNetwork[]
  /** Networks of proxies, whose X-Forwarded-For says for whom they ask. */
  readonly proxies: readonly string[]
  /** The last address in that field that is none of theirs, not the last one. */
  readonly isRecursive: boolean
  readonly default: string
}

/** A share of all clients and what it stands for. */
export interface SplitPart {
  /** Hundredths of a percent; null = the rest. */
  readonly share: number | null
  readonly value: string
}

/** Clients divided by a hash. */
export interface SplitDefinition extends Sourced {
  readonly kind: 'split'
  readonly name: string
  readonly source: Template
  readonly parts: readonly SplitPart[]
}

export type VariableDefinition = MapDefinition | GeoDefinition | SplitDefinition

/** Hundredths of a percent in the whole. */
export const WHOLE_SHARE = 10_000

/** The variables that each definition is made of, by its name. */
export type DefinitionGraph = ReadonlyMap<string, readonly string[]>

/** Makes the graph; of two definitions of one name the later one counts. */
export function graphOf(definitions: Iterable<VariableDefinition>): DefinitionGraph {
  return new Map(Array.from(definitions, one => [one.name, usedBy(one)]))
}

/** What is known of a graph once it has been gone through. */
export interface DefinitionOrder {
  /** Each after all that it is made of; those are left out that lead to one made of itself. */
  readonly sorted: readonly string[]
  /** Those that lead back to themselves. */
  readonly cyclic: ReadonlySet<string>
  /** Definitions in definitions, at most, of those that end. */
  readonly depth: number
}

/** Goes through a graph once: as often as a definition stands in others, it is looked at but once for each. */
export function orderOf(graph: DefinitionGraph): DefinitionOrder {
  const users = usersOf(graph)
  const left = new Map([...graph].map(([name, parts]) => [name, countDefined(parts, graph)]))
  const heights = new Map([...graph.keys()].map(name => [name, 1]))
  const sorted = [...graph.keys()].filter(name => left.get(name) === 0)
  for (const name of sorted) {
    for (const user of users.get(name) ?? []) {
      heights.set(user, Math.max(heights.get(user)!, heights.get(name)! + 1))
      const more = left.get(user)! - 1
      left.set(user, more)
      if (more === 0) sorted.push(user)
    }
  }
  const unsorted = [...graph.keys()].filter(name => left.get(name) !== 0)
  const depth = sorted.reduce((most, name) => Math.max(most, heights.get(name)!), 0)
  return { sorted, cyclic: new Set(unsorted.filter(name => reaches(name, graph))), depth }
}

function countDefined(parts: readonly string[], graph: DefinitionGraph): number {
  return parts.reduce((count, part) => count + (graph.has(part) ? 1 : 0), 0)
}

/** Once for each time that it is used. */
function usersOf(graph: DefinitionGraph): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>()
  for (const [name, parts] of graph) {
    for (const part of parts) {
      const known = users.get(part)
      if (known === undefined) users.set(part, [name])
      else known.push(name)
    }
  }
  return users
}

/** Whether a definition leads back to itself. */
function reaches(name: string, graph: DefinitionGraph): boolean {
  const seen = new Set(graph.get(name))
  for (const next of seen) {
    if (next === name) return true
    for (const part of graph.get(next) ?? []) seen.add(part)
  }
  return false
}

function usedBy(definition: VariableDefinition): readonly string[] {
  switch (definition.kind) {
    case 'map': {
      const { source, texts, regexes, default: otherwise } = definition
      const values = [...texts, ...regexes].map(({ value }) => value)
      return [source, otherwise, ...values].flatMap(variablesIn)
    }
    case 'geo':
      return [definition.source ?? 'remote_addr']
    case 'split':
      return variablesIn(definition.source)
  }
}

function variablesIn(template: Template): readonly string[] {
  return template.flatMap(part => (typeof part === 'string' ? [] : part.variable))
}
