// Takes a peer's response into a file, at the peer's pace and not the client's; what the disk refuses costs the file only.

import { type Failure, failureText } from '../base/failure.ts'
import type { GrowingBody } from '../cache/store/growing-body.ts'
import type { PlainFile } from '../cache/store/plain-file.ts'
import type { FieldList } from '../http/field-list.ts'
import type { PeerConnection } from '../upstream/peer-connection.ts'
import type { Exchange } from './exchange.ts'
import { logPeerFailure } from './failure-log.ts'
import type { ResponseTaker, TakerOwner } from './fetch.ts'
import type { TrailerRules } from './trailers.ts'
import type { Tries } from './tries.ts'

export interface StoreDeliveryParts {
  readonly exchange: Exchange
  readonly tries: Tries
  readonly owner: TakerOwner
  readonly body: GrowingBody
  readonly file: PlainFile
  /** Which trailers go on to the client; null where none do. */
  readonly trailers: TrailerRules | null
  /** The file cannot be put in its place. */
  readonly onFailed: (error: Error, path: string) => void
  /** Called once, last: the file is there, or never will be. */
  readonly onOver: () => void
}

export class StoreDelivery implements ResponseTaker {
  readonly #parts: StoreDeliveryParts
  readonly #peer: PeerConnection
  #trailerLines = ''

  constructor(parts: StoreDeliveryParts) {
    this.#parts = parts
    this.#peer = parts.exchange.peerConnection!
    parts.body.onReady = () => this.#peer.resume()
  }

  /** Lines of the trailers that go on, once they are there. */
  get trailerLines(): string {
    return this.#trailerLines
  }

  data(bytes: Buffer, from: number, to: number): void {
    const { tries, body } = this.#parts
    const entry = tries.current
    if (entry !== null) entry.bodyBytes += to - from
    if (!body.append(bytes, from, to)) this.#peer.pause()
  }

  flush(): void {}

  /** The response is whole; the trailers are borrowed. */
  end(trailers: FieldList | null): void {
    const { exchange, tries, owner, body, file, onFailed, onOver } = this.#parts
    tries.end('success', null)
    body.onReady = null
    const rules = this.#parts.trailers
    if (trailers !== null && rules !== null) this.#trailerLines = rules.linesOf(trailers)
    body.finish(null, error => {
      if (error !== null) {
        onOver()
        return
      }
      file.publish(failed => {
        if (failed !== null) onFailed(failed, '')
        onOver()
      })
    })
    if (!exchange.isFinished) this.#peer.keepHead()
    owner.onDelivered()
  }

  /** It broke off: nothing is left of it. */
  fail(failure: Failure): void {
    const { exchange, tries, owner, body, onOver } = this.#parts
    // As in nginx: what breaks off after the head is not counted against the peer.
    tries.end('neutral', failure)
    logPeerFailure(exchange, failure)
    body.onReady = null
    body.abort(failureText(failure))
    onOver()
    owner.onDelivered()
  }

  onClientDrain(): void {}

  abandon(): void {}
}
