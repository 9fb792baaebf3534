// A mapping with known keys is a table of rows: name, kind, where in the model it belongs, nginx's
// word for it, and what it does. Rows are read in the order of the table, not of the file, so that
// a later row may build on an earlier one.

import type { Origin } from '../../model/origin.ts'
import type { Upstream } from '../../model/upstream.ts'
import { type Kind, MAPPING, type RowShape, type Shape } from './kind.ts'
import { isSamePlain, type Plain, type PlainMap } from './plain.ts'
import type { Entry, Reading, YamlNode } from './reading.ts'
import { reportUnknown } from './unknown-key.ts'

/** One key of a mapping that describes an `S`. */
export interface Row<S> extends RowShape {
  /**
   * Reads the value and gives the draft with it put in; reports and gives the draft as it was when
   * it is wrong.
   */
  read(entry: Entry, reading: Reading, draft: S, origins: Origins): S
  /** What to write so that `base` becomes `value`; undefined when nothing. */
  write(value: S, base: S, writing: Writing): Plain | undefined
  /**
   * What to write for `value` whatever holds without it; for the reference. Undefined where that
   * says nothing.
   */
  show(value: S): Plain | undefined
  /** Copies what this row stands for from `value` to `onto` where all of `values` agree on it. */
  hoist(values: readonly S[], onto: S): S
}

/** What a row may have to look up while it writes. */
export interface Writing {
  readonly upstreams: ReadonlyMap<string, Upstream>
}

/** Where the properties that were written stand, by property name. */
export type Origins = Record<string, Origin>

/** What a row says of itself beside its kind. */
export interface RowText {
  readonly doc: string
  readonly nginx?: string
  readonly isRequired?: boolean
}

/** Makes a row from a kind and the two ways between the value and its owner. */
export function row<S, T>(
  name: string,
  property: string,
  kind: Kind<T>,
  lens: { readonly get: (owner: S) => T; readonly put: (owner: S, value: T) => S },
  text: RowText,
): Row<S> {
  const { get, put } = lens
  return {
    name,
    doc: text.doc,
    nginx: text.nginx ?? '',
    isRequired: text.isRequired ?? false,
    shape: kind,
    read(entry, reading, draft, origins) {
      const value = readEntry(entry, kind, reading, get(draft))
      if (value === undefined) return draft
      origins[property] = reading.origin(entry.value ?? entry.key)
      return put(draft, value)
    },
    write(value, base) {
      const inherited = get(base)
      const mine = get(value)
      if (text.isRequired !== true && isSameData(mine, inherited)) return undefined
      return kind.write(mine, inherited)
    },
    show: value => kind.write(get(value)),
    hoist(values, onto) {
      const [first, ...rest] = values.map(get)
      if (first === undefined || !rest.every(other => isSameData(other, first))) return onto
      return put(onto, first)
    },
  }
}

/** Makes rows for the properties of `S`: `rowsOf<Peer>()('weight', 'weight', integer(1), …)`. */
export function rowsOf<S>(): <K extends keyof S & string>(
  name: string,
  property: K,
  kind: Kind<S[K]>,
  text: RowText,
) => Row<S> {
  return (name, property, kind, text) =>
    row(
      name,
      property,
      kind,
      { get: owner => owner[property], put: (owner, value) => ({ ...owner, [property]: value }) },
      text,
    )
}

/** Makes rows of a property's value into rows of its owner. */
export function within<S, K extends keyof S & string>(
  property: K,
  rows: readonly Row<S[K]>[],
): Row<S>[] {
  return rows.map(inner => ({
    ...inner,
    read: (entry, reading, draft, origins) => {
      const value = inner.read(entry, reading, draft[property], origins)
      return value === draft[property] ? draft : { ...draft, [property]: value }
    },
    write: (value, base, writing) => inner.write(value[property], base[property], writing),
    show: value => inner.show(value[property]),
    hoist: (values, onto) => ({
      ...onto,
      [property]: inner.hoist(
        values.map(value => value[property]),
        onto[property],
      ),
    }),
  }))
}

