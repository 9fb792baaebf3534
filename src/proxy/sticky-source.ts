// `sticky source`: whoever comes from one address or network stays with one peer, without a cookie (ldirectord:
// `persistent` and `netmask`; HAProxy: `stick on src`). Bound with the pick and not with the answer, as a balancer of
// connections does it: the requests that a browser sends at once go to one peer. Each request moves the end on, and the
// end of a long answer too. The table is that of `sticky learn`, shared by all workers and kept over reloads.

import { isIP } from 'node:net'
import { ClientOctets } from '../balance/client-octets.ts'
import type { Clock } from '../base/clock.ts'
import { type Digest, digestOf } from '../base/digest.ts'
import type { SessionZone } from '../zone/session-zone.ts'
import { clientAddress } from './client-address.ts'
import type { Exchange } from './exchange.ts'
import type { PeerNames } from './peer-names.ts'
import type { StickySessions } from './sticky.ts'

const NOBODY: readonly number[] = []
/** Where the table writes the peer that it found: read at once. */
const found = new Int32Array(4)
/** An answer that took less has not moved the end by a second: that is as far as the table counts. */
const LONG_ANSWER_MS = 1_000
/** An IPv4 address inside an IPv6 socket: `::ffff:10.0.0.1`. */
const MAPPED = /^::ffff:(?=\d+\.)/i

export interface SourceOptions {
  /** Bits of the address that make the network. */
  readonly prefix4: number
  readonly prefix6: number
  readonly zone: SessionZone
  readonly clock: Clock
  readonly timeoutMs: number
}

export class SourceSessions implements StickySessions {
  readonly #options: SourceOptions
  /** Requests often come from one address in a row. */
  #address = ''
  #network: Digest | null = null

  constructor(options: SourceOptions) {
    this.#options = options
  }

  find(exchange: Exchange, names: PeerNames): readonly number[] {
    const network = this.#networkOf(exchange)
    if (network === null) return NOBODY
    const { zone, clock, timeoutMs } = this.#options
    const isKnown = zone.find(network, clock.wallSeconds, timeoutMs, found)
    return isKnown ? names.findDigest(found) : NOBODY
  }

  onPick(exchange: Exchange, names: PeerNames, peer: number): void {
    this.#bind(exchange, names, peer)
  }

  /** Of several tries it is the one that answered, not the one that was picked last. */
  onAnswer(exchange: Exchange, names: PeerNames, peer: number): void {
    if (exchange.tries.length > 1) this.#bind(exchange, names, peer)
  }

  onWhole(exchange: Exchange, names: PeerNames, peer: number): void {
    const tookMs = exchange.snapshot.services.clock.nowMs - exchange.startedMs
    if (tookMs >= LONG_ANSWER_MS) this.#bind(exchange, names, peer)
  }

  #bind(exchange: Exchange, names: PeerNames, peer: number): void {
    const network = this.#networkOf(exchange)
    if (network === null) return
    const { zone, clock, timeoutMs } = this.#options
    zone.learn(network, names.digestOf(peer), clock.wallSeconds, timeoutMs, true)
  }

  /** Null for a client without an address (a unix socket): there is nothing to tell two of them apart. */
  #networkOf(exchange: Exchange): Digest | null {
    const address = clientAddress(exchange)
    if (address === this.#address) return this.#network
    const { prefix4, prefix6 } = this.#options
    const key = networkKey(address, prefix4, prefix6)
    this.#address = address
    this.#network = key === '' ? null : digestOf(key)
    return this.#network
  }
}

const octets = new ClientOctets()

/**
 * Makes what stands for the network of an address: its octets and how many bits of them count. Empty for what is no
 * address.
 *
 * @param address as Node writes it; an IPv4 address within IPv6 is IPv4
 */
export function networkKey(address: string, prefix4: number, prefix6: number): string {
  const plain = address.replace(MAPPED, '')
  const family = isIP(plain)
  if (family === 0) return ''
  const isV4 = family === 4
  const bits = isV4 ? prefix4 : prefix6
  const bytes = isV4 ? plain.split('.').map(Number) : octetsOf(plain)
  let key = `${isV4 ? 4 : 6}/${bits} `
  for (let i = 0; i * 8 < bits; i++) {
    const kept = Math.min(8, bits - i * 8)
    key += String.fromCharCode(bytes[i]! & (0xff << (8 - kept)))
  }
  return key
}

function octetsOf(address: string): Uint8Array {
  octets.read(address)
  return octets.bytes
}
