// Addresses that a name has lost while none of its others may be picked yet: a mandatory probe keeps
// new ones out until their first good check, and with all of the old ones gone at that moment nobody
// would answer. So those that are well stay until a new one is, for a time that has an end.

import type { Delay } from '../base/delay.ts'
import { addressText } from '../model/listener.ts'
import type { Upstream } from '../model/upstream.ts'
import { weightProblem } from './peer-lines.ts'
import type { PeerAddress, UpstreamAddresses } from './resolve.ts'

export interface LeavingPeersOptions {
  /** Whether checks have found the peer of an upstream well. */
  readonly isUp: (upstream: string, address: string) => boolean
  /** The peers of some upstream are to be looked at again. */
  readonly onChange: () => void
  /** Milliseconds that never go back. */
  readonly now: () => number
  readonly delay: Delay
}

/** An upstream that keeps addresses, and until when. */
interface Hold {
  readonly untilMs: number
  readonly over: AbortController
}

export class LeavingPeers {
  readonly #options: LeavingPeersOptions
  readonly #holds = new Map<string, Hold>()

  constructor(options: LeavingPeersOptions) {
    this.#options = options
  }

  /**
   * The peers that an upstream is to have: those that are wanted, and those of now that have to stay.
   *
   * @param current what it has
   */
  stay(
    upstream: Upstream,
    wanted: UpstreamAddresses,
    current: readonly PeerAddress[],
  ): UpstreamAddresses {
    const leaving = this.#leavingOf(upstream, wanted.peers, current)
    const peers = [...wanted.peers, ...leaving]
    if (leaving.length === 0 || weightProblem(upstream, { ...wanted, peers }) !== '') {
      this.#end(upstream.name)
      return wanted
    }
    const { now } = this.#options
    const { untilMs } = this.#holds.get(upstream.name) ?? this.#begin(upstream)
    if (now() < untilMs) return { ...wanted, peers }
    this.#end(upstream.name)
    return wanted
  }

  /** A check has changed something about a peer of the upstream. */
  onTransition(upstream: string): void {
    // The one who tells is in the middle of it.
    if (this.#holds.has(upstream)) queueMicrotask(() => this.#options.onChange())
  }

  close(): void {
    for (const name of [...this.#holds.keys()]) this.#end(name)
  }

  #leavingOf(
    { name, probes }: Upstream,
    wanted: readonly PeerAddress[],
    current: readonly PeerAddress[],
  ): readonly PeerAddress[] {
    const isUp = ({ address }: PeerAddress) => this.#options.isUp(name, addressText(address))
    if (!probes.some(({ isMandatory }) => isMandatory)) return []
    if (wanted.length === 0 || wanted.some(isUp)) return []
    const staying = new Set(wanted.map(({ address }) => addressText(address)))
    return current.filter(peer => !staying.has(addressText(peer.address)) && isUp(peer))
  }

  /** Long enough for the first check of a new one, and one more. */
  #begin({ name, probes }: Upstream): Hold {
    const { now, delay, onChange } = this.#options
    const ms = Math.max(...probes.map(({ intervalMs, timeoutMs }) => intervalMs + timeoutMs))
    const over = new AbortController()
    const hold = { untilMs: now() + ms, over }
    this.#holds.set(name, hold)
    void delay(ms, over.signal).then(() => {
      if (!over.signal.aborted) onChange()
    })
    return hold
  }

  #end(name: string): void {
    this.#holds.get(name)?.over.abort()
    this.#holds.delete(name)
  }
}
