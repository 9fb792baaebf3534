// A generation of the configuration compiled for one worker: upstreams with their groups and pools, servers with their
// locations, and for each listening address the table of servers. Made whole, swapped whole, never changed.

import type { SystemClock } from '../base/clock.ts'
import { ErrorLog } from '../base/error-log.ts'
import type { ClientLimits } from '../downstream/client-handler.ts'
import type { CompatProfile } from '../model/config.ts'
import { addressText } from '../model/listener.ts'
import type { ResolverSettings } from '../model/resolver.ts'
import type { Location, Server } from '../model/route.ts'
import type { Settings } from '../model/settings.ts'
import { AccessLogger } from '../proxy/access-log.ts'
import { runLocation } from '../proxy/begin.ts'
import {
  type CompileContext,
  compileLocation,
  type LocationSource,
  sourceOf,
} from '../proxy/compile-location.ts'
import { compileDefinitions, listStable } from '../proxy/defined-variables.ts'
import type { Exchange } from '../proxy/exchange.ts'
import { type LocationEntry, LocationTable } from '../proxy/location-table.ts'
import type { LogFiles } from '../proxy/log-files.ts'
import { compileRealIp } from '../proxy/real-ip.ts'
import { compileRewrite } from '../proxy/rewrite-script.ts'
import type { ServerRuntime, Services, Snapshot, UpstreamRuntime } from '../proxy/runtime.ts'
import { ServerTable } from '../proxy/server-table.ts'
import { setNames, withUnsetVariables } from '../proxy/set-variable.ts'
import type { Trace } from '../proxy/trace.ts'
import type { Variable } from '../proxy/variable.ts'
import { defineNames } from '../proxy/variables.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import type { WorkerCaches } from './cache-stores.ts'
import { WorkerUpstream } from './compile-upstream.ts'
import { DynamicNames, type OnNameAnswer } from './dynamic-names.ts'
import { DynamicUpstreams } from './dynamic-upstreams.ts'
import { WorkerLimitZones } from './limit-zones.ts'
import type { Generation, ResolvedUpstream } from './messages.ts'
import type { WaitLines } from './wait-lines.ts'

/** What every generation of a worker shares. */
export interface WorkerResources {
  readonly services: Services
  readonly clock: SystemClock
  readonly zone: PeerZone
  readonly waitLines: WaitLines
  readonly caches: WorkerCaches
  readonly logFiles: LogFiles
  /** For a snapshot that serves nobody: watches what becomes of requests, and asks no peer. */
  readonly trace?: Trace
}

/** What a listening address serves. */
export interface AddressRuntime {
  readonly snapshot: WorkerSnapshot
  readonly servers: ServerTable
  readonly limits: ClientLimits
  readonly expectsProxyHeader: boolean
}

export class WorkerSnapshot implements Snapshot {
  readonly generation: number
  readonly services: Services
  readonly compat: CompatProfile
  readonly isStrict: boolean
  active = 0
  isDraining = false
  readonly trace: Trace | null
  readonly upstreams: ReadonlyMap<string, WorkerUpstream>
  readonly definedVariables: ReadonlyMap<string, Variable>
  /** By `addressText`. */
  readonly addresses: ReadonlyMap<string, AddressRuntime>
  readonly runLocation = runLocation
  /** Called when the last exchange of a retired snapshot ends. */
  onReleased: (() => void) | null = null
  readonly #dynamic: DynamicUpstreams
  readonly #names: DynamicNames
  /** Without a name server the machine's own configuration is asked. */
  readonly #asksMachine: boolean
  readonly #loggers: AccessLogger[] = []
  readonly #errorLogs: ErrorLog[] = []

  /** Throws an `Error` with one clear line when a log file cannot be opened. */
  constructor(generation: Generation, resources: WorkerResources) {
    const { config } = generation
    this.generation = generation.number
    this.services = resources.services
    this.trace = resources.trace ?? null
    this.compat = config.compat
    this.isStrict = config.isStrict
    const { variables } = config
    defineNames(
      variables.map(({ name }) => name),
      listStable(variables),
      setNames(config.servers),
    )
    this.definedVariables = withUnsetVariables(compileDefinitions(config.variables), config.servers)
    this.#dynamic = new DynamicUpstreams(resources.clock, resources.services.wheel, config.isStrict)
    this.#names = new DynamicNames({ clock: resources.clock, upstreams: this.#dynamic })
    this.#asksMachine = config.format === 'yaml'
    this.upstreams = new Map(
      generation.upstreams.map((resolved, index) => {
        const upstream = config.upstreams[index]!
        const memory = generation.memories[index]!
        const runtime = new WorkerUpstream(upstream, resolved, memory, resources, config)
        return [upstream.name, runtime] as const
      }),
    )
    try {
      const context = this.#compileContext(generation, resources)
      const servers = config.servers.map(server => compileServer(server, context))
      this.addresses = compileAddresses(this, config.servers, servers)
    } catch (error) {
      this.#closeLogs()
      throw error
    }
  }

