// When a peer gives no sign of life: what counts as silence, and the question whether it is there at all. A host that went
// dark must cost users a moment, not a timeout (docs/decisions/017-peers-that-go-dark.md).

import type { RetrySettings } from '../model/proxy-settings.ts'
import { checkLiveness } from '../upstream/liveness.ts'
import type { PeerTimeouts } from '../upstream/peer-connection.ts'
import type { Exchange } from './exchange.ts'
import { hedgeDelayMs } from './hedged-connect.ts'
import type { UpstreamRuntime } from './runtime.ts'
import type { Tries } from './tries.ts'

/** Whether a peer that is silent is looked at more closely: where another one could answer, and the rules let it. */
export function mayHedge(exchange: Exchange, tries: Tries, rules: RetrySettings): boolean {
  if (rules.connectHedgeMs === 0 || exchange.snapshot.isStrict) return false
  if (tries.peers.group.isSingle) return false
  return rules.on.includes('timeout') || rules.on.includes('error')
}

/** The host of the running try's peer gave no sign of life to anybody in this worker since the try began a while ago. */
export function isSilent(exchange: Exchange, tries: Tries, rules: RetrySettings): boolean {
  if (!isUnanswered(exchange, tries, rules)) return false
  return tries.peers.addresses[tries.peer]!.openedMs <= tries.current!.startedMs
}

/**
 * The client has left while the running try waited. Tells whether that counts against the peer: it said nothing to
 * anybody in this worker meanwhile, and the clients before left it in the same way.
 */
export function isBlamed(exchange: Exchange, tries: Tries, rules: RetrySettings): boolean {
  if (!isUnanswered(exchange, tries, rules)) return false
  const { clock } = exchange.snapshot.services
  return tries.peers.addresses[tries.peer]!.onClientLeft(clock.nowMs)
}

/** Not a byte has come from the peer of the running try, for whatever request, since the try began a while ago. */
function isUnanswered(exchange: Exchange, tries: Tries, rules: RetrySettings): boolean {
  const { peer, current } = tries
  if (peer === -1 || current === null || !mayHedge(exchange, tries, rules)) return false
  if (tries.sinceStart() < rules.connectHedgeMs) return false
  return tries.peers.addresses[peer]!.heardMs <= current.startedMs
}

/** A probe has taken the running try's peer out since it was picked: what waits there may wait for ever. */
export function isFoundDown(exchange: Exchange, tries: Tries, rules: RetrySettings): boolean {
  const { peer, peers } = tries
  if (peer === -1 || !mayHedge(exchange, tries, rules)) return false
  return peers.group.isFoundDown(peer)
}

/** Asks whether the host of the running try's peer is there; `onDark` is called when it is not, and was not heard of since. */
export function askWhetherThere(
  exchange: Exchange,
  tries: Tries,
  upstream: UpstreamRuntime,
  rules: RetrySettings,
  timeouts: PeerTimeouts,
  onDark: () => void,
): void {
  const entry = tries.current
  const address = tries.peers.addresses[tries.peer]!
  const connectMs = hedgeDelayMs(rules.connectHedgeMs, address.usualConnectMs)
  const { clock } = exchange.snapshot.services
  checkLiveness(
    address,
    sink => upstream.pool.open(address, sink, { ...timeouts, connectMs, quietMs: 0 }),
    () => clock.nowMs,
    () => {
      if (tries.current === entry && isSilent(exchange, tries, rules)) onDark()
    },
  )
}
