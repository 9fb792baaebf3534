// What probes find out, in words: one line of the log for each thing that changed, in the form
// `peer 10.0.0.1:80 down: Connection refused (…), 3rd of 3, upstream: "web"`, and the last of them
// kept for who asks for the state.

import type { LogLevel } from '../model/settings.ts'
import type { ProbeReport } from '../probe/prober.ts'
import type { RosterPeer } from './peer-roster.ts'

/** How a peer stands as far as checks and maintenance go. */
export type PeerVerdict = 'up' | 'down' | 'checking' | 'maintenance'

/** A peer went from one state to another. */
export interface Transition {
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly peer: RosterPeer
  readonly before: PeerVerdict
  readonly state: PeerVerdict
  /** What was found; for `up` what the answer was. May be empty. */
  readonly why: string
  /** The line of the log. */
  readonly text: string
}

/** Transitions that are kept. */
export const TRANSITIONS_MAX = 100

/** A transition as it is kept: nothing in it holds on to a configuration that is gone. */
export interface PastTransition {
  readonly atMs: number
  readonly upstream: string
  readonly peer: string
  readonly name: string
  readonly state: PeerVerdict
  readonly before: PeerVerdict
  readonly why: string
  readonly text: string
}

/** The last transitions, oldest first. */
export class TransitionRing {
  readonly #kept: PastTransition[] = []

  add({ atMs, peer, state, before, why, text }: Transition): void {
    const { upstream, address, line } = peer
    const named = { upstream: upstream.name, peer: address, name: line.name }
    this.#kept.push({ atMs, ...named, state, before, why, text })
    if (this.#kept.length > TRANSITIONS_MAX) this.#kept.shift()
  }

  get all(): readonly PastTransition[] {
    return this.#kept
  }
}

/** The level of a transition's line. */
export function levelOf(state: PeerVerdict): LogLevel {
  return state === 'down' ? 'error' : 'notice'
}

/**
 * The line of a peer that a check took out or brought back.
 *
 * @param lastedMs how long it was in the state before; null = that is not known
 */
export function transitionText(
  peer: RosterPeer,
  state: PeerVerdict,
  report: ProbeReport,
  lastedMs: number | null,
): string {
  const lasted =
    state === 'up' && report.before === 'down' && lastedMs !== null
      ? ` after ${spanText(lastedMs)}`
      : ''
  return `${peerText(peer)} ${state}${lasted}: ${countedText(report)}${tailText(peer, report)}`
}

/** The line of an answer that changed nothing yet; null where there is nothing to say. */
export function doubtText(peer: RosterPeer, report: ProbeReport): string | null {
  const { isGood, state, before, streak, needed } = report
  if (state === 'checking' && before === 'checking') {
    return `${peerText(peer)} still checking: ${countedText(report)}${tailText(peer, report)}`
  }
  // The verdict of this probe changed, and another one decides over the peer.
  if (state !== before) {
    const what = isGood ? 'a probe went well' : 'another probe failed'
    return `${peerText(peer)}: ${what}: ${countedText(report)}${tailText(peer, report)}`
  }
  if (isGood === (state === 'up') || streak >= needed) return null
  const what = isGood ? 'answers again' : 'soft failure'
  return `${peerText(peer)} ${what}: ${countedText(report)}${tailText(peer, report)}`
}

/** `peer 10.0.0.1:80`, with the name that it was found by. */
export function peerText({ address, line }: Pick<RosterPeer, 'address' | 'line'>): string {
  return line.name === address ? `peer ${address}` : `peer ${address} (${line.name})`
}

/** What stands behind a line about a peer. */
export function upstreamText({ upstream }: Pick<RosterPeer, 'upstream'>): string {
  return `, upstream: "${upstream.name}"`
}

/** `1st`, `2nd`, `3rd`, `11th`. */
export function ordinal(count: number): string {
  const isTeen = count % 100 >= 11 && count % 100 <= 13
  const ending = isTeen ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th')
  return `${count}${ending}`
}

/** A time for people: `12 ms`, `1.2 s`, `34 s`, `3 min 12 s`, `2 h 5 min`, `3 d 4 h`. */
export function spanText(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  const units = [
    [86_400, 'd', 3600, 'h'],
    [3600, 'h', 60, 'min'],
    [60, 'min', 1, 's'],
  ] as const
  for (const [size, unit, lowerSize, lowerUnit] of units) {
    if (seconds < size) continue
    const rest = Math.floor((seconds % size) / lowerSize)
    return `${Math.floor(seconds / size)} ${unit}${rest === 0 ? '' : ` ${rest} ${lowerUnit}`}`
  }
  return `${seconds} s`
}

/** What an answer was, good or bad, and the how manieth it was where one alone decides nothing. */
function countedText({ isGood, why, detail, streak, needed }: ProbeReport): string {
  const found = (isGood ? detail : why || detail) || (isGood ? 'the check passed' : 'it failed')
  return needed <= 1 ? found : `${found}, ${ordinal(Math.min(streak, needed))} of ${needed}`
}

function tailText(peer: RosterPeer, { target }: ProbeReport): string {
  const isOneOfSeveral = peer.upstream.probes.length > 1
  return `${isOneOfSeveral ? `, probe: "${target.probe.name}"` : ''}${upstreamText(peer)}`
}
