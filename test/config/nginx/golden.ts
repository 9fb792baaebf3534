// Golden cases of the nginx.conf reader: one file each, the input, ten dashes, what came out. A
// line `==> name <==` in the input begins a further file. What came out are the findings as
// printed, then the model with everything left out that only repeats a default or the block above.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'

import { renderDiagnostics } from '../../../src/config/diagnostic.ts'
import { readConfig } from '../../../src/config/read.ts'
import { PLAIN_CACHE, PLAIN_CACHE_PATH } from '../../../src/model/cache.ts'
import type { Config } from '../../../src/model/config.ts'
import { defaultKeepalive, defaultProcess, defaultSettings } from '../../../src/model/defaults.ts'
import { addressText } from '../../../src/model/listener.ts'
import { NGINX_HEALTH } from '../../../src/model/passive-health.ts'
import { PLAIN_PROBE } from '../../../src/model/probe.ts'
import { DEFAULT_RESOLVER } from '../../../src/model/resolver.ts'
import type { RewriteStep } from '../../../src/model/rewrite.ts'
import type { Location, Server } from '../../../src/model/route.ts'
import type { Settings } from '../../../src/model/settings.ts'
import { type Template, templateText } from '../../../src/model/template.ts'

/**
 * Reads the input of a case and prints what came out; the directory of the case is shown as
 * `/case`.
 */
export function runCase(input: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'golden-'))
  try {
    writeFiles(directory, input)
    const file = join(directory, 'nginx.conf')
    const env = {}
    const result = readConfig(file, { prefix: directory, env, globals: '', hostname: 'here' })
    const findings = renderDiagnostics(result.diagnostics, result.sources)
    const model =
      result.config === null ? '' : `${print(describeConfig(result.config, directory))}\n`
    return (findings + model).replaceAll(directory, '/case')
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function writeFiles(directory: string, input: string): void {
  const [main = '', ...rest] = input.split(/^==> (.*) <==\n/m)
  writeFileSync(join(directory, 'nginx.conf'), main)
  for (let index = 0; index + 1 < rest.length; index += 2) {
    const path = join(directory, rest[index]!)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, rest[index + 1]!)
  }
}

type Plain = Record<string, unknown>

function describeConfig(config: Config, prefix: string): Plain {
  const defaults = defaultSettings(config.compat, prefix)
  assert.equal(config.format, 'nginx')
  return lean({
    compat: config.compat === 'nginx/1.30' ? null : config.compat,
    isStrict: config.isStrict,
    files: config.files.length > 1 ? config.files : null,
    process: difference(config.process, {
      ...defaultProcess(prefix),
      pidPath: `${prefix}/logs/nginx.pid`,
    }),
    logFormats: config.logFormats
      .filter(format => format.name !== 'combined')
      .map(({ name, escape: escaping, text }) => [name, escaping, templateText(text)]),
    upstreams: config.upstreams.map(upstream =>
      lean({
        name: upstream.name,
        isImplicit: upstream.isImplicit,
        method: upstream.method.kind === 'round_robin' ? null : lean({ ...upstream.method }),
        sticky: upstream.sticky === null ? null : lean({ ...upstream.sticky }),
        queue: upstream.queue,
        fallback: upstream.fallback === null ? null : lean({ ...upstream.fallback }),
        proxyProtocol: upstream.proxyProtocol,
        statePath: upstream.statePath,
        probes: upstream.probes.map(probe => difference(probe, PLAIN_PROBE)),
        alerts: upstream.alerts === null ? null : lean({ ...upstream.alerts }),
        maintenancePath: upstream.maintenancePath,
        peers: upstream.peers.map(peer =>
          lean({
            ...peer,
            address: addressText(peer.address),
            weight: peer.weight === 1 ? null : peer.weight,
            maxFails: peer.maxFails === 1 ? null : peer.maxFails,
            failTimeoutSeconds: peer.failTimeoutSeconds === 10 ? null : peer.failTimeoutSeconds,
            maxConns: peer.maxConns === 0 ? null : peer.maxConns,
            slowStartSeconds: peer.slowStartSeconds === 0 ? null : peer.slowStartSeconds,
          }),
        ),
        keepalive: difference(upstream.keepalive, {
          ...defaultKeepalive(config.compat),
          ...(upstream.isImplicit ? { idleMax: 0 } : {}),
        }),
        passiveHealth: difference(upstream.passiveHealth, NGINX_HEALTH),
        resolver: difference(upstream.resolver ?? DEFAULT_RESOLVER, DEFAULT_RESOLVER),
      }),
    ),
    caches: config.caches.map(cache => difference(cache, PLAIN_CACHE_PATH)),
    variables: config.variables,
    limitZones: config.limitZones.map(zone => ({ ...zone, key: templateText(zone.key) })),
    servers: config.servers.map(server => describeServer(server, defaults)),
  })
}

