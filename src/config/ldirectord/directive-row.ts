// The shape of the directive table: one row says where a directive may stand, how its value is
// read, and what becomes of it here. Checks, "did you mean" and docs/ldirectord.md all come from
// the rows.

import type { DirectiveName, Values } from './draft.ts'
import type { Statement } from './lines.ts'
import type { Reading } from './reading.ts'
import type { ValueKind } from './value-kinds.ts'

/** At the margin, for all; or in a section, for one virtual server. */
export const SCOPES = ['global', 'virtual'] as const
export type Scope = (typeof SCOPES)[number]

export interface DirectiveRow<T = unknown> {
  readonly scopes: readonly Scope[]
  readonly kind: ValueKind<T>
  /** What holds without it, as documentation says it. */
  readonly standard: string
  /** What it does here, or why nothing. */
  readonly doc: string
  /** `works`; `none` = read, and without effect; `refused` = an error whatever its value. */
  readonly effect: 'works' | 'none' | 'refused'
  /** Makes one value of two lines; without it the second takes the place of the first. */
  readonly join?: (before: T, now: T) => T
  /** Says at the line what the value means here. */
  readonly remark?: (value: T, statement: Statement, reading: Reading) => void
}

/** The table: a row for each directive. */
export type DirectiveTable = { readonly [K in DirectiveName]: DirectiveRow<Values[K]> }

/** Rows of a part of the table. */
export type Rows<K extends DirectiveName> = Pick<DirectiveTable, K>

/** A remark that says `text` of a value that is `wanted`, and nothing of others. */
export function noticeOf<T>(
  wanted: (value: T) => boolean,
  text: string,
  hint = '',
): NonNullable<DirectiveRow<T>['remark']> {
  return (value, statement, reading) => {
    if (wanted(value)) reading.note(reading.place(statement), text, hint)
  }
}

/** The kind of a directive that ldirectord itself refuses by now. */
export function deprecated(instead: string): ValueKind<never> {
  return {
    label: 'SECONDS',
    read: (statement, reading) => {
      const hint = `write ${instead}`
      return reading.refuse(statement, `"${statement.name}" is no longer read`, hint)
    },
  }
}
