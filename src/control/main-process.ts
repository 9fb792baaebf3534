// The main thread from start to end: load, bind, start the workers, obey signals, reload, stop. One object for one
// process; everything that decides is in other files of this folder. Length: the phases of one life, which share what runs.

import { systemDelay, within } from '../base/delay.ts'
import { DescriptorLimit } from '../base/descriptor-limit.ts'
import { PROGRAM, VERSION } from '../base/version.ts'
import type { Config } from '../model/config.ts'
import type { LogLevel } from '../model/settings.ts'
import { killGroups } from '../probe/program-groups.ts'
import { CACHE_THREAD } from '../zone/cache-layout.ts'
import { cacheNotices } from './cache/cache-memories.ts'
import { endByForce } from './end-by-force.ts'
import { CONTROL_LIMITS } from './limits.ts'
import { canShareListeners, removeUnixSockets } from './listen-probe.ts'
import { type LoadOptions, load } from './load.ts'
import { NameTable } from './name-table.ts'
import { openProcessLog } from './open-log.ts'
import { Overseer } from './overseer.ts'
import { listPeers } from './peer-lines.ts'
import { refreshPeers } from './peer-refresh.ts'
import { OwnPidFile } from './pid-file.ts'
import { ProcessLog } from './process-log.ts'
import {
  probeAddresses,
  type Running,
  StartFailure,
  TOO_MANY_PEERS,
  takeConfiguration,
} from './reload.ts'
import { connectionsWarning, listenAddresses, restartNotices, workerCount } from './reload-plan.ts'
import { showFindings, stateText } from './report.ts'
import { SharedMemory } from './shared-memory.ts'
import { listenToSignals, type Request } from './signals.ts'
import { Supervisor } from './supervisor.ts'
import { hasTerminal, type Terminal } from './terminal.ts'

export interface MainOptions {
  readonly load: LoadOptions
  readonly terminal: Terminal
  /** Called once, when every listener is bound and the pid file is written. */
  readonly onReady?: () => void
  /** The workers' entry file. */
  readonly workerUrl?: URL
}

/** This file's own ending: the published package has the same files as `.js`. */
const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const WORKER_URL = new URL(`../worker/worker.${ending}`, import.meta.url)

/**
 * Runs until it is told to stop.
 *
 * @returns the exit code: 0 after a stop that was asked for, 1 when it could not start or go on
 */
export async function runMain(options: MainOptions): Promise<number> {
  const main = new MainProcess(options)
  // Before anything else: the default action of these signals is the end.
  const forget = listenToSignals((request, signal) => main.onSignal(request, signal))
  const onCrash = (error: Error) => main.onCrash(error)
  process.on('uncaughtExceptionMonitor', onCrash)
  try {
    await main.start()
    return await main.ended
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error
    await main.onStartFailure(error.message)
    return 1
  } finally {
    process.off('uncaughtExceptionMonitor', onCrash)
    forget()
    main.close()
  }
}

