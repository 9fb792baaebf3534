// What a new configuration changes for the process around the workers. Pure decisions; control/main-process.ts carries
// them out. The rule behind all: an address that stays is never closed, because closing a shared socket under load
// resets connections in its queue.

import { availableParallelism } from 'node:os'

import type { Config } from '../model/config.ts'
import { addressText, type ListenAddress } from '../model/listener.ts'

/** What listens now. */
export interface Listening {
  /** As configured, port 0 included. */
  readonly wanted: readonly ListenAddress[]
  /** As bound, in the same order. */
  readonly bound: readonly ListenAddress[]
}

/** The listeners of a new configuration. */
export interface ListenerPlan {
  readonly wanted: readonly ListenAddress[]
  /** What the workers get: port 0 where it is new, the number it got where it was there before. */
  readonly listeners: readonly ListenAddress[]
  /** To be tried before the workers bind them. */
  readonly opened: readonly ListenAddress[]
  readonly closed: readonly ListenAddress[]
}

/** Every address that the servers listen on, each once, in the order of the configuration. */
export function listenAddresses(config: Config): readonly ListenAddress[] {
  const found = new Map<string, ListenAddress>()
  for (const { address } of config.servers.flatMap(server => server.listens)) {
    const key = addressText(address)
    if (!found.has(key)) found.set(key, address)
  }
  return [...found.values()]
}

/** Tells which `[::]` addresses take IPv4 too (`ipv6only=off`). */
export function dualStackIn(config: Config): (address: ListenAddress) => boolean {
  const listens = config.servers.flatMap(server => server.listens)
  const dual = listens.filter(listen => !listen.ipv6Only).map(listen => addressText(listen.address))
  const keys = new Set(dual)
  return address => keys.has(addressText(address))
}

/** Decides which listeners stay, come and go. */
export function planListeners(now: Listening, wanted: readonly ListenAddress[]): ListenerPlan {
  const boundOf = new Map(now.wanted.map((old, index) => [addressText(old), now.bound[index]!]))
  const listeners = wanted.map(address => boundOf.get(addressText(address)) ?? address)
  const before = new Set(now.bound.map(addressText))
  const after = new Set(listeners.map(addressText))
  return {
    wanted,
    listeners,
    opened: listeners.filter(address => !before.has(addressText(address))),
    closed: now.bound.filter(address => !after.has(addressText(address))),
  }
}

/**
 * Whether trying to bind `address` alone would meet our own sockets: same port, and one of the two stands for every
 * address of the machine.
 */
export function meetsOwn(address: ListenAddress, own: readonly ListenAddress[]): boolean {
  if (address.kind === 'unix') return false
  const isWildcard = (host: string) => host === '0.0.0.0' || host === '::'
  return own.some(
    other =>
      other.kind === 'tcp' &&
      other.port === address.port &&
      (isWildcard(other.host) || isWildcard(address.host)),
  )
}

/** How many workers a configuration asks for. */
export function workerCount(config: Config, cpus: number = availableParallelism()): number {
  const { workerProcesses } = config.process
  return workerProcesses === 'auto' ? Math.max(1, cpus) : workerProcesses
}

/**
 * The warning that nginx gives where its connections are more than the process may open files; null otherwise. A
 * proxied client needs two.
 */
export function connectionsWarning(
  config: Config,
  workers: number,
  openFilesMax: number,
): string | null {
  const { workerConnectionsMax } = config.process
  if (workerConnectionsMax * workers <= openFilesMax) return null
  const what = `${workerConnectionsMax} worker_connections in ${workers} workers`
  return `${what} exceed open file resource limit: ${openFilesMax}`
}

/**
 * What of a new configuration takes effect only when the process starts anew; one line each.
 *
 * @param workers how many there are
 */
export function restartNotices(before: Config, after: Config, workers: number): readonly string[] {
  const notices: string[] = []
  if (before.process.isDaemon !== after.process.isDaemon) {
    notices.push('daemon has changed: that takes effect at the next start')
  }
  if (workerCount(after) < workers) {
    notices.push(
      `${workers} workers go on: fewer take effect at the next start, ` +
        'because closing their sockets now would reset connections',
    )
  }
  return notices
}
