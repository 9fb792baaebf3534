// The proxy under test: one real worker thread, started from nginx.conf text through the reader and the slots that the
// program uses, on a port that the kernel chose. A worker that dies fails the test that started it.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import { renderDiagnostics } from '../../src/config/diagnostic.ts'
import { readConfigText } from '../../src/config/read.ts'
import { makeCacheDirectories } from '../../src/control/cache/cache-directories.ts'
import { readFallbackPages } from '../../src/control/fallback-pages.ts'
import { Generations } from '../../src/control/generations.ts'
import { listPeers } from '../../src/control/peer-lines.ts'
import { type Listening, listenAddresses, planListeners } from '../../src/control/reload-plan.ts'
import { type ResolveOptions, resolveLines } from '../../src/control/resolve.ts'
import type { Config } from '../../src/model/config.ts'
import { withFallbackGroups } from '../../src/model/fallback-group.ts'
import type { FromWorker, Generation, ToWorker, WorkerStart } from '../../src/worker/messages.ts'
import { CacheZone } from '../../src/zone/cache-zone.ts'
import type { PeerStateName } from '../../src/zone/layout.ts'
import { createMetricZone } from '../../src/zone/metric-zone.ts'
import { createPeerZone, PeerZone } from '../../src/zone/peer-zone.ts'
import { afterTest } from './after-test.ts'
import type { Holdings } from './watched-worker.ts'

const WORKER_URL = new URL('./watched-worker.ts', import.meta.url)
const PATIENCE_MS = 20_000

