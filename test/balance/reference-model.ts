// The rules for picking peers written down once more, as plainly as they can be said and without a
// zone, so that random histories can be run through both. Slow on purpose: objects, arrays, no bit
// that is not in the rules.

import type { Outcome } from '../../src/balance/outcome.ts'
import type { GroupPeer } from '../../src/balance/peer-list.ts'

interface ModelPeer extends GroupPeer {
  index: number
  currentWeight: number
  effectiveWeight: number
  conns: number
  fails: number
  accessed: number
  checked: number
}

/** What one request remembers. */
export interface ModelRequest {
  tried: ModelPeer[]
  isOnBackups: boolean
}

export class ReferenceModel {
  readonly peers: ModelPeer[]
  readonly #primaries: ModelPeer[]
  readonly #backups: ModelPeer[]

  constructor(peers: readonly GroupPeer[]) {
    this.peers = peers.map((peer, index) => ({
      ...peer,
      index,
      currentWeight: 0,
      effectiveWeight: peer.weight,
      conns: 0,
      fails: 0,
      accessed: 0,
      checked: 0,
    }))
    this.#primaries = this.peers.filter(peer => !peer.isBackup)
    this.#backups = this.peers.filter(peer => peer.isBackup)
  }

  get isSingle(): boolean {
    return this.#primaries.length === 1 && this.#backups.length === 0
  }

  isEligible(peer: ModelPeer, request: ModelRequest, now: number): boolean {
    if (request.tried.includes(peer)) return false
    if (peer.isDown) return false
    if (
      peer.maxFails > 0 &&
      peer.fails >= peer.maxFails &&
      now - peer.checked <= peer.failTimeoutSeconds
    ) {
      return false
    }
    return !(peer.maxConns > 0 && peer.conns >= peer.maxConns)
  }

  pick(request: ModelRequest, now: number): number {
    if (this.isSingle) {
      const only = this.#primaries[0]!
      if (only.isDown || (only.maxConns > 0 && only.conns >= only.maxConns)) return -1
      only.conns += 1
      return only.index
    }
    if (!request.isOnBackups) {
      const peer = this.#round(this.#primaries, request, now)
      if (peer !== null) return peer.index
      if (this.#backups.length === 0) return -1
      request.isOnBackups = true
      request.tried = []
    }
    return this.#round(this.#backups, request, now)?.index ?? -1
  }

  release(index: number, outcome: Outcome, now: number): 'ejected' | null {
    const peer = this.peers[index]!
    peer.conns -= 1
    if (this.isSingle) {
      peer.fails = 0
      return null
    }
    if (outcome === 'unasked' && peer.fails > 0 && peer.accessed < peer.checked) {
      peer.checked = peer.accessed
    }
    if (outcome === 'success' && peer.accessed < peer.checked) peer.fails = 0
    if (outcome !== 'failure') return null
    peer.fails += 1
    peer.accessed = now
    peer.checked = now
    if (peer.maxFails === 0) return null
    peer.effectiveWeight -= Math.floor(peer.weight / peer.maxFails)
    if (peer.effectiveWeight < 0) peer.effectiveWeight = 0
    return peer.fails >= peer.maxFails ? 'ejected' : null
  }

  hasEligible(request: ModelRequest, now: number): boolean {
    const fresh = { tried: [], isOnBackups: true }
    if (request.isOnBackups) return this.#backups.some(peer => this.isEligible(peer, request, now))
    return (
      this.#primaries.some(peer => this.isEligible(peer, request, now)) ||
      this.#backups.some(peer => this.isEligible(peer, fresh, now))
    )
  }

  #round(list: ModelPeer[], request: ModelRequest, now: number): ModelPeer | null {
    const eligible = list.filter(peer => this.isEligible(peer, request, now))
    let best: ModelPeer | null = null
    let total = 0
    for (const peer of eligible) {
      peer.currentWeight += peer.effectiveWeight
      total += peer.effectiveWeight
      if (peer.effectiveWeight < peer.weight) peer.effectiveWeight += 1
      if (best === null || peer.currentWeight > best.currentWeight) best = peer
    }
    if (best === null) return null
    best.currentWeight -= total
    best.conns += 1
    request.tried.push(best)
    if (now - best.checked > best.failTimeoutSeconds) best.checked = now
    return best
  }
}
