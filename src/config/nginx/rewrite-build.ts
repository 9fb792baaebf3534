// The steps of a server or a location made into the model: the `if` of a location becomes a location of its own, which
// inherits what it does not say, `proxy_pass` too (ngx_http_rewrite_module, ngx_http_proxy_merge_loc_conf).

import type { RewriteStep } from '../../model/rewrite.ts'
import type { Action, Location, LocationMatch, ProxyTarget } from '../../model/route.ts'
import type { Settings } from '../../model/settings.ts'
import { checkBufferSizes } from './buffer-sizes.ts'
import { buildSettings, defaultRule } from './build-settings.ts'
import type { Reading } from './reading.ts'
import type { Level, LocationScope, WrittenStep } from './scope.ts'
import { hasVariables } from './template-text.ts'

/** What making steps needs besides the steps. */
export interface StepBuilding {
  readonly reading: Reading
  /** Joins a target with its group. */
  joinTarget(scope: LocationScope, target: ProxyTarget): ProxyTarget
  /** Where settings stand that are checked later. */
  originsOf(level: Level): Pick<Location, 'origins'>
}

/**
 * Makes the steps of one level. A `return` that comes first needs no steps around it: nothing after it counts.
 *
 * @param settings those of the level
 * @param action what answers there
 */
export function buildSteps(
  written: readonly WrittenStep[],
  settings: Settings,
  action: Action,
  building: StepBuilding,
): Pick<Location, 'returns' | 'rewrite'> {
  const [first] = written
  if (first === undefined) return { returns: null }
  if (first.kind === 'return') {
    const { kind: _, ...returns } = first
    return { returns }
  }
  return { returns: null, rewrite: buildAll(written, settings, action, building) }
}

function buildAll(
  written: readonly WrittenStep[],
  settings: Settings,
  action: Action,
  building: StepBuilding,
): RewriteStep[] {
  return written.map(step => {
    if (step.kind !== 'if') return step
    const { origin, condition, scope } = step
    if (scope.block === 'server if') {
      const steps = buildAll(scope.steps, settings, action, building)
      return { kind: 'if', origin, condition, steps, location: null }
    }
    const location = buildBranch(scope, settings, action, building)
    const steps = buildAll(scope.steps, location.settings, location.action, building)
    return { kind: 'if', origin, condition, steps, location }
  })
}

/** Makes the location that a block inside another is: what it does not say is that of the one around it. */
export function buildBranch(
  scope: LocationScope,
  above: Settings,
  around: Action,
  building: StepBuilding,
): Location {
  const { level, match, origin } = scope
  const { reading } = building
  checkBufferSizes(level, reading)
  const target = scope.target === null ? null : building.joinTarget(scope, scope.target)
  const action: Action = target === null ? around : { kind: 'proxy', target }
  const inherited = target === null ? above : withRedirectsOf(around, above, match)
  const settings = buildSettings(level, inherited, { match, target: scope.target }, reading)
  return {
    origin,
    ...building.originsOf(level),
    match,
    settings,
    returns: null,
    action,
    isInternal: false,
    locations: [],
  }
}

/** Another `proxy_pass` in an `if` leaves the addresses in answers to the rule of the one around it. */
function withRedirectsOf(around: Action, above: Settings, match: LocationMatch): Settings {
  if (around.kind !== 'proxy' || above.proxy.redirects !== 'default') return above
  const { address, uri } = around.target
  if (hasVariables([...address, ...(uri ?? [])])) return above
  const redirects = [defaultRule({ match, target: around.target })]
  return { ...above, proxy: { ...above.proxy, redirects } }
}
