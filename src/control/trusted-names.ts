// Proxies that are trusted by name (`set_real_ip_from example.com`): as in nginx a name stands for the addresses that it has
// when the configuration is loaded, and one that has none refuses it.

import { isIP } from 'node:net'

import type { Config } from '../model/config.ts'
import type { Diagnostic } from '../model/diagnostic.ts'
import type { RealIpSettings, TrustedPeer } from '../model/real-ip.ts'
import { mapSettings } from './map-settings.ts'
import { type ResolveOptions, resolveHost } from './resolve.ts'

/** The configuration with addresses for names; a diagnostic for each name without one. */
export async function resolveTrusted(
  config: Config,
  options: ResolveOptions = {},
): Promise<{ readonly config: Config; readonly diagnostics: readonly Diagnostic[] }> {
  const named = new Map<string, TrustedPeer>()
  mapSettings(config, settings => {
    for (const peer of settings.realIp.from) {
      if (isName(peer.network) && !named.has(peer.network)) named.set(peer.network, peer)
    }
    return settings
  })
  if (named.size === 0) return { config, diagnostics: [] }
  const answers = new Map(
    await Promise.all(
      [...named.keys()].map(async name => [name, await resolveHost(name, options)] as const),
    ),
  )
  const diagnostics = [...named].flatMap(([name, { origin }]): Diagnostic[] => {
    const hint = answers.get(name)!.problem
    if (hint === '') return []
    const message = `host not found in set_real_ip_from "${name}"`
    return [{ severity: 'error', message, origin, hint }]
  })
  const done = new Map<RealIpSettings, RealIpSettings>()
  const addressed = (realIp: RealIpSettings): RealIpSettings => {
    if (!realIp.from.some(({ network }) => isName(network))) return realIp
    const from = realIp.from.flatMap(peer => {
      const hosts = answers.get(peer.network)?.hosts
      return hosts === undefined ? [peer] : hosts.map(network => ({ ...peer, network }))
    })
    const changed = done.get(realIp) ?? { ...realIp, from }
    done.set(realIp, changed)
    return changed
  }
  const resolved = mapSettings(config, settings => ({
    ...settings,
    realIp: addressed(settings.realIp),
  }))
  return { config: resolved, diagnostics }
}

function isName(network: string): boolean {
  return network !== 'unix:' && !network.includes('/') && isIP(network) === 0
}
