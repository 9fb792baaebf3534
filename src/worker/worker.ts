// One data-plane thread: listens, serves the current snapshot, swaps it on reload without touching a connection, and
// drains. The entry file of `new Worker`; everything it needs comes in `workerData` and messages.

import { hostname } from 'node:os'
import { parentPort, threadId, workerData } from 'node:worker_threads'
import { Logins } from '../auth/logins.ts'
import { SystemClock } from '../base/clock.ts'
import { DescriptorLimit } from '../base/descriptor-limit.ts'
import { ErrorLog } from '../base/error-log.ts'
import type { Failure } from '../base/failure.ts'
import { systemErrorText } from '../base/system-error.ts'
import { TimerWheel } from '../base/timer-wheel.ts'
import { VERSION } from '../base/version.ts'
import type { ClientConnection } from '../downstream/client-connection.ts'
import type { ClientHandler, ClientLimits } from '../downstream/client-handler.ts'
import { Listener } from '../downstream/listener.ts'
import { addressText, type ListenAddress } from '../model/listener.ts'
import { beginExchange, refuseRequest } from '../proxy/begin.ts'
import { LogFiles } from '../proxy/log-files.ts'
import type { Services } from '../proxy/runtime.ts'
import { METRIC, MetricZone } from '../zone/metric-zone.ts'
import { PeerZone } from '../zone/peer-zone.ts'
import { Admission } from './admission.ts'
import { findCacheKeys, NOT_SERVING } from './cache-keys.ts'
import { WorkerCaches } from './cache-stores.ts'
import type { FromWorker, Generation, ToWorker, WorkerStart } from './messages.ts'
import { PurgeRequests } from './purge-requests.ts'
import { type AddressRuntime, type WorkerResources, WorkerSnapshot } from './snapshot.ts'
import { WaitLines } from './wait-lines.ts'

const BACKLOG = 511

const start = workerData as WorkerStart
const port = parentPort!
const clock = new SystemClock()
const wheel = new TimerWheel(clock)
const metrics = new MetricZone(start.metricZone, start.index)
const errorLog = new ErrorLog(start.generation.config.process.errorLogs, { thread: start.index })
let exchangeNumber = 0
const descriptors = new DescriptorLimit()
const purges = new PurgeRequests(say)
const services: Services = {
  clock,
  wheel,
  errorLog,
  workerIndex: start.index,
  pid: process.pid,
  hostname: hostname(),
  version: VERSION,
  logins: new Logins(clock),
  nextExchangeNumber: () => ++exchangeNumber,
  purgePrefix: (cache, prefix, onDone) => purges.ask(cache, prefix, onDone),
}
const resources: WorkerResources = {
  services,
  clock,
  zone: new PeerZone(start.peerZone, start.index),
  logFiles: new LogFiles(errorLog, clock),
  waitLines: new WaitLines(clock, wheel, start.index),
  caches: new WorkerCaches({
    clock,
    wheel,
    errorLog,
    workerIndex: start.index,
    threadId,
    workerCount: start.count,
    descriptorsMax: descriptors.max,
  }),
}

/** One bound address and what it serves now. */
class Endpoint implements ClientHandler {
  readonly clock = clock
  readonly wheel = wheel
  listener: Listener | null = null
  #runtime: AddressRuntime

  constructor(runtime: AddressRuntime) {
    this.#runtime = runtime
  }

  /** Serves another snapshot from the next request on. */
  swap(runtime: AddressRuntime): void {
    this.#runtime = runtime
  }

  get listenAddress(): ListenAddress | null {
    return this.listener?.address ?? null
  }

  get expectsProxyHeader(): boolean {
    return this.#runtime.expectsProxyHeader
  }

  limits(): ClientLimits {
    return this.#runtime.limits
  }