function describeServer(server: Server, defaults: Settings): Plain {
  const { listens, settings, locations, ...rest } = server
  return lean({
    ...rest,
    listens: listens.map(listen =>
      lean({
        address: addressText(listen.address),
        isDefault: listen.isDefault,
        backlog: listen.backlog === 511 ? null : listen.backlog,
        ipv6Only: listen.ipv6Only ? null : false,
        expectsProxyHeader: listen.expectsProxyHeader ? true : null,
      }),
    ),
    settings: difference(settings, defaults),
    ...describeSteps(rest.rewrite, settings),
    locations: locations.map(location => describeLocation(location, settings)),
  })
}

function describeLocation(location: Location, above: Settings): Plain {
  const { settings, locations, ...rest } = location
  return lean({
    ...rest,
    settings: difference(settings, above),
    ...describeSteps(rest.rewrite, settings),
    locations: locations.map(inner => describeLocation(inner, settings)),
    ...describeLimit(location),
  })
}

/** Steps, with what the location of each `if` changes. */
function describeSteps(steps: readonly RewriteStep[] | undefined, above: Settings): Plain {
  const rewrite = (steps ?? []).map(step => {
    if (step.kind !== 'if') return lean({ ...step })
    const { location } = step
    const inner = location?.settings ?? above
    return lean({
      ...step,
      ...(location === null ? {} : { location: describeLocation(location, above) }),
      steps: describeSteps(step.steps, inner).rewrite,
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
      found[key] = describeCache(own, isRecord(other) ? other : PLAIN_CACHE)
      continue
    }
    const isGroup = isRecord(own) && isRecord(other) && key !== 'types' && key !== 'expires'
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

function isProperty(key: string): boolean {
  return key !== 'origin' && key !== 'origins'
}

/** Leaves out places, empty things and what is false. */
function lean(value: Plain): Plain {
  const found: Plain = {}
  for (const [key, own] of Object.entries(value)) {
    if (key === 'origin' || key === 'origins' || own === null || own === undefined) continue
    if (own === false && key !== 'ipv6Only') continue
    if (own === '' || (Array.isArray(own) && own.length === 0)) continue
    if (isRecord(own) && Object.keys(own).length === 0 && key !== 'types') continue
    if (key === 'process' && isRecord(own) && !Object.keys(own).some(isProperty)) continue
    found[key] = own
  }
  return found
}

/** Properties that hold a template, or a list of templates. */
const TEMPLATES = new Set(
  (
    'value path root text address uri target from to fallback condition index paths ' +
    'key values domain sameSite create lookup replacement'
  ).split(' '),
)

const LINE_MAX = 96

/** JSON without places, with templates as text, and on one line whatever fits there. */
function print(value: unknown, key = '', indent = ''): string {
  const plain = TEMPLATES.has(key) ? templatesAsText(value) : value
  const short = JSON.stringify(plain, (name, own: unknown) => {
    if (name === 'origin' || name === 'origins') return undefined
    return TEMPLATES.has(name) ? templatesAsText(own) : own
  })
  if (indent.length + short.length <= LINE_MAX || typeof plain !== 'object') return short
  const inner = `${indent}  `
  if (Array.isArray(plain)) {
    const items = plain.map(item => `${inner}${print(item, '', inner)}`)
    return `[\n${items.join(',\n')}\n${indent}]`
  }
  const entries = Object.entries(plain as Plain)
    .filter(([name, own]) => name !== 'origin' && name !== 'origins' && own !== undefined)
    .map(([name, own]) => `${inner}"${name}": ${print(own, name, inner)}`)
  return `{\n${entries.join(',\n')}\n${indent}}`
}

function templatesAsText(value: unknown): unknown {
  if (isTemplate(value)) return templateText(value)
  return Array.isArray(value)
    ? value.map(item => (isTemplate(item) ? templateText(item) : item))
    : value
}

function isTemplate(value: unknown): value is Template {
  return Array.isArray(value) && value.every(isPart)
}

function isPart(part: unknown): boolean {
  return typeof part === 'string' || (isRecord(part) && typeof part.variable === 'string')
}
