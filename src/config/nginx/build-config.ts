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
import { DEFAULT_RESOLVER } from '../../model/resolver.ts'
import type { Action, Location, ProxyTarget, Server } from '../../model/route.ts'
import type { LogFormat, Settings } from '../../model/settings.ts'
import { PLAIN_PEER, PLAIN_UPSTREAM, type Upstream } from '../../model/upstream.ts'
import type { Source } from '../source.ts'
import { isAddressProblem, parsePeerAddress } from './address.ts'
import { checkBufferSizes } from './buffer-sizes.ts'
import { buildSettings } from './build-settings.ts'
import { wordOrigin } from './lexer.ts'
import { DEFAULT_BACKLOG } from './listen-directive.ts'
import type { Reading } from './reading.ts'
import { buildResolver } from './resolver-directives.ts'
import type { HttpScope, LocationScope, MainScope, ServerScope, UpstreamScope } from './scope.ts'
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

  constructor(reading: Reading) {
    this.#reading = reading
  }

  build(http: HttpScope, defaults: Settings): HttpParts {
    const settings = buildSettings(http.level, defaults, null, this.#reading)
    for (const upstream of http.upstreams) {
      this.#explicit.set(upstream.name.toLowerCase(), this.#upstream(upstream, settings))
    }
    const servers = http.servers.map(server => this.#server(server, settings))
    const logFormats: readonly LogFormat[] = [...DEFAULT_LOG_FORMATS, ...http.logFormats]
    const upstreams = [...this.#explicit.values(), ...this.#implicit.values()]
    return { upstreams, servers, logFormats }
  }

  #upstream(scope: UpstreamScope, above: Settings): Upstream {
    const resolver = buildResolver(scope, above.resolver, this.#reading.isStrict)
    checkResolving(scope, resolver, this.#reading)
    return {
      origin: scope.origin,
      origins: scope.origins,
      name: scope.name,
      method: scope.method,
      peers: scope.peers,
      keepalive: { ...defaultKeepalive(this.#reading.compat), ...scope.keepalive },
      passiveHealth: scope.passiveHealth,
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
      listens: scope.listens.length > 0 ? scope.listens : [defaultListen(scope)],
      names: scope.names.length > 0 ? scope.names : [{ kind: 'exact', name: '' }],
      name: scope.name ?? '',
      settings,
      returns: scope.returns,
      ...(scope.tryFiles === null ? {} : { tryFiles: scope.tryFiles }),
      action: { kind: 'files' },
      locations: scope.locations.map(location => this.#location(location, settings)),
    }
  }

  #location(scope: LocationScope, above: Settings): Location {
    const { level, match } = scope
    checkBufferSizes(level, this.#reading)
    const target = scope.target === null ? null : this.#target(scope, scope.target)
    const settings = buildSettings(level, above, { match, target: scope.target }, this.#reading)
    const action: Action = target === null ? { kind: 'files' } : { kind: 'proxy', target }
    return {
      origin: scope.origin,
      match,
      settings,
      returns: scope.returns,
      ...(scope.tryFiles === null ? {} : { tryFiles: scope.tryFiles }),
      action,
      isInternal: level.find('isInternal') ?? false,
      locations: scope.locations.map(location => this.#location(location, settings)),
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

/** As nginx: port 80 for the superuser, else 8000, where a server has no `listen`. */
function defaultListen(scope: ServerScope): Listen {
  const port = process.geteuid?.() === 0 ? 80 : 8000
  return {
    origin: scope.origin,
    address: { kind: 'tcp', host: '0.0.0.0', port },
    isDefault: false,
    backlog: DEFAULT_BACKLOG,
    ipv6Only: true,
  }
}
