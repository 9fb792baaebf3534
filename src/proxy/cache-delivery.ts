// Takes a peer's response into the cache, at the peer's pace and not the client's; or takes one that nobody wants.

import { type Failure, fail, failureText } from '../base/failure.ts'
import type { FastdfsCheck } from '../cache/fastdfs-check.ts'
import type { EntryWriter } from '../cache/store/cache-store.ts'
import type { FieldList } from '../http/field-list.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import type { Exchange } from './exchange.ts'
import { logPeerFailure } from './failure-log.ts'
import type { ResponseTaker, TakerOwner } from './fetch.ts'
import { cutExchange } from './finish.ts'
import { TrailerRules } from './trailers.ts'
import type { Tries } from './tries.ts'

const ALL_TRAILERS = new TrailerRules([])

export interface CacheDeliveryParts {
  readonly exchange: Exchange
  readonly tries: Tries
  readonly owner: TakerOwner
  readonly writer: EntryWriter
  /** Called once, last: the entry is there for others, or never will be. */
  readonly onWritten: () => void
}

export class CacheDelivery implements ResponseTaker {
  readonly #parts: CacheDeliveryParts
  readonly #peer: PeerConnection

  constructor(parts: CacheDeliveryParts) {
    this.#parts = parts
    this.#peer = parts.exchange.peerConnection!
    parts.writer.onReady = () => this.#peer.resume()
  }

  data(bytes: Buffer, from: number, to: number): void {
    const { tries, writer } = this.#parts
    const entry = tries.current
    if (entry !== null) entry.bodyBytes += to - from
    if (!writer.append(bytes, from, to)) this.#peer.pause()
  }

  flush(): void {}

  end(trailers: FieldList | null): void {
    const { tries, writer, owner, onWritten } = this.#parts
    tries.end('success', null)
    writer.onReady = null
    writer.end(trailers === null ? '' : ALL_TRAILERS.linesOf(trailers), onWritten)
    if (!this.#parts.exchange.isFinished) this.#peer.keepHead()
    owner.onDelivered()
  }

  fail(failure: Failure): void {
    const { exchange, tries, owner } = this.#parts
    tries.end('neutral', failure)
    logPeerFailure(exchange, failure)
    this.#giveUp(failureText(failure))
    owner.onDelivered()
  }

  /** Nothing of the response was used, and another peer may have a better one. */
  protected refuse(failure: Failure): void {
    const { writer, owner } = this.#parts
    writer.onReady = null
    writer.abort(failureText(failure))
    writer.entry.release()
    this.#peer.destroy()
    owner.onRefused(failure)
  }

  /** The cache has no room for more before somebody reads. */
  protected get isStuck(): boolean {
    return this.#parts.writer.isStuck
  }

  /** The exchange may have another one by now. */
  protected destroyPeer(): void {
    this.#peer.destroy()
  }

  protected get exchange(): Exchange {
    return this.#parts.exchange
  }

  #giveUp(detail: string): void {
    const { writer, onWritten } = this.#parts
    writer.onReady = null
    writer.abort(detail)
    onWritten()
  }

  onClientDrain(): void {}

  abandon(): void {}
}

/** Takes a file of FastDFS: what is not what its name says is as if it had not come. */
export class VerifiedDelivery extends CacheDelivery {
  readonly #check: FastdfsCheck
  readonly #onSound: () => void
  readonly #onBroken: () => void
  #isBroken = false
  /** The client has been given the body before it was whole. */
  #isBegun = false

  /**
   * @param onSound the client may have the body; called once, before it is stored
   * @param onBroken it is not; called once, and `onWritten` is not
   */
  constructor(
    parts: CacheDeliveryParts,
    check: FastdfsCheck,
    onSound: () => void,
    onBroken: () => void,
  ) {
    super(parts)
    this.#check = check
    this.#onSound = onSound
    this.#onBroken = onBroken
  }

  override data(bytes: Buffer, from: number, to: number): void {
    if (this.#isBroken) return
    if (!this.#check.add(bytes, from, to)) {
      this.#refuse('size')
      return
    }
    // What is wrong the client shall not get to its end.
    if (this.#isBegun && this.#check.verdict() === 'crc') {
      this.#refuse('crc')
      return
    }
    super.data(bytes, from, to)
    if (this.#isBegun || !this.isStuck) return
    // There is no disk that could keep it until it is known to be right.
    this.#isBegun = true
    this.#onSound()
  }

  override end(trailers: FieldList | null): void {
    if (this.#isBroken) return
    const verdict = this.#check.verdict()
    if (verdict !== 'ok') {
      this.#refuse(verdict)
      return
    }
    if (!this.#isBegun) this.#onSound()
    super.end(trailers)
  }

  override fail(failure: Failure): void {
    if (this.#isBroken) return
    this.#isBroken = true
    if (this.#isBegun) {
      super.fail(failure)
      return
    }
    this.#onBroken()
    this.refuse(failure)
  }

  /** The client waits no longer; the body goes on to the cache. */
  override abandon(): void {
    if (this.#isBegun) return
    this.exchange.status = 499
    cutExchange(this.exchange, false)
  }

  #refuse(verdict: 'size' | 'crc'): void {
    this.#isBroken = true
    const what = verdict === 'size' ? 'length' : 'checksum'
    const failure = fail('wrong_body', `the ${what} of the body is not the one in its FastDFS name`)
    if (this.#isBegun) {
      this.destroyPeer()
      super.fail(failure)
      return
    }
    this.#onBroken()
    this.refuse(failure)
  }
}

/** An answer of which only its head mattered. */
export class DiscardDelivery implements ResponseTaker {
  readonly #exchange: Exchange
  /** Taken now: an error page may ask another peer for the exchange. */
  readonly #peer: PeerConnection | null
  #isOver = false
  readonly #tries: Tries
  readonly #owner: TakerOwner
  readonly #onOver: (() => void) | null

  /**
   * @param isShort it has no body: its end comes with its head
   * @param onOver called last
   */
  constructor(
    exchange: Exchange,
    tries: Tries,
    owner: TakerOwner,
    isShort: boolean,
    onOver: (() => void) | null = null,
  ) {
    this.#onOver = onOver
    this.#exchange = exchange
    this.#peer = exchange.peerConnection
    this.#tries = tries
    this.#owner = owner
    if (isShort) return
    // Whatever its length, it would only keep the peer busy.
    queueMicrotask(() => this.#drop())
  }

  #drop(): void {
    if (this.#isOver) return
    this.#tries.end('neutral', null)
    this.#peer?.destroy()
    this.#finish()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#owner.onDelivered()
    this.#onOver?.()
  }

  data(): void {}

  flush(): void {}

  end(): void {
    this.#tries.end('success', null)
    this.#finish()
  }

  fail(failure: Failure): void {
    this.#tries.end('neutral', failure)
    this.#finish()
  }

  onClientDrain(): void {}

  /** The client has no answer yet: there is still something to do before it could have one. */
  abandon(): void {
    const exchange = this.#exchange
    if (exchange.isFinished) return
    exchange.fetch?.onClientGone()
    exchange.status = 499
    cutExchange(exchange, false)
  }
}
