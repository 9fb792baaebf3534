// What the main thread does beside keeping workers: it has the peers checked, tells of what changes
// with them, watches files, and answers on the control socket. It is told what serves, each time
// that changes, and of a generation before the workers are.

import { resolve } from 'node:path'

import { systemDelay } from '../base/delay.ts'
import type { LogLevel } from '../model/settings.ts'
import type { Prober, ProberOptions } from '../probe/prober.ts'
import type { Generation } from '../worker/messages.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import { AlertDesk } from './alerts.ts'
import { AliveFile, type AliveLook } from './alive/alive-file.ts'
import { CacheDesk } from './cache/cache-desk.ts'
import type { KeptCache } from './cache/cache-messages.ts'
import { ControlSocket } from './control-socket.ts'
import { FallbackCommands, type FallbackGroup } from './fallback-command.ts'
import { FileWatch } from './file-watch.ts'
import { LeavingPeers } from './leaving-peers.ts'
import type { Loaded, LoadOptions } from './load.ts'
import { Maintenance } from './maintenance.ts'
import type { RosterPeer } from './peer-roster.ts'
import { levelOf, type Transition, TransitionRing } from './probe-log.ts'
import { ProbeTable } from './probe-table.ts'
import type { Running } from './reload.ts'
import { runProgram } from './run-program.ts'
import { makeStatusReport } from './status-report.ts'
import { virtualAddresses, virtualsTold } from './virtual-addresses.ts'
import type { KeysFound } from './worker-thread.ts'

