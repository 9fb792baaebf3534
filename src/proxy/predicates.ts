// Conditions as nginx's directives take them: texts with variables, of which one that says something is enough.

import type { Exchange } from './exchange.ts'
import type { Render } from './runtime.ts'

/** Whether one of the conditions is neither empty nor `0`. */
export function isAsked(conditions: readonly Render[], exchange: Exchange): boolean {
  for (const condition of conditions) {
    const value = condition(exchange)
    if (value !== '' && value !== '0') return true
  }
  return false
}
