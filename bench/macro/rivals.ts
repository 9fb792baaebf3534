/**
 * The table of what is measured: Headgate, nginx, HAProxy and two proxies for Node.
 * A row knows how to write its configuration and which command starts it; Headgate is started with
 * the very text that nginx gets.
 */

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeHaproxyConfig } from './haproxy-config.ts'
import { isInstalled, readFirstLine, readPackageVersion } from './machine.ts'
import { makeNginxConfig } from './nginx-config.ts'
import type { Launch } from './processes.ts'
import type { WorkItem } from './work.ts'

/** Where and for what a proxy is started. */
export interface RivalSetting {
  /** A folder of its own. */
  readonly directory: string
  readonly port: number
  readonly originPorts: readonly number[]
  readonly item: WorkItem
}

/** A proxy that can be measured. */
export interface Rival {
  readonly name: string
  /** Whether it can write an access log in the combined format to a file. */
  readonly canLog: boolean
  /** Whether it has a cache like nginx's. */
  readonly canCache: boolean
  /** Why it cannot be measured on this machine, in one line; null when it can. */
  findObstacle(): string | null
  readVersion(): string
  prepare(setting: RivalSetting): Launch
}

const HERE = import.meta.dirname
const HEADGATE_MAIN = join(HERE, '../../src/main.ts')

/** Idle connections kept to the origin, unless the work uses more connections than that. */
const KEEPALIVE_MIN = 64

/** The file a proxy logs its requests to when the work asks for it. */
export function makeAccessLogPath(directory: string): string {
  return join(directory, 'access.log')
}

/**
 * Makes a row for a build of Headgate.
 *
 * @param command shell words that start it, before `run -c FILE`; null for this checkout
 */
export function makeHeadgate(name: string, command: string | null): Rival {
  const words = command ?? `'${process.execPath}' '${HEADGATE_MAIN}'`
  return {
    name,
    canLog: true,
    canCache: true,
    findObstacle: () => {
      if (command !== null || existsSync(HEADGATE_MAIN)) return null
      return 'src/main.ts is missing'
    },
    readVersion: () => readFirstLine('sh', ['-c', `${words} version`]),
    prepare: setting => {
      const config = writeNginxConfig(setting, 'headgate.nginx.conf', '0')
      return {
        name,
        // With exec the shell leaves its process id to the proxy.
        command: ['sh', '-c', `exec ${words} run -c "$0"`, config],
        logPath: join(setting.directory, 'error.log'),
      }
    },
  }
}

const NGINX: Rival = {
  name: 'nginx',
  canLog: true,
  canCache: true,
  findObstacle: () => (isInstalled('nginx') ? null : 'nginx is not installed'),
  readVersion: () => readFirstLine('nginx', ['-v']).replace('nginx version: ', ''),
  prepare: setting => {
    const config = writeNginxConfig(setting, 'nginx.conf', null)
    const logPath = join(setting.directory, 'error.log')
    const command = ['nginx', '-p', setting.directory, '-e', logPath, '-c', config]
    return { name: 'nginx', command, logPath }
  },
}

const HAPROXY: Rival = {
  name: 'haproxy',
  canLog: true,
  canCache: false,
  findObstacle: () => (isInstalled('haproxy') ? null : 'haproxy is not installed'),
  readVersion: () => readFirstLine('haproxy', ['-v']).split(' - ')[0] ?? '',
  prepare: setting => {
    const { directory, port, originPorts, item } = setting
    const config = join(directory, 'haproxy.cfg')
    const hasAccessLog = item.hasAccessLog
    writeFileSync(config, makeHaproxyConfig({ port, originPorts, hasAccessLog }))
    const launch = {
      name: 'haproxy',
      command: ['haproxy', '-db', '-f', config],
      logPath: join(directory, 'error.log'),
    }
    return hasAccessLog ? { ...launch, outputPath: makeAccessLogPath(directory) } : launch
  },
}

/** The proxies besides Headgate, in the order in which each round measures them. */
export const RIVALS: readonly Rival[] = [
  NGINX,
  HAPROXY,
  makeNodeRival('http-proxy-3', 'http-proxy-3-rival.ts'),
  makeNodeRival('@fastify/http-proxy', 'fastify-rival.ts'),
]

/** @param noMemory what turns the memory off that a cache has besides its files; null = it has none */
function writeNginxConfig(setting: RivalSetting, file: string, noMemory: string | null): string {
  const { directory, port, originPorts, item } = setting
  const config = join(directory, file)
  const keepalive = Math.max(KEEPALIVE_MIN, item.connections)
  const accessLogPath = item.hasAccessLog ? makeAccessLogPath(directory) : null
  const keys = Math.max(item.keys, item.filledKeys)
  const memory = item.cache === 'disk' ? noMemory : null
  const cache = item.cache === 'none' ? null : { keys, memory }
  const text = makeNginxConfig({ directory, port, originPorts, keepalive, accessLogPath, cache })
  writeFileSync(config, text)
  return config
}

function makeNodeRival(packageName: string, script: string): Rival {
  return {
    name: packageName,
    canLog: false,
    canCache: false,
    findObstacle: () => {
      return readPackageVersion(packageName) === null ? 'it is not installed: run npm ci' : null
    },
    readVersion: () => readPackageVersion(packageName) ?? 'unknown',
    prepare: ({ directory, port, originPorts }) => ({
      name: packageName,
      command: [process.execPath, join(HERE, script), String(port), ...originPorts.map(String)],
      logPath: join(directory, 'error.log'),
    }),
  }
}