export interface OverseerOptions {
  readonly zone: PeerZone
  readonly load: LoadOptions
  readonly log: (level: LogLevel, text: string) => void
  /** A file of the configuration has changed, and is to be read again. */
  readonly onFilesChanged: () => void
  /** The peers of what serves are to be looked at again. */
  readonly onPeersChanged: () => void
  /** How many workers there are. */
  readonly workers: () => number
  /** The index of a worker that does not answer in time; null = all do. */
  readonly findStuck: (timeoutMs: number) => Promise<number | null>
  /** Why no request shall come to this node now; empty = they may. */
  readonly refusal: () => string
  /** The caches of a generation in use. */
  readonly cachesOf: (generation: number) => readonly KeptCache[]
  /** Which cache keys a request would have. */
  readonly findKeys: (url: string, method: string) => Promise<KeysFound | null>
  /** The cache thread has ended: see `CacheDeskOptions`. */
  readonly onCachesGone: () => void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export class Overseer {
  readonly #options: OverseerOptions
  readonly #startedMs: number
  readonly #transitions = new TransitionRing()
  readonly #probes: ProbeTable
  readonly #maintenance: Maintenance
  readonly #alerts: AlertDesk
  readonly #fallbacks: FallbackCommands
  readonly #files: FileWatch
  /** Peers that stay although their name has lost them. */
  readonly leaving: LeavingPeers
  /** What the caches need beside the workers. */
  readonly caches: CacheDesk
  readonly #socket: ControlSocket
  readonly #alive: AliveFile
  readonly #end = new AbortController()
  #running: Running | null = null
  #withCommand: readonly FallbackGroup[] = []
  /** Of the configuration that was read last, taken or not, by absolute path. */
  #texts: ReadonlyMap<string, string> = new Map()

  constructor(options: OverseerOptions) {
    const { zone, log, now, load } = options
    this.#options = options
    this.#startedMs = now()
    const delay = systemDelay
    const onTransition = (transition: Transition) => this.#onTransition(transition)
    const makeProber = (onReport: ProberOptions['onReport']) =>
      loadProber({ onReport, onMistake: text => log('alert', text) })
    this.#probes = new ProbeTable({ zone, makeProber, onTransition, log, now, delay })
    this.leaving = new LeavingPeers({
      isUp: (upstream, address) => this.#probes.isUp(upstream, address),
      onChange: options.onPeersChanged,
      now: () => performance.now(),
      delay,
    })
    const verdictOf = (peer: RosterPeer) => this.#probes.stateOf(peer)?.state ?? 'up'
    const whyOf = (peer: RosterPeer) => this.#probes.stateOf(peer)?.why ?? ''
    this.#maintenance = new Maintenance({ zone, onTransition, verdictOf, whyOf, log, now, delay })
    this.#alerts = new AlertDesk({ log, now, delay })
    this.#fallbacks = new FallbackCommands({ log })
    this.#files = new FileWatch({ onChange: files => this.#onFiles(files), delay })
    this.caches = new CacheDesk({
      log,
      findKeys: options.findKeys,
      onGone: options.onCachesGone,
      delay,
      now: () => performance.now(),
    })
    this.#alive = new AliveFile({
      look: () => this.#look(),
      findStuck: options.findStuck,
      log: text => log('error', text),
      delay,
      now: () => performance.now(),
    })
    this.#socket = new ControlSocket({
      routes: [
        { method: 'GET', path: '/status', answer: () => this.#report() },
        ...this.caches.routes,
      ],
      place: { configFile: load.file, env: load.env, userId: process.getuid?.() ?? -1 },
      log,
    })
  }

  /** Takes note of the files that were read, whatever comes of them. */
  onLoaded({ config, sources }: Loaded): void {
    const states = new Set(config?.upstreams.map(({ statePath }) => statePath))
    const read = [...sources]
      .filter(([file]) => !states.has(file))
      .map(([file, { text }]) => [resolve(file), text] as const)
    // What could not be read to its end may have left files out.
    this.#texts = new Map(config === null ? [...this.#texts, ...read] : read)
  }

  /** Called with a generation before any worker has it. */
  async prepare(generation: Generation): Promise<void> {
    await this.#probes.prepare(generation)
    await this.#maintenance.prepare(generation)
  }

  /** The same where only the peers of one upstream are others, and nothing may be awaited. */
  preparePeers(generation: Generation): void {
    this.#probes.mark(generation)
    this.#maintenance.mark(generation)
  }

  /** Called with what serves, each time that may have changed. */
  use(running: Running): void {
    this.#running = running
    this.#withCommand = withCommand(running)
    this.#probes.use(running.generation)
    const { peers } = this.#probes.roster
    this.#maintenance.use(peers)
    this.#alerts.use(peers)
    this.#lookAtFallbacks()
    this.caches.use(running.config, this.#options.cachesOf(running.generation.number))
  }

  /** Watches the files that were read last; resolves when the control socket is where it shall be. */
  async listen(): Promise<void> {
    const { controlPath, fileWatch } = this.#running!.config.process
    this.#files.use(this.#texts, fileWatch.isReloading || fileWatch.command !== null)
    await this.#socket.use(controlPath)
    this.#alive.use(this.#socket.path)
  }

  /** Whether requests shall come has changed: who asks is told at once. */
  onRefusal(): void {
    this.#alive.update()
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#stop()
    await Promise.all([this.#probes.close(), this.#socket.close(), this.caches.close()])
  }

  /** The same for who cannot wait. */
  closeNow(): void {
    this.#stop()
    void this.#probes.close()
    void this.caches.close()
    this.#socket.closeNow()
  }

  #stop(): void {
    this.#end.abort()
    this.#alive.close()
    this.#files.close()
    this.leaving.close()
    this.#maintenance.close()
    this.#alerts.close()
    this.#fallbacks.close()
  }

  #onTransition(transition: Transition): void {
    // What an operator did is no error, however the peer is found then.
    const isByHand = transition.before === 'maintenance'
    this.#options.log(isByHand ? 'notice' : levelOf(transition.state), transition.text)
    this.#transitions.add(transition)
    // What checks find of a peer that somebody works on is no news.
    const { peer, state, before } = transition
    const isWorkedOn = this.#maintenance.fileOf(peer.id) !== null
    const isOwn = state === 'maintenance' || before === 'maintenance'
    if (!isWorkedOn || isOwn) this.#alerts.onTransition(transition)
    this.leaving.onTransition(peer.upstream.name)
    this.#lookAtFallbacks()
  }

  #lookAtFallbacks(): void {
    const groups = new Map<string, { up: number; checking: number; count: number }>()
    for (const { upstream } of this.#withCommand) {
      groups.set(upstream, { up: 0, checking: 0, count: 0 })
    }
    for (const peer of groups.size === 0 ? [] : this.#probes.roster.peers) {
      const group = groups.get(peer.upstream.name)
      if (group === undefined) continue
      group.count++
      const { state } = this.#probes.stateOf(peer) ?? { state: 'up' }
      const isOut = peer.line.isDown || this.#maintenance.fileOf(peer.id) !== null
      if (!isOut && state === 'up') group.up++
      if (!isOut && state === 'checking') group.checking++
    }
    this.#fallbacks.use(this.#withCommand.map(each => ({ ...each, ...groups.get(each.upstream)! })))
  }

  #onFiles(files: readonly string[]): void {
    const { log, onFilesChanged, load } = this.#options
    const { isReloading, command } = this.#running!.config.process.fileWatch
    const what =
      files.length === 1 ? `"${files[0]}" has changed` : `${files.length} files have changed`
    log('notice', `configuration file ${what} on disk`)
    if (command !== null) void this.#runCommand(command, load.file)
    if (isReloading) onFilesChanged()
  }

  async #runCommand(command: string, file: string): Promise<void> {
    const { signal } = this.#end
    const problem = await runProgram(command, { arguments: [file], signal })
    if (problem !== null && !signal.aborted) {
      this.#options.log('error', `the command for changed files failed: ${problem}`)
    }
  }

  #look(): AliveLook {
    const groups = this.#report().upstreams.map(({ name, peers }) => {
      return [name, peers.filter(({ state }) => state === 'up').length] as const
    })
    return { refusal: this.#options.refusal(), groups: new Map(groups) }
  }

  #report(): ReturnType<typeof makeStatusReport> {
    const { zone, workers, now } = this.#options
    return makeStatusReport({
      running: this.#running!,
      workers: workers(),
      zone,
      probes: this.#probes,
      maintenance: this.#maintenance,
      caches: this.caches.status(),
      transitions: this.#transitions.all,
      nowMs: now(),
      startedMs: this.#startedMs,
    })
  }
}

/** The upstreams whose fallback has a command, and what that is told of clients. */
function withCommand({ config, listening }: Running): readonly FallbackGroup[] {
  const upstreams = config.upstreams.filter(({ fallback }) => (fallback?.command ?? null) !== null)
  if (upstreams.length === 0) return []
  const virtuals = virtualAddresses(config, listening)
  return upstreams.map(upstream => ({
    upstream: upstream.name,
    command: upstream.fallback?.command ?? null,
    virtuals: virtualsTold(upstream, virtuals.get(upstream.name) ?? []),
  }))
}

/** Loaded when it is wanted: most configurations ask nobody, and shall start without it. */
async function loadProber(options: ProberOptions): Promise<Prober> {
  const { Prober } = await import('../probe/prober.ts')
  return new Prober(options)
}
