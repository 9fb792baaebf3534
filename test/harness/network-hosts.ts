// Hosts with networks of their own on one switch: a network namespace each, a veth pair into a bridge that stands in the
// namespace of the first. A host goes dark when its port of the switch is set down: no reset, no refusal, nothing. The
// hosts know each other's link addresses, as behind a router, so that no failed ARP tells the kernel who is away.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'

/** Names of namespaces begin so, then come the process and the host. */
const NAME_START = 'headgate-'
const NETWORK = '10.77.0'
const BRIDGE = 'switch'

/** The reason to skip, or false when hosts can be made here. */
export function withoutNetworkHosts(): string | false {
  if (spawnSync('ip', ['-V']).status !== 0) return 'iproute2 is not installed here'
  const name = `${NAME_START}${process.pid}-trial`
  const trial = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' })
  if (trial.status !== 0) return `no network namespaces here: ${trial.stderr.trim()}`
  const link = ['-n', name, 'link', 'add', BRIDGE, 'type', 'bridge']
  const bridge = spawnSync('ip', link, { encoding: 'utf8' })
  spawnSync('ip', ['netns', 'del', name])
  return bridge.status === 0 ? false : `no bridges here: ${bridge.stderr.trim()}`
}

/** One host. What runs on it ends with the network. */
export class NetworkHost {
  readonly name: string
  readonly address: string
  readonly namespace: string
  readonly #switch: string

  constructor(name: string, address: string, namespace: string, switchNamespace: string) {
    this.name = name
    this.address = address
    this.namespace = namespace
    this.#switch = switchNamespace
  }

  /** Starts a program on it; the child is the program itself. */
  spawn(command: string, args: readonly string[], cwd: string): ChildProcess {
    return spawn('ip', ['netns', 'exec', this.namespace, command, ...args], {
      cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: '' },
    })
  }

  /** From here on nothing reaches it and nothing is heard of it. */
  goDark(): void {
    ip('-n', this.#switch, 'link', 'set', this.name, 'down')
  }

  /** Everything on it is as it was; it may not know that it was away. */
  comeBack(): void {
    ip('-n', this.#switch, 'link', 'set', this.name, 'up')
  }
}

/** Hosts by name; the first one has the switch. */
export class Network {
  readonly #hosts = new Map<string, NetworkHost>()
  readonly #onExit = () => this.end()

  /** @param names at most eight letters each */
  constructor(names: readonly string[]) {
    removeLeftovers()
    process.on('exit', this.#onExit)
    const [first = ''] = names
    try {
      for (const [index, name] of names.entries()) {
        const address = `${NETWORK}.${index + 1}`
        const host = new NetworkHost(name, address, namespaceOf(name), namespaceOf(first))
        this.#hosts.set(name, host)
        ip('netns', 'add', host.namespace)
        ip('-n', host.namespace, 'link', 'set', 'lo', 'up')
        if (index === 0) addSwitch(host)
        else addPort(host, namespaceOf(first), index)
      }
      for (const host of this.#hosts.values()) this.#introduce(host, names)
    } catch (error) {
      this.end()
      throw error
    }
  }

  host(name: string): NetworkHost {
    return this.#hosts.get(name)!
  }

  #introduce(host: NetworkHost, names: readonly string[]): void {
    for (const [index, name] of names.entries()) {
      if (name === host.name) continue
      const device = host.name === names[0] ? BRIDGE : 'eth0'
      const neighbour = [`${NETWORK}.${index + 1}`, 'lladdr', linkAddress(index), 'dev', device]
      ip('-n', host.namespace, 'neigh', 'replace', ...neighbour, 'nud', 'permanent')
    }
  }

  /** Kills what runs on the hosts and removes them. */
  end(): void {
    process.off('exit', this.#onExit)
    for (const { namespace } of this.#hosts.values()) removeNamespace(namespace)
    this.#hosts.clear()
  }
}

function namespaceOf(name: string): string {
  return `${NAME_START}${process.pid}-${name}`
}

function linkAddress(index: number): string {
  return `02:00:00:00:77:0${index + 1}`
}

function addSwitch(host: NetworkHost): void {
  const link = ['link', 'add', BRIDGE, 'address', linkAddress(0), 'type', 'bridge']
  ip('-n', host.namespace, ...link)
  ip('-n', host.namespace, 'addr', 'add', `${host.address}/24`, 'dev', BRIDGE)
  ip('-n', host.namespace, 'link', 'set', BRIDGE, 'up')
}

function addPort(host: NetworkHost, switchNamespace: string, index: number): void {
  const peer = ['peer', 'name', 'eth0', 'netns', host.namespace]
  ip('-n', switchNamespace, 'link', 'add', host.name, 'type', 'veth', ...peer)
  ip('-n', switchNamespace, 'link', 'set', host.name, 'master', BRIDGE, 'up')
  ip('-n', host.namespace, 'link', 'set', 'eth0', 'address', linkAddress(index), 'up')
  ip('-n', host.namespace, 'addr', 'add', `${host.address}/24`, 'dev', 'eth0')
}

function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** What runs in a namespace was started there by its owner. */
function removeNamespace(name: string): void {
  const running = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout ?? ''
  for (const pid of running.split('\n').filter(line => line !== '')) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  spawnSync('ip', ['netns', 'del', name])
}

/** Namespaces of test runs that were killed before they could remove them. */
function removeLeftovers(): void {
  for (const line of ip('netns', 'list').split('\n')) {
    const name = line.split(' ')[0]!
    const pid = /^headgate-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) removeNamespace(name)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