/** The parts of a configuration; `DIR` in them is the proxy's own directory. */
export interface ConfParts {
  /** Lines before `http`. */
  readonly main?: string
  /** Lines of `http`, before the server. */
  readonly http?: string
  /** Lines of the one server; `listen` is there already. */
  readonly server: string
  /** Addresses of names; without it the system is asked. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>
}

/** A line of the access log, in the form of the test configuration. */
export interface LogLine {
  readonly request: string
  readonly status: string
  readonly upstreamStatus: string
  readonly upstreamAddress: string
}

type Message = FromWorker | Holdings

interface Expecting {
  readonly take: (message: Message) => boolean
  readonly reject: (error: Error) => void
}

export class TestProxy {
  readonly directory: string
  /** Numbers of the generations that were released so far. */
  readonly released: number[] = []
  /** Why the worker ended without being asked; null while all is well. */
  death: string | null = null
  readonly #peerZone = createPeerZone()
  readonly #zone = new PeerZone(this.#peerZone, -1)
  readonly #generations = new Generations(this.#zone)
  #current: Generation | null = null
  readonly #expecting = new Set<Expecting>()
  #worker: Worker | null = null
  #listening: Listening = { wanted: [], bound: [] }
  #isEnding = false

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'headgate-scenario-'))
  }

  /** The ports, in the order of the configuration. */
  get ports(): readonly number[] {
    return this.#listening.bound.map(address => (address.kind === 'tcp' ? address.port : 0))
  }

  get port(): number {
    return this.ports[0]!
  }

  /** What serves, or is about to. */
  get generation(): Generation {
    return this.#current!
  }

  /** The caches, as the main thread sees them. */
  get cacheZones(): readonly CacheZone[] {
    return this.#current!.caches.map(({ zone }) => new CacheZone(zone, -1))
  }

  /** Is told what the worker says to the main thread. */
  onMessage: (message: FromWorker) => void = () => {}

  async start(parts: ConfParts): Promise<void> {
    const generation = await this.#generation(parts, false)
    const workerData: WorkerStart = {
      index: 0,
      count: 1,
      peerZone: this.#peerZone,
      metricZone: createMetricZone(),
      generation,
      isAlone: true,
    }
    const worker = new Worker(WORKER_URL, { workerData })
    this.#worker = worker
    worker.on('message', (message: Message) => this.#onMessage(message))
    worker.on('error', error => this.#onDeath(`${(error as Error).stack ?? error}`))
    worker.on('exit', code => {
      if (!this.#isEnding) this.#onDeath(`exit code ${code}`)
    })
    await this.#taken(generation)
  }

  /** Gives it another configuration; resolves when that serves, rejects when it is refused. */
  async reload(parts: ConfParts): Promise<number> {
    const generation = await this.#generation(parts, true)
    this.post({ kind: 'reload', generation })
    await this.#taken(generation)
    return generation.number
  }

  post(message: ToWorker): void {
    this.#worker!.postMessage(message)
  }

  /** Sets a state of a peer of the first upstream, as the main thread does. */
  setPeerState(peer: number, state: PeerStateName, isSet: boolean): void {
    this.#zone.setState(this.#current!.upstreams[0]!.peers[peer]!.slot, state, isSet)
  }

  /** Resolves when the last exchange of a generation has ended. */
  async whenReleased(generation: number): Promise<void> {
    if (this.released.includes(generation)) return
    await this.#expect(
      message => message.kind === 'released' && message.generation === generation,
      `generation ${generation} to be released`,
    )
  }

  /** Begins to drain; resolves at `drained`. */
  async drain(timeoutMs: number): Promise<void> {
    this.#isEnding = true
    const drained = this.#expect(message => message.kind === 'drained', 'the worker to drain')
    this.post({ kind: 'drain', timeoutMs })
    await drained
  }

  /** The access log, complete up to now. */
  async log(): Promise<LogLine[]> {
    await this.#flushLogs()
    const lines = readFileSync(join(this.directory, 'access.log'), 'latin1').split('\n')
    return lines.slice(0, -1).map(line => {
      const [request = '', status = '', upstreamStatus = '', upstreamAddress = ''] = line.split('|')
      return { request, status, upstreamStatus, upstreamAddress }
    })
  }

  /** The error log, complete up to now. */
  async errors(): Promise<string> {
    await this.#flushLogs()
    return readFileSync(join(this.directory, 'error.log'), 'utf8')
  }

  /** @param collects collects garbage first, which takes its time */
  async holdings(collects = false): Promise<Holdings> {
    let found: Holdings | null = null
    const told = this.#expect(message => {
      if (message.kind !== 'holdings') return false
      found = message
      return true
    }, 'the worker to tell what it holds')
    this.#worker!.postMessage({ kind: 'tell-holdings', collects })
    await told
    return found!
  }

  /** Waits until the worker holds no timer: no connection and no exchange is left in it. Returns how many are left. */
  async timersLeft(): Promise<number> {
    const until = performance.now() + PATIENCE_MS
    let left = Number.POSITIVE_INFINITY
    while (left > 0 && performance.now() < until) left = (await this.holdings()).timers
    return left
  }

  /** The least memory that it holds at some moments: what is only waiting to be collected does not count. */
  async leastMemory(): Promise<number> {
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < 5; i++) least = Math.min(least, (await this.holdings(true)).memoryBytes)
    return least
  }

  /** Lets the worker's event loop turn a while, and gives the most memory that it held meanwhile. */
  async mostMemory(): Promise<number> {
    let most = 0
    for (let i = 0; i < 10; i++) {
      for (let turn = 0; turn < 20; turn++) await this.holdings()
      most = Math.max(most, (await this.holdings(true)).memoryBytes)
    }
    return most
  }

  async stop(): Promise<void> {
    this.#isEnding = true
    await this.#worker?.terminate()
    rmSync(this.directory, { recursive: true, force: true })
    if (this.death !== null) throw new Error(`the worker died: ${this.death}`)
  }

  async #flushLogs(): Promise<void> {
    const reopened = this.#expect(message => message.kind === 'reopened', 'logs to be open anew')
    this.post({ kind: 'reopen-logs' })
    await reopened
  }

  async #generation(parts: ConfParts, isReload: boolean): Promise<Generation> {
    const config = readParts(parts, this.directory)
    const { lines } = await resolveLines(config.upstreams, lookupIn(parts.hosts))
    const plan = planListeners(this.#listening, listenAddresses(config))
    const listeners = isReload ? plan.listeners : plan.wanted
    const generation = this.#generations.make(config, lines.map(listPeers), listeners)
    if (generation === null) throw new Error('no slots are left')
    this.#current = generation
    makeCacheDirectories(config)
    mkdirSync(join(this.directory, 'responses'), { recursive: true })
    // Nothing was there before: what the loader would come to.
    for (const zone of this.cacheZones) zone.setLoaderState('done')
    this.#listening = { wanted: plan.wanted, bound: this.#listening.bound }
    return generation
  }

  async #taken(generation: Generation): Promise<void> {
    let refusal = ''
    await this.#expect(message => {
      if (message.kind === 'ready' && message.generation === generation.number) {
        this.#listening = { wanted: this.#listening.wanted, bound: message.bound }
        this.#generations.setCurrent(generation.number)
        return true
      }
      if (message.kind !== 'failed') return false
      refusal = message.message
      return true
    }, 'the worker to take the configuration')
    if (refusal !== '') throw new Error(refusal)
  }

  #expect(take: (message: Message) => boolean, what: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const expecting: Expecting = {
      take: message => {
        if (!take(message)) return false
        clearTimeout(timer)
        resolve()
        return true
      },
      reject: error => {
        clearTimeout(timer)
        reject(error)
      },
    }
    const timer = setTimeout(() => reject(new Error(`waited for ${what}`)), PATIENCE_MS)
    this.#expecting.add(expecting)
    if (this.death !== null) expecting.reject(new Error(this.death))
    return promise
  }

  #onMessage(message: Message): void {
    if (message.kind === 'released') this.released.push(message.generation)
    if (message.kind !== 'holdings') this.onMessage(message)
    for (const expecting of [...this.#expecting]) {
      if (expecting.take(message)) this.#expecting.delete(expecting)
    }
  }

  #onDeath(reason: string): void {
    this.death ??= reason
    for (const expecting of this.#expecting) expecting.reject(new Error(this.death))
  }
}

