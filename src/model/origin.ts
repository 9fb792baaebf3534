// Where a configuration value was written. Every model value carries its origin, so that a mistake found long after
// reading (an upstream that nobody defined, two listeners on one port) still points at the right character.

/** A place in a configuration file. Lines and columns count from 1; the end column is exclusive. */
export interface Origin {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly endColumn: number
}

/** The origin of what was not written at all: a default, or a value made by the program. */
export const BUILT_IN: Origin = { file: '(built in)', line: 0, column: 0, endColumn: 0 }

/** A model object: where it stands, and where each of its written properties stands. */
export interface Sourced {
  readonly origin: Origin
  /** By property name; a property that is missing here was not written and holds its default. */
  readonly origins?: Readonly<Record<string, Origin>>
}

/** Where `property` of `value` was written, or the place of `value` itself. */
export function originOf(value: Sourced, property: string): Origin {
  return value.origins?.[property] ?? value.origin
}
