// What must hold of the variables that a configuration defines: regexes compile, and no definition leads back to itself,
// which ends at run time with an error in the log and a value that nobody meant.

import type { Report } from './check.ts'
import { checkRegex } from './check-regex.ts'
import type { Config } from './config.ts'
import { graphOf, orderOf } from './variable-definitions.ts'

/** Reports what cannot work. */
export function checkVariables({ variables }: Config, report: Report): void {
  const { cyclic } = orderOf(graphOf(variables))
  for (const definition of variables) {
    const { name, origin } = definition
    if (definition.kind === 'map') {
      for (const { pattern } of definition.regexes) checkRegex(pattern, origin, report)
    }
    if (!cyclic.has(name)) continue
    const hint = 'give one of them another source'
    report('warning', `Variable "$${name}" is made of itself`, origin, hint)
  }
}