/** Makes one row of several that stand in a mapping of their own: `client: { max_body: … }`. */
export function group<S>(
  name: string,
  rows: readonly Row<S>[],
  text: RowText,
  onRead: (draft: S) => S = draft => draft,
): Row<S> {
  return {
    name,
    doc: text.doc,
    nginx: text.nginx ?? '',
    isRequired: text.isRequired ?? false,
    shape: groupShape(rows),
    read(entry, reading, draft, origins) {
      // All keys of a group commented out leaves nothing behind its colon: that is no mistake.
      if (isNothing(entry, reading)) return onRead(draft)
      const { value } = entry
      const inner: Origins = {}
      const result = readRows(value!, `in "${name}"`, rows, reading, draft, inner)
      if (result === undefined) return draft
      for (const [property, origin] of Object.entries(inner))
        origins[`${name}.${property}`] = origin
      return onRead(result)
    },
    write(value, base, writing) {
      const map = writeRows(rows, value, base, writing)
      return Object.keys(map).length === 0 ? undefined : map
    },
    show: value => showRows(rows, value),
    hoist: (values, onto) => rows.reduce((draft, inner) => inner.hoist(values, draft), onto),
  }
}

/**
 * Reads a mapping by its rows; undefined when it is no mapping. `place` ends the message for an
 * unknown key.
 */
export function readRows<S>(
  node: YamlNode,
  place: string,
  rows: readonly Row<S>[],
  reading: Reading,
  initial: S,
  origins: Origins,
): S | undefined {
  if (!reading.enter(node)) {
    reading.leave()
    return undefined
  }
  const entries = reading.entries(node)
  let draft = initial
  if (entries === null) {
    reading.unwanted(node, mappingShape(rows).wanted)
  } else {
    reportUnknown(entries, place, rows, reading)
    for (const known of rows) {
      const entry = entries.get(known.name)
      if (entry !== undefined) draft = known.read(entry, reading, draft, origins)
      else if (known.isRequired) {
        reading.error(node, `Missing "${known.name}" ${place}: wants ${known.shape.wanted}`)
      }
    }
  }
  reading.leave()
  return entries === null ? undefined : draft
}

/** What of `value` differs from `base`, by key. */
export function writeRows<S>(
  rows: readonly Row<S>[],
  value: S,
  base: S,
  writing: Writing,
): PlainMap {
  const map: Record<string, Plain> = {}
  for (const known of rows) {
    const plain = known.write(value, base, writing)
    if (plain !== undefined) map[known.name] = plain
  }
  return map
}

/** What all rows show; those that must be written have no default. */
export function showRows<S>(rows: readonly Row<S>[], value: S): PlainMap {
  const map: Record<string, Plain> = {}
  for (const known of rows) {
    const plain = known.isRequired ? undefined : known.show(value)
    if (plain !== undefined && plain !== null) map[known.name] = plain
  }
  return map
}

/** How a mapping with these keys looks from outside. */
export function mappingShape(rows: readonly RowShape[]): Shape {
  const names = rows.slice(0, 3).map(known => known.name)
  return {
    label: MAPPING,
    wanted: `a mapping with keys such as ${names.join(', ')}`,
    rows,
    schema: () => mappingSchema(rows),
  }
}

/** The same, where nothing behind the colon is as good as no key. */
export function groupShape(rows: readonly RowShape[]): Shape {
  return {
    ...mappingShape(rows),
    schema: () => ({ ...mappingSchema(rows), type: ['object', 'null'] }),
  }
}

/** Tells whether nothing stands behind the colon of an entry. */
export function isNothing(entry: Entry, reading: Reading): boolean {
  return entry.value === null || reading.describe(entry.value) === 'nothing'
}

/** Tells whether two pieces of the model mean the same: origins do not count. */
export function isSameData(a: unknown, b: unknown): boolean {
  return a === b || isSamePlain(toPlain(a), toPlain(b))
}

function readEntry<T>(entry: Entry, kind: Kind<T>, reading: Reading, inherited: T): T | undefined {
  const { value } = entry
  if (value === null) {
    return reading.error(entry.key, `Nothing behind "${entry.name}": wants ${kind.wanted}`)
  }
  if (isNothing(entry, reading)) {
    return reading.error(entry.key, `Nothing behind "${entry.name}": wants ${kind.wanted}`)
  }
  return kind.read(value, reading, inherited)
}

function mappingSchema(rows: readonly RowShape[]): PlainMap {
  const properties: Record<string, PlainMap> = {}
  for (const known of rows) {
    properties[known.name] = { description: known.doc, ...known.shape.schema() }
  }
  const required = rows.filter(known => known.isRequired).map(known => known.name)
  return {
    type: 'object',
    properties,
    patternProperties: { '^x-': true },
    additionalProperties: false,
    ...(required.length > 0 ? { required } : {}),
  }
}

/** Model data is plain already, but for origins and the read-only lists of its types. */
function toPlain(value: unknown): Plain {
  return JSON.parse(JSON.stringify(value ?? null, (key, item) => (isPlace(key) ? undefined : item)))
}

function isPlace(key: string): boolean {
  return key === 'origin' || key === 'origins' || key === 'written'
}
