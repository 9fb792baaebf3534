// What is wrong, doubtful or worth knowing in a configuration that somebody wrote. Collected, never thrown, so that
// one run shows every mistake.

import type { Origin } from './origin.ts'

/** `error` refuses the configuration; `warning` changes its meaning; `notice` is understood and without effect. */
export type Severity = 'error' | 'warning' | 'notice'

/** One finding, in the form `file:line:column: severity: message` plus a hint. */
export interface Diagnostic {
  readonly severity: Severity
  /** Sentence case, no full stop, quotes the value and says what was wanted. */
  readonly message: string
  readonly origin: Origin
  /** The likely intention, or the cure; empty when there is none. */
  readonly hint: string
}
