// What must hold in a group of peers whatever the dialect, beside what check.ts says of every peer:
// its numbers fit the sums that picks make, and its settings fit each other. What is most likely
// not meant, such as a key that is the same for all requests, is worth a warning.

import type { Report } from './check.ts'
import { checkFallback } from './check-fallback.ts'
import { checkProbes } from './check-probes.ts'
import { originOf } from './origin.ts'
import { literalText } from './template.ts'
import {
  METHODS_WITHOUT_BACKUP,
  PEER_COUNT_MAX,
  type Peer,
  type Upstream,
  WEIGHT_TOTAL_MAX,
} from './upstream.ts'

/** Checks one group. */
export function checkUpstream(upstream: Upstream, report: Report): void {
  checkPeers(upstream, report)
  checkOutliers(upstream, report)
  checkProbes(upstream, report)
  checkFallback(upstream, report)
  reportConstantKey(upstream, report)
  checkQueue(upstream, report)
}

/** The part of it that is about the peers: those of a state file come later than the rest. */
export function checkPeers(upstream: Upstream, report: Report): void {
  const { name, peers } = upstream
  for (const peer of peers) checkCounts(peer, report)
  const total = peers.reduce((sum, { weight }) => sum + weight, 0)
  if (Number.isSafeInteger(total) && total > WEIGHT_TOTAL_MAX) {
    const most = peers.reduce((found, peer) => (peer.weight > found.weight ? peer : found))
    const problem = `Cannot use weights of ${total} together in upstream "${name}"`
    const hint = `wants at most ${WEIGHT_TOTAL_MAX}: only their proportion matters`
    report('error', problem, originOf(most, 'weight'), hint)
  }
  if (METHODS_WITHOUT_BACKUP.has(upstream.method.kind)) reportPlainBackups(upstream, report)
  reportRoutes(upstream, report)
  reportIdle(upstream, report)
}

/** What a request gets from a group that has no peer for it. */
export function unservedText({ fallback }: Upstream): string {
  return fallback === null ? 'every request gets 502' : 'every request goes to the fallback'
}

function checkCounts(peer: Peer, report: Report): void {
  const counts = [
    ['maxConns', 'max_conns', peer.maxConns],
    ['maxFails', 'max_fails', peer.maxFails],
  ] as const
  for (const [property, word, value] of counts) {
    if (!Number.isSafeInteger(value) || value <= PEER_COUNT_MAX) continue
    const problem = `Cannot use ${word} ${value}: it is too large`
    report('error', problem, originOf(peer, property), `wants at most ${PEER_COUNT_MAX}`)
  }
}

/** Sessions of one route go to the first of its peers that is free. */
function reportRoutes({ name, peers }: Upstream, report: Report): void {
  const first = new Map<string, Peer>()
  for (const peer of peers) {
    if (peer.route === null) continue
    const other = first.get(peer.route)
    if (other === undefined) {
      first.set(peer.route, peer)
      continue
    }
    const { file, line } = originOf(other, 'route')
    const problem = `Two peers of upstream "${name}" have the route "${peer.route}"`
    const hint = `a session of one may go to the other; the first stands in ${file}:${line}`
    report('warning', problem, originOf(peer, 'route'), hint)
  }
}

/** A group of which everything was taken out. */
function reportIdle(upstream: Upstream, report: Report): void {
  const { name, peers, sticky } = upstream
  if (peers.length === 0 || !peers.every(peer => peer.isDown || peer.isDraining)) return
  const where = originOf(upstream, 'peers')
  if (peers.every(peer => peer.isDown)) {
    report('warning', `All peers of upstream "${name}" are down`, where, unservedText(upstream))
    return
  }
  const text = unservedText(upstream)
  const hint = sticky === null ? text : text.replace('request', 'request without a session')
  const problem = `No peer of upstream "${name}" takes new requests: all drain or are down`
  report('warning', problem, where, hint)
}

function reportConstantKey(upstream: Upstream, report: Report): void {
  const { method } = upstream
  if (method.kind !== 'hash' || literalText(method.key) === null) return
  const problem = `The key "${literalText(method.key)}" is the same for all requests`
  const hint = 'they all go to one peer; a key has a variable in it, such as $remote_addr'
  report('warning', problem, originOf(upstream, 'method'), hint)
}

function checkQueue(upstream: Upstream, report: Report): void {
  const { name, queue } = upstream
  if (queue === null) return
  const origin = originOf(upstream, 'queue')
  if (queue.size > PEER_COUNT_MAX) {
    const problem = `Cannot keep ${queue.size} requests in the queue of upstream "${name}"`
    report('error', problem, origin, `too large: wants at most ${PEER_COUNT_MAX}`)
  }
  if (queue.timeoutMs > 0) return
  const problem = `The queue of upstream "${name}" lets nobody wait: its timeout is 0`
  const hint = 'say how long a request may wait, such as 30s, or leave the queue out'
  report('warning', problem, origin, hint)
}

/**
 * nginx refuses a backup that stands below such a method, and says nothing to one above it. Here
 * both work; but who picked a method for its keys should know that it ends at the backups.
 */
function reportPlainBackups({ method, peers }: Upstream, report: Report): void {
  for (const peer of peers) {
    if (!peer.isBackup) continue
    const problem = `Backups do not follow method ${method.kind}: they go by round robin`
    report('warning', problem, originOf(peer, 'isBackup'), 'nginx refuses them below the method')
  }
}

/** A maximum below the first ejection would shorten what was asked for. */
function checkOutliers(upstream: Upstream, report: Report): void {
  const { outliers } = upstream.passiveHealth
  if (outliers === null || outliers.maxSeconds >= outliers.baseSeconds) return
  const { maxSeconds, baseSeconds } = outliers
  const problem = `Cannot eject for ${maxSeconds}s at most: the first ejection takes ${baseSeconds}s`
  report('error', problem, originOf(upstream, 'health.outliers'), '"max" is at least "base"')
}