/** Files and sockets that this process has open, the worker's with them. */
export function openFiles(): number {
  return readdirSync('/proc/self/fd').length
}

/** Waits until no more files and sockets are open than `before`; closing takes a turn or two. Returns how many are. */
export async function filesLeft(before: number): Promise<number> {
  const until = performance.now() + PATIENCE_MS
  while (openFiles() > before && performance.now() < until)
    await new Promise(resolve => setImmediate(resolve))
  return openFiles()
}

/** Starts a proxy; the test's end stops it, and fails when the worker died. */
export async function startProxy(t: TestContext, parts: ConfParts): Promise<TestProxy> {
  const proxy = new TestProxy()
  afterTest(t, () => proxy.stop())
  await proxy.start(parts)
  return proxy
}

/** A configuration in which every path goes to one group of peers. */
export function toPeers(
  addresses: readonly string[],
  options: {
    readonly main?: string
    readonly upstream?: string
    readonly location?: string
    readonly server?: string
    readonly peer?: string
  } = {},
): ConfParts {
  const servers = addresses.map(address => `server ${address} ${options.peer ?? ''};`).join(' ')
  return {
    main: options.main ?? '',
    http: `upstream peers { ${servers} ${options.upstream ?? ''} }`,
    server: `${options.server ?? ''} location / { proxy_pass http://peers; ${options.location ?? ''} }`,
  }
}

function lookupIn(hosts: ConfParts['hosts']): ResolveOptions {
  if (hosts === undefined) return {}
  return { lookup: host => Promise.resolve(hosts[host] ?? []) }
}

function readParts(parts: ConfParts, directory: string): Config {
  const text = `
    ${parts.main ?? ''}
    error_log DIR/error.log info;
    events { worker_connections 2000; }
    http {
      log_format test '$request|$status|$upstream_status|$upstream_addr';
      access_log DIR/access.log test;
      client_body_temp_path DIR/bodies;
      proxy_temp_path DIR/responses;
      ${parts.http ?? ''}
      server { listen 127.0.0.1:0; ${parts.server} }
    }`.replaceAll('DIR', directory)
  const options = {
    prefix: directory,
    env: {},
    globals: '',
    hostname: 'test',
    format: 'nginx' as const,
  }
  const { config, diagnostics, sources } = readConfigText('test.conf', text, options)
  if (config === null) throw new Error(renderDiagnostics(diagnostics, sources))
  return withFallbackGroups(readFallbackPages(config).config)
}
