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

/** Whether a definition leads back to itself. */
export function isCyclic(name: string, graph: DefinitionGraph): boolean {
  return reaches(name, name, graph, new Set())
}

function reaches(from: string, to: string, graph: DefinitionGraph, seen: Set<string>): boolean {
  for (const name of graph.get(from) ?? []) {
    if (name === to) return true
    if (seen.has(name)) continue
    seen.add(name)
    if (reaches(name, to, graph, seen)) return true
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
