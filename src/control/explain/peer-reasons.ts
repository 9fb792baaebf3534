// Which group and which peer a request goes to, picked by the group's own method with all peers up and nothing under way,
// as at a start.

import { isIP } from 'node:net'

import type { Method, Upstream } from '../../model/upstream.ts'
import type { Exchange } from '../../proxy/exchange.ts'
import type { UpstreamRuntime } from '../../proxy/runtime.ts'
import { Tries } from '../../proxy/tries.ts'
import type { ResolvedUpstream } from '../../worker/messages.ts'
import type { Decision } from './explanation.ts'
import { placeText } from './places.ts'

export interface PeerReasons {
  readonly decisions: readonly Decision[]
  /** Its address; null when none can be picked, or its name is not looked up yet. */
  readonly peer: string | null
}

/** Picks as a request would; `resolved` are the group's peers, where it has some that were written. */
export function peerReasons(
  exchange: Exchange,
  upstream: UpstreamRuntime,
  resolved: ResolvedUpstream | undefined,
  triesMax: number,
): PeerReasons {
  const { config } = upstream
  const own = placeText(config.origin)
  const name = config.isImplicit ? `${config.name}, a group of its own` : config.name
  const decisions: Decision[] = [
    { topic: 'upstream', text: `${name}: ${methodText(config)}`, at: own },
  ]
  const tries = new Tries(exchange, upstream, triesMax)
  const bound = boundPeers(exchange, upstream)
  const picked = tries.pick()
  const found = tries.peers.addresses[picked]
  tries.close()
  if (found === undefined) {
    decisions.push({ topic: 'peer', text: `none can be picked: ${insteadText(config)}`, at: own })
    return { decisions, peer: null }
  }
  const line = config.peers[resolved?.peers[picked]?.peer ?? -1]
  const { address } = found
  const isNamed = address.kind === 'tcp' && isIP(address.host) === 0
  const why = bound.includes(picked) ? 'its session is bound to it' : pickReason(exchange, upstream)
  const later = isNamed ? '; the name is looked up at the start' : ''
  const at = line === undefined ? own : placeText(line.origin)
  decisions.push({ topic: 'peer', text: `${found.text}: ${why}${later}`, at })
  return { decisions, peer: isNamed ? null : found.text }
}

function boundPeers(exchange: Exchange, { sticky, peers }: UpstreamRuntime): readonly number[] {
  return sticky == null || peers.names === null ? [] : sticky.find(exchange, peers.names)
}

function insteadText({ fallback, queue }: Upstream): string {
  if (fallback !== null) return 'the fallback answers'
  return queue === null ? '502' : 'the request waits in the queue'
}

function methodText({ method, peers, sticky }: Upstream): string {
  const count = peers.length === 1 ? 'one peer' : `${peers.length} peers`
  const session = sticky === null ? '' : `, sessions by ${sticky.kind}`
  return `${METHODS[method.kind]} over ${count}${session}`
}

const METHODS: Readonly<Record<Method['kind'], string>> = {
  round_robin: 'round robin',
  least_conn: 'least connections',
  ip_hash: 'by client address',
  hash: 'by hash',
  random: 'at random',
  least_time: 'least time',
  peak_ewma: 'least time with peaks',
}

function pickReason(exchange: Exchange, upstream: UpstreamRuntime): string {
  const { config, keyOf, peers } = upstream
  if (peers.group.isSingle) return 'the only peer'
  switch (config.method.kind) {
    case 'round_robin':
      return 'the first turn after a start'
    case 'least_conn':
      return 'with nothing under way'
    case 'ip_hash':
    case 'hash':
      return `by the hash of "${keyOf?.(exchange) ?? ''}"`
    case 'random':
      return 'by chance: the next may be another'
    case 'least_time':
    case 'peak_ewma':
      return 'with no times measured yet'
  }
}