  #compileContext(generation: Generation, resources: WorkerResources): CompileContext {
    const { logFormats } = generation.config
    const accessLogs = new Map<unknown, readonly AccessLogger[]>()
    const errorLogs = new Map<string, ErrorLog>()
    const errorLogsOf = new Map<unknown, ErrorLog>()
    return {
      services: resources.services,
      trace: this.trace,
      upstreams: this.upstreams,
      caches: resources.caches.of(generation),
      limits: new WorkerLimitZones(generation, resources.clock, resources.services.workerIndex),
      accessLogs: settings => {
        // Who only watches writes nothing.
        if (this.trace !== null) return []
        const known = accessLogs.get(settings.accessLogs)
        if (known !== undefined) return known
        const loggers = settings.accessLogs.map(log => {
          const logger = new AccessLogger(log, logFormats, resources.logFiles)
          this.#loggers.push(logger)
          return logger
        })
        accessLogs.set(settings.accessLogs, loggers)
        return loggers
      },
      errorLog: settings => {
        if (this.trace !== null) return resources.services.errorLog
        const same = errorLogsOf.get(settings.errorLogs)
        if (same !== undefined) return same
        const key = JSON.stringify(settings.errorLogs)
        let log = errorLogs.get(key)
        if (log === undefined) {
          log = new ErrorLog(settings.errorLogs, { thread: resources.services.workerIndex })
          this.#errorLogs.push(log)
          errorLogs.set(key, log)
        }
        errorLogsOf.set(settings.errorLogs, log)
        return log
      },
    }
  }

  findDynamicUpstream(address: string): UpstreamRuntime | null {
    return this.#dynamic.find(address)
  }

  hasResolver(resolver: ResolverSettings): boolean {
    return this.#asksMachine || resolver.servers.length > 0
  }

  lookUpUpstream(name: string, resolver: ResolverSettings, onAnswer: OnNameAnswer): () => void {
    return this.#names.find(name, resolver, onAnswer)
  }

  /** Another set of peers for one upstream. `onReleased`: who still used the one before has ended. */
  changePeers(resolved: ResolvedUpstream, onReleased: (version: number) => void): void {
    this.upstreams.get(resolved.name)?.change(resolved, onReleased)
  }

  onExchangeEnd(_exchange: Exchange): void {
    this.active--
    if (this.active === 0 && this.onReleased !== null) this.#release()
  }

  /** Another snapshot took over: idle connections close now, the rest when the last exchange has ended. */
  retire(onReleased: () => void): void {
    for (const { pool, queue } of this.upstreams.values()) {
      pool.close()
      queue?.retire()
    }
    this.onReleased = onReleased
    if (this.active === 0) this.#release()
  }

  #release(): void {
    const onReleased = this.onReleased
    this.onReleased = null
    this.#names.close()
    this.#closeLogs()
    onReleased?.()
  }

  /** USR1. */
  reopenLogs(): void {
    for (const log of this.#errorLogs) log.reopen()
  }

  #closeLogs(): void {
    for (const logger of this.#loggers.splice(0)) logger.close()
    for (const log of this.#errorLogs.splice(0)) log.close()
  }
}

function compileServer(server: Server, context: CompileContext): ServerRuntime {
  const { settings, returns, rewrite, action } = server
  const tryFiles = server.tryFiles ?? null
  // What a server returns it returns for every path; only its error pages come to a location, if that has a name.
  const locations =
    returns === null
      ? server.locations
      : server.locations.filter(location => location.match.kind === 'named')
  return {
    config: server,
    realIp: compileRealIp(settings.realIp),
    locations: compileLocations(locations, context),
    fallback: compileLocation(
      { location: null, aliasMatch: null, settings, returns, rewrite: [], tryFiles, action },
      context,
    ),
    rewrite:
      rewrite === undefined
        ? null
        : compileRewrite(rewrite, settings.logsRewrites, branch =>
            compileLocation(sourceOf(branch), context),
          ),
  }
}

function compileLocations(
  locations: readonly Location[],
  context: CompileContext,
  around: LocationSource | null = null,
): LocationTable {
  return new LocationTable(
    locations.map((location): LocationEntry => {
      const source = sourceOf(location, around)
      return {
        match: location.match,
        location: compileLocation(source, context),
        nested: compileLocations(location.locations, context, source),
      }
    }),
  )
}

function compileAddresses(
  snapshot: WorkerSnapshot,
  configs: readonly Server[],
  servers: readonly ServerRuntime[],
): ReadonlyMap<string, AddressRuntime> {
  const byAddress = new Map<string, ServerRuntime[]>()
  const defaults = new Map<string, ServerRuntime>()
  const proxied = new Set<string>()
  configs.forEach((config, index) => {
    for (const listen of config.listens) {
      const key = addressText(listen.address)
      const list = byAddress.get(key)
      if (list === undefined) byAddress.set(key, [servers[index]!])
      else list.push(servers[index]!)
      if (listen.isDefault) defaults.set(key, servers[index]!)
      if (listen.expectsProxyHeader) proxied.add(key)
    }
  })
  return new Map(
    [...byAddress].map(([key, list]) => {
      const defaultServer = defaults.get(key) ?? list[0]!
      return [
        key,
        {
          snapshot,
          servers: new ServerTable(defaultServer, list),
          limits: limitsOf(defaultServer.config.settings),
          expectsProxyHeader: proxied.has(key),
        },
      ] as const
    }),
  )
}

function limitsOf({ client }: Settings): ClientLimits {
  const large = client.largeHeaderBuffers
  return {
    head: {
      lineBytesMax: Math.max(large.bytes, client.headerBufferBytes),
      fieldLineBytesMax: Math.max(large.bytes, client.headerBufferBytes),
      headBytesMax: client.headerBufferBytes + large.bytes * large.count,
      fieldsMax: client.fieldsMax,
      allowUnderscores: client.allowsUnderscores,
      ignoreInvalidFields: client.ignoresInvalidFields,
    },
    headerTimeoutMs: client.headerTimeoutMs,
    keepaliveTimeoutMs: client.keepaliveTimeoutMs,
    sendTimeoutMs: client.sendTimeoutMs,
    lingeringTimeMs: client.lingering.mode === 'off' ? 0 : client.lingering.timeMs,
    lingeringTimeoutMs: client.lingering.timeoutMs,
  }
}
