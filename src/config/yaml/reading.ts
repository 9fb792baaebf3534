// One reading of one YAML file: nodes to places, mappings to keys, and everything that a kind needs
// to know of the world around the file. Aliases and `<<` are followed here, so that nobody above
// sees them.

import { resolve } from 'node:path'

import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml'

import type { CompatProfile } from '../../model/config.ts'
import type { Origin } from '../../model/origin.ts'
import type { Upstream } from '../../model/upstream.ts'
import type { DiagnosticList } from '../diagnostic.ts'
import type { ReadOptions } from '../reader.ts'
import { originAt, type Source } from '../source.ts'
import type { ParsedDocument } from './document.ts'
import { YAML_LIMITS } from './limits.ts'
import { scalarText } from './scalar.ts'

/** A value in the file, aliases followed: a scalar, a list or a mapping. */
export type YamlNode = Node

/** One `key: value`. */
export interface Entry {
  readonly key: YamlNode
  readonly name: string
  /** Null where nothing stands after the colon. */
  readonly value: YamlNode | null
}

export class Reading {
  readonly diagnostics: DiagnosticList
  readonly env: ReadOptions['env']
  readonly hostname: string
  /** The file's directory: relative paths start here. */
  readonly directory: string
  readonly prefix: string
  /** Names that regexes of this file capture, `(?<name>…)`, or that it defines: variables of their own. */
  readonly captures: Set<string>
  /** Groups that `proxy: { address: … }` made so far, by address. */
  readonly implicitUpstreams = new Map<string, Upstream>()
  /** Where directories for temporary files were written, by path. */
  readonly directories = new Map<string, Origin>()
  /** Set once `compat` was read, which is before everything else. */
  profile: CompatProfile
  readonly #source: Source
  readonly #targets: ParsedDocument['targets']
  /**
   * What `entries` answered: a mapping is asked more than once, and its mistakes shall be told
   * once.
   */
  readonly #entries = new Map<YamlNode, Map<string, Entry>>()
  readonly #said = new Set<string>()
  #depth = 0
  #values = 0
  #hasOverflown = false

  constructor(
    source: Source,
    document: ParsedDocument,
    diagnostics: DiagnosticList,
    profile: CompatProfile,
    options: ReadOptions,
  ) {
    this.#source = source
    this.#targets = document.targets
    this.diagnostics = diagnostics
    this.env = options.env
    this.hostname = options.hostname
    this.prefix = options.prefix
    this.directory = resolve(source.file, '..')
    this.profile = profile
    this.captures = new Set(Array.from(source.text.matchAll(CAPTURE), match => match[1]!))
  }

