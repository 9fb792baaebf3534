// Asks whether an address can be bound before the workers do it. They listen with SO_REUSEPORT, where the kernel lets a
// second instance share the port without a word; binding once without it is what finds the other one.

import { lstatSync, rmSync } from 'node:fs'
import { connect, createServer, type ListenOptions } from 'node:net'

import { type Delay, systemDelay } from '../base/delay.ts'
import { systemErrorCode, systemErrorText } from '../base/system-error.ts'
import { addressText, type ListenAddress } from '../model/listener.ts'
import { CONTROL_LIMITS } from './limits.ts'

export interface ProbeOptions {
  /** Tries while the address is taken; a script that stops and starts needs more than one. */
  readonly triesMax?: number
  /** Addresses whose `[::]` takes IPv4 too; all others are IPv6 only. */
  readonly isDualStack?: (address: ListenAddress) => boolean
  readonly delay?: Delay
}

/**
 * Binds each address alone, one after the other, and lets go of it. A stale unix socket file is removed.
 *
 * @returns one line for each address that cannot be bound
 */
export async function probeListeners(
  addresses: readonly ListenAddress[],
  options: ProbeOptions = {},
): Promise<BindProblem[]> {
  const { triesMax = 1, delay = systemDelay, isDualStack = () => false } = options
  const problems: BindProblem[] = []
  let triesLeft = triesMax - 1
  for (const address of addresses) {
    for (;;) {
      const error = await bindOnce(address, isDualStack(address))
      if (error === null) break
      if (systemErrorCode(error) === 'EADDRINUSE' && triesLeft > 0) {
        triesLeft--
        await delay(CONTROL_LIMITS.bindRetryMs)
        continue
      }
      problems.push({ address, code: systemErrorCode(error), text: bindFailedText(address, error) })
      break
    }
  }
  return problems
}

/** An address that cannot be bound, and why. */
export interface BindProblem {
  readonly address: ListenAddress
  readonly code: string
  /** `bind() to 0.0.0.0:80 failed (98: Address already in use): …`. */
  readonly text: string
}

/** Whether sockets of several threads may listen on one port here. */
export async function canShareListeners(): Promise<boolean> {
  const error = await listenAndClose({ host: '127.0.0.1', port: 0, reusePort: true })
  return error === null
}

/** Removes unix socket files that the workers left behind. Never throws. */
export function removeUnixSockets(addresses: readonly ListenAddress[]): void {
  for (const address of addresses) {
    if (address.kind !== 'unix') continue
    try {
      if (lstatSync(address.path).isSocket()) rmSync(address.path)
    } catch {
      // It is gone already, or it is not ours to remove.
    }
  }
}

function bindFailedText(address: ListenAddress, error: unknown): string {
  const hint = hintFor(address, systemErrorCode(error))
  return `bind() to ${addressText(address)} failed (${systemErrorText(error)})${hint && `: ${hint}`}`
}

function hintFor(address: ListenAddress, code: string): string {
  if (code === 'EADDRINUSE' && address.kind === 'tcp') {
    return `another process listens there (\`ss -ltnp 'sport = :${address.port}'\` names it)`
  }
  if (code === 'EADDRINUSE') return 'another process accepts connections on it'
  if (code === 'EACCES' && address.kind === 'tcp' && address.port < 1024) {
    return 'ports below 1024 need root, CAP_NET_BIND_SERVICE or net.ipv4.ip_unprivileged_port_start'
  }
  if (code === 'EADDRNOTAVAIL') return 'this machine has no such address'
  return ''
}

function bindOnce(address: ListenAddress, isDualStack: boolean): Promise<unknown> {
  if (address.kind === 'unix') return bindUnix(address.path)
  const { host, port } = address
  const options = { host, port, exclusive: true, ipv6Only: host.includes(':') && !isDualStack }
  return listenAndClose(options)
}

async function bindUnix(path: string): Promise<unknown> {
  const error = await listenAndClose({ path, exclusive: true })
  if (systemErrorCode(error) !== 'EADDRINUSE') return error
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) {
    return new Error('there is a file of this name that is no socket')
  }
  if (await hasListener(path)) return error
  removeUnixSockets([{ kind: 'unix', path }])
  return listenAndClose({ path, exclusive: true })
}

/** Binds, closes, and gives the error or null. */
function listenAndClose(options: ListenOptions): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const server = createServer(socket => socket.destroy())
  server.once('error', resolve)
  server.listen(options, () => server.close(() => resolve(null)))
  return promise
}

/** Whether anybody accepts on the socket file; a full queue counts as somebody. */
function hasListener(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.setTimeout(CONTROL_LIMITS.unixProbeMs, () => resolve(true))
  socket.once('connect', () => resolve(true))
  socket.once('error', error => resolve(systemErrorCode(error) !== 'ECONNREFUSED'))
  return promise.finally(() => socket.destroy())
}
