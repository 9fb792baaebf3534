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
import { type CompileContext, compileLocation } from '../proxy/compile-location.ts'
import type { Exchange } from '../proxy/exchange.ts'
import { type LocationEntry, LocationTable } from '../proxy/location-table.ts'
import type { LogFiles } from '../proxy/log-files.ts'
import type { ServerRuntime, Services, Snapshot, UpstreamRuntime } from '../proxy/runtime.ts'
import { ServerTable } from '../proxy/server-table.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import type { WorkerCaches } from './cache-stores.ts'
import { WorkerUpstream } from './compile-upstream.ts'
import { DynamicNames, type OnNameAnswer } from './dynamic-names.ts'
import { DynamicUpstreams } from './dynamic-upstreams.ts'
import type { Generation, ResolvedUpstream } from './messages.ts'
import type { WaitLines } from './wait-lines.ts'

/** Field lines of one request head (nginx 1.31 `max_headers` has 1000). */
const REQUEST_FIELDS_MAX = 1_000

/** What every generation of a worker shares. */
export interface WorkerResources {
  readonly services: Services
  readonly clock: SystemClock
  readonly zone: PeerZone
  readonly waitLines: WaitLines
  readonly caches: WorkerCaches
  readonly logFiles: LogFiles
}

/** What a listening address serves. */
export interface AddressRuntime {
  readonly snapshot: WorkerSnapshot
  readonly servers: ServerTable
  readonly limits: ClientLimits
}

export class WorkerSnapshot implements Snapshot {
  readonly generation: number
  readonly services: Services
  readonly compat: CompatProfile
  readonly isStrict: boolean
  active = 0
  isDraining = false
  readonly upstreams: ReadonlyMap<string, WorkerUpstream>
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
    this.compat = config.compat
    this.isStrict = config.isStrict
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
    return {
      services: resources.services,
      upstreams: this.upstreams,
      caches: resources.caches.of(generation),
      accessLogs: settings => {
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
        const key = JSON.stringify(settings.errorLogs)
        const known = errorLogs.get(key)
        if (known !== undefined) return known
        const log = new ErrorLog(settings.errorLogs, { thread: resources.services.workerIndex })
        this.#errorLogs.push(log)
        errorLogs.set(key, log)
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
  const { settings, returns, action } = server
  const tryFiles = server.tryFiles ?? null
  // What a server returns it returns for every path; only its error pages come to a location, if that has a name.
  const locations =
    returns === null
      ? server.locations
      : server.locations.filter(location => location.match.kind === 'named')
  return {
    config: server,
    locations: compileLocations(locations, context),
    fallback: compileLocation({ location: null, settings, returns, tryFiles, action }, context),
  }
}

function compileLocations(locations: readonly Location[], context: CompileContext): LocationTable {
  return new LocationTable(
    locations.map(
      (location): LocationEntry => ({
        match: location.match,
        location: compileLocation(
          {
            location,
            settings: location.settings,
            returns: location.returns,
            tryFiles: location.tryFiles ?? null,
            action: location.action,
          },
          context,
        ),
        nested: compileLocations(location.locations, context),
      }),
    ),
  )
}

function compileAddresses(
  snapshot: WorkerSnapshot,
  configs: readonly Server[],
  servers: readonly ServerRuntime[],
): ReadonlyMap<string, AddressRuntime> {
  const byAddress = new Map<string, ServerRuntime[]>()
  const defaults = new Map<string, ServerRuntime>()
  configs.forEach((config, index) => {
    for (const listen of config.listens) {
      const key = addressText(listen.address)
      const list = byAddress.get(key)
      if (list === undefined) byAddress.set(key, [servers[index]!])
      else list.push(servers[index]!)
      if (listen.isDefault) defaults.set(key, servers[index]!)
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
      fieldsMax: REQUEST_FIELDS_MAX,
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
