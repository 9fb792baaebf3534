// Makes the model out of what the walk gathered: settings with inheritance, upstreams, the implicit
// groups of `proxy_pass`, servers with their default address.

import type { Config } from '../../model/config.ts'
import {
  DEFAULT_LOG_FORMATS,
  defaultKeepalive,
  defaultProcess,
  defaultSettings,
  implicitKeepalive,
} from '../../model/defaults.ts'
import type { Listen } from '../../model/listener.ts'
import type { Origin } from '../../model/origin.ts'
import type { Probe } from '../../model/probe.ts'
import { DEFAULT_RESOLVER } from '../../model/resolver.ts'
import type { Action, Location, ProxyTarget, Server, ServerName } from '../../model/route.ts'
import type { LogFormat, Settings } from '../../model/settings.ts'
import { templateText } from '../../model/template.ts'
import { PLAIN_PEER, PLAIN_UPSTREAM, type Upstream } from '../../model/upstream.ts'
import type { Source } from '../source.ts'
import { isAddressProblem, parsePeerAddress } from './address.ts'
import { checkBufferSizes } from './buffer-sizes.ts'
import { buildSettings } from './build-settings.ts'
import { noticeUnused } from './cache-build.ts'
import { wordOrigin } from './lexer.ts'
import { DEFAULT_BACKLOG } from './listen-directive.ts'
import { buildProbe, type ProbePlace } from './probe-build.ts'
import type { WrittenProbe } from './probe-written.ts'
import type { Reading } from './reading.ts'
import { buildResolver } from './resolver-directives.ts'
import { buildBranch, buildSteps, type StepBuilding } from './rewrite-build.ts'
import type {
  HttpScope,
  Level,
  LevelValues,
  LocationScope,
  MainScope,
  ServerScope,
  UpstreamScope,
} from './scope.ts'
import { checkResolving } from './upstream-directives.ts'

/** Makes the model; mistakes that only show now are reported to `reading`. */
export function buildConfig(main: MainScope, source: Source, reading: Reading): Config {
  const { options, compat } = reading
  const errorLogs = main.errorLogs
  const initial = defaultSettings(compat, options.prefix)
  const settings = errorLogs.length === 0 ? initial : { ...initial, errorLogs }
  const builder = new ConfigBuilder(reading)
  const http = main.http
  const parts = http === null ? NOTHING : builder.build(http, settings)
  return {
    format: 'nginx',
    file: source.file,
    files: [...reading.sources.keys()].filter(file => file !== GLOBALS_FILE),
    compat,
    isStrict: reading.isStrict,
    process: {
      ...defaultProcess(options.prefix),
      // As nginx: what watches or signals an nginx finds the process where it was.
      pidPath: reading.underPrefix('logs/nginx.pid'),
      ...reading.process,
      errorLogs: settings.errorLogs,
      origin: main.origin,
      origins: reading.processOrigins,
    },
    ...parts,
    caches: reading.caches,
    limitZones: reading.limitZones,
    variables: reading.variables,
  }
}

/** The name that messages show for the text of `ReadOptions.globals`. */
export const GLOBALS_FILE = '(command line)'

type HttpParts = Pick<Config, 'upstreams' | 'servers' | 'logFormats'>

const NOTHING: HttpParts = { upstreams: [], servers: [], logFormats: DEFAULT_LOG_FORMATS }

class ConfigBuilder {
  readonly #reading: Reading
  /** By lower-case name. */
  readonly #explicit = new Map<string, Upstream>()
  /** By lower-case host and port. */
  readonly #implicit = new Map<string, Upstream>()
  /** By the name of their group. */
  readonly #probes = new Map<string, Probe[]>()
  #matches: HttpScope['matches'] = new Map()

  readonly #building: StepBuilding