  /** The place of a node: its own text, without the comments and blanks after it. */
  origin(node: YamlNode): Origin {
    const [start, end] = node.range ?? [0, 1]
    return originAt(this.#source, start, end)
  }

  /**
   * The place of `start`…`end` inside the text of a scalar; the whole scalar where it was written
   * with escapes.
   */
  originInside(node: YamlNode, start: number, end: number): Origin {
    const [from, to] = node.range ?? [0, 1]
    if (isScalar(node) && typeof node.value === 'string') {
      const written = this.#source.text.slice(from, to)
      const quote = /^["']/.test(written) ? 1 : 0
      if (written.slice(quote, written.length - quote) === node.value) {
        return originAt(this.#source, from + quote + start, from + quote + end)
      }
    }
    return this.origin(node)
  }

  error(node: YamlNode, message: string, hint = ''): undefined {
    return this.errorAt(this.origin(node), message, hint)
  }

  /** Reports a mistake once: through aliases the same text is read more than once. */
  errorAt(origin: Origin, message: string, hint = ''): undefined {
    const key = `${origin.line}:${origin.column}:${message}`
    if (!this.#said.has(key)) this.diagnostics.error(message, origin, hint)
    this.#said.add(key)
    return undefined
  }

  /** Warns once of what is read, and will not do what it seems to. */
  warnAt(origin: Origin, message: string, hint = ''): void {
    const key = `${origin.line}:${origin.column}:${message}`
    if (!this.#said.has(key)) this.diagnostics.warning(message, origin, hint)
    this.#said.add(key)
  }

  /** Reports a value that is not what was wanted. */
  unwanted(node: YamlNode, wanted: string, hint = ''): undefined {
    return this.error(node, `Cannot use ${this.describe(node)}: wants ${wanted}`, hint)
  }

  /** Names a value for a message: `"abc"`, `a list`, `a mapping`, `nothing`. */
  describe(node: YamlNode): string {
    if (isSeq(node)) return 'a list'
    if (isMap(node)) return 'a mapping'
    const text = scalarText(node)
    if (text === null) return 'nothing'
    return `"${text.length > 60 ? `${text.slice(0, 57)}…` : text}"`
  }

  /** Follows an alias. */
  follow(node: YamlNode): YamlNode {
    return isAlias(node) ? (this.#targets.get(node) ?? node) : node
  }

  /**
   * Enters a value; the caller leaves it again by `leave`. False when the file is too deep or,
   * through its aliases, too large: this is reported once.
   */
  enter(node: YamlNode): boolean {
    this.#depth++
    this.#values++
    if (this.#depth <= YAML_LIMITS.depthMax && this.#values <= YAML_LIMITS.valuesMax) return true
    if (!this.#hasOverflown) {
      this.#hasOverflown = true
      const isDeep = this.#depth > YAML_LIMITS.depthMax
      const limit = isDeep ? YAML_LIMITS.depthMax : YAML_LIMITS.valuesMax
      const problem = isDeep ? `Nested more than ${limit} deep` : `More than ${limit} values`
      this.error(node, problem, 'is an alias (*name) inside its own anchor (&name)?')
    }
    return false
  }

  leave(): void {
    this.#depth--
  }

  /** The values of a list; null when the node is none. */
  items(node: YamlNode): YamlNode[] | null {
    if (!isSeq(node)) return null
    const items: YamlNode[] = []
    for (const item of node.items) items.push(this.follow(item as Node))
    return items
  }

  /**
   * The entries of a mapping in their order, `<<` resolved; null when the node is none. Two entries
   * of one name are reported, and the first counts.
   */
  entries(node: YamlNode): Map<string, Entry> | null {
    if (!isMap(node)) return null
    const known = this.#entries.get(node)
    if (known !== undefined) return known
    const entries = new Map<string, Entry>()
    this.#entries.set(node, entries)
    const merged: YamlNode[] = []
    for (const pair of node.items as Pair<Node, Node | null>[]) {
      const key = this.follow(pair.key)
      if (isScalar(key) && typeof key.value === 'symbol') {
        if (pair.value !== null) merged.push(this.follow(pair.value))
        continue
      }
      const name = scalarText(key)
      if (name === null) {
        this.error(key, `Cannot use ${this.describe(key)} as a key: wants a name`)
        continue
      }
      const earlier = entries.get(name)
      if (earlier === undefined) {
        entries.set(name, {
          key,
          name,
          value: pair.value === null ? null : this.follow(pair.value),
        })
      } else {
        const { line } = this.origin(earlier.key)
        this.error(key, `The key "${name}" stands twice in one mapping`, `first in line ${line}`)
      }
    }
    for (const source of merged) this.#merge(source, entries)
    return entries
  }

  /** `<<: *name` or `<<: [*a, *b]`: entries that are not there yet. */
  #merge(source: YamlNode, entries: Map<string, Entry>): void {
    if (!this.enter(source)) {
      this.leave()
      return
    }
    const list = this.items(source)
    if (list !== null) {
      for (const item of list) this.#merge(item, entries)
    } else {
      const found = this.entries(source)
      if (found === null) {
        this.error(
          source,
          `Cannot merge ${this.describe(source)}: "<<" wants the alias of a mapping`,
        )
      }
      for (const [name, entry] of found ?? []) {
        if (!entries.has(name)) entries.set(name, entry)
      }
    }
    this.leave()
  }
}

const CAPTURE = /\(\?<([A-Za-z_][A-Za-z0-9_]*)>/g
