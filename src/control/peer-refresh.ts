// Brings the peers that the workers have to what the `server` lines stand for now. It compares whole lists, so it may be
// asked at any time and however often: after a name has changed, and after a configuration was taken, during which
// nothing is changed.

import type { ErrorLevel } from '../base/error-log.ts'
import { addressText } from '../model/listener.ts'
import type { Generations } from './generations.ts'
import type { Overseer } from './overseer.ts'
import { isSameList, listPeers, weightProblem } from './peer-lines.ts'
import { type Running, TOO_MANY_PEERS } from './reload.ts'
import type { PeerAddress } from './resolve.ts'
import type { Supervisor } from './supervisor.ts'

/** Addresses that one line of the log names. */
const SHOWN_MAX = 8

export interface PeerRefreshWork {
  readonly generations: Generations
  readonly supervisor: Supervisor
  /** Hears of a generation before any worker has it, and knows which peers have to stay a while. */
  readonly overseer: Pick<Overseer, 'preparePeers' | 'leaving'>
  readonly log: (level: ErrorLevel, text: string) => void
}

/** Gives the workers what has changed. Returns what serves then. */
export function refreshPeers(running: Running, work: PeerRefreshWork): Running {
  const { generations, supervisor, log, overseer } = work
  let { generation } = running
  for (const [index, lines] of running.lines.entries()) {
    if (lines.lines.every(({ watched }) => watched === null)) continue
    const before = generation.upstreams[index]!.peers
    const found = listPeers(lines)
    const wanted = overseer.leaving.stay(lines.upstream, found, before)
    if (isSameList(wanted.peers, before)) continue
    const what = `upstream "${wanted.name}"`
    const problem = weightProblem(lines.upstream, wanted)
    const next = problem === '' ? generations.changePeers(generation, index, wanted) : null
    if (next === null) {
      log('error', `${what} keeps the peers that it has: ${problem || TOO_MANY_PEERS}`)
      continue
    }
    generation = next
    overseer.preparePeers(generation)
    supervisor.changePeers(generation, index)
    log('notice', `${what} has ${peersText(found.peers)}${goneText(before, wanted.peers)}`)
    if (wanted.peers.length > found.peers.length) {
      const kept = shownText(wanted.peers.slice(found.peers.length))
      log('notice', `${what} keeps ${kept} until one of the others is up`)
    }
  }
  return { ...running, generation }
}

function peersText(peers: readonly PeerAddress[]): string {
  if (peers.length === 0) return 'no peers now'
  return `${peers.length} ${peers.length === 1 ? 'peer' : 'peers'} now: ${shownText(peers)}`
}

/** `; gone: 10.0.0.1:80`; empty where all are still there. */
function goneText(before: readonly PeerAddress[], after: readonly PeerAddress[]): string {
  const there = new Set(after.map(({ address }) => addressText(address)))
  const gone = before.filter(({ address }) => !there.has(addressText(address)))
  return gone.length === 0 ? '' : `; gone: ${shownText(gone)}`
}

function shownText(peers: readonly PeerAddress[]): string {
  const shown = peers.slice(0, SHOWN_MAX).map(({ address }) => addressText(address))
  const more = peers.length > SHOWN_MAX ? ` and ${peers.length - SHOWN_MAX} more` : ''
  return `${shown.join(', ')}${more}`
}
