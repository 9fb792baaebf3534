// `set`: a value for a variable, for the rest of the exchange. A few variables of ours may be set as well, as in nginx:
// `$args` changes the request, `$limit_rate` its pace.

import { allSteps, SETTABLE_VARIABLES } from '../model/rewrite.ts'
import type { Server } from '../model/route.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { setLimitRate } from './rate-limit.ts'
import type { Variable } from './variable.ts'

/** Gives a variable a value; `name` is lower case. */
export function setVariable(exchange: Exchange, name: string, value: string): void {
  switch (name) {
    case 'args':
      exchange.args = value
      exchange.isTargetKept = false
      exchange.memo = null
      break
    case 'limit_rate':
      setLimitRate(exchange, value)
      break
    case 'proxy_host':
    case 'proxy_port':
      // Texts that a repeated head gives again are kept with it; this one may be another each time.
      exchange.memo = null
      putValue(exchange, name, value)
      break
    default:
      putValue(exchange, name, value)
  }
}

/** Whether a head that comes again says all that there is to know of the request: no step has changed it. */
export function isAsSent({ isTargetKept, ownVariables }: Exchange): boolean {
  if (!isTargetKept) return false
  return (
    ownVariables === null || !(ownVariables.has('proxy_host') || ownVariables.has('proxy_port'))
  )
}

function putValue(exchange: Exchange, name: string, value: string): void {
  exchange.ownVariables ??= new Map()
  exchange.ownVariables.set(name, value)
}

/**
 * Adds the variables that the servers' steps set and nobody else defines: before that they are empty, and the error log
 * is told when one is asked for.
 */
export function withUnsetVariables(
  defined: ReadonlyMap<string, Variable>,
  servers: readonly Server[],
): ReadonlyMap<string, Variable> {
  const names = setNames(servers)
  if (names.size === 0) return defined
  const all = new Map(defined)
  for (const name of names) if (!all.has(name)) all.set(name, makeUnset(name))
  return all
}

/** The variables of their own that the servers' steps set. */
export function setNames(servers: readonly Server[]): ReadonlySet<string> {
  const names = new Set<string>()
  addNames(servers, names)
  return names
}

type Level = Pick<Server, 'locations'> & { readonly rewrite?: Server['rewrite'] | undefined }

function addNames(levels: readonly Level[], names: Set<string>): void {
  for (const { rewrite = [], locations } of levels) {
    for (const step of allSteps(rewrite)) {
      if (step.kind === 'set' && !SETTABLE_VARIABLES.has(step.name)) names.add(step.name)
    }
    addNames(locations, names)
  }
}

/** Once for each exchange: from then on it is empty. */
function makeUnset(name: string): Variable {
  return exchange => {
    const { settings } = exchange.location ?? exchange.server.fallback
    if (settings.warnsUnset) logFailure(exchange, 'warn', `using uninitialized "${name}" variable`)
    putValue(exchange, name, '')
    return ''
  }
}
