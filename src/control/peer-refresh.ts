// Brings the peers that the workers have to what the `server` lines stand for now. It compares whole lists, so it may be
// asked at any time and however often: after a name has changed, and after a configuration was taken, during which
// nothing is changed.

import type { ErrorLevel } from '../base/error-log.ts'
import { addressText } from '../model/listener.ts'
import type { Generation } from '../worker/messages.ts'
import type { Generations } from './generations.ts'
import { isSameList, listPeers, weightProblem } from './peer-lines.ts'
import { type Running, TOO_MANY_PEERS } from './reload.ts'
import type { PeerAddress } from './resolve.ts'
import type { Supervisor } from './supervisor.ts'

/** Addresses that one line of the log names. */
const SHOWN_MAX = 8

export interface PeerRefreshWork {
  readonly generations: Generations
  readonly supervisor: Supervisor
  /** Called with a generation before any worker has it. */
  readonly prepare: (generation: Generation) => void
  readonly log: (level: ErrorLevel, text: string) => void
}

/** Gives the workers what has changed. Returns what serves then. */
export function refreshPeers(running: Running, work: PeerRefreshWork): Running {
  const { generations, supervisor, log } = work
  let { generation } = running
  for (const [index, lines] of running.lines.entries()) {
    if (lines.lines.every(({ watched }) => watched === null)) continue
    const wanted = listPeers(lines)
    if (isSameList(wanted.peers, generation.upstreams[index]!.peers)) continue
    const what = `upstream "${wanted.name}"`
    const problem = weightProblem(lines.upstream, wanted)
    const next = problem === '' ? generations.changePeers(generation, index, wanted) : null
    if (next === null) {
      log('error', `${what} keeps the peers that it has: ${problem || TOO_MANY_PEERS}`)
      continue
    }
    generation = next
    work.prepare(generation)
    supervisor.changePeers(generation, index)
    log('notice', `${what} has ${peersText(wanted.peers)}`)
  }
  return { ...running, generation }
}

function peersText(peers: readonly PeerAddress[]): string {
  if (peers.length === 0) return 'no peers now'
  const shown = peers.slice(0, SHOWN_MAX).map(({ address }) => addressText(address))
  const more = peers.length > SHOWN_MAX ? ` and ${peers.length - SHOWN_MAX} more` : ''
  return `${peers.length} ${peers.length === 1 ? 'peer' : 'peers'} now: ${shown.join(', ')}${more}`
}
