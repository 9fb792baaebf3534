// `sticky learn`: the application makes its sessions itself, mostly with a cookie of its own; whose answer made one is
// remembered, in a table that all workers share. Learnt at the end of an answer that went well, or with `header` as soon
// as its head is there; a session that moved to another peer is remembered anew.

import type { Clock } from '../base/clock.ts'
import { digestOf } from '../base/digest.ts'
import type { SessionZone } from '../zone/session-zone.ts'
import type { Exchange } from './exchange.ts'
import type { PeerNames } from './peer-names.ts'
import type { Render } from './runtime.ts'
import type { StickySessions } from './sticky.ts'

const NOBODY: readonly number[] = []
/** Where the table writes the peer that it found: read at once. */
const found = new Int32Array(4)

export interface LearnOptions {
  readonly lookup: Render
  readonly create: Render
  readonly zone: SessionZone
  readonly clock: Clock
  readonly timeoutMs: number
  readonly isAfterHeader: boolean
}

export class LearnedSessions implements StickySessions {
  readonly #options: LearnOptions

  constructor(options: LearnOptions) {
    this.#options = options
  }

  find(exchange: Exchange, names: PeerNames): readonly number[] {
    const { lookup, zone, clock, timeoutMs } = this.#options
    const session = lookup(exchange)
    if (session === '') return NOBODY
    const isKnown = zone.find(digestOf(session), clock.wallSeconds, timeoutMs, found)
    return isKnown ? names.findDigest(found) : NOBODY
  }

  onAnswer(exchange: Exchange, names: PeerNames, peer: number): void {
    if (this.#options.isAfterHeader) this.#learn(exchange, names, peer)
  }

  onWhole(exchange: Exchange, names: PeerNames, peer: number): void {
    if (!this.#options.isAfterHeader) this.#learn(exchange, names, peer)
  }

  #learn(exchange: Exchange, names: PeerNames, peer: number): void {
    const { lookup, create, zone, clock, timeoutMs } = this.#options
    const created = create(exchange)
    const session = created === '' ? lookup(exchange) : created
    if (session === '') return
    const digest = digestOf(session)
    zone.learn(digest, names.digestOf(peer), clock.wallSeconds, timeoutMs, created !== '')
  }
}