  constructor(reading: Reading) {
    this.#reading = reading
    this.#building = {
      reading,
      joinTarget: (scope, target) => this.#target(scope, target),
      originsOf,
    }
  }

  build(http: HttpScope, defaults: Settings): HttpParts {
    const settings = buildSettings(http.level, defaults, null, this.#reading)
    this.#matches = http.matches
    for (const upstream of http.upstreams) {
      this.#explicit.set(upstream.name.toLowerCase(), this.#upstream(upstream, settings))
    }
    const servers = http.servers.map(server => this.#server(server, settings))
    const logFormats: readonly LogFormat[] = [...DEFAULT_LOG_FORMATS, ...http.logFormats]
    const groups = [...this.#explicit.values(), ...this.#implicit.values()]
    const upstreams = groups.map(group => ({
      ...group,
      probes: this.#probes.get(group.name) ?? [],
    }))
    return { upstreams, servers, logFormats }
  }

  #upstream(scope: UpstreamScope, above: Settings): Upstream {
    const resolver = buildResolver(scope, above.resolver, this.#reading.isStrict)
    checkResolving(scope, resolver, this.#reading)
    const place = { proxy: above.proxy, proxyHost: scope.name, serverNames: [] }
    this.#addProbes(scope.probes, scope.name, place)
    return {
      origin: scope.origin,
      origins: scope.origins,
      name: scope.name,
      method: scope.method,
      peers: scope.peers,
      keepalive: { ...defaultKeepalive(this.#reading.compat), ...scope.keepalive },
      passiveHealth: scope.passiveHealth,
      probes: [],
      alerts: scope.alerts,
      maintenancePath: scope.maintenancePath,
      fallback: scope.fallback,
      sticky: scope.sticky,
      queue: scope.queue,
      proxyProtocol: scope.proxyProtocol,
      statePath: scope.statePath,
      resolver: resolver === DEFAULT_RESOLVER ? null : resolver,
      isImplicit: false,
    }
  }

  #server(scope: ServerScope, above: Settings): Server {
    checkBufferSizes(scope.level, this.#reading)
    const settings = buildSettings(scope.level, above, null, this.#reading)
    return {
      origin: scope.origin,
      ...originsOf(scope.level),
      listens: scope.listens.length > 0 ? scope.listens : [defaultListen(scope)],
      names: scope.names.length > 0 ? scope.names : [{ kind: 'exact', name: '' }],
      name: scope.name ?? '',
      settings,
      ...buildSteps(scope.steps, settings, FILES, this.#building),
      ...(scope.tryFiles === null ? {} : { tryFiles: scope.tryFiles }),
      action: FILES,
      locations: scope.locations.map(location => this.#location(location, settings)),
    }
  }

  #location(scope: LocationScope, above: Settings): Location {
    const { level, match } = scope
    checkBufferSizes(level, this.#reading)
    const target = scope.target === null ? null : this.#target(scope, scope.target)
    const settings = buildSettings(level, above, { match, target: scope.target }, this.#reading)
    const action: Action = target === null ? FILES : { kind: 'proxy', target }
    this.#checkPeers(scope, target, settings)
    if (target !== null && settings.proxy.cache === null) {
      noticeUnused(level, scope.locations, this.#reading)
    }
    return {
      origin: scope.origin,
      ...originsOf(level),
      match,
      settings,
      ...buildSteps(scope.steps, settings, action, this.#building),
      ...(scope.tryFiles === null ? {} : { tryFiles: scope.tryFiles }),
      action,
      isInternal: level.find('isInternal') ?? false,
      ...this.#limitExcept(scope, settings, action),
      locations: scope.locations.map(location => this.#location(location, settings)),
    }
  }

  #limitExcept(
    { limitExcept }: LocationScope,
    above: Settings,
    around: Action,
  ): Pick<Location, 'limitExcept'> {
    if (limitExcept === undefined) return {}
    const { methods, scope } = limitExcept
    const location = buildBranch(scope, above, around, this.#building)
    return { limitExcept: { methods, location } }
  }

  /** The `health_check` lines of a location ask the peers of its group. */
  #checkPeers({ probes, parent }: LocationScope, target: ProxyTarget | null, at: Settings): void {
    const [first] = probes
    if (first === undefined) return
    if (target === null || target.upstream === null) {
      const problem = target === null ? 'without' : 'with variables in'
      const message = `"health_check" ${problem} "proxy_pass": it has no peers to ask`
      const hint = 'name the group: proxy_pass http://NAME; or write it in "upstream"'
      this.#reading.diagnostics.error(message, first.origin, hint)
      return
    }
    const proxyHost = templateText(target.address)
    const place = { proxy: at.proxy, proxyHost, serverNames: namesAround(parent) }
    this.#addProbes(probes, target.upstream, place)
  }

  #addProbes(written: readonly WrittenProbe[], group: string, place: ProbePlace): void {
    for (const one of written) {
      const probe = buildProbe(one, place, this.#matches, this.#reading)
      if (probe === null) continue
      this.#probes.set(group, [...(this.#probes.get(group) ?? []), probe])
    }
  }

  /** Joins a target with its group: an `upstream` of that name, or an implicit one. */
  #target(scope: LocationScope, target: ProxyTarget): ProxyTarget {
    const text = target.upstream
    if (text === null) return target
    const parsed = parsePeerAddress(text)
    const host = isAddressProblem(parsed) || parsed.host === '' ? text : parsed.host
    const group = this.#explicit.get(host.toLowerCase())
    if (group !== undefined) {
      if (!isAddressProblem(parsed) && parsed.hasPort && parsed.address.kind === 'tcp') {
        const message = `upstream "${group.name}" may not have port ${parsed.address.port}`
        this.#reading.diagnostics.error(message, target.origin, 'its servers have ports')
      }
      return { ...target, upstream: group.name }
    }
    if (isAddressProblem(parsed)) {
      this.#reading.refuse(scope.targetWord!, `${parsed.problem} in upstream "${text}"`)
      return target
    }
    const key =
      parsed.address.kind === 'unix' ? text : `${host.toLowerCase()}:${parsed.address.port}`
    const known = this.#implicit.get(key)
    if (known !== undefined) return { ...target, upstream: known.name }
    const origin = scope.targetWord === null ? target.origin : wordOrigin(scope.targetWord)
    this.#implicit.set(key, {
      origin,
      name: text,
      ...PLAIN_UPSTREAM,
      peers: [
        {
          origin,
          name: text,
          address: parsed.address,
          ...PLAIN_PEER,
        },
      ],
      keepalive: implicitKeepalive(this.#reading.compat),
      isImplicit: true,
    })
    return target
  }
}

const FILES: Action = { kind: 'files' }

const CHECKED_LATER = {
  'proxy.retry.tryTimeoutMs': 'retryTryTimeoutMs',
  'proxy.cache': 'cache.cache',
  'proxy.cache.key': 'cache.key',
  'access.realm': 'access.realm',
  'proxy.cache.sliceBytes': 'cache.sliceBytes',
  'proxy.cache.purge': 'cache.purge',
  'proxy.isBuffering': 'isBuffering',
} as const satisfies Readonly<Record<string, keyof LevelValues>>

/** Where settings stand that are checked against each other when all is known. */
function originsOf(level: Level): Pick<Location, 'origins'> {
  const origins: Record<string, Origin> = {}
  for (const [property, key] of Object.entries(CHECKED_LATER)) {
    const origin = level.findOrigin(key)
    if (origin !== undefined) origins[property] = origin
  }
  return Object.keys(origins).length === 0 ? {} : { origins }
}

/** The names of the server that a location stands in. */
function namesAround(scope: ServerScope | LocationScope): readonly ServerName[] {
  return scope.kind === 'server' ? scope.names : namesAround(scope.parent)
}

/** As nginx: port 80 for the superuser, else 8000, where a server has no `listen`. */
function defaultListen(scope: ServerScope): Listen {
  const port = process.geteuid?.() === 0 ? 80 : 8000
  return {
    origin: scope.origin,
    address: { kind: 'tcp', host: '0.0.0.0', port },
    isDefault: false,
    backlog: DEFAULT_BACKLOG,
    ipv6Only: true,
    expectsProxyHeader: false,
  }
}
