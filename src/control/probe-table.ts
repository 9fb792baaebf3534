// The verdicts of active checks, from the prober to the memory that workers pick by. It says whom
// the prober asks, again after each reload and each change of names, and writes what comes of it: a
// peer is taken out while any of its probes is against it, and a mandatory one before it was asked,
// and that before a worker has heard of it.

import type { Delay } from '../base/delay.ts'
import type { LogLevel } from '../model/settings.ts'
import type { ProbeReport, Prober, ProbeState, ProbeStatus } from '../probe/prober.ts'
import type { Generation } from '../worker/messages.ts'
import { PEER } from '../zone/layout.ts'
import type { PeerZone } from '../zone/peer-zone.ts'
import { CONTROL_LIMITS } from './limits.ts'
import {
  buildRoster,
  NO_PEERS,
  type PeerProbe,
  type Roster,
  type RosterPeer,
} from './peer-roster.ts'
import { changedTexts, decideHandover } from './probe-handover.ts'
import { doubtText, type Transition, transitionText } from './probe-log.ts'

/** What the table wants of the one who asks. */
export type ProberPart = Pick<Prober, 'setTargets' | 'renewModules' | 'askNow' | 'status' | 'close'>

export interface ProbeTableOptions {
  readonly zone: PeerZone
  /** Makes the one who asks; not called before a configuration has a probe. */
  readonly makeProber: (onReport: (report: ProbeReport) => void) => Promise<ProberPart>
  readonly onTransition: (transition: Transition) => void
  /** What changed nothing yet. */
  readonly log: (level: LogLevel, text: string) => void
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly delay: Delay
}

/** How a peer stands by its probes alone. */
export interface ProbedState {
  readonly state: ProbeState
  /** Since when, in milliseconds since 1970. */
  readonly sinceMs: number
  /** Empty while it is up. */
  readonly why: string
}

/** What keeps a peer from requests: nothing, all but those bound to it, or all. */
type Bar = 'none' | 'quiesced' | 'unhealthy'

export class ProbeTable {
  readonly #options: ProbeTableOptions
  #prober: ProberPart | null = null
  readonly #end = new AbortController()
  /** By target. */
  readonly #verdicts = new Map<string, ProbeState>()
  /** Why a target is down. */
  readonly #reasons = new Map<string, string>()
  /** By peer. */
  #states = new Map<string, Omit<ProbedState, 'why'>>()
  /** Peers that have been up since they came: somebody may be bound to them. */
  #served = new Set<string>()
  #roster: Roster = NO_PEERS
  #config: Generation['config'] | null = null
  #epoch = 0
  /** The slots whose failures have a probe asked at once, and how many those had. */
  #watched: { readonly peer: RosterPeer; failures: number }[] = []
  #isWatching = false

  constructor(options: ProbeTableOptions) {
    this.#options = options
  }

  /** Of what runs. */
  get roster(): Roster {
    return this.#roster
  }

  /**
   * Takes out whom the workers must not pick before a check, before they get a generation. Peers
   * that serve already stay as they are: whatever it asks of them, they are needed until then.
   */
  async prepare(generation: Generation): Promise<void> {
    const isAsking = generation.config.upstreams.some(({ probes }) => probes.length > 0)
    if (isAsking) this.#prober ??= await this.#options.makeProber(report => this.#onReport(report))
    this.mark(generation)
  }

