// The shape of the directive table: one row says where a directive may stand, how many arguments it
// takes and what it does to the scope that it stands in. Checks, "did you mean" and
// docs/directives.md all come from the rows.

import type { FidelityNote } from './fidelity-notes.ts'
import type { Reading } from './reading.ts'
import type {
  HttpScope,
  LocationScope,
  MainScope,
  Scope,
  ServerScope,
  UpstreamScope,
} from './scope.ts'
import type { Directive } from './tree.ts'

/** Where a directive may stand. Of the blocks that make a location of their own, `if` is one in a location. */
export const CONTEXTS = [
  'main',
  'events',
  'http',
  'upstream',
  'server',
  'location',
  'if',
  'server if',
  'limit_except',
] as const
export type Context = (typeof CONTEXTS)[number]

export interface DirectiveRow {
  readonly name: string
  readonly within: readonly Context[]
  /** Least and most arguments. */
  readonly args: readonly [min: number, max: number]
  readonly hasBlock: boolean
  /** May stand more than once in one block; otherwise the second is an error, as in nginx. */
  readonly isRepeatable: boolean
  /** The arguments as documentation writes them. */
  readonly syntax: string
  readonly doc: string
  /** `works`, or accepted and without effect for the reason that `doc` gives. */
  readonly effect: 'works' | 'none'
  /** Where it is known to do something else than in nginx. */
  readonly fidelity?: readonly FidelityNote[]
  readonly apply: (directive: Directive, scope: Scope, reading: Reading) => void
}

/** Any number of arguments from the given one on. */
export const MANY = Number.POSITIVE_INFINITY

/** What a row may leave out, and what then holds. */
export interface RowOptions {
  readonly within: readonly Context[]
  /** One argument where it is left out. */
  readonly args?: readonly [min: number, max: number]
  readonly hasBlock?: boolean
  readonly isRepeatable?: boolean
  readonly syntax?: string
  readonly doc: string
}

/** Everything below `main` that inherits. */
export const ALL_LEVELS = ['http', 'server', 'location'] as const satisfies readonly Context[]
/** The same, and `if` in a location. */
export const LEVELS_AND_IF = [...ALL_LEVELS, 'if'] as const satisfies readonly Context[]
/** What is the same for all locations of a server. */
export const SERVER_LEVELS = ['http', 'server'] as const satisfies readonly Context[]

/** Scopes that carry settings for what is inside them. */
export type LevelScope = HttpScope | ServerScope | LocationScope

/** The scope that a block of a context is read into: blocks inside a location are locations themselves. */
export type ScopeOf<K extends Context> =
  | Extract<Scope, { kind: K }>
  | (K extends LocationScope['block'] ? LocationScope : never)

type Apply<S extends Scope> = (directive: Directive, scope: S, reading: Reading) => void

/** Which context the directives of a scope stand in. */
export function contextOf(scope: Scope): Context {
  return scope.kind === 'location' ? scope.block : scope.kind
}

/** A row whose `apply` takes every scope that its contexts allow. */
export function scopeRow<K extends Context>(
  name: string,
  options: RowOptions & { readonly within: readonly K[] },
  apply: Apply<ScopeOf<K>>,
): DirectiveRow {
  return {
    name,
    within: options.within,
    args: options.args ?? [1, 1],
    hasBlock: options.hasBlock ?? false,
    isRepeatable: options.isRepeatable ?? false,
    syntax: options.syntax ?? '',
    doc: options.doc,
    effect: 'works',
    // The walker calls a row only where `within` has the scope's context.
    apply: apply as Apply<Scope>,
  }
}

/** A row of `main`. */
export function mainRow(
  name: string,
  options: Omit<RowOptions, 'within'>,
  apply: Apply<MainScope>,
): DirectiveRow {
  return scopeRow(name, { ...options, within: ['main'] }, apply)
}

/** A row of `upstream`. */
export function upstreamRow(
  name: string,
  options: Omit<RowOptions, 'within'>,
  apply: Apply<UpstreamScope>,
): DirectiveRow {
  return scopeRow(name, { ...options, within: ['upstream'] }, apply)
}
