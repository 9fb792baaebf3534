// Golden cases of the YAML reader: one file each, the input, ten dashes, what came out: the
// findings as printed, then the model with everything left out that repeats YAML's defaults or the
// level above.

import { isDeepStrictEqual } from 'node:util'

import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { readConfigText } from '../../../src/config/read.ts'
import type { ReadResult } from '../../../src/config/reader.ts'
import {
  yamlCache,
  yamlCachePath,
  yamlKeepalive,
  yamlProcess,
  yamlSettings,
} from '../../../src/config/yaml/defaults.ts'
import { YAML_HEALTH } from '../../../src/config/yaml/health-table.ts'
import type { Config } from '../../../src/model/config.ts'
import { addressText } from '../../../src/model/listener.ts'
import { NGINX_HEALTH } from '../../../src/model/passive-health.ts'
import { DEFAULT_RESOLVER } from '../../../src/model/resolver.ts'
import type { RewriteStep } from '../../../src/model/rewrite.ts'
import type { Location, Server } from '../../../src/model/route.ts'
import { type Template, templateText } from '../../../src/model/template.ts'
import { PLAIN_PEER } from '../../../src/model/upstream.ts'

/** The world around every case. */
export const WORLD = {
  prefix: '/prefix',
  env: { APP_HOST: '10.0.0.9', WEIGHT: '3', EMPTY: '', DOLLAR: '$host' },
  globals: '',
  hostname: 'here.example',
}

/** Reads YAML and checks it, as the program does. */
export function readYaml(text: string, file = '/case/site.yaml'): ReadResult {
  return readConfigText(file, text, { ...WORLD, format: 'yaml' })
}

/** Reads the input of a case and prints what came out. */
export function runCase(input: string): string {
  const { config, diagnostics, sources } = readYaml(input)
  const findings = renderDiagnostics(diagnostics, sources)
  return config === null ? findings : `${findings}${print(describeConfig(config))}\n`
}

type Plain = Record<string, unknown>

function describeConfig(config: Config): Plain {
  const { process, compat, isStrict, upstreams, logFormats, caches, servers } = config
  const settings = yamlSettings(compat, WORLD.prefix)
  return lean({
    compat: compat === 'nginx/1.30' ? null : compat,
    isStrict,
    process: difference(process, yamlProcess(WORLD.prefix)),
    logFormats: logFormats.slice(1),
    upstreams: upstreams.map(upstream =>
      lean({
        ...upstream,
        method: upstream.method.kind === 'round_robin' ? null : lean({ ...upstream.method }),
        sticky: upstream.sticky === null ? null : lean({ ...upstream.sticky }),
        fallback: upstream.fallback === null ? null : lean({ ...upstream.fallback }),
        keepalive: difference(upstream.keepalive, yamlKeepalive()),
        passiveHealth: difference(
          upstream.passiveHealth,
          upstream.isImplicit ? NGINX_HEALTH : YAML_HEALTH,
        ),
        resolver: difference(upstream.resolver ?? DEFAULT_RESOLVER, DEFAULT_RESOLVER),
        peers: upstream.peers.map(peer =>
          lean({ ...difference(peer, USUAL_PEER), address: addressText(peer.address) }),
        ),
      }),
    ),
    caches: caches.map(cache => difference(cache, yamlCachePath())),
    variables: config.variables,
    limitZones: config.limitZones.map(zone => ({ ...zone, key: templateText(zone.key) })),
    servers: servers.map(server => describeServer(server, settings)),
  })
}

const USUAL_PEER = { ...PLAIN_PEER }

function describeServer(server: Server, above: object): Plain {
  const { listens, settings, locations } = server
  return lean({
    ...server,
    listens: listens.map(listen => {
      const { address, isDefault, backlog, ipv6Only, expectsProxyHeader } = listen
      const usual = backlog === 511 && ipv6Only
      return lean({
        address: addressText(address),
        isDefault,
        expectsProxyHeader,
        ...(usual ? {} : { backlog, ipv6Only }),
      })
    }),
    settings: difference(settings, above),
    ...describeSteps(server.rewrite, settings),
    locations: locations.map(location => describeLocation(location, settings)),
  })
}

