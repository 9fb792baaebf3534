// What a value may be: how it is read with a place for every mistake, how it is written, and how
// the JSON Schema and the reference describe it. One object each, so that the four never disagree.

import { readText } from './interpolation.ts'
import type { Plain, PlainMap } from './plain.ts'
import type { Reading, YamlNode } from './reading.ts'

/** How a kind looks from outside. */
export interface Shape {
  /** One or two words for the reference: `duration`, `list of peers`. */
  readonly label: string
  /**
   * What is wanted, with an example: `a duration such as 30s`. Ends the message for a wrong value.
   */
  readonly wanted: string
  schema(): PlainMap
  /** Keys, where it is a mapping with keys of its own. */
  readonly rows?: readonly RowShape[]
  /** What holds where a key of it is missing; not for keys that inherit. */
  defaults?(): PlainMap
}

/** The label of mappings whose keys are settings of their own, not one value. */
export const MAPPING = 'mapping'
/** The same of a mapping that may be shortened to a name, or left out by `off`. */
export const OR_MAPPING = 'name, `off`, mapping'

/** A key of a mapping from outside. */
export interface RowShape {
  readonly name: string
  readonly doc: string
  /** What nginx calls it; empty where nginx has no such thing. */
  readonly nginx: string
  readonly isRequired: boolean
  readonly shape: Shape
}

/** Reads and writes values of one type. */
export interface Kind<T> extends Shape {
  /**
   * Reads a value; undefined when it is wrong, which is then reported.
   *
   * @param inherited what holds until now; kinds that merge build on it
   */
  read(node: YamlNode, reading: Reading, inherited?: T): T | undefined
  /**
   * Makes what reads as `value`.
   *
   * @param inherited what would hold if nothing were written; left out where nothing is inherited
   */
  write(value: T, inherited?: T): Plain
}

/**
 * Makes a kind of values that are written as one word; `parse` answers null for a word that is not
 * one.
 */
export function wordKind<T>(options: {
  readonly label: string
  readonly wanted: string
  readonly schema: PlainMap
  readonly parse: (text: string, reading: Reading) => T | null
  readonly print: (value: T) => Plain
  readonly hint?: (text: string) => string
}): Kind<T> {
  const { label, wanted, schema, parse, print, hint } = options
  return {
    label,
    wanted,
    schema: () => schema,
    read(node, reading) {
      const text = readText(node, reading)
      if (text === undefined) return undefined
      const value = text === null ? null : parse(text, reading)
      if (value !== null) return value
      return reading.unwanted(node, wanted, hint?.(text ?? '') ?? '')
    },
    write: print,
  }
}

/**
 * Makes the kind of a value that is null where nothing is written; null itself is never written.
 */
export function nullable<T>(kind: Kind<T>): Kind<T | null> {
  return {
    ...kind,
    read: (node, reading) => kind.read(node, reading),
    write: value => (value === null ? null : kind.write(value)),
  }
}