  /** The same for other peers of a configuration that was prepared. */
  mark(generation: Generation): void {
    const roster = buildRoster(generation, this.#epochOf(generation))
    const serving = this.#roster.peers.filter(({ line }) => !line.isDown)
    const slots = new Map(serving.map(({ id, slot }) => [id, slot]))
    for (const peer of roster.peers) {
      if (slots.get(peer.id) === peer.slot) continue
      const bar = this.#barOf(peer)
      if (bar !== 'none') this.#options.zone.setState(peer.slot, bar, true)
    }
  }

  /** Goes on with the peers of what serves: asks the new ones, forgets those that are gone. */
  use(generation: Generation): void {
    if (this.#end.signal.aborted) return
    this.#epoch = this.#epochOf(generation)
    if (this.#config !== null && this.#config !== generation.config) this.#prober?.renewModules()
    this.#config = generation.config
    const roster = buildRoster(generation, this.#epoch)
    const begins = this.#takeOver(roster)
    this.#roster = roster
    const { now } = this.#options
    const states = new Map<string, Omit<ProbedState, 'why'>>()
    const served = new Set<string>()
    for (const peer of roster.peers) {
      const before = this.#states.get(peer.id)
      const state = this.#stateOf(peer)
      if (state === 'up' || this.#served.has(peer.id)) served.add(peer.id)
      if (before !== undefined && before.state === state) states.set(peer.id, before)
      else states.set(peer.id, { state, sinceMs: now() })
    }
    this.#states = states
    this.#served = served
    for (const peer of roster.peers) this.#write(peer, 0)
    this.#watch(roster)
    const targets = roster.targets.map(target => {
      const state = begins.get(target.key)
      return state === undefined ? target : { ...target, begins: state }
    })
    this.#prober?.setTargets(targets)
  }

  /** Brings what is known to the targets of another roster. Returns what new ones begin with. */
  #takeOver(roster: Roster): ReadonlyMap<string, ProbeState> {
    const wanted = new Map(roster.targets.map(target => [target.key, target]))
    const known = (key: string) => this.#verdicts.get(key)
    const { verdicts, reasons, changed } = decideHandover(this.#roster, roster, probe =>
      verdictOf(probe, known),
    )
    for (const [key, from] of reasons) {
      const why = from.map(each => this.#reasons.get(each)).find(each => each !== undefined)
      if (why !== undefined) this.#reasons.set(key, why)
    }
    for (const key of this.#verdicts.keys()) {
      if (wanted.has(key)) continue
      this.#verdicts.delete(key)
      this.#reasons.delete(key)
    }
    for (const [key, target] of wanted) {
      if (this.#verdicts.has(key)) continue
      this.#verdicts.set(key, verdicts.get(key) ?? stateAtFirst(target))
    }
    for (const text of changedTexts(changed)) this.#options.log('notice', text)
    return verdicts
  }

  /** How a peer of the roster stands; null where no probe asks it. */
  stateOf(peer: RosterPeer): ProbedState | null {
    const known = this.#states.get(peer.id)
    if (peer.probes.length === 0 || known === undefined) return null
    return { ...known, why: this.#whyOf(peer) }
  }

  /** Whether an address of an upstream is a peer that its checks have found well. */
  isUp(upstream: string, address: string): boolean {
    return this.#roster.peers.some(peer => {
      const isMeant = peer.upstream.name === upstream && peer.address === address
      return isMeant && !peer.line.isDown && this.#states.get(peer.id)?.state === 'up'
    })
  }

  /** What is known of one target. */
  statusOf(key: string): ProbeStatus | null {
    return this.#prober?.status(key) ?? null
  }

  async close(): Promise<void> {
    this.#end.abort()
    await this.#prober?.close()
  }

  /** A new configuration forgets what a mandatory probe found, unless that is persistent. */
  #epochOf({ config }: Generation): number {
    return config === this.#config ? this.#epoch : this.#epoch + 1
  }

  #onReport(report: ProbeReport): void {
    const { key } = report.target
    if (this.#end.signal.aborted || !this.#verdicts.has(key)) return
    this.#verdicts.set(key, report.state)
    if (report.isGood) this.#reasons.delete(key)
    else this.#reasons.set(key, report.why)
    const nowMs = this.#options.now()
    for (const peer of this.#roster.byKey.get(key) ?? []) this.#judge(peer, report, nowMs)
  }

  #judge(peer: RosterPeer, report: ProbeReport, nowMs: number): void {
    const { onTransition, log } = this.#options
    const before = this.#states.get(peer.id)!
    const state = this.#stateOf(peer)
    if (state === 'up') this.#served.add(peer.id)
    this.#write(peer, nowMs)
    if (state === before.state) {
      const text = doubtText(peer, report)
      if (text !== null) log('info', text)
      return
    }
    const why = report.isGood ? report.detail : report.why
    this.#states.set(peer.id, { state, sinceMs: nowMs })
    const text = transitionText(peer, state, report, nowMs - before.sinceMs)
    onTransition({ atMs: nowMs, peer, before: before.state, state, why, text })
  }

  /** Brings the zone to what is known. `nowMs`: a peer that comes back starts slowly from here. */
  #write(peer: RosterPeer, nowMs: number): void {
    const { zone } = this.#options
    const bar = this.#barOf(peer)
    if (bar !== 'none') zone.setState(peer.slot, bar, true)
    for (const other of ['unhealthy', 'quiesced'] as const) {
      if (other !== bar) zone.setState(peer.slot, other, false, bar === 'none' ? nowMs / 1000 : 0)
    }
  }

  #barOf(peer: RosterPeer): Bar {
    return barOf(peer, this.#served.has(peer.id), key => this.#verdicts.get(key))
  }

  #stateOf(peer: RosterPeer): ProbeState {
    const states = peer.probes.map(each => verdictOf(each, key => this.#verdicts.get(key)))
    if (states.includes('down')) return 'down'
    return states.includes('checking') ? 'checking' : 'up'
  }

  /** What the first probe says that has something against the peer. */
  #whyOf(peer: RosterPeer): string {
    for (const each of peer.probes) {
      if (verdictOf(each, key => this.#verdicts.get(key)) === 'up') continue
      const key = each.keys.find(one => this.#reasons.has(one))
      if (key !== undefined) return this.#reasons.get(key)!
    }
    return ''
  }

  #watch(roster: Roster): void {
    const asking = roster.peers.filter(({ probes }) =>
      probes.some(({ probe }) => probe.isAskedOnFailure),
    )
    this.#watched = asking.map(peer => ({ peer, failures: this.#failuresOf(peer) }))
    if (this.#watched.length === 0 || this.#isWatching) return
    this.#isWatching = true
    void this.#watchFailures()
  }

  async #watchFailures(): Promise<void> {
    const { signal } = this.#end
    while (!signal.aborted && this.#watched.length > 0) {
      await this.#options.delay(CONTROL_LIMITS.failureWatchMs, signal)
      for (const each of this.#watched) {
        const failures = this.#failuresOf(each.peer)
        if (failures === each.failures) continue
        each.failures = failures
        for (const { probe, keys } of each.peer.probes) {
          if (probe.isAskedOnFailure) for (const key of keys) this.#prober?.askNow(key)
        }
      }
    }
    this.#isWatching = false
  }

  #failuresOf({ slot }: RosterPeer): number {
    const { zone } = this.#options
    return zone.cells[zone.peerLine(slot) + PEER.failures]!
  }
}

/** What is known of a target; nothing, before it was asked for the first time. */
type Known = (key: string) => ProbeState | undefined

function verdictOf(asked: PeerProbe, known: Known): ProbeState {
  const states = asked.keys.map(key => known(key) ?? stateAtFirst(asked))
  if (states.includes('up')) return 'up'
  return states.includes('checking') ? 'checking' : 'down'
}

function stateAtFirst({ probe, check }: Pick<PeerProbe, 'probe' | 'check'>): ProbeState {
  if (check.kind === 'fixed') return check.isUp ? 'up' : 'down'
  return probe.isMandatory ? 'checking' : 'up'
}

function barOf(peer: RosterPeer, hasServed: boolean, known: Known): Bar {
  let bar: Bar = 'none'
  for (const each of peer.probes) {
    const state = verdictOf(each, known)
    if (state === 'up') continue
    if (!each.probe.keepsSessions) return 'unhealthy'
    // Nobody can be bound to a peer that was never there.
    if (state === 'checking' && !hasServed) return 'unhealthy'
    bar = 'quiesced'
  }
  return bar
}
