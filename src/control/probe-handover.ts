// What a reload hands over where it changes the checks of a peer that serves: a check that takes the
// place of another begins with what that found, and one that is added to a peer that is well does
// not bar it. Both are in doubt, so the first answers decide; an edited path is no outage.

import { isSameQuestion, type ProbeState, type ProbeTarget } from '../probe/probe-target.ts'
import type { PeerProbe, Roster, RosterPeer } from './peer-roster.ts'

/** What is handed over. */
export interface Handover {
  /** What new targets begin with, by key. */
  readonly verdicts: ReadonlyMap<string, ProbeState>
  /** The targets whose reasons they take along, by the new key. */
  readonly reasons: ReadonlyMap<string, readonly string[]>
  /** Peers that serve on and are asked something else from now on. */
  readonly changed: readonly RosterPeer[]
}

/**
 * Decides what new questions begin with.
 *
 * @param verdictOf what a probe of the roster before says
 * A probe that is mandatory and not persistent takes nothing over: it shall forget.
 */
export function decideHandover(
  before: Roster,
  after: Roster,
  verdictOf: (probe: PeerProbe) => ProbeState,
): Handover {
  const old = new Map(before.peers.map(peer => [peer.id, peer]))
  const asked = new Map(before.targets.map(target => [target.key, target]))
  const wanted = new Map(after.targets.map(target => [target.key, target]))
  const verdicts = new Map<string, ProbeState>()
  const reasons = new Map<string, readonly string[]>()
  const changed: RosterPeer[] = []
  for (const peer of after.peers) {
    const earlier = old.get(peer.id)
    if (earlier === undefined || earlier.line.isDown) continue
    const replaced = earlier.probes.filter(each => isReplaced(each, peer))
    const isFresh = ({ keys }: PeerProbe) => keys.every(key => !asked.has(key))
    const fresh = peer.probes.filter(each => isFresh(each) && !isForgetful(each))
    for (const [index, { keys }] of fresh.entries()) {
      const from = replaced[index]
      const state = from === undefined ? stateOfAll(earlier, verdictOf) : verdictOf(from)
      if (state === 'checking') continue
      for (const key of keys) {
        verdicts.set(key, state)
        if (from !== undefined) reasons.set(key, from.keys)
      }
    }
    const isOther = peer.probes.some(({ keys }) => isAskedOtherwise(keys, asked, wanted))
    if (fresh.length > 0 || isOther) changed.push(peer)
  }
  return { verdicts, reasons, changed }
}

/** One line for each upstream whose peers are asked something else. */
export function changedTexts(changed: readonly RosterPeer[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const { upstream } of changed) {
    counts.set(upstream.name, (counts.get(upstream.name) ?? 0) + 1)
  }
  return [...counts].map(([name, count]) => {
    const whose = count === 1 ? '1 peer' : `${count} peers`
    const text = `the check of ${whose} has changed: checking again, as before until then`
    return `${text}, upstream: "${name}"`
  })
}

/** Neither it nor one of its name is there any more. */
function isReplaced({ probe }: PeerProbe, { probes }: RosterPeer): boolean {
  return probes.every(each => each.probe.name !== probe.name)
}

function isForgetful({ probe, check }: PeerProbe): boolean {
  return check.kind === 'fixed' || (probe.isMandatory && !probe.isPersistent)
}

/** An added probe takes over only that a peer is well: what is wrong with it others say. */
function stateOfAll(
  { probes }: RosterPeer,
  verdictOf: (probe: PeerProbe) => ProbeState,
): ProbeState {
  return probes.every(each => verdictOf(each) === 'up') ? 'up' : 'checking'
}

function isAskedOtherwise(
  keys: readonly string[],
  asked: ReadonlyMap<string, ProbeTarget>,
  wanted: ReadonlyMap<string, ProbeTarget>,
): boolean {
  return keys.some(key => {
    const before = asked.get(key)
    return before !== undefined && !isSameQuestion(before, wanted.get(key)!)
  })
}