function describeLocation(location: Location, above: object): Plain {
  const { settings, locations } = location
  return lean({
    ...location,
    settings: difference(settings, above),
    ...describeSteps(location.rewrite, settings),
    locations: locations.map(inner => describeLocation(inner, settings)),
    ...describeLimit(location),
  })
}

/** Steps, with what the location of each `if` changes. */
function describeSteps(steps: readonly RewriteStep[] | undefined, above: object): Plain {
  const rewrite = (steps ?? []).map(step => {
    if (step.kind !== 'if') return lean({ ...step })
    const { location } = step
    return lean({
      ...step,
      ...(location === null ? {} : { location: describeLocation(location, above) }),
      steps: describeSteps(step.steps, location?.settings ?? above).rewrite,
    })
  })
  return rewrite.length === 0 ? {} : { rewrite }
}

function describeLimit({ settings, limitExcept }: Location): Plain {
  if (limitExcept === undefined) return {}
  const { methods, location } = limitExcept
  return { limitExcept: { methods, location: describeLocation(location, settings) } }
}

/** The properties of `value` that are not those of `base`, group by group. */
function difference(value: object, base: object): Plain {
  const found: Plain = {}
  for (const [key, own] of Object.entries(value)) {
    const other = (base as Plain)[key]
    if (isDeepStrictEqual(own, other)) continue
    if (key === 'cache' && isRecord(own)) {
      found[key] = describeCache(own, isRecord(other) ? other : yamlCache())
      continue
    }
    const isGroup = isRecord(own) && isRecord(other) && key !== 'expires'
    found[key] = isGroup ? difference(own, other) : own
  }
  return found
}

/** What a level says of its cache beside the usual; templates as text. */
function describeCache(value: object, base: object): Plain {
  const found = difference(value, base)
  for (const key of ['cache', 'key']) {
    if (found[key] !== undefined) found[key] = templateText(found[key] as Template)
  }
  for (const key of ['bypass', 'noCache', 'purge']) {
    const list = found[key] as readonly Template[] | undefined
    if (list !== undefined) found[key] = list.map(templateText)
  }
  return found
}

function isRecord(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Leaves out places, empty things and what is false. */
function lean(value: Plain): Plain {
  const kept = Object.entries(value).filter(([key, own]) => {
    if (key === 'origin' || key === 'origins' || key === 'settings' || key === 'process') {
      return isRecord(own) && key !== 'origin' && key !== 'origins' && !isBare(own)
    }
    const isEmpty = Array.isArray(own) && own.length === 0
    return own !== null && own !== undefined && own !== false && own !== '' && !isEmpty
  })
  return Object.fromEntries(kept.filter(([, own]) => !isRecord(own) || Object.keys(own).length > 0))
}

/** Nothing but places in it. */
function isBare(value: Plain): boolean {
  return Object.keys(value).every(key => key === 'origin' || key === 'origins')
}

const TEMPLATE_KEYS =
  'value path root text address uri target from to fallback condition replacement'.split(' ')

/** JSON with templates as text and without places; what is short stands on one line. */
function print(value: unknown): string {
  const plain: unknown = JSON.parse(
    JSON.stringify(value, (key, own: unknown) => {
      if (key === 'origin' || key === 'origins') return undefined
      const isText = TEMPLATE_KEYS.includes(key) && Array.isArray(own) && own.every(isPart)
      return isText ? templateText(own as Template) : own
    }),
  )
  return indent(plain, '')
}

/** `from` of some settings is a list of other things. */
function isPart(part: unknown): boolean {
  return typeof part === 'string' || (isRecord(part) && typeof part.variable === 'string')
}

function indent(value: unknown, margin: string): string {
  const line = JSON.stringify(value)
  if (line.length + margin.length < 100 || typeof value !== 'object' || value === null) return line
  const inner = `${margin}  `
  const parts = Array.isArray(value)
    ? value.map(item => inner + indent(item, inner))
    : Object.entries(value).map(([key, item]) => `${inner}"${key}": ${indent(item, inner)}`)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  return `${open}\n${parts.join(',\n')}\n${margin}${close}`
}
