// What a request passes before its location is looked for (in a server) and in it: steps that give variables a value,
// change the path, answer, or choose other settings (http://nginx.org/en/docs/http/ngx_http_rewrite_module.html).

import type { Sourced } from './origin.ts'
import type { Location, Return } from './route.ts'
import type { Template } from './template.ts'

/** A pattern, already in JavaScript's syntax. */
export interface RewriteRegex {
  readonly pattern: string
  readonly isCaseInsensitive: boolean
  /** As it was written, where that is another text: for `rewrite_log`. It says no more than a place does. */
  readonly written?: string
}

/** What `-f`, `-d`, `-e` and `-x` ask of a path. */
export const FILE_TESTS = ['file', 'directory', 'exists', 'executable'] as const
export type FileTest = (typeof FILE_TESTS)[number]

/** What an `if` asks. */
export type RewriteCondition =
  /** True unless the value is empty or `0`. */
  | { readonly kind: 'value'; readonly value: Template; readonly isNegated: boolean }
  | {
      readonly kind: 'equal'
      readonly value: Template
      readonly to: Template
      readonly isNegated: boolean
    }
  | {
      readonly kind: 'regex'
      readonly value: Template
      readonly regex: RewriteRegex
      readonly isNegated: boolean
    }
  | {
      readonly kind: 'file'
      readonly test: FileTest
      readonly path: Template
      readonly isNegated: boolean
    }

/** `set $name value`. */
export interface SetStep extends Sourced {
  readonly kind: 'set'
  /** Lower case, without the dollar. */
  readonly name: string
  readonly value: Template
}

export const REWRITE_FLAGS = ['last', 'break', 'redirect', 'permanent'] as const
/** What follows a `rewrite` that matched; `none` goes on with the next step. */
export type RewriteFlag = (typeof REWRITE_FLAGS)[number] | 'none'

/** `rewrite regex replacement [flag]`. */
export interface UriStep extends Sourced {
  readonly kind: 'rewrite'
  readonly regex: RewriteRegex
  /** Without the question mark that drops the arguments. With `redirect` and `permanent` it is the Location. */
  readonly replacement: Template
  /** The request's own arguments do not go on. */
  readonly dropsArgs: boolean
  readonly flag: RewriteFlag
}

/** `break`: nothing after it counts, and the location stays. */
export interface BreakStep extends Sourced {
  readonly kind: 'break'
}

/** `return`. */
export interface ReturnStep extends Return {
  readonly kind: 'return'
}

/** `if (condition) { … }`. */
export interface IfStep extends Sourced {
  readonly kind: 'if'
  readonly condition: RewriteCondition
  readonly steps: readonly RewriteStep[]
  /** What answers from here on, with the match of the location around it; null in a server. */
  readonly location: Location | null
}

export type RewriteStep = SetStep | UriStep | BreakStep | ReturnStep | IfStep

/** Variables of ours that `set` may change, as in nginx. */
export const SETTABLE_VARIABLES: ReadonlySet<string> = new Set([
  'args',
  'limit_rate',
  'proxy_host',
  'proxy_port',
])

/** Every step, those inside of an `if` too. */
export function* allSteps(steps: readonly RewriteStep[]): Generator<RewriteStep> {
  for (const step of steps) {
    yield step
    if (step.kind === 'if') yield* allSteps(step.steps)
  }
}
