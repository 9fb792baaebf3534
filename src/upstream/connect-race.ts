// Connects to a peer that is a name with several addresses: attempts start one after the other (race-schedule.ts), the
// first that opens wins, the others are destroyed. Looks to its owner like one connect: it opens, or it fails once.

import type { Socket } from 'node:net'
import type { SystemClock } from '../base/clock.ts'
import { SHARED_READ_BUFFER } from '../base/read-buffers.ts'
import { Timer, type TimerWheel } from '../base/timer-wheel.ts'
import { connectPeer, handOver, type PeerSocketOwner } from './connect.ts'
import type { Egress } from './egress.ts'
import type { PeerAddress } from './peer-address.ts'
import { interleaveFamilies, RaceSchedule } from './race-schedule.ts'

/** Who wants the winner. */
export interface RaceOwner extends PeerSocketOwner {
  /** The race is over; `onConnected` follows at once. */
  onWon(socket: Socket, address: PeerAddress): void
}

/** What a race needs of its worker. */
export interface RaceServices {
  readonly clock: SystemClock
  readonly wheel: TimerWheel
}

/** Failures that say nothing of the peer, only that this machine has no way of that kind to it. */
const NO_WAY: ReadonlySet<string> = new Set([
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
  'EHOSTUNREACH',
  'EINVAL',
  'ENETUNREACH',
])

export class ConnectRace {
  readonly #addresses: readonly PeerAddress[]
  readonly #owner: RaceOwner
  readonly #egress: Egress
  readonly #clock: SystemClock
  readonly #wheel: TimerWheel
  readonly #schedule: RaceSchedule
  readonly #timer: Timer
  readonly #attempts = new Set<Socket>()
  #isOver = false
  /** What the owner hears when all have failed: the first failure that tells something of the peer. */
  #code = ''
  #call = ''

  /** @param addresses at least one, in any order */
  constructor(
    addresses: readonly PeerAddress[],
    owner: RaceOwner,
    egress: Egress,
    { clock, wheel }: RaceServices,
  ) {
    this.#addresses = interleaveFamilies(addresses, hostOf)
    this.#owner = owner
    this.#egress = egress
    this.#clock = clock
    this.#wheel = wheel
    this.#schedule = new RaceSchedule(addresses.length)
    this.#timer = new Timer(() => this.#goOn())
  }

  /** Starts the first attempt and gives its socket; `onWon` or `onGone` follows, never within this call. */
  start(): Socket {
    this.#goOn()
    const [first] = this.#attempts
    return first!
  }

  /** Destroys what is still trying; the owner hears nothing more. */
  cancel(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#wheel.remove(this.#timer)
    for (const socket of this.#attempts) socket.destroy()
    this.#attempts.clear()
  }

  #goOn(): void {
    this.#clock.refresh()
    const { nowMs } = this.#clock
    for (let index = 0; index !== -1; ) {
      index = this.#schedule.begin(nowMs)
      if (index !== -1) this.#attempt(this.#addresses[index]!)
    }
    const waitMs = this.#schedule.waitMs(nowMs)
    if (waitMs >= 0) this.#wheel.set(this.#timer, waitMs)
    else this.#wheel.clear(this.#timer)
  }

  #attempt(address: PeerAddress): void {
    const attempt: PeerSocketOwner = {
      onConnected: () => this.#win(socket, address),
      onGone: (code, call) => this.#lose(socket, code, call),
      // Before it has won nobody reads from it or writes to it.
      onBytes: () => SHARED_READ_BUFFER,
      onEnd: () => {},
      onDrained: () => {},
    }
    const socket = connectPeer(address.address, attempt, SHARED_READ_BUFFER, this.#egress)
    this.#attempts.add(socket)
  }

  #win(socket: Socket, address: PeerAddress): void {
    if (this.#isOver) return
    this.#attempts.delete(socket)
    this.cancel()
    handOver(socket, this.#owner)
    this.#owner.onWon(socket, address)
    this.#owner.onConnected()
  }

  #lose(socket: Socket, code: string, call: string): void {
    // A socket that failed also closes: it counts once.
    if (this.#isOver || !this.#attempts.delete(socket)) return
    if (this.#code === '' || NO_WAY.has(this.#code)) {
      this.#code = code
      this.#call = call
    }
    this.#schedule.fail()
    if (!this.#schedule.isLost) {
      this.#goOn()
      return
    }
    this.cancel()
    this.#owner.onGone(this.#code, this.#call)
  }
}

function hostOf({ address }: PeerAddress): string {
  return address.kind === 'tcp' ? address.host : ''
}
