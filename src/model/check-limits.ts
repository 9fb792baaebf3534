// Zones that requests and connections are counted in: each name once, and what counts in one finds it, of its kind. The words
// are nginx's where the configuration is.

import type { Report } from './check.ts'
import type { Config } from './config.ts'
import { LIMIT_ZONE_BYTES_MAX, type LimitKind, type LimitZone } from './limit-settings.ts'
import { type Origin, originOf } from './origin.ts'
import type { Location } from './route.ts'
import type { Settings } from './settings.ts'

/** Checks the zones and all that count in them. */
export function checkLimits(config: Config, report: Report): void {
  const zones = new Map<string, LimitZone>()
  for (const zone of config.limitZones) {
    const earlier = zones.get(zone.name)
    if (earlier === undefined) zones.set(zone.name, zone)
    else {
      const hint = `the first stands in ${earlier.origin.file}:${earlier.origin.line}`
      report('error', `Duplicate limit zone "${zone.name}"`, zone.origin, hint)
    }
    if (zone.bytes <= LIMIT_ZONE_BYTES_MAX) continue
    const problem = `Cannot keep ${zone.bytes} bytes of a limit's keys: wants at most 1g`
    report('error', problem, originOf(zone, 'bytes'), 'a megabyte has room for 20,000')
  }
  const isNginx = config.format === 'nginx'
  const check = (name: string, kind: LimitKind, origin: Origin) => {
    const zone = zones.get(name)
    // Of a name that is missing in YAML this was said.
    if (zone?.kind === kind || (name === '' && !isNginx)) return
    const directive = kind === 'requests' ? 'limit_req_zone' : 'limit_conn_zone'
    if (zone === undefined) {
      const problem = isNginx ? `zero size shared memory zone "${name}"` : unknownText(name)
      report('error', problem, origin, isNginx ? `add: ${directive} …` : 'add it to "limit_zones"')
      return
    }
    const problem = isNginx
      ? `the shared memory zone "${name}" is already declared for a different use`
      : `Limit zone "${name}" counts ${zone.kind}, not ${kind}`
    const hint =
      kind === 'requests' ? 'a zone of requests has a rate' : 'a zone of connections has no rate'
    report('error', problem, origin, isNginx ? `it wants a ${directive} of its own` : hint)
  }
  eachSettings(config, ({ limits }) => {
    for (const { zone, origin } of limits.requests) check(zone, 'requests', origin)
    for (const { zone, origin } of limits.connections) check(zone, 'connections', origin)
  })
}

function unknownText(name: string): string {
  return `Unknown limit zone "${name}"`
}

/** Every object of settings once: levels that change nothing share it. */
function eachSettings({ servers }: Config, use: (settings: Settings) => void): void {
  const seen = new Set<Settings['limits']>()
  const visit = (settings: Settings) => {
    if (seen.has(settings.limits)) return
    seen.add(settings.limits)
    use(settings)
  }
  const visitLocation = ({ settings, locations }: Location): void => {
    visit(settings)
    locations.forEach(visitLocation)
  }
  for (const { settings, locations } of servers) {
    visit(settings)
    locations.forEach(visitLocation)
  }
}
