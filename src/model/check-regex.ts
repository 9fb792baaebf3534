// Whether a pattern compiles: the one question about a regex that every dialect must ask.

import type { Report } from './check.ts'
import type { Origin } from './origin.ts'

/** Reports a pattern that does not compile. */
export function checkRegex(pattern: string, origin: Origin, report: Report): void {
  try {
    new RegExp(pattern)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const reason = error.message.replace(/^Invalid regular expression: (?:\/.*\/\w*: )?/s, '')
    report('error', `Cannot use the regex "${pattern}": ${reason}`, origin)
  }
}
