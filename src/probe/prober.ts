// Asks every peer what its probes want to know, in time, and makes verdicts of the answers. One
// prober serves the whole node: it lives on the control thread and only tells what it found.

import { randomInt } from 'node:crypto'
import { SystemClock } from '../base/clock.ts'
import { TimerWheel } from '../base/timer-wheel.ts'
import type { Checker, CheckTime } from './checker.ts'
import { renewModules } from './function-host.ts'
import { Lane } from './lane.ts'
import { type LaneKind, laneOf } from './lane-of.ts'
import { PROBE_LIMITS } from './limits.ts'
import { makeChecker } from './make-checker.ts'
import {
  isSameQuestion,
  type ProbeReport,
  type ProbeStatus,
  type ProbeTarget,
} from './probe-target.ts'
import { type ChanceBelow, type ProbeState, phaseOf } from './verdict.ts'
import { WatchedPeer } from './watched-peer.ts'

export type { ProbeReport, ProbeState, ProbeStatus, ProbeTarget }

export interface ProberOptions {
  /** Called after every check, in the order in which they end; may call the prober. */
  readonly onReport: (report: ProbeReport) => void
  /** The machine's time, and a wheel of the prober's own, unless given. */
  readonly time?: CheckTime
  /** For jitter; the machine's chance unless given. */
  readonly chance?: ChanceBelow
  readonly makeChecker?: (target: ProbeTarget, time: CheckTime) => Checker
  /** Hears of mistakes in this program that came up in checks. */
  readonly onMistake?: (text: string) => void
  /** Runs something as soon as what has come from outside was read; `setImmediate` unless given. */
  readonly afterInput?: (run: () => void) => void
}

/** Lanes of one kind of check: for peers that answered, and for those that let it wait. */
interface LanePair {
  readonly usual: Lane
  readonly slow: Lane
}

export class Prober {
  readonly #onReport: (report: ProbeReport) => void
  readonly #time: CheckTime
  readonly #chance: ChanceBelow
  readonly #onMistake: (text: string) => void
  readonly #afterInput: (run: () => void) => void
  readonly #makeChecker: (target: ProbeTarget, time: CheckTime) => Checker
  readonly #lanes: Readonly<Record<LaneKind, LanePair>>
  readonly #peers = new Map<string, WatchedPeer>()
  /** Checks that were stopped and still hold something of the machine. */
  readonly #ending = new Set<Promise<void>>()
  #phases = 0
  #isClosed = false

  constructor(options: ProberOptions) {
    this.#onReport = options.onReport
    this.#time = options.time ?? systemTime()
    this.#chance = options.chance ?? (limit => randomInt(limit))
    this.#makeChecker = options.makeChecker ?? makeChecker
    this.#onMistake = options.onMistake ?? (() => {})
    this.#afterInput = options.afterInput ?? (run => void setImmediate(run))
    const { connectionsMax, connectionsPerHostMax } = PROBE_LIMITS
    const { programsMax, programsPerNameMax, functionsMax, functionsPerModuleMax } = PROBE_LIMITS
    this.#lanes = {
      connection: makeLanes(connectionsMax, connectionsPerHostMax),
      program: makeLanes(programsMax, programsPerNameMax),
      function: makeLanes(functionsMax, functionsPerModuleMax),
    }
  }

  /**
   * Takes the whole list of who is asked. A target whose question stays keeps its verdict and its
   * times; one whose question changes keeps the verdict, in doubt; a new one has that with which it
   * `begins`, in doubt, or is `checking` when its probe is mandatory, and asked at once, else `up`;
   * one that is gone is asked no more.
   *
   * @param targets each `key` once
   */
  setTargets(targets: readonly ProbeTarget[]): void {
    if (this.#isClosed) return
    this.#time.clock.refresh()
    const gone = new Set(this.#peers.keys())
    for (const target of targets) {
      gone.delete(target.key)
      const known = this.#peers.get(target.key)
      if (known === undefined) this.#add(target)
      else if (isSameQuestion(known.target, target)) known.target = target
      else known.changeQuestion(target, this.#makeChecker(target, this.#time))
    }
    for (const key of gone) {
      this.#peers.get(key)?.close()
      this.#peers.delete(key)
    }
  }

  /**
   * Asks at once, in place of waiting for the time; nothing when the peer is being asked, or was
   * asked so less than a second ago.
   *
   * @returns whether it does
   */
  askNow(key: string): boolean {
    this.#time.clock.refresh()
    return this.#peers.get(key)?.askNow() ?? false
  }

  /** From now on modules of functions are what their files are now, with all that they import. */
  renewModules(): void {
    renewModules()
  }

  /** Forgets what was found: the target starts as a new one does. */
  forget(key: string): void {
    const known = this.#peers.get(key)
    if (known === undefined) return
    this.#time.clock.refresh()
    known.close()
    this.#peers.delete(key)
    this.#add(known.target)
  }

  /** What is known of a target; null when it is none. */
  status(key: string): ProbeStatus | null {
    return this.#peers.get(key)?.status() ?? null
  }

  /** How many targets there are. */
  get count(): number {
    return this.#peers.size
  }

  /** Ends every check; resolves when none holds anything of the machine. Reports no more. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const peer of this.#peers.values()) peer.close()
    this.#peers.clear()
    await Promise.all(this.#ending)
  }

  #add(target: ProbeTarget): void {
    const peer = new WatchedPeer({
      target,
      checker: this.#makeChecker(target, this.#time),
      phase: phaseOf(this.#phases++),
      time: this.#time,
      chance: this.#chance,
      laneFor: (of, isSlow) => {
        const { kind, key } = laneOf(of)
        const lanes = this.#lanes[kind]
        return { lane: isSlow ? lanes.slow : lanes.usual, key }
      },
      onReport: this.#onReport,
      onMistake: this.#onMistake,
      afterInput: this.#afterInput,
      onEnding: ended => {
        this.#ending.add(ended)
        void ended.then(() => this.#ending.delete(ended))
      },
    })
    this.#peers.set(target.key, peer)
    peer.begin()
  }
}

function systemTime(): CheckTime {
  const clock = new SystemClock()
  return { clock, wheel: new TimerWheel(clock) }
}

function makeLanes(runningMax: number, perKeyMax: number): LanePair {
  return { usual: new Lane(runningMax, perKeyMax), slow: new Lane(runningMax, perKeyMax) }
}