class MainProcess {
  readonly #options: MainOptions
  readonly #end = Promise.withResolvers<number>()
  readonly #memory = new SharedMemory()
  readonly #log: ProcessLog
  readonly #names = new NameTable({
    log: (level, text) => this.#write(level, text),
    onChange: () => this.#refreshPeers(),
  })
  readonly #overseer: Overseer
  readonly #pidFile = new OwnPidFile()
  #supervisor: Supervisor | null = null
  #running: Running | null = null
  #isAlone = false
  #phase: 'starting' | 'serving' | 'draining' | 'stopping' = 'starting'
  #isReloading = false
  #wantsReload = false

  constructor(options: MainOptions) {
    this.#options = options
    this.#log = new ProcessLog(options.terminal)
    this.#overseer = new Overseer({
      zone: this.#memory.peers,
      load: options.load,
      log: (level, text) => this.#write(level, text),
      onFilesChanged: () => this.#wantReload(),
      onPeersChanged: () => this.#refreshPeers(),
      workers: () => this.#supervisor?.count ?? 0,
      refusal: () => this.#refusal(),
      findStuck: async timeoutMs => this.#supervisor?.findStuck(timeoutMs) ?? null,
      cachesOf: generation => this.#memory.generations.cachesOf(generation),
      findKeys: async (url, method) => this.#supervisor?.findKeys(url, method) ?? null,
      onCachesGone: () => this.#memory.generations.reclaim(CACHE_THREAD),
      now: () => Date.now(),
    })
  }

  /** The exit code, once everything has stopped. */
  get ended(): Promise<number> {
    return this.#end.promise
  }

  async start(): Promise<void> {
    const { terminal } = this.#options
    const loaded = await load(this.#options.load, { table: this.#names, isTrial: false })
    showFindings(terminal, loaded, ['error', 'warning'])
    this.#overseer.onLoaded(loaded)
    const { config, lines, names } = loaded
    if (config === null || names === null) throw new StartFailure('')
    this.#names.keep(names)
    this.#log.use(openProcessLog(config, this.#options.load.prefix), config)
    this.#log.reportStart(loaded)
    this.#isAlone = !(await canShareListeners())
    const wanted = listenAddresses(config)
    await probeAddresses(config, wanted, CONTROL_LIMITS.bindTriesMax)
    if (this.#hasEnded()) return
    const generation = this.#memory.generations.make(config, lines.map(listPeers), wanted)
    if (generation === null) throw new StartFailure(TOO_MANY_PEERS)
    await this.#overseer.prepare(generation)
    if (this.#hasEnded()) return
    // Peers are asked while the workers start.
    this.#overseer.use({ config, lines, generation, listening: { wanted, bound: wanted } })
    this.#supervisor = this.#makeSupervisor()
    const workers = this.#workerCount(config)
    const warning = connectionsWarning(config, workers, new DescriptorLimit().max)
    if (warning !== null) this.#write('warn', warning)
    const applied = await this.#supervisor.start(generation, workers)
    if (this.#hasEnded()) return
    if (applied.kind === 'refused') throw new StartFailure(applied.message)
    const listening = { wanted, bound: applied.generation.listeners }
    this.#running = { config, lines, generation: applied.generation, listening }
    const problem = this.#pidFile.move(config.process.pidPath)
    if (problem !== '') throw new StartFailure(problem)
    this.#overseer.use(this.#running)
    await this.#overseer.listen()
    if (this.#hasEnded()) return
    this.#phase = 'serving'
    this.#log.notice(`${PROGRAM}/${VERSION} started: ${this.#stateText()}`)
    this.#options.onReady?.()
    this.#refreshPeers()
    if (this.#wantsReload) this.#reload()
  }

  onSignal(request: Request, signal: NodeJS.Signals): void {
    switch (request) {
      case 'stop':
        this.#write('notice', `${signal}: stopping`)
        void this.#stop(0)
        break
      case 'quit':
        if (this.#phase === 'serving') void this.#drain(signal)
        else if (this.#phase === 'starting') void this.#stop(0)
        break
      case 'reload':
        this.#wantReload()
        break
      case 'reopen':
        void this.#reopen(signal)
        break
      case 'stop-accepting':
        // A terminal sends it whenever its window changes size.
        if (hasTerminal()) break
        this.#write('notice', `${signal}: no new connections are accepted`)
        this.#supervisor?.stopAccepting()
        break
      case 'ignore':
        this.#write('notice', `${signal}: starting a new binary is not supported; ignored`)
        break
    }
  }

  /** Says why the start has failed, unless that was shown already, and ends what has begun. */
  async onStartFailure(message: string): Promise<void> {
    this.#phase = 'stopping'
    if (message !== '') this.#log.fail(message)
    await this.#supervisor?.stop()
  }

  /** A mistake in this program ends it (main.ts); the log shall have it too, and the pid file shall not stay. */
  onCrash(error: Error): void {
    this.#log.crash(error)
    // Nobody would end them: each leads a group of its own.
    killGroups()
    removeUnixSockets(this.#running?.listening.bound ?? [])
    this.close()
  }

  /** Lets go of files; the last thing to happen. Does not return when a worker cannot be ended. */
  close(): void {
    void this.#names.close()
    this.#overseer.closeNow()
    this.#pidFile.remove()
    const isWorker = this.#supervisor?.isStuck ?? false
    const stuck = isWorker ? 'a worker' : this.#overseer.caches.isStuck ? 'the cache thread' : ''
    if (stuck !== '') this.#write('alert', `${stuck} is stuck in a system call: ending by SIGKILL`)
    this.#log.close()
    if (stuck !== '') endByForce()
  }

  /** A signal came while something was awaited. */
  #hasEnded(): boolean {
    return this.#phase === 'stopping'
  }

  /** Why this node is not to be asked. */
  #refusal(): string {
    if (this.#phase === 'draining') return 'it is draining'
    if (this.#phase === 'stopping') return 'it is stopping'
    return (this.#supervisor?.serving.length ?? 0) > 0 ? '' : 'no worker serves'
  }

  async #drain(signal: NodeJS.Signals): Promise<void> {
    this.#phase = 'draining'
    this.#overseer.onRefusal()
    const timeoutMs = this.#running!.config.process.shutdownTimeoutMs
    const limit = timeoutMs === 0 ? 'as long as they take' : `at most ${timeoutMs} ms`
    this.#write('notice', `${signal}: gracefully shutting down, requests have ${limit}`)
    await this.#supervisor!.drain(timeoutMs)
    await this.#stop(0)
  }

  async #stop(exitCode: number): Promise<void> {
    if (this.#phase === 'stopping') return
    this.#phase = 'stopping'
    const closing = within(this.#overseer.close(), CONTROL_LIMITS.terminateMs)
    await Promise.all([this.#supervisor?.stop(), closing])
    removeUnixSockets(this.#running?.listening.bound ?? [])
    this.#write('notice', 'exit')
    this.#end.resolve(exitCode)
  }

  async #reopen(signal: NodeJS.Signals): Promise<void> {
    this.#write('notice', `${signal}: reopening logs`)
    this.#log.reopen()
    await this.#supervisor?.reopenLogs()
    this.#write('notice', 'logs are reopened')
  }

  #wantReload(): void {
    this.#wantsReload = true
    if (this.#phase === 'serving') this.#reload()
  }

  /** One at a time; however often it is asked for meanwhile, it happens once more. */
  #reload(): void {
    if (this.#isReloading) return
    this.#isReloading = true
    void (async () => {
      while (this.#wantsReload && this.#phase === 'serving') {
        this.#wantsReload = false
        await this.#reloadOnce()
      }
      this.#isReloading = false
      this.#refreshPeers()
    })()
  }

  /** While a configuration is taken it waits: that one begins with what is known then. */
  #refreshPeers(): void {
    if (this.#phase !== 'serving' || this.#isReloading) return
    this.#running = refreshPeers(this.#running!, {
      generations: this.#memory.generations,
      supervisor: this.#supervisor!,
      overseer: this.#overseer,
      log: (level, text) => this.#write(level, text),
    })
    this.#overseer.use(this.#running)
  }

  async #reloadOnce(): Promise<void> {
    this.#write('notice', 'reloading the configuration')
    const running = this.#running!
    const taken = await takeConfiguration({
      running,
      options: this.#options.load,
      supervisor: this.#supervisor!,
      generations: this.#memory.generations,
      names: this.#names,
      openLog: config => openProcessLog(config, this.#options.load.prefix),
      workerCount: config => this.#workerCount(config),
      onLoaded: loaded => {
        this.#overseer.onLoaded(loaded)
        this.#log.reportReload(loaded)
      },
      prepare: generation => this.#overseer.prepare(generation),
    })
    if (this.#hasEnded()) return
    this.#running = taken.running
    this.#overseer.use(taken.running)
    await this.#overseer.listen()
    if (taken.kind === 'refused') {
      const kept = taken.running.generation.number
      const what = `the new configuration is not used: ${taken.reason}`
      this.#log.alarm(`${what}; generation ${kept} goes on`)
      return
    }
    const { config } = taken.running
    this.#log.use(taken.log, config)
    removeUnixSockets(taken.closed)
    const problem = this.#pidFile.move(config.process.pidPath)
    if (problem !== '') this.#write('emerg', problem)
    const { count } = this.#supervisor!
    for (const text of restartNotices(running.config, config, count)) this.#write('notice', text)
    for (const text of cacheNotices(running.config, config)) this.#write('notice', text)
    this.#write('notice', `reloaded: ${this.#stateText()}`)
  }

  #workerCount(config: Config): number {
    const count = workerCount(config)
    if (!this.#isAlone || count === 1) return count
    this.#write('warn', 'this platform cannot share a port between threads: there is one worker')
    return 1
  }

  #stateText(): string {
    return stateText(this.#running!, this.#supervisor!.count)
  }

  #write(level: LogLevel, text: string): void {
    this.#log.write(level, text)
  }

  #makeSupervisor(): Supervisor {
    const { peerZone, metricZone, generations } = this.#memory
    return new Supervisor({
      workerUrl: this.#options.workerUrl ?? WORKER_URL,
      peerZone,
      metricZone,
      generations,
      isAlone: this.#isAlone,
      log: (level, text) => this.#write(level, text),
      onGone: (index, thread) => {
        this.#memory.reclaim(index)
        this.#overseer.caches.onWorkerGone(thread)
        if (index === 0) removeUnixSockets(this.#running?.listening.bound ?? [])
      },
      onPurge: (cache, prefix) => this.#overseer.caches.purgePrefix(cache, prefix),
      onFatal: message => {
        this.#log.alarm(message)
        void this.#stop(1)
      },
      delay: systemDelay,
      now: () => performance.now(),
    })
  }
}
