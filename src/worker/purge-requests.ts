// Purges that requests ask for and the control side does: the worker's questions that are still unanswered.

import type { FromWorker } from './messages.ts'

export class PurgeRequests {
  readonly #say: (message: FromWorker) => void
  readonly #open = new Map<number, (count: number) => void>()
  #last = 0

  constructor(say: (message: FromWorker) => void) {
    this.#say = say
  }

  /** Asks for all keys of a cache that begin so; `onDone` is told how many entries there were. */
  ask(cache: string, prefix: string, onDone: (count: number) => void): void {
    const id = ++this.#last
    this.#open.set(id, onDone)
    this.#say({ kind: 'purge-prefix', id, cache, prefix })
  }

  /** The control side has answered. */
  onPurged(id: number, count: number): void {
    const onDone = this.#open.get(id)
    this.#open.delete(id)
    onDone?.(count)
  }
}
