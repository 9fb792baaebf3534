// The kind of a mapping with known keys that stands alone, not merged into anything: a peer, a log,
// a listener. Most have a short form, one word that says the usual.

import { BUILT_IN, type Origin, type Sourced } from '../../model/origin.ts'
import type { Kind } from './kind.ts'
import type { Plain, PlainMap } from './plain.ts'
import type { Reading, YamlNode } from './reading.ts'
import {
  mappingShape,
  type Origins,
  type Row,
  readRows,
  showRows,
  type Writing,
  writeRows,
} from './row.ts'

export interface RecordOptions<S> {
  readonly label: string
  readonly wanted: string
  /** Ends the message for an unknown key: `in a peer`. */
  readonly place: string
  readonly rows: readonly Row<S>[]
  /** What holds where a key is missing. */
  readonly blank: (reading: Reading | null) => S
  readonly short?: ShortForm<S>
  /** Puts the places in, checks what concerns several keys; undefined after an error. */
  readonly finish?: (draft: S, node: YamlNode, reading: Reading, origins: Origins) => S | undefined
}

/** One word for a whole mapping. */
export interface ShortForm<S> {
  readonly read: (node: YamlNode, reading: Reading) => S | undefined
  /** Undefined where the word cannot say it. */
  readonly write: (value: S) => Plain | undefined
  readonly schema: PlainMap
}

/** Rows of a record write themselves: nothing in it refers to the rest of the configuration. */
export const ALONE: Writing = { upstreams: new Map() }

/** Makes the kind of a mapping with the keys of `rows`. */
export function record<S>(options: RecordOptions<S>): Kind<S> {
  const { label, wanted, rows, blank, short, finish } = options
  const shape = mappingShape(rows)
  return {
    label,
    wanted,
    rows,
    schema: () =>
      short === undefined ? shape.schema() : { anyOf: [short.schema, shape.schema()] },
    defaults: () => showRows(rows, blank(null)),
    read(node, reading) {
      if (reading.entries(node) === null) {
        return short === undefined || reading.items(node) !== null
          ? reading.unwanted(node, wanted)
          : short.read(node, reading)
      }
      const origins: Origins = {}
      const draft = readRows(node, options.place, rows, reading, blank(reading), origins)
      if (draft === undefined || finish === undefined) return draft
      return finish(draft, node, reading, origins)
    },
    write(value) {
      return short?.write(value) ?? writeRows(rows, value, blank(null), ALONE)
    },
  }
}

/** Gives a thing its places; for `finish`. */
export function placed<S extends Sourced>(
  draft: S,
  node: YamlNode,
  reading: Reading,
  origins: Origins,
): S {
  return { ...draft, origin: reading.origin(node), origins }
}

/** The place of what is not read yet. */
export const UNPLACED: Origin = BUILT_IN
