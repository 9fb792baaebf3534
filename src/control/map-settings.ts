// Changes the settings of every server and location of a configuration, for what only the machine or the command line
// knows. Settings that were shared stay shared.

import type { Config } from '../model/config.ts'
import type { Location } from '../model/route.ts'
import type { Settings } from '../model/settings.ts'

/** The configuration with `change` applied to each object of settings, once. */
export function mapSettings(config: Config, change: (settings: Settings) => Settings): Config {
  const done = new Map<Settings, Settings>()
  const settings = (from: Settings): Settings => {
    const to = done.get(from) ?? change(from)
    done.set(from, to)
    return to
  }
  const location = (from: Location): Location => ({
    ...from,
    settings: settings(from.settings),
    ...(from.limitExcept === undefined
      ? {}
      : { limitExcept: { ...from.limitExcept, location: location(from.limitExcept.location) } }),
    locations: from.locations.map(location),
  })
  const servers = config.servers.map(server => ({
    ...server,
    settings: settings(server.settings),
    locations: server.locations.map(location),
  }))
  return { ...config, servers }
}