  onRequest(connection: ClientConnection): void {
    metrics.add(METRIC.requests, 1)
    beginExchange(connection, this.#runtime.snapshot, this.#runtime.servers)
  }

  onBadRequest(connection: ClientConnection, failure: Failure): void {
    metrics.add(METRIC.requests, 1)
    refuseRequest(connection, failure, this.#runtime.snapshot, this.#runtime.servers)
  }

  onBadProxyHeader(connection: ClientConnection, level: 'error' | 'info', text: string): void {
    const { errorLog } = this.#runtime.servers.defaultServer.fallback
    errorLog.write(level, `${text} while reading PROXY protocol`, {
      connection: connection.serial,
      client: connection.remoteAddress,
      server: this.listenAddress === null ? '' : addressText(this.listenAddress),
    })
  }

  onClose(connection: ClientConnection): void {
    connections.delete(connection)
    metrics.add(METRIC.connectionsActive, -1)
    if (isDraining && connections.size === 0) finishDrain()
  }
}

const connections = new Set<ClientConnection>()
const admission = new Admission({
  connections,
  descriptors,
  clock,
  log: (level, text) => errorLog.write(level, text),
})
/** By `addressText` of the bound address. */
const endpoints = new Map<string, Endpoint>()
let snapshot: WorkerSnapshot | undefined
/** Made, and not serving yet: its listeners are being bound. */
let coming: WorkerSnapshot | undefined
let isDraining = false
let hasDrained = false

function say(message: FromWorker): void {
  port.postMessage(message)
}

function mayAccept(descriptor: number): boolean {
  metrics.add(METRIC.accepted, 1)
  return admission.mayAccept(descriptor)
}

function onAccept(connection: ClientConnection): void {
  metrics.add(METRIC.handled, 1)
  metrics.add(METRIC.connectionsActive, 1)
  connections.add(connection)
}

/** Binds what is new, swaps what stays, closes what is gone. Nothing changes when it rejects. */
async function apply(generation: Generation): Promise<ListenAddress[]> {
  const next = new WorkerSnapshot(generation, resources)
  coming = next
  admission.connectionsMax ||= generation.config.process.workerConnectionsMax
  const opened: Endpoint[] = []
  /** What every address of the generation came to, in its order. */
  const bound: ListenAddress[] = []
  try {
    for (const address of generation.listeners) {
      const key = addressText(address)
      if (endpoints.has(key) || (address.kind === 'unix' && start.index !== 0)) {
        bound.push(address)
        continue
      }
      const endpoint = new Endpoint(runtimeOf(next, generation, address))
      endpoint.listener = await Listener.open(address, endpoint, {
        isReusingPort: !start.isAlone,
        backlog: backlogOf(generation, address),
        isIpv6Only: isIpv6Only(generation, address),
        mayAccept,
        onAccept,
        onError: error =>
          errorLog.write('alert', `accept() on ${key} failed (${systemErrorText(error)})`),
        onAcceptFailure: error => admission.onFailure(error),
      })
      opened.push(endpoint)
      bound.push(endpoint.listener.address)
    }
    errorLog.retarget(generation.config.process.errorLogs)
  } catch (error) {
    for (const endpoint of opened) endpoint.listener?.close()
    coming = undefined
    next.retire(() => {})
    throw error
  }
  coming = undefined
  for (const endpoint of opened) endpoints.set(addressText(endpoint.listener!.address), endpoint)
  swap(next, generation, bound)
  return bound
}

function swap(next: WorkerSnapshot, generation: Generation, bound: readonly ListenAddress[]): void {
  const previous = snapshot
  snapshot = next
  admission.connectionsMax = generation.config.process.workerConnectionsMax
  const wanted = new Map(bound.map(address => [addressText(address), address]))
  for (const [key, endpoint] of endpoints) {
    const address = wanted.get(key)
    if (address !== undefined) {
      endpoint.swap(runtimeOf(next, generation, address))
    } else {
      endpoint.listener?.close()
      endpoints.delete(key)
    }
  }
  if (previous !== undefined) {
    const { generation: number } = previous
    retired.add(previous)
    previous.retire(() => {
      retired.delete(previous)
      say({ kind: 'released', generation: number })
    })
  }
}

const retired = new Set<WorkerSnapshot>()

/** What the configuration says of a bound address; a port that was 0 there has become a number here. */
function runtimeOf(
  next: WorkerSnapshot,
  generation: Generation,
  address: ListenAddress,
): AddressRuntime {
  const exact = next.addresses.get(addressText(address))
  if (exact !== undefined) return exact
  if (address.kind === 'tcp') {
    const anyPort = next.addresses.get(addressText({ ...address, port: 0 }))
    if (anyPort !== undefined) return anyPort
  }
  throw new Error(`no server listens on ${addressText(address)} in generation ${generation.number}`)
}

function listensOf(generation: Generation, address: ListenAddress) {
  const keys = new Set([
    addressText(address),
    address.kind === 'tcp' ? addressText({ ...address, port: 0 }) : '',
  ])
  return generation.config.servers
    .flatMap(server => server.listens)
    .filter(listen => keys.has(addressText(listen.address)))
}

function backlogOf(generation: Generation, address: ListenAddress): number {
  return listensOf(generation, address)[0]?.backlog ?? BACKLOG
}

function isIpv6Only(generation: Generation, address: ListenAddress): boolean {
  return listensOf(generation, address)[0]?.ipv6Only ?? true
}

async function serve(generation: Generation): Promise<void> {
  try {
    const bound = await apply(generation)
    say({ kind: 'ready', generation: generation.number, bound })
  } catch (error) {
    say({ kind: 'failed', generation: generation.number, message: (error as Error).message })
    if (endpoints.size === 0 && snapshot === undefined) port.close()
  }
}

function stopAccepting(): void {
  for (const endpoint of endpoints.values()) endpoint.listener?.close()
  endpoints.clear()
}

function drain(timeoutMs: number): void {
  if (isDraining) return
  isDraining = true
  stopAccepting()
  // A worker that has not begun to serve has nothing to finish.
  if (snapshot !== undefined) snapshot.isDraining = true
  for (const each of retired) each.isDraining = true
  for (const connection of [...connections]) connection.closeSoonIfIdle()
  if (connections.size === 0) {
    finishDrain()
    return
  }
  if (timeoutMs > 0) setTimeout(finishDrain, timeoutMs)
}

function finishDrain(): void {
  if (hasDrained) return
  hasDrained = true
  for (const connection of [...connections]) connection.abort(false)
  say({ kind: 'drained' })
  // The message leaves with the end of this turn.
  setImmediate(exit)
}

/** Writes out what is buffered and ends the thread. */
function exit(): void {
  resources.logFiles.closeAll()
  process.exit()
}

port.on('message', (message: ToWorker) => {
  clock.refresh()
  switch (message.kind) {
    case 'reload':
      void serve(message.generation)
      return
    case 'peers':
      for (const each of [snapshot, coming]) {
        if (each?.generation !== message.generation) continue
        each.changePeers(message.upstream, version => say({ kind: 'released-peers', version }))
      }
      return
    case 'stop-accepting':
      stopAccepting()
      return
    case 'drain':
      drain(message.timeoutMs)
      return
    case 'stop':
      exit()
      return
    case 'reopen-logs':
      errorLog.reopen()
      snapshot?.reopenLogs()
      for (const each of retired) each.reopenLogs()
      resources.logFiles.reopenAll()
      say({ kind: 'reopened' })
      return
    case 'cache-key': {
      const { id, url, method } = message
      const answer = snapshot === undefined ? NOT_SERVING : findCacheKeys(snapshot, url, method)
      say({ kind: 'cache-key', id, ...answer })
      return
    }
    case 'ping':
      say({ kind: 'pong', id: message.id })
      return
    case 'purged':
      clock.refresh()
      purges.onPurged(message.id, message.count)
      return
  }
})

await serve(start.generation)
