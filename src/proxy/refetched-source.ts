// The rest of a body that is held against its name as a whole (FastDFS): it is fetched anew from its beginning, as by a
// request of its own, so that nobody gets what was not verified; what comes before the rest is skipped.

import type { BodySource } from '../base/body-source.ts'
import { type Failure, fail, failureText } from '../base/failure.ts'
import type { CacheEntry } from '../cache/entry.ts'
import type { Exchange } from './exchange.ts'
import { logFailure } from './failure-log.ts'
import { finishExchange } from './finish.ts'
import type { Missing } from './rest-source.ts'
import type { Handler } from './runtime.ts'

export class RefetchedSource implements BodySource {
  onReadable: (() => void) | null = null
  failure: Failure | null = null
  readonly #exchange: Exchange
  readonly #missing: Missing
  #source: BodySource | null = null
  #entry: CacheEntry | null = null
  #isWaiting = false
  #isClosed = false

  /**
   * @param exchange a detached one that asks like the client
   * @param lookUp looks the response up once more, which is not there any more
   */
  constructor(exchange: Exchange, missing: Missing, lookUp: Handler) {
    this.#exchange = exchange
    this.#missing = missing
    exchange.entryTaker = entry => this.#onEntry(entry)
    lookUp(exchange)
  }

  read(): Buffer | 'wait' | null {
    if (this.#isClosed || this.failure !== null) return null
    const bytes = this.#source === null ? 'wait' : this.#source.read()
    if (bytes === 'wait') this.#isWaiting = true
    if (bytes === null) this.failure = this.#source!.failure
    return bytes
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.onReadable = null
    this.#source?.close()
    this.#entry?.release()
    // A fetch that has begun goes on for the cache.
    const { connection, isFinished } = this.#exchange
    if (!isFinished) connection.flow?.onClientGone(fail('client_gone'))
  }

  #onEntry(entry: CacheEntry | null): void {
    const exchange = this.#exchange
    if (entry !== null && !exchange.isFinished) finishExchange(exchange, false)
    if (this.#isClosed) {
      entry?.release()
      return
    }
    const { damage, start, end, entry: stored } = this.#missing
    const text = failureText(damage)
    if (entry?.head.status === 200 && entry.meta.length === stored.meta.length) {
      const line = `${text}; it is removed, and the answer goes on from the upstream at byte ${start}`
      logFailure(exchange, 'crit', line)
      this.#entry = entry
      this.#source = entry.open(start, end)
      this.#source.onReadable = () => this.#wake()
    } else {
      entry?.release()
      this.failure = fail('internal', `${text}, and the upstream did not give the same again`)
    }
    this.#wake()
  }

  #wake(): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.onReadable?.()
  }
}
